#pragma once

// Who the servers are and where they listen. Learned from those one joins and
// told on; in a simulation it is simply known.

#include "protocol/base/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace praetor::actors {

/// Servers that a roster takes: far above what may vote and follow. Beyond it
/// newcomers are refused.
inline constexpr std::size_t roster_servers_max = 256;

/// One server as it speaks of itself.
struct server_record {
  node_id id;
  std::string name;
  std::string datacenter;
  std::string address;     // "host:port" where servers talk to servers
  std::string lan_address; // "host:port" where it can be joined
  /// How many servers are to begin the cluster together; 0: it waits to be
  /// taken in.
  std::uint64_t expect = 0;
  /// It belongs to a cluster: it has a log, or has voted.
  bool has_history = false;
  /// Counts up each time the server says something new of itself, restarts
  /// included: the higher one is the truth.
  std::uint64_t version = 0;
  friend bool operator==(const server_record&, const server_record&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, server_record& x) {
  auto& [id, name, datacenter, address, lan_address, expect, has_history,
         version] = x;
  return f(id, name, datacenter, address, lan_address, expect, has_history,
           version);
}

/// In the order of their ids.
struct roster {
  std::vector<server_record> servers;
  friend bool operator==(const roster&, const roster&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, roster& x) {
  auto& [servers] = x;
  return f(servers);
}

} // namespace praetor::actors
