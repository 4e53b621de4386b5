#pragma once

// The sockets of one gossip pool on libuv: UDP and TCP on the same port.

#include "actors/gossip_port.hpp"
#include "actors/io/loop.hpp"

namespace praetor::actors::io {

/// Both sockets are bound at once, on the calling thread; they serve on the
/// loop, on which the prober has to live. Port 0 is any that is free.
struct gossip_binding {
  std::unique_ptr<gossip_port> port;
  int number = 0;
};
result<gossip_binding> bind_gossip(loop& on, const std::string& address,
                                   int port);

} // namespace praetor::actors::io
