#pragma once

// HTTP checks by libcurl, on a libuv loop: 2xx is passing, 429 is warning, all
// else critical. And gRPC checks, which ask a server for its own word. Each
// request has a connection of its own.

#include "actors/io/probe.hpp"
#include "protocol/health/wording.hpp"

namespace praetor::io {

struct http_probe_options {
  std::string url;
  std::string method; // empty: GET
  health::header_map headers;
  std::string body;
  bool tls_skip_verify = false;
  span timeout = health::network_timeout_default;
  int output_max_size = health::output_max_size_default;
};

struct grpc_probe_options {
  std::string target; // "host:port" or "host:port/service"
  bool use_tls = false;
  bool tls_skip_verify = false;
  span timeout = health::network_timeout_default;
};

/// What the HTTP probes of one loop share. Destroying it ends its probes
/// without results.
class http_prober {
public:
  explicit http_prober(uv_loop_t* loop);
  http_prober(const http_prober&) = delete;
  http_prober& operator=(const http_prober&) = delete;
  ~http_prober();

  /// Sends one request. Redirects are followed on the same host and port
  /// alone: a check must not be a way to reach other machines. Proxies of the
  /// environment are not used, since the service itself is meant.
  probe start(http_probe_options options, probe_callback done);

  /// Asks by the protocol grpc.health.v1.
  probe start_grpc(grpc_probe_options options, probe_callback done);

  class driver;

private:
  std::shared_ptr<driver> driver_;
};

} // namespace praetor::io
