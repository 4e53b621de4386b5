#include "storage/consul_records.hpp"

#include "protocol/base/assert.hpp"

#include <charconv>
#include <cmath>

namespace praetor::storage {
namespace {

using value = msgpack_value;

std::vector<std::string> texts(const value& from, std::string_view name) {
  std::vector<std::string> out;
  for (auto& one : from.items(name))
    if (auto* text = std::get_if<std::string>(&one.content))
      out.push_back(*text);
  return out;
}

bool is_there(const value& from, std::string_view name) {
  auto* found = from.find(name);
  return found && !found->is_null();
}

std::optional<std::vector<std::string>> maybe_texts(const value& from,
                                                    std::string_view name) {
  if (!is_there(from, name))
    return std::nullopt;
  return texts(from, name);
}

std::optional<model::string_map> text_map(const value& from,
                                          std::string_view name) {
  if (!is_there(from, name))
    return std::nullopt;
  model::string_map out;
  for (auto& [key, one] : from.members(name))
    if (auto* text = std::get_if<std::string>(&one.content))
      out[key] = *text;
  return out;
}

int small_number(const value& from, std::string_view name) {
  auto wide = from.whole(name);
  return wide >= INT32_MIN && wide <= INT32_MAX ? static_cast<int>(wide) : 0;
}

span time(const value& from, std::string_view name) {
  return span{from.whole(name)};
}

template <class Record>
void take_indexes(Record& record, const value& from) {
  record.modified = from.number("ModifyIndex");
  record.created = std::min(from.number("CreateIndex"), record.modified);
  PRAETOR_ASSERT(record.created <= record.modified);
}

const value& part(const value& from, std::string_view name) {
  static const value none;
  auto* found = from.find(name);
  return found ? *found : none;
}

// -- free-form parts of a proxy, as compact JSON -----------------------------

void quote(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_json(std::string& out, const value& from);

struct json_of {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool x) const { out += x ? "true" : "false"; }
  void operator()(std::uint64_t x) const { out += std::to_string(x); }
  void operator()(std::int64_t x) const { out += std::to_string(x); }
  void operator()(double x) const {
    char text[64];
    auto end = std::to_chars(text, text + sizeof text, x).ptr;
    out += std::isfinite(x)
               ? std::string_view(text, static_cast<std::size_t>(end - text))
               : std::string_view("null");
  }
  void operator()(const std::string& x) const { quote(out, x); }
  void operator()(const value::list& all) const {
    out += '[';
    for (auto& one : all) {
      if (out.back() != '[')
        out += ',';
      write_json(out, one);
    }
    out += ']';
  }
  void operator()(const value::map& all) const {
    std::map<std::string_view, const value*> sorted;
    for (auto& [key, one] : all)
      sorted[key] = &one;
    out += '{';
    for (auto& [key, one] : sorted) {
      if (out.back() != '{')
        out += ',';
      quote(out, key);
      out += ':';
      write_json(out, *one);
    }
    out += '}';
  }
};

void write_json(std::string& out, const value& from) {
  std::visit(json_of{out}, from.content);
}

bool is_empty(const value& one) {
  struct visitor {
    bool operator()(std::monostate) const { return true; }
    bool operator()(bool x) const { return !x; }
    bool operator()(std::uint64_t x) const { return x == 0; }
    bool operator()(std::int64_t x) const { return x == 0; }
    bool operator()(double x) const { return x == 0; }
    bool operator()(const std::string& x) const { return x.empty(); }
    bool operator()(const value::list& x) const { return x.empty(); }
    bool operator()(const value::map& x) const { return x.empty(); }
  };
  return std::visit(visitor{}, one.content);
}

// The named members that say anything, in that order.
std::string json_object(const value& from,
                        std::initializer_list<const char*> names) {
  std::string out = "{";
  for (auto* name : names) {
    auto& one = part(from, name);
    if (is_empty(one))
      continue;
    if (out.size() > 1)
      out += ',';
    quote(out, name);
    out += ':';
    write_json(out, one);
  }
  return out + "}";
}

// In the form in which registrations keep them.
std::string upstreams_json(const value& from) {
  std::string out;
  for (auto& one : from.items("Upstreams")) {
    out += out.empty() ? "[{" : ",{";
    for (auto* name :
         {"DestinationType", "DestinationNamespace", "DestinationName",
          "Datacenter", "LocalBindAddress", "LocalBindPort", "Config"}) {
      auto& member = part(one, name);
      bool may_lack = std::string_view(name) == "DestinationNamespace" ||
                      std::string_view(name) == "LocalBindAddress";
      if (may_lack && is_empty(member))
        continue;
      quote(out, name);
      out += ':';
      write_json(out, member);
      out += ',';
    }
    out += "\"MeshGateway\":";
    out += json_object(part(one, "MeshGateway"), {"Mode"}) + "}";
  }
  return out.empty() ? out : out + "]";
}

model::service_proxy proxy(const value& from) {
  model::service_proxy out;
  out.destination_name = from.text("DestinationServiceName");
  out.destination_id = from.text("DestinationServiceID");
  out.local_address = from.text("LocalServiceAddress");
  out.local_port = small_number(from, "LocalServicePort");
  out.mesh_gateway_mode = part(from, "MeshGateway").text("Mode");
  if (is_there(from, "Config"))
    write_json(out.config_json, part(from, "Config"));
  out.upstreams_json = upstreams_json(from);
  auto expose = json_object(part(from, "Expose"), {"Checks", "Paths"});
  if (expose != "{}")
    out.expose_json = expose;
  return out;
}

model::check_definition definition(const value& from) {
  model::check_definition out;
  out.http = from.text("HTTP");
  out.tls_skip_verify = from.flag("TLSSkipVerify");
  out.method = from.text("Method");
  auto& headers = part(from, "Header");
  for (auto& [key, one] : headers.members())
    out.header[key] = texts(headers, key);
  out.body = from.text("Body");
  out.tcp = from.text("TCP");
  out.interval = time(from, "Interval");
  out.timeout = time(from, "Timeout");
  out.deregister_after = time(from, "DeregisterCriticalServiceAfter");
  return out;
}

} // namespace

model::kv_entry consul_key(const value& from) {
  model::kv_entry out;
  out.key = from.text("Key");
  out.value = from.text("Value");
  out.flags = from.number("Flags");
  out.lock_index = from.number("LockIndex");
  out.session = from.text("Session");
  take_indexes(out, from);
  return out;
}

model::node consul_node(const value& from) {
  model::node out;
  out.id = from.text("ID");
  out.name = from.text("Node");
  out.address = from.text("Address");
  out.datacenter = from.text("Datacenter");
  out.tagged_addresses = text_map(from, "TaggedAddresses");
  out.meta = text_map(from, "NodeMeta");
  take_indexes(out, from);
  return out;
}

model::service consul_service(const std::string& node, const value& from) {
  model::service out;
  out.node = node;
  out.kind = from.text("Kind");
  out.id = from.text("ID");
  out.name = from.text("Service");
  out.tags = texts(from, "Tags");
  out.address = from.text("Address");
  if (is_there(from, "TaggedAddresses")) {
    auto& all = out.tagged_addresses.emplace();
    for (auto& [key, one] : from.members("TaggedAddresses"))
      all[key] = {one.text("Address"), small_number(one, "Port")};
  }
  out.meta = text_map(from, "Meta");
  out.port = small_number(from, "Port");
  auto& weights = part(from, "Weights");
  if (!weights.is_null())
    out.weights = {small_number(weights, "Passing"),
                   small_number(weights, "Warning")};
  out.enable_tag_override = from.flag("EnableTagOverride");
  out.proxy = proxy(part(from, "Proxy"));
  out.connect_native = part(from, "Connect").flag("Native");
  take_indexes(out, from);
  return out;
}

model::check consul_check(const value& from) {
  model::check out;
  out.node = from.text("Node");
  out.id = from.text("CheckID");
  out.name = from.text("Name");
  out.status = from.text("Status");
  out.notes = from.text("Notes");
  out.output = from.text("Output");
  out.service_id = from.text("ServiceID");
  out.service_name = from.text("ServiceName");
  out.service_tags = texts(from, "ServiceTags");
  out.type = from.text("Type");
  out.definition = definition(part(from, "Definition"));
  take_indexes(out, from);
  return out;
}

model::session consul_session(const value& from) {
  model::session out;
  out.id = from.text("ID");
  out.name = from.text("Name");
  out.node = from.text("Node");
  out.lock_delay = time(from, "LockDelay");
  out.behavior = from.text("Behavior") == "delete"
                     ? model::session_behavior::remove
                     : model::session_behavior::release;
  out.ttl = from.text("TTL");
  out.node_checks = texts(from, "NodeChecks");
  for (auto& one : from.items("ServiceChecks"))
    out.service_checks.push_back(one.text("ID"));
  // The field of older sessions. Ids are not told from those above.
  out.hidden_checks = texts(from, "Checks");
  take_indexes(out, from);
  return out;
}

model::prepared_query consul_query(const value& from) {
  model::prepared_query out;
  out.id = from.text("ID");
  out.name = from.text("Name");
  out.session = from.text("Session");
  out.token = from.text("Token");
  auto& pattern = part(from, "Template");
  out.pattern = {pattern.text("Type"), pattern.text("Regexp"),
                 pattern.flag("RemoveEmptyTags")};
  auto& wanted = part(from, "Service");
  auto& failover = part(wanted, "Failover");
  out.wanted.service = wanted.text("Service");
  out.wanted.failover = {small_number(failover, "NearestN"),
                         maybe_texts(failover, "Datacenters")};
  out.wanted.only_passing = wanted.flag("OnlyPassing");
  out.wanted.ignore_check_ids = maybe_texts(wanted, "IgnoreCheckIDs");
  out.wanted.near = wanted.text("Near");
  out.wanted.tags = maybe_texts(wanted, "Tags");
  out.wanted.node_meta = text_map(wanted, "NodeMeta");
  out.wanted.service_meta = text_map(wanted, "ServiceMeta");
  out.wanted.connect = wanted.flag("Connect");
  out.dns_ttl = part(from, "DNS").text("TTL");
  take_indexes(out, from);
  return out;
}

} // namespace praetor::storage
