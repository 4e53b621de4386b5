#include "http/bodies_parts.hpp"

namespace praetor::http {
namespace {

namespace bj = boost::json;

// The parts of a check's definition that only tell its type.
struct probe_kinds {
  std::string grpc;
  std::string alias_node;
  std::string alias_service;
  std::string docker;
  std::vector<std::string> args;
  span ttl{};
};

const char* type_of(const model::check_definition& what,
                    const probe_kinds& kinds) {
  bool repeated = what.interval > span{};
  if (!kinds.grpc.empty() && repeated)
    return "grpc";
  if (!what.http.empty() && repeated)
    return "http";
  if (kinds.ttl > span{})
    return "ttl";
  if (!what.tcp.empty() && repeated)
    return "tcp";
  if (!kinds.alias_node.empty() || !kinds.alias_service.empty())
    return "alias";
  if (!kinds.docker.empty() && repeated)
    return "docker";
  return !kinds.args.empty() && repeated ? "script" : "";
}

struct definition_durations {
  const bj::value* interval = nullptr;
  const bj::value* timeout = nullptr;
  const bj::value* deregister_after = nullptr;
  const bj::value* ttl = nullptr;
};

// Under the catalogue's rules a number is nanoseconds too. Unknown fields are
// ignored here, though nowhere around.
bool definition(json_field& f, parts::dialect spelling,
                model::check_definition& out, probe_kinds& kinds) {
  auto fields = [&](const bj::value& value, const json_place& place,
                    decode_errors& errors) {
    definition_durations text;
    definition_durations other; // spelled so in transactions alone
    std::string shell;
    bool grpc_use_tls = false;
    int output_max_size = 0;
    read_object(value, place, errors, unknown::ignored, [&](json_field& g) {
      return g.string("HTTP", out.http) ||
             g.boolean("TLSSkipVerify", out.tls_skip_verify) ||
             g.header("Header", out.header) || g.string("Method", out.method) ||
             g.string("Body", out.body) || g.string("TCP", out.tcp) ||
             g.later("Interval", text.interval) ||
             g.later("Timeout", text.timeout) ||
             g.later("DeregisterCriticalServiceAfter", text.deregister_after) ||
             g.later("IntervalDuration", other.interval) ||
             g.later("TimeoutDuration", other.timeout) ||
             g.later("DeregisterCriticalServiceAfterDuration",
                     other.deregister_after) ||
             g.later("TTL", text.ttl) ||
             g.integer("OutputMaxSize", output_max_size) ||
             g.strings("ScriptArgs", kinds.args) ||
             g.string("DockerContainerID", kinds.docker) ||
             g.string("Shell", shell) || g.string("GRPC", kinds.grpc) ||
             g.boolean("GRPCUseTLS", grpc_use_tls) ||
             g.string("AliasNode", kinds.alias_node) ||
             g.string("AliasService", kinds.alias_service);
    });
    auto duration = [&](const bj::value* main, const bj::value* second,
                        span& to) {
      auto* chosen =
          spelling == parts::dialect::transaction && second ? second : main;
      if (!chosen || errors.failed())
        return;
      if (auto ok = read_duration(*chosen, to); !ok)
        errors.end(ok.failure().text);
    };
    duration(text.interval, other.interval, out.interval);
    duration(text.timeout, other.timeout, out.timeout);
    duration(text.deregister_after, other.deregister_after,
             out.deregister_after);
    duration(text.ttl, nullptr, kinds.ttl);
  };
  return parts::opaque(f, "Definition", "structs.HealthCheckDefinition",
                       fields);
}

// Clients are told that the field exists elsewhere.
error with_hint(error why) {
  constexpr std::string_view known = "json: unknown field \"Namespace\"";
  if (why.text == known)
    why.text += " - Namespaces are a Consul Enterprise feature";
  return why;
}

} // namespace

void parts::node_service(const bj::value& value, const json_place& place,
                         decode_errors& errors, dialect spelling,
                         model::service& out) {
  std::optional<model::service_weights> weights_given;
  std::string unused;
  bool in_transaction = spelling == dialect::transaction;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Kind", out.kind, "structs.ServiceKind") ||
           f.string("ID", out.id) || f.string("Service", out.name) ||
           f.strings("Tags", out.tags) || f.string("Address", out.address) ||
           tagged_addresses(f, "TaggedAddresses", out.tagged_addresses) ||
           f.string_map("Meta", out.meta) || f.integer("Port", out.port) ||
           f.string("SocketPath", out.socket_path) ||
           weights(f, weights_given) ||
           f.boolean("EnableTagOverride", out.enable_tag_override) ||
           proxy(f, out.proxy, "") ||
           connect(f, out.connect_native, nullptr,
                   in_transaction ? unknown::refused : unknown::ignored) ||
           f.integer("CreateIndex", out.created) ||
           f.integer("ModifyIndex", out.modified) ||
           (in_transaction &&
            (f.string("ContentHash", unused) || f.string("Namespace", unused)));
  });
  // Weights that cannot be are replaced as a whole.
  if (weights_given && weights_given->passing >= 1)
    out.weights = *weights_given;
}

void parts::health_check(const bj::value& value, const json_place& place,
                         decode_errors& errors, dialect spelling,
                         model::check& out) {
  probe_kinds kinds;
  std::string unused;
  bool in_transaction = spelling == dialect::transaction;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Node", out.node) ||
           f.string("CheckID", out.id, "types.CheckID") ||
           f.string("Name", out.name) || f.string("Status", out.status) ||
           f.string("Notes", out.notes) || f.string("Output", out.output) ||
           f.string("ServiceID", out.service_id) ||
           f.string("ServiceName", out.service_name) ||
           f.strings("ServiceTags", out.service_tags) ||
           f.string("Type", out.type) ||
           definition(f, spelling, out.definition, kinds) ||
           f.integer("CreateIndex", out.created) ||
           f.integer("ModifyIndex", out.modified) ||
           (in_transaction && f.string("Namespace", unused));
  });
  if (out.status.empty())
    out.status = model::check_status::critical;
  if (in_transaction)
    out.type.clear(); // transactions know no types
  else if (out.type.empty())
    out.type = type_of(out.definition, kinds);
}

result<catalog_registration> read_catalog_registration(std::string_view body) {
  using parts::dialect;
  catalog_registration out;
  std::optional<model::check> single;
  auto checks = [&](json_field& f) {
    if (!f.is("Checks"))
      return false;
    out.checks.clear();
    auto place = f.inner("HealthCheck");
    return f.list("Checks", "structs.HealthChecks", [&](const bj::value& one) {
      if (!one.is_object() && !one.is_null())
        f.mismatch(one, "structs.HealthCheck");
      if (one.is_object())
        parts::health_check(one, place, f.errors(), dialect::catalog,
                            out.checks.emplace_back());
    });
  };
  auto service = [&](auto& value, const json_place& place, auto& errors) {
    parts::node_service(value, place, errors, dialect::catalog,
                        out.service.emplace());
  };
  auto check = [&](auto& value, const json_place& place, auto& errors) {
    parts::health_check(value, place, errors, dialect::catalog,
                        single.emplace());
  };
  auto ok = parts::read_body(
      body, "structs.RegisterRequest",
      [&](const bj::value& value, decode_errors& errors) {
        const json_place place{"RegisterRequest", "", false};
        auto& node = out.node;
        read_object(value, place, errors, unknown::refused, [&](json_field& f) {
          return f.string("Datacenter", node.datacenter) ||
                 f.string("ID", node.id, "types.NodeID") ||
                 f.string("Node", node.name) ||
                 f.string("Address", node.address) ||
                 f.string_map("TaggedAddresses", node.tagged_addresses) ||
                 f.string_map("NodeMeta", node.meta) ||
                 parts::nested(f, "Service", "structs", "NodeService",
                               service) ||
                 parts::nested(f, "Check", "structs", "HealthCheck", check) ||
                 checks(f) ||
                 f.boolean("SkipNodeUpdate", out.skip_node_update) ||
                 f.string("Token", out.token);
        });
      });
  if (!ok)
    return with_hint(ok.failure());
  if (single)
    out.checks.push_back(std::move(*single));
  return out;
}

result<catalog_deregistration>
read_catalog_deregistration(std::string_view body) {
  catalog_deregistration out;
  std::string address; // accepted, and of no use
  auto ok = parts::read_body(
      body, "structs.DeregisterRequest",
      [&](const bj::value& value, decode_errors& errors) {
        read_object(value, {}, errors, unknown::refused, [&](json_field& f) {
          return f.string("Datacenter", out.datacenter) ||
                 f.string("Node", out.node) || f.string("Address", address) ||
                 f.string("ServiceID", out.service_id) ||
                 f.string("CheckID", out.check_id, "types.CheckID") ||
                 f.string("Token", out.token);
        });
      });
  if (!ok)
    return with_hint(ok.failure());
  return out;
}

} // namespace praetor::http
