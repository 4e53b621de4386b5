#include "http/bodies_parts.hpp"

namespace praetor::http::parts {
namespace {

namespace bj = boost::json;

// A field and its spelling with underscores, which counts if the other is
// absent or empty.
struct spelled_text {
  std::string main;
  std::string other;
  const std::string& value() const { return main.empty() ? other : main; }
};

struct spelled_number {
  int main = 0;
  int other = 0;
  int value() const { return main == 0 ? other : main; }
};

bool mesh_gateway(json_field& f, std::string& mode) {
  return nested(
      f, "MeshGateway", "structs", "MeshGatewayConfig",
      [&](const bj::value& value, const json_place& place,
          decode_errors& errors) {
        read_object(value, place, errors, unknown::refused, [&](json_field& g) {
          return g.string("Mode", mode, "structs.MeshGatewayMode");
        });
      });
}

struct upstream {
  spelled_text type;
  spelled_text destination_namespace;
  spelled_text name;
  std::string datacenter;
  spelled_text address;
  spelled_number port;
  std::string config_json;
  std::string gateway_mode;
};

void write(json_writer& json, const upstream& one,
           std::string_view default_type) {
  json.begin_object();
  auto& type = one.type.value();
  json.field("DestinationType", type.empty() ? default_type : type);
  if (!one.destination_namespace.value().empty())
    json.field("DestinationNamespace", one.destination_namespace.value());
  json.field("DestinationName", one.name.value());
  json.field("Datacenter", one.datacenter);
  if (!one.address.value().empty())
    json.field("LocalBindAddress", one.address.value());
  json.field("LocalBindPort", one.port.value());
  json.key("Config");
  json.raw(one.config_json.empty() ? "null" : one.config_json);
  json.key("MeshGateway");
  json.begin_object();
  if (!one.gateway_mode.empty())
    json.field("Mode", one.gateway_mode);
  json.end_object();
  json.end_object();
}

bool match(json_field& f, upstream& one) {
  return f.string("DestinationType", one.type.main) ||
         f.string("destination_type", one.type.other) ||
         f.string("DestinationNamespace", one.destination_namespace.main) ||
         f.string("destination_namespace", one.destination_namespace.other) ||
         f.string("DestinationName", one.name.main) ||
         f.string("destination_name", one.name.other) ||
         f.string("Datacenter", one.datacenter) ||
         f.string("LocalBindAddress", one.address.main) ||
         f.string("local_bind_address", one.address.other) ||
         f.integer("LocalBindPort", one.port.main) ||
         f.integer("local_bind_port", one.port.other) ||
         f.free_object("Config", one.config_json) ||
         mesh_gateway(f, one.gateway_mode);
}

bool upstreams(json_field& f, std::string& out, std::string_view default_type) {
  if (!f.is("Upstreams"))
    return false;
  std::string text;
  json_writer json(text);
  json.begin_array();
  auto place = f.opaque();
  f.list("Upstreams", "structs.Upstreams", [&](const bj::value& value) {
    upstream one;
    read_opaque(value, place, f.errors(), "structs.Upstream",
                [&](const bj::value& object, const json_place& inside,
                    decode_errors& errors) {
                  read_object(object, inside, errors, unknown::refused,
                              [&](json_field& g) { return match(g, one); });
                });
    write(json, one, default_type);
  });
  json.end_array();
  out = text == "[]" ? std::string() : text;
  return true;
}

void expose_path(const bj::value& value, const json_place& place,
                 decode_errors& errors, json_writer& json) {
  spelled_number listener_port;
  spelled_number local_port;
  std::string path;
  std::string protocol;
  bool parsed = false;
  read_object(value, place, errors, unknown::refused, [&](json_field& f) {
    return f.integer("ListenerPort", listener_port.main) ||
           f.integer("listener_port", listener_port.other) ||
           f.string("Path", path) ||
           f.integer("LocalPathPort", local_port.main) ||
           f.integer("local_path_port", local_port.other) ||
           f.string("Protocol", protocol) ||
           f.boolean("ParsedFromCheck", parsed);
  });
  json.begin_object();
  if (listener_port.value() != 0)
    json.field("ListenerPort", listener_port.value());
  if (!path.empty())
    json.field("Path", path);
  if (local_port.value() != 0)
    json.field("LocalPathPort", local_port.value());
  if (!protocol.empty())
    json.field("Protocol", protocol);
  json.field("ParsedFromCheck", parsed);
  json.end_object();
}

bool expose(json_field& f, std::string& out) {
  bool checks = false;
  std::string paths;
  auto fields = [&](const bj::value& value, const json_place& place,
                    decode_errors& errors) {
    read_object(value, place, errors, unknown::refused, [&](json_field& g) {
      if (g.boolean("Checks", checks))
        return true;
      if (!g.is("Paths"))
        return false;
      paths.clear();
      json_writer json(paths);
      json.begin_array();
      auto inside = g.opaque();
      g.list("Paths", "[]structs.ExposePath", [&](const bj::value& one) {
        read_opaque(one, inside, g.errors(), "structs.ExposePath",
                    [&](auto& object, auto& at, auto& own) {
                      expose_path(object, at, own, json);
                    });
      });
      json.end_array();
      return true;
    });
  };
  if (!nested(f, "Expose", "structs", "ExposeConfig", fields))
    return false;
  std::string text;
  json_writer json(text);
  json.begin_object();
  if (checks)
    json.field("Checks", true);
  if (!paths.empty() && paths != "[]") {
    json.key("Paths");
    json.raw(paths);
  }
  json.end_object();
  out = text == "{}" ? std::string() : text;
  return true;
}

} // namespace

bool tagged_addresses(json_field& f, std::string_view name,
                      std::optional<address_map>& out) {
  if (!f.is(name))
    return false;
  out.reset();
  if (f.value().is_object())
    out.emplace();
  auto place = f.inner("ServiceAddress");
  return f.map(name, "map[string]structs.ServiceAddress",
               [&](std::string_view tag, const bj::value& value) {
                 auto& address = (*out)[std::string(tag)];
                 if (!value.is_object() && !value.is_null())
                   f.mismatch(value, "structs.ServiceAddress");
                 read_object(value, place, f.errors(), unknown::refused,
                             [&](json_field& g) {
                               return g.string("Address", address.address) ||
                                      g.integer("Port", address.port);
                             });
               });
}

bool weights(json_field& f, std::optional<model::service_weights>& out) {
  return nested(f, "Weights", "structs", "Weights",
                [&](const bj::value& value, const json_place& place,
                    decode_errors& errors) {
                  if (!out)
                    out = model::service_weights{0, 0};
                  read_object(value, place, errors, unknown::refused,
                              [&](json_field& g) {
                                return g.integer("Passing", out->passing) ||
                                       g.integer("Warning", out->warning);
                              });
                });
}

bool proxy(json_field& f, model::service_proxy& out,
           std::string_view default_type) {
  spelled_text name;
  spelled_text id;
  spelled_text address;
  spelled_number port;
  auto fields = [&](const bj::value& value, const json_place& place,
                    decode_errors& errors) {
    read_object(value, place, errors, unknown::refused, [&](json_field& g) {
      return g.string("DestinationServiceName", name.main) ||
             g.string("destination_service_name", name.other) ||
             g.string("DestinationServiceID", id.main) ||
             g.string("destination_service_id", id.other) ||
             g.string("LocalServiceAddress", address.main) ||
             g.string("local_service_address", address.other) ||
             g.integer("LocalServicePort", port.main) ||
             g.integer("local_service_port", port.other) ||
             g.free_object("Config", out.config_json) ||
             upstreams(g, out.upstreams_json, default_type) ||
             mesh_gateway(g, out.mesh_gateway_mode) ||
             expose(g, out.expose_json);
    });
  };
  if (!opaque(f, "Proxy", "structs.ConnectProxyConfig", fields))
    return false;
  // An empty configuration is as good as none, and is not repeated.
  if (out.config_json == "{}")
    out.config_json.clear();
  out.destination_name = name.value();
  out.destination_id = id.value();
  out.local_address = address.value();
  out.local_port = port.value();
  return true;
}

bool connect(json_field& f, bool& native, std::string* sidecar_json,
             unknown policy) {
  auto fields = [&](const bj::value& value, const json_place& place,
                    decode_errors& errors) {
    read_object(value, place, errors, policy, [&](json_field& g) {
      if (g.boolean("Native", native))
        return true;
      if (!g.is("SidecarService"))
        return false;
      if (sidecar_json)
        *sidecar_json =
            g.value().is_object() ? canonical_json(g.value()) : std::string();
      return opaque(g, "SidecarService", "structs.ServiceDefinition",
                    [](auto& object, auto& at, auto& own) {
                      model::service_wish checked_only;
                      service_definition(object, at, own, checked_only, false);
                    });
    });
  };
  return opaque(f, "Connect", "structs.ServiceConnect", fields);
}

} // namespace praetor::http::parts
