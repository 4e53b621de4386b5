#pragma once

// A small blocking client of the HTTP API. One call is one request; nothing
// is retried. A failed call reads like `Get "URL": dial tcp ...`.

#include "http/client/settings.hpp"
#include "protocol/base/result.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::http::client {

struct request {
  std::string method = "GET";
  std::string path; // decoded; the client escapes it
  std::vector<std::pair<std::string, std::string>> query;
  std::string body;
  /// Takes the body of a 200 as it arrives; false ends the call.
  std::function<bool(std::string_view)> sink;
  /// Once true, the call ends early with errc::unavailable.
  const std::atomic<bool>* stop = nullptr;
};

struct response {
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers; // names in lower case
};

class client {
public:
  explicit client(settings how) : how_(std::move(how)) {}

  const settings& how() const { return how_; }

  /// Any answer counts as success, whatever its status.
  result<response> call(const request& what) const;

  /// As call, but a status other than 200 is the error
  /// "Unexpected response code: N (BODY)".
  result<response> call_ok(const request& what) const;

  /// A request that carries the datacenter, namespace and staleness asked for.
  request read(std::string path) const;
  /// A request that carries the datacenter and namespace.
  request write(std::string method, std::string path) const;

  /// The URL as it is sent, query in the order of its names.
  std::string url(const request& what) const;

private:
  settings how_;
};

/// "Unexpected response code: N (BODY)".
error unexpected(const response& got);

/// Escaping as Go's net/url does it.
std::string escape_path(std::string_view path);
std::string escape_query(std::string_view text);

} // namespace praetor::http::client
