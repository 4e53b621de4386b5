#pragma once

// The servers of a cluster and how they are, as a Raft peer tells operators.

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"
#include "protocol/model/inspect.hpp"

#include <vector>

namespace praetor::actors {

/// One server of the cluster, as whoever was asked knows it. Only a leader
/// knows how the others are.
struct server_view {
  node_id id;
  std::string name; // of its node; empty: not known
  std::string address;
  bool votes = false;
  bool leads = false;
  bool healthy = false;
  span silent_for{}; // since it was last heard of
  span stable_for{}; // how long it has been as healthy as it is now
  term last_term;
  log_index last_index;
  friend bool operator==(const server_view&, const server_view&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, server_view& x) {
  auto& [id, name, address, votes, leads, healthy, silent_for, stable_for,
         last_term, last_index] = x;
  return f(id, name, address, votes, leads, healthy, silent_for, stable_for,
           last_term, last_index);
}

/// The servers in the order of their ids.
struct cluster_view {
  error failure{errc::ok, {}};
  std::vector<server_view> servers;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cluster_view& x) {
  auto& [failure, servers] = x;
  return f(failure, servers);
}

} // namespace praetor::actors
