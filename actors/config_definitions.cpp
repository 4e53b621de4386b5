#include "actors/config_definitions.hpp"

#include "protocol/base/assert.hpp"

#include <array>

namespace praetor::actors {

namespace json = boost::json;

namespace {

/// A check may carry these keys; the second of a pair is an older spelling,
/// from when files and the HTTP API were read by the same code.
void read_check_target(section_reader& in, model::check_wish& out) {
  in.texts("scriptargs", out.args);
  in.texts("args", out.args);
  in.text("http", out.http);
  in.text("method", out.method);
  in.texts_map("header", out.header);
  in.text("body", out.body);
  in.flag("tlsskipverify", out.tls_skip_verify);
  in.flag("tls_skip_verify", out.tls_skip_verify);
  in.text("tcp", out.tcp);
  in.text("grpc", out.grpc);
  in.flag("grpc_use_tls", out.grpc_use_tls);
  in.text("dockercontainerid", out.docker_container_id);
  in.text("docker_container_id", out.docker_container_id);
  in.text("shell", out.shell);
  in.text("alias_node", out.alias_node);
  in.text("alias_service", out.alias_service);
}

void read_upstream(section_reader& in) {
  in.unused_text({"destination_type", "destination_namespace",
                  "destination_name", "datacenter", "local_bind_address"});
  in.unused_integer({"local_bind_port"});
  in.any_object("config");
  in.section("mesh_gateway",
             [](section_reader& inner) { inner.unused_text({"mode"}); });
}

void read_expose(section_reader& in) {
  in.unused_flag({"checks"});
  in.sections("paths", [](section_reader& path) {
    path.unused_integer({"listener_port", "local_path_port"});
    path.unused_text({"path", "protocol"});
  });
}

/// The part of a proxy that only proxies read, as API-spelled JSON text. The
/// reader has judged it before; absent parts give empty text.
std::string part_as_text(const json::object& from, std::string_view wanted) {
  for (auto& pair : from) {
    std::string_view key(pair.key().data(), pair.key().size());
    if (fold_case(key) != wanted || pair.value().is_null())
      continue;
    auto value = pair.value();
    bool is_list = wanted == "upstreams";
    if (!is_list && value.is_array() && value.get_array().size() == 1)
      value = json::value(value.get_array()[0]);
    return json::serialize(wanted == "config" ? value : to_api_keys(value));
  }
  return {};
}

void read_proxy(section_reader& in, model::service_proxy& out) {
  in.text("destination_service_name", out.destination_name);
  in.text("destination_service_id", out.destination_id);
  in.text("local_service_address", out.local_address);
  in.integer("local_service_port", out.local_port);
  in.any_object("config");
  in.sections("upstreams", read_upstream);
  in.section("mesh_gateway", [&](section_reader& inner) {
    inner.text("mode", out.mesh_gateway_mode);
  });
  in.section("expose", read_expose);
  out.config_json = part_as_text(in.object(), "config");
  out.upstreams_json = part_as_text(in.object(), "upstreams");
  out.expose_json = part_as_text(in.object(), "expose");
}

void read_connect(section_reader& in, model::service_wish& out) {
  in.flag("native", out.service.connect_native);
  // A sidecar is a service definition of its own. It is read for its errors
  // only, since what it means depends on ports that the agent hands out.
  in.section("sidecar_service", [&](section_reader& inner) {
    model::service_wish unused;
    read_service(inner, unused);
    out.sidecar_json = json::serialize(to_api_keys(inner.object()));
  });
}

/// Words of a key that the HTTP API writes in capitals.
bool is_acronym(std::string_view word) {
  constexpr std::array<std::string_view, 9> acronyms = {
      "id", "http", "tcp", "ttl", "grpc", "tls", "dns", "ip", "udp"};
  for (auto one : acronyms)
    if (word == one)
      return true;
  return false;
}

std::string to_api_key(std::string_view key) {
  std::string out;
  auto folded = fold_case(key);
  // A key that is spelled with capitals already comes as the API wants it.
  if (folded != key)
    return std::string(key);
  for (std::size_t at = 0; at <= folded.size();) {
    auto end = std::min(folded.find('_', at), folded.size());
    auto word = folded.substr(at, end - at);
    bool is_capital = is_acronym(word);
    for (std::size_t i = 0; i < word.size(); ++i)
      if ((i == 0 || is_capital) && word[i] >= 'a' && word[i] <= 'z')
        word[i] = static_cast<char>(word[i] - 'a' + 'A');
    out += word;
    at = end + 1;
  }
  return out;
}

/// Keys below these belong to the user and are not translated.
bool holds_user_keys(std::string_view folded) {
  return folded == "config" || folded == "meta" || folded == "header";
}

/// Maps from names to objects: the names stay, the objects are translated.
json::value translate_named(const json::value& from) {
  if (!from.is_object())
    return from;
  json::object out;
  for (auto& pair : from.get_object())
    out[pair.key()] = to_api_keys(pair.value());
  return out;
}

} // namespace

json::value to_api_keys(const json::value& from) {
  if (from.is_array()) {
    json::array out;
    for (auto& one : from.get_array())
      out.push_back(to_api_keys(one));
    return out;
  }
  if (!from.is_object())
    return from;
  json::object out;
  for (auto& pair : from.get_object()) {
    std::string_view key(pair.key().data(), pair.key().size());
    auto folded = fold_case(key);
    auto& slot = out[to_api_key(key)];
    if (holds_user_keys(folded))
      slot = pair.value();
    else if (folded == "tagged_addresses")
      slot = translate_named(pair.value());
    else
      slot = to_api_keys(pair.value());
  }
  return out;
}

void read_check(section_reader& in, model::check_wish& out) {
  in.text("id", out.id);
  in.text("name", out.name);
  in.text("notes", out.notes);
  in.text("serviceid", out.service_id);
  in.text("service_id", out.service_id);
  in.text("token", out.token);
  in.text("status", out.status);
  read_check_target(in, out);
  // All checks share one name for their durations, wherever they stand.
  in.duration("ttl", out.ttl, "check[].ttl");
  in.duration("interval", out.interval, "check[].interval");
  in.duration("timeout", out.timeout, "check[].timeout");
  constexpr auto after = "check[].deregister_critical_service_after";
  in.duration("deregistercriticalserviceafter", out.deregister_after, after);
  in.duration("deregister_critical_service_after", out.deregister_after, after);
  in.integer("success_before_passing", out.success_before_passing);
  in.integer("failures_before_critical", out.failures_before_critical);
  in.integer("output_max_size", out.output_max_size);
}

void read_service(section_reader& in, model::service_wish& out) {
  auto& service = out.service;
  in.text("kind", service.kind);
  in.text("id", service.id);
  in.text("name", service.name);
  in.texts("tags", service.tags);
  in.text("address", service.address);
  in.section_map("tagged_addresses",
                 [&](std::string_view name, section_reader& inner) {
                   if (!service.tagged_addresses)
                     service.tagged_addresses.emplace();
                   auto& one = (*service.tagged_addresses)[std::string(name)];
                   inner.text("address", one.address);
                   inner.integer("port", one.port);
                 });
  model::string_map meta;
  in.text_map("meta", meta);
  if (!meta.empty())
    service.meta = std::move(meta);
  in.integer("port", service.port);
  in.text("token", out.token);
  in.flag("enable_tag_override", service.enable_tag_override);
  in.section("weights", [&](section_reader& inner) {
    inner.integer("passing", service.weights.passing);
    inner.integer("warning", service.weights.warning);
  });
  auto add_check = [&](section_reader& inner) {
    model::check_wish wish;
    read_check(inner, wish);
    if (out.checks.size() < definitions_max)
      out.checks.push_back(std::move(wish));
  };
  in.sections("checks", add_check);
  in.section("check", add_check);
  in.section("proxy",
             [&](section_reader& inner) { read_proxy(inner, service.proxy); });
  in.section("connect",
             [&](section_reader& inner) { read_connect(inner, out); });
}

} // namespace praetor::actors
