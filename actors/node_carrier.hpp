#pragma once

// What carries the messages of this node to others, as it was configured.

#include "actors/config.hpp"
#include "actors/io/carrier.hpp"
#include "actors/io/loop.hpp"
#include "protocol/base/result.hpp"

#include <memory>

namespace praetor::actors {

/// A server listens, other agents only dial.
result<std::unique_ptr<io::carrier>> make_carrier(caf::actor_system& system,
                                                  io::loop& on,
                                                  const agent_config& config,
                                                  const std::string& id);

} // namespace praetor::actors
