#pragma once

// UDP checks: whether anything says that nobody is there.

#include "actors/io/probe.hpp"

namespace praetor::io {

struct udp_probe_options {
  std::string address; // "host:port"; the host a number or a name
  span timeout = health::network_timeout_default;
};

/// Sends one empty datagram. Any answer is good, and so is none: only a host
/// that refuses it is known to have nobody at that port.
probe start_udp_probe(uv_loop_t* loop, udp_probe_options options,
                      probe_callback done);

} // namespace praetor::io
