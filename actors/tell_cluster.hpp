#pragma once

// The servers of the cluster in the shapes of Consul's operator API.

#include "actors/interfaces.hpp"
#include "storage/state_store.hpp"

#include <chrono>

namespace praetor::actors {

http::rendered_ptr tell_raft_configuration(const cluster_view& seen,
                                           const storage::state& state,
                                           bool pretty);

/// What autopilot thinks of the servers. `now` is the time of the walls,
/// since clients are told when each of them became as it is.
http::rendered_ptr tell_server_health(const cluster_view& seen,
                                      const storage::state& state,
                                      http::agent::health_form form,
                                      std::chrono::system_clock::time_point now,
                                      bool pretty);

} // namespace praetor::actors
