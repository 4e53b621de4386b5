#pragma once

// The sidecars that services name in their definitions.

#include "actors/agent.hpp"

namespace praetor::actors {

/// The definition as it was given; nothing when there is none. A fault is
/// worded as clients of Consul know it.
result<std::optional<model::service_wish>>
read_sidecar(const model::service_wish& owner);

/// The whole sidecar of that service, with a port of its own.
result<std::optional<model::service_wish>>
sidecar_of(const agent_state& state, const model::service_wish& owner);

/// The id of the sidecar that came with that service; empty: none.
std::string registered_sidecar(const model::local_state& local,
                               const std::string& service);

/// The services and behind them all of their sidecars.
result<std::vector<model::service_wish>>
with_sidecars(const agent_state& state,
              std::vector<model::service_wish> services);

} // namespace praetor::actors
