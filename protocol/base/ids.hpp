#pragma once

// Numbers that must not be mixed up are types of their own.

#include <compare>
#include <cstdint>
#include <string>

namespace praetor {

/// A Raft term (Raft paper, section 5.1). Never decreases on one server.
struct term {
  std::uint64_t value = 0;
  friend auto operator<=>(const term&, const term&) = default;
};

/// The place of an entry in the Raft log; the first entry is 1. Clients see
/// it as `X-Consul-Index`, CreateIndex and ModifyIndex.
struct log_index {
  std::uint64_t value = 0;
  friend auto operator<=>(const log_index&, const log_index&) = default;
  log_index next() const { return {value + 1}; }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, term& x) {
  auto& [value] = x;
  return f(value);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, log_index& x) {
  auto& [value] = x;
  return f(value);
}

/// The index at which a record last changed, as clients see it: a log_index
/// once it has been applied. 0 means "never".
using modify_index = std::uint64_t;

/// A node's UUID in its textual form, lower case.
using node_id = std::string;

/// A session's UUID in its textual form, lower case.
using session_id = std::string;

} // namespace praetor
