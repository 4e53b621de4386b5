// How the model's records look to clients. What is null, what is empty and
// what is left out differs from place to place; clients rely on it.

#include "http/json_read.hpp"
#include "http/json_write.hpp"
#include "protocol/base/duration.hpp"

namespace praetor::http {
namespace {

void strings(json_writer& json, const std::vector<std::string>& all) {
  json.begin_array();
  for (auto& one : all)
    json.string(one);
  json.end_array();
}

void string_map(json_writer& json, const model::string_map& map) {
  json.begin_object();
  for (auto& [name, value] : map) {
    json.key_text(name);
    json.string(value);
  }
  json.end_object();
}

void map_or_null(json_writer& json,
                 const std::optional<model::string_map>& map) {
  if (map)
    string_map(json, *map);
  else
    json.null();
}

template <std::size_t N>
void text_unless_empty(json_writer& json, const char (&name)[N],
                       const std::string& text) {
  if (!text.empty())
    json.field(name, text);
}

template <std::size_t N>
void duration_unless_zero(json_writer& json, const char (&name)[N],
                          span value) {
  if (value != span{})
    json.field(name, format_duration(value));
}

void tagged_addresses(
    json_writer& json,
    const std::map<std::string, model::service_address>& addresses) {
  json.begin_object();
  for (auto& [tag, address] : addresses) {
    json.key_text(tag);
    json.begin_object();
    json.field("Address", address.address);
    json.field("Port", address.port);
    json.end_object();
  }
  json.end_object();
}

template <std::size_t N>
void tagged_addresses_unless_empty(json_writer& json, const char (&name)[N],
                                   const model::service& service) {
  if (!service.tagged_addresses || service.tagged_addresses->empty())
    return;
  json.key(name);
  tagged_addresses(json, *service.tagged_addresses);
}

void weights(json_writer& json, const model::service_weights& weights) {
  json.begin_object();
  json.field("Passing", weights.passing);
  json.field("Warning", weights.warning);
  json.end_object();
}

void indexes(json_writer& json, modify_index created, modify_index modified) {
  json.field("CreateIndex", created);
  json.field("ModifyIndex", modified);
}

// The agent leaves out what the catalogue repeats although it is empty. Text
// that is no list of objects is repeated as it is.
void agent_upstreams(json_writer& json, const std::string& upstreams) {
  auto parsed = parse_json(upstreams);
  auto* list = parsed ? parsed->if_array() : nullptr;
  if (!list) {
    json.raw(upstreams);
    return;
  }
  json.begin_array();
  for (auto& one : *list) {
    auto* upstream = one.if_object();
    if (!upstream) {
      write_value(json, one);
      continue;
    }
    json.begin_object();
    for (auto& [name, value] : *upstream) {
      auto* text = value.if_string();
      bool blank = value.is_null() || (text && text->empty());
      if (blank && (name == "Datacenter" || name == "Config"))
        continue;
      if (name == "LocalBindPort" && whole_number(value) == 0)
        continue;
      json.key_text(name);
      write_value(json, value);
    }
    json.end_object();
  }
  json.end_array();
}

void proxy(json_writer& json, const model::service_proxy& proxy,
           bool for_agent) {
  json.begin_object();
  text_unless_empty(json, "DestinationServiceName", proxy.destination_name);
  text_unless_empty(json, "DestinationServiceID", proxy.destination_id);
  text_unless_empty(json, "LocalServiceAddress", proxy.local_address);
  if (proxy.local_port != 0)
    json.field("LocalServicePort", proxy.local_port);
  if (!proxy.config_json.empty()) {
    json.key("Config");
    json.raw(proxy.config_json);
  }
  if (!proxy.upstreams_json.empty()) {
    json.key("Upstreams");
    if (for_agent)
      agent_upstreams(json, proxy.upstreams_json);
    else
      json.raw(proxy.upstreams_json);
  }
  json.key("MeshGateway");
  json.begin_object();
  text_unless_empty(json, "Mode", proxy.mesh_gateway_mode);
  json.end_object();
  json.key("Expose");
  json.raw(proxy.expose_json.empty() ? "{}" : proxy.expose_json);
  json.end_object();
}

void connect(json_writer& json, const model::service& service) {
  json.begin_object();
  if (service.connect_native)
    json.field("Native", true);
  json.end_object();
}

void definition(json_writer& json, const model::check_definition& what) {
  json.begin_object();
  duration_unless_zero(json, "Interval", what.interval);
  duration_unless_zero(json, "Timeout", what.timeout);
  duration_unless_zero(json, "DeregisterCriticalServiceAfter",
                       what.deregister_after);
  text_unless_empty(json, "HTTP", what.http);
  if (what.tls_skip_verify)
    json.field("TLSSkipVerify", true);
  if (!what.header.empty()) {
    json.key("Header");
    json.begin_object();
    for (auto& [name, values] : what.header) {
      json.key_text(name);
      strings(json, values);
    }
    json.end_object();
  }
  text_unless_empty(json, "Method", what.method);
  text_unless_empty(json, "Body", what.body);
  text_unless_empty(json, "TCP", what.tcp);
  json.end_object();
}

void check_head(json_writer& json, const model::check& check) {
  json.field("Node", check.node);
  json.field("CheckID", check.id);
  json.field("Name", check.name);
  json.field("Status", check.status);
  json.field("Notes", check.notes);
  json.field("Output", check.output);
  json.field("ServiceID", check.service_id);
  json.field("ServiceName", check.service_name);
}

void tags_or_null(json_writer& json, const std::vector<std::string>& tags) {
  if (tags.empty())
    json.null();
  else
    strings(json, tags);
}

} // namespace

void write(json_writer& json, const model::kv_entry& entry) {
  json.begin_object();
  json.field("LockIndex", entry.lock_index);
  json.field("Key", entry.key);
  json.field("Flags", entry.flags);
  json.key("Value");
  if (entry.value.empty())
    json.null();
  else
    json.base64(entry.value);
  text_unless_empty(json, "Session", entry.session);
  indexes(json, entry.created, entry.modified);
  json.end_object();
}

void write(json_writer& json, const model::node& node) {
  json.begin_object();
  json.field("ID", node.id);
  json.field("Node", node.name);
  json.field("Address", node.address);
  json.field("Datacenter", node.datacenter);
  json.key("TaggedAddresses");
  map_or_null(json, node.tagged_addresses);
  json.key("Meta");
  map_or_null(json, node.meta);
  indexes(json, node.created, node.modified);
  json.end_object();
}

void write(json_writer& json, const model::check& check) {
  json.begin_object();
  check_head(json, check);
  json.key("ServiceTags");
  strings(json, check.service_tags);
  json.field("Type", check.type);
  json.key("Definition");
  definition(json, check.definition);
  indexes(json, check.created, check.modified);
  json.end_object();
}

void write(json_writer& json, const model::session& session) {
  json.begin_object();
  json.field("ID", session.id);
  json.field("Name", session.name);
  json.field("Node", session.node);
  json.field("LockDelay", session.lock_delay.count());
  json.field("Behavior", session.behavior == model::session_behavior::remove
                             ? "delete"
                             : "release");
  json.field("TTL", session.ttl);
  json.key("NodeChecks");
  strings(json, session.node_checks);
  json.key("ServiceChecks");
  if (session.service_checks.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (auto& id : session.service_checks) {
      json.begin_object();
      json.field("ID", id);
      json.field("Namespace", "");
      json.end_object();
    }
    json.end_array();
  }
  indexes(json, session.created, session.modified);
  json.end_object();
}

void write(json_writer& json, const model::service_entry& entry) {
  PRAETOR_ASSERT(entry.node != nullptr);
  PRAETOR_ASSERT(entry.service != nullptr);
  json.begin_object();
  json.key("Node");
  write(json, *entry.node);
  json.key("Service");
  write_node_service(json, *entry.service);
  json.key("Checks");
  json.begin_array();
  for (auto& check : entry.checks)
    write(json, *check);
  json.end_array();
  json.end_object();
}

void write_catalog_service(json_writer& json, const model::node& node,
                           const model::service& service) {
  json.begin_object();
  json.field("ID", node.id);
  json.field("Node", node.name);
  json.field("Address", node.address);
  json.field("Datacenter", node.datacenter);
  json.key("TaggedAddresses");
  map_or_null(json, node.tagged_addresses);
  json.key("NodeMeta");
  map_or_null(json, node.meta);
  json.field("ServiceKind", service.kind);
  json.field("ServiceID", service.id);
  json.field("ServiceName", service.name);
  json.key("ServiceTags");
  strings(json, service.tags);
  json.field("ServiceAddress", service.address);
  tagged_addresses_unless_empty(json, "ServiceTaggedAddresses", service);
  json.key("ServiceWeights");
  weights(json, service.weights);
  json.key("ServiceMeta");
  string_map(json, service.meta.value_or(model::string_map{}));
  json.field("ServicePort", service.port);
  text_unless_empty(json, "ServiceSocketPath", service.socket_path);
  json.field("ServiceEnableTagOverride", service.enable_tag_override);
  json.key("ServiceProxy");
  proxy(json, service.proxy, false);
  json.key("ServiceConnect");
  connect(json, service);
  indexes(json, service.created, service.modified);
  json.end_object();
}

void write_node_service(json_writer& json, const model::service& service) {
  json.begin_object();
  text_unless_empty(json, "Kind", service.kind);
  json.field("ID", service.id);
  json.field("Service", service.name);
  json.key("Tags");
  strings(json, service.tags);
  json.field("Address", service.address);
  tagged_addresses_unless_empty(json, "TaggedAddresses", service);
  json.key("Meta");
  map_or_null(json, service.meta);
  json.field("Port", service.port);
  text_unless_empty(json, "SocketPath", service.socket_path);
  json.key("Weights");
  weights(json, service.weights);
  json.field("EnableTagOverride", service.enable_tag_override);
  json.key("Proxy");
  proxy(json, service.proxy, false);
  json.key("Connect");
  connect(json, service);
  indexes(json, service.created, service.modified);
  json.end_object();
}

void write_agent_service(json_writer& json, const model::service& service,
                         std::string_view content_hash) {
  json.begin_object();
  text_unless_empty(json, "Kind", service.kind);
  json.field("ID", service.id);
  json.field("Service", service.name);
  json.key("Tags");
  strings(json, service.tags);
  json.key("Meta");
  string_map(json, service.meta.value_or(model::string_map{}));
  json.field("Port", service.port);
  json.field("Address", service.address);
  text_unless_empty(json, "SocketPath", service.socket_path);
  tagged_addresses_unless_empty(json, "TaggedAddresses", service);
  json.key("Weights");
  weights(json, service.weights);
  json.field("EnableTagOverride", service.enable_tag_override);
  if (!content_hash.empty())
    json.field("ContentHash", content_hash);
  if (!service.kind.empty()) {
    json.key("Proxy");
    proxy(json, service.proxy, true);
  }
  if (service.connect_native) {
    json.key("Connect");
    connect(json, service);
  }
  json.end_object();
}

void write_agent_health_check(json_writer& json, const model::check& check) {
  json.begin_object();
  check_head(json, check);
  json.key("ServiceTags");
  tags_or_null(json, check.service_tags);
  json.field("Type", "");
  json.key("Definition");
  json.begin_object();
  json.field("Interval", "0s");
  json.field("Timeout", "0s");
  json.field("DeregisterCriticalServiceAfter", "0s");
  json.field("HTTP", "");
  json.key("Header");
  json.null();
  json.field("Method", "");
  json.field("Body", "");
  json.field("TLSSkipVerify", false);
  json.field("TCP", "");
  json.end_object();
  indexes(json, check.created, check.modified);
  json.end_object();
}

void write_transaction_service(json_writer& json,
                               const model::service& service) {
  json.begin_object();
  json.field("ID", service.id);
  json.field("Service", service.name);
  json.key("Tags");
  tags_or_null(json, service.tags);
  json.field("Address", service.address);
  json.key("Meta");
  map_or_null(json, service.meta);
  json.field("Port", service.port);
  json.key("Weights");
  weights(json, service.weights);
  json.field("EnableTagOverride", service.enable_tag_override);
  json.key("Proxy");
  proxy(json, {}, false);
  json.key("Connect");
  json.raw("{}");
  indexes(json, service.created, service.modified);
  json.end_object();
}

void write_transaction_check(json_writer& json, const model::check& check) {
  json.begin_object();
  check_head(json, check);
  json.key("ServiceTags");
  tags_or_null(json, check.service_tags);
  json.field("Type", "");
  json.key("Definition");
  definition(json, check.definition);
  indexes(json, check.created, check.modified);
  json.end_object();
}

} // namespace praetor::http
