#pragma once

// TCP checks: whether something accepts a connection.

#include "actors/io/probe.hpp"

namespace praetor::io {

struct tcp_probe_options {
  std::string address; // "host:port"; the host a number or a name
  span timeout = health::network_timeout_default;
};

/// Connects once and hangs up. The addresses of a name are tried in turn.
probe start_tcp_probe(uv_loop_t* loop, tcp_probe_options options,
                      probe_callback done);

} // namespace praetor::io
