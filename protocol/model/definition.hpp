#pragma once

// What an agent is told about a service or a check of its own, by a
// configuration file or by the agent API: the wish, of which the records in
// the catalogue are the outcome.

#include "protocol/model/records.hpp"

namespace praetor::model {

/// How a check of an agent is probed. Exactly one kind of probe is set.
struct check_wish {
  std::string id;
  std::string name;
  std::string notes;
  std::string service_id;
  std::string token;
  std::string status; // initial; empty: critical

  // The kinds, in the order in which they are looked at.
  std::string alias_node;
  std::string alias_service;
  std::vector<std::string> args; // script
  std::string http;
  std::string method;
  std::map<std::string, std::vector<std::string>> header;
  std::string body;
  bool tls_skip_verify = false;
  std::string tcp;
  std::string udp;
  std::string grpc;
  bool grpc_use_tls = false;
  std::string h2ping;
  bool h2ping_use_tls = true;
  std::string docker_container_id;
  std::string shell;
  std::string os_service;
  span ttl{};

  span interval{};
  span timeout{};
  span deregister_after{};
  int success_before_passing = 0;
  int failures_before_critical = 0;
  int output_max_size = 4096; // bytes

  friend bool operator==(const check_wish&, const check_wish&) = default;
};

/// A service of an agent and the checks that came with it. `node` in the
/// service is left empty; the agent fills it.
struct service_wish {
  model::service service;
  std::vector<check_wish> checks;
  std::string token;
  /// The sidecar definition as compact JSON text, or empty.
  std::string sidecar_json;

  friend bool operator==(const service_wish&, const service_wish&) = default;
};

/// "ttl", "http", "tcp", "script", "alias", ... or "" when none is set.
inline const char* kind_of(const check_wish& wish) {
  if (!wish.alias_node.empty() || !wish.alias_service.empty())
    return "alias";
  if (!wish.docker_container_id.empty())
    return "docker";
  if (!wish.args.empty())
    return "script";
  if (!wish.http.empty())
    return "http";
  if (!wish.grpc.empty())
    return "grpc";
  if (!wish.tcp.empty())
    return "tcp";
  if (!wish.udp.empty())
    return "udp";
  if (!wish.h2ping.empty())
    return "h2ping";
  if (!wish.os_service.empty())
    return "os_service";
  return wish.ttl > span{} ? "ttl" : "";
}

} // namespace praetor::model
