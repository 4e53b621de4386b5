#pragma once

// A service may name a sidecar: a proxy beside it, of which only what differs
// from the usual is said.

#include "protocol/model/local_state.hpp"

namespace praetor::model {

/// What a sidecar is called that belongs to the service of that id.
std::string sidecar_id(const std::string& service);

/// The ports from which a sidecar without one gets its own; none when the
/// first is 0.
struct sidecar_ports {
  int first = 0;
  int last = 0;
};

/// The faults of the definition that a service gives of its sidecar.
std::vector<std::string> sidecar_faults(const service_wish& given);

/// The whole sidecar of `owner`. A sidecar that is known already keeps its
/// port, whatever else is new. `errc::unavailable` when there is no port left.
result<service_wish> make_sidecar(const service_wish& owner, service_wish given,
                                  const sidecar_ports& ports,
                                  const local_state& known);

} // namespace praetor::model
