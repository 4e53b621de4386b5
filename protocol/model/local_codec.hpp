#pragma once

// The bytes of what an agent was told over its API, for the files that
// outlive it. A version byte, a byte for what it is, then the fields as
// archive.hpp writes them. A decoder survives any bytes.

#include "protocol/base/result.hpp"
#include "protocol/model/definition.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace praetor::model {

/// A check as it is kept: the wish, and how it stood.
struct kept_check {
  check_wish wish;
  std::string type; // as the record shows it; says more than the wish's kind
  std::string status;
  std::string output;

  friend bool operator==(const kept_check&, const kept_check&) = default;
};

/// When TTL checks are critical unless their clients say otherwise before, in
/// milliseconds since 1970: time counts while the agent is down. By check id.
struct kept_expiries {
  std::map<std::string, std::uint64_t> by_check;

  friend bool operator==(const kept_expiries&, const kept_expiries&) = default;
};

/// Everything that is kept of one agent.
struct kept_local {
  std::vector<service_wish> services;
  std::vector<kept_check> checks;
  kept_expiries expiries;
};

std::string encode_local(const service_wish& what);
std::string encode_local(const kept_check& what);
std::string encode_local(const kept_expiries& what);

/// errc::unsupported for bytes of another version, else errc::corrupt.
result<service_wish> decode_local_service(std::string_view bytes);
result<kept_check> decode_local_check(std::string_view bytes);
result<kept_expiries> decode_local_expiries(std::string_view bytes);

} // namespace praetor::model
