#include "http/bodies_parts.hpp"

namespace praetor::http {
namespace {

namespace bj = boost::json;

// What is only known when all fields of a check have been seen: durations are
// looked at last, and the spellings with underscores count if the others are
// absent.
struct unsettled {
  const bj::value* interval = nullptr;
  const bj::value* timeout = nullptr;
  const bj::value* ttl = nullptr;
  const bj::value* deregister_after = nullptr;
  const bj::value* deregister_after_other = nullptr;
  std::vector<std::string> args;
  std::vector<std::string> args_other;
  std::string docker_other;
  std::string service_other;
  bool skip_verify_other = false;
};

// What to probe and how.
bool match_probe(json_field& f, model::check_wish& out, unsettled& rest) {
  return f.strings("ScriptArgs", out.args) || f.strings("args", rest.args) ||
         f.strings("script_args", rest.args_other) ||
         f.string("HTTP", out.http) || f.header("Header", out.header) ||
         f.string("Method", out.method) || f.string("Body", out.body) ||
         f.boolean("TLSSkipVerify", out.tls_skip_verify) ||
         f.boolean("tls_skip_verify", rest.skip_verify_other) ||
         f.string("TCP", out.tcp) || f.string("UDP", out.udp) ||
         f.string("GRPC", out.grpc) ||
         f.boolean("GRPCUseTLS", out.grpc_use_tls) ||
         f.string("H2PING", out.h2ping) ||
         f.boolean("H2PingUseTLS", out.h2ping_use_tls) ||
         f.string("OSService", out.os_service) ||
         f.string("AliasNode", out.alias_node) ||
         f.string("AliasService", out.alias_service) ||
         f.string("DockerContainerID", out.docker_container_id) ||
         f.string("docker_container_id", rest.docker_other) ||
         f.string("Shell", out.shell);
}

// When to probe and what to make of the outcome.
bool match_schedule(json_field& f, model::check_wish& out, unsettled& rest) {
  return f.later("Interval", rest.interval) ||
         f.later("Timeout", rest.timeout) || f.later("TTL", rest.ttl) ||
         f.later("DeregisterCriticalServiceAfter", rest.deregister_after) ||
         f.later("deregister_critical_service_after",
                 rest.deregister_after_other) ||
         f.integer("SuccessBeforePassing", out.success_before_passing) ||
         f.integer("FailuresBeforeCritical", out.failures_before_critical) ||
         f.integer("OutputMaxSize", out.output_max_size);
}

bool match_common(json_field& f, model::check_wish& out, unsettled& rest) {
  return f.string("Name", out.name) || f.string("Status", out.status) ||
         f.string("Notes", out.notes) || match_probe(f, out, rest) ||
         match_schedule(f, out, rest) ||
         f.string("ServiceID", out.service_id) ||
         f.string("service_id", rest.service_other);
}

void settle(model::check_wish& out, const unsettled& rest,
            decode_errors& errors) {
  auto duration = [&](const bj::value* value, span& to) {
    if (!value || errors.ended())
      return;
    if (auto ok = read_duration(*value, to); !ok)
      errors.end(ok.failure().text);
  };
  if (errors.failed())
    return;
  duration(rest.interval, out.interval);
  duration(rest.timeout, out.timeout);
  duration(rest.ttl, out.ttl);
  duration(rest.deregister_after ? rest.deregister_after
                                 : rest.deregister_after_other,
           out.deregister_after);
  if (out.args.empty())
    out.args = rest.args.empty() ? rest.args_other : rest.args;
  if (out.docker_container_id.empty())
    out.docker_container_id = rest.docker_other;
  if (out.service_id.empty())
    out.service_id = rest.service_other;
  out.tls_skip_verify = out.tls_skip_verify || rest.skip_verify_other;
}

// A check inside a service. It belongs to that service whatever it says.
void service_check(const bj::value& value, const json_place& place,
                   decode_errors& errors, model::check_wish& out) {
  unsettled rest;
  std::string unused;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("CheckID", out.id) || match_common(f, out, rest) ||
           f.string("ProxyHTTP", unused) || f.string("ProxyGRPC", unused);
  });
  settle(out, rest, errors);
  out.service_id.clear();
}

} // namespace

void parts::service_definition(const bj::value& value, const json_place& place,
                               decode_errors& errors, model::service_wish& out,
                               bool keep_sidecar) {
  constexpr std::string_view check_type = "structs.CheckType";
  auto& service = out.service;
  std::optional<model::service_weights> weights_given;
  std::optional<address_map> addresses_other;
  bool override_other = false;
  model::check_wish check;
  auto one_check = [&](model::check_wish& to) {
    return [&to](const bj::value& object, const json_place& at,
                 decode_errors& own) { service_check(object, at, own, to); };
  };
  auto checks = [&](json_field& f) {
    if (!f.is("Checks"))
      return false;
    out.checks.clear();
    auto inside = f.opaque();
    return f.list("Checks", "structs.CheckTypes", [&](const bj::value& one) {
      if (!one.is_null())
        read_opaque(one, inside, f.errors(), check_type,
                    one_check(out.checks.emplace_back()));
    });
  };
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.string("Kind", service.kind, "structs.ServiceKind") ||
           f.string("ID", service.id) || f.string("Name", service.name) ||
           f.strings("Tags", service.tags) ||
           f.string("Address", service.address) ||
           tagged_addresses(f, "TaggedAddresses", service.tagged_addresses) ||
           tagged_addresses(f, "tagged_addresses", addresses_other) ||
           f.string_map("Meta", service.meta) ||
           f.integer("Port", service.port) ||
           f.string("SocketPath", service.socket_path) ||
           opaque(f, "Check", check_type, one_check(check)) || checks(f) ||
           weights(f, weights_given) || f.string("Token", out.token) ||
           f.boolean("EnableTagOverride", service.enable_tag_override) ||
           f.boolean("enable_tag_override", override_other) ||
           proxy(f, service.proxy, "service") ||
           connect(f, service.connect_native,
                   keep_sidecar ? &out.sidecar_json : nullptr);
  });
  if (check != model::check_wish{})
    out.checks.insert(out.checks.begin(), check);
  if (weights_given)
    service.weights = *weights_given;
  if (!service.tagged_addresses || service.tagged_addresses->empty())
    service.tagged_addresses = addresses_other;
  service.enable_tag_override = service.enable_tag_override || override_other;
}

result<model::service_wish> read_agent_service(std::string_view body) {
  model::service_wish out;
  auto ok =
      parts::read_body(body, "structs.ServiceDefinition",
                       [&](const bj::value& value, decode_errors& errors) {
                         parts::service_definition(value, {}, errors, out);
                       });
  if (!ok)
    return ok.failure();
  return out;
}

result<model::check_wish> read_agent_check(std::string_view body) {
  model::check_wish out;
  auto ok = parts::read_body(
      body, "structs.CheckDefinition",
      [&](const bj::value& value, decode_errors& errors) {
        unsettled rest;
        read_object(value, {}, errors, unknown::refused, [&](json_field& f) {
          return f.string("ID", out.id) || match_common(f, out, rest) ||
                 f.string("Token", out.token);
        });
        settle(out, rest, errors);
      });
  if (!ok)
    return ok.failure();
  return out;
}

result<check_update> read_check_update(std::string_view body) {
  check_update out;
  auto ok = parts::read_body(
      body, "agent.checkUpdate",
      [&](const bj::value& value, decode_errors& errors) {
        const json_place place{"checkUpdate", "", false};
        read_object(value, place, errors, unknown::refused, [&](json_field& f) {
          return f.string("Status", out.status) ||
                 f.string("Output", out.output);
        });
      });
  if (!ok)
    return ok.failure();
  return out;
}

} // namespace praetor::http
