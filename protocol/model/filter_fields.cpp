#include "protocol/model/filter_fields.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/filter_json.hpp"
#include "protocol/model/filter_text.hpp"

#include <cstdlib>

namespace praetor::model {

namespace {

using enum field_shape;
using judge = field_judge;

// Upstreams and Expose are kept as JSON text; lists are asked item by item.
template <std::string service_proxy::*Json>
bool json_text(const service& x, const judge& j,
               std::vector<std::string_view> path) {
  return json_any(x.proxy.*Json, path, "",
                  [&](const std::string& value) { return j.text(value); });
}

template <std::string service_proxy::*Json>
bool json_number(const service& x, const judge& j,
                 std::vector<std::string_view> path) {
  return json_any(x.proxy.*Json, path, "0", [&](const std::string& value) {
    return j.number(std::strtoll(value.c_str(), nullptr, 10));
  });
}

template <std::string service_proxy::*Json>
bool json_boolean(const service& x, const judge& j,
                  std::vector<std::string_view> path) {
  return json_any(x.proxy.*Json, path, "false", [&](const std::string& value) {
    return j.number(value == "true");
  });
}

bool has_upstreams(const service& x) {
  return json_count(x.proxy.upstreams_json, {}) > 0;
}

bool upstream_text(const service& x, const judge& j, std::string_view name) {
  return has_upstreams(x) &&
         json_text<&service_proxy::upstreams_json>(x, j, {name});
}

bool expose_path_text(const service& x, const judge& j, std::string_view name) {
  return json_count(x.proxy.expose_json, {"Paths"}) > 0 &&
         json_text<&service_proxy::expose_json>(x, j, {"Paths", name});
}

bool expose_path_number(const service& x, const judge& j,
                        std::string_view name) {
  return json_count(x.proxy.expose_json, {"Paths"}) > 0 &&
         json_number<&service_proxy::expose_json>(x, j, {"Paths", name});
}

const service_address* address_of(const service& x, const std::string& key) {
  if (!x.tagged_addresses)
    return nullptr;
  auto found = x.tagged_addresses->find(key);
  return found == x.tagged_addresses->end() ? nullptr : &found->second;
}

constexpr record_field<node> of_nodes[] = {
    {"ID", text, [](auto& x, auto& j) { return j.text(x.id); }},
    {"Node", text, [](auto& x, auto& j) { return j.text(x.name); }},
    {"Address", text, [](auto& x, auto& j) { return j.text(x.address); }},
    {"Datacenter", text, [](auto& x, auto& j) { return j.text(x.datacenter); }},
    {"TaggedAddresses", collection,
     [](auto& x, auto& j) { return j.keys(x.tagged_addresses); }},
    {"TaggedAddresses.*", text,
     [](auto& x, auto& j) { return j.entry(x.tagged_addresses); }},
    {"Meta", collection, [](auto& x, auto& j) { return j.keys(x.meta); }},
    {"Meta.*", text, [](auto& x, auto& j) { return j.entry(x.meta); }},
};

constexpr record_field<service> of_services[] = {
    {"ID", text, [](auto& x, auto& j) { return j.text(x.id); }},
    {"Service", text, [](auto& x, auto& j) { return j.text(x.name); }},
    {"Kind", text, [](auto& x, auto& j) { return j.text(x.kind); }},
    {"Tags", collection, [](auto& x, auto& j) { return j.list(x.tags); }},
    {"Port", number, [](auto& x, auto& j) { return j.number(x.port); }},
    {"Address", text, [](auto& x, auto& j) { return j.text(x.address); }},
    {"Meta", collection, [](auto& x, auto& j) { return j.keys(x.meta); }},
    {"Meta.*", text, [](auto& x, auto& j) { return j.entry(x.meta); }},
    {"TaggedAddresses", collection,
     [](auto& x, auto& j) { return j.keys(x.tagged_addresses); }},
    {"TaggedAddresses.*.Address", text,
     [](auto& x, auto& j) {
       auto* found = address_of(x, j.key());
       return found ? j.text(found->address) : j.missing();
     }},
    {"TaggedAddresses.*.Port", number,
     [](auto& x, auto& j) {
       auto* found = address_of(x, j.key());
       return found ? j.number(found->port) : j.missing();
     }},
    {"Weights.Passing", number,
     [](auto& x, auto& j) { return j.number(x.weights.passing); }},
    {"Weights.Warning", number,
     [](auto& x, auto& j) { return j.number(x.weights.warning); }},
    {"EnableTagOverride", boolean,
     [](auto& x, auto& j) { return j.number(x.enable_tag_override); }},
    {"Connect.Native", boolean,
     [](auto& x, auto& j) { return j.number(x.connect_native); }},
    {"Proxy.DestinationServiceName", text,
     [](auto& x, auto& j) { return j.text(x.proxy.destination_name); }},
    {"Proxy.DestinationServiceID", text,
     [](auto& x, auto& j) { return j.text(x.proxy.destination_id); }},
    {"Proxy.LocalServiceAddress", text,
     [](auto& x, auto& j) { return j.text(x.proxy.local_address); }},
    {"Proxy.LocalServicePort", number,
     [](auto& x, auto& j) { return j.number(x.proxy.local_port); }},
    {"Proxy.MeshGateway.Mode", text,
     [](auto& x, auto& j) { return j.text(x.proxy.mesh_gateway_mode); }},
    {"Proxy.Upstreams", records,
     [](auto& x, auto& j) {
       return j.collection(json_count(x.proxy.upstreams_json, {}), false);
     }},
    {"Proxy.Upstreams.DestinationType", text,
     [](auto& x, auto& j) { return upstream_text(x, j, "DestinationType"); }},
    {"Proxy.Upstreams.DestinationNamespace", text,
     [](auto& x, auto& j) {
       return upstream_text(x, j, "DestinationNamespace");
     }},
    {"Proxy.Upstreams.DestinationName", text,
     [](auto& x, auto& j) { return upstream_text(x, j, "DestinationName"); }},
    {"Proxy.Upstreams.Datacenter", text,
     [](auto& x, auto& j) { return upstream_text(x, j, "Datacenter"); }},
    {"Proxy.Upstreams.LocalBindAddress", text,
     [](auto& x, auto& j) { return upstream_text(x, j, "LocalBindAddress"); }},
    {"Proxy.Upstreams.LocalBindPort", number,
     [](auto& x, auto& j) {
       return has_upstreams(x) && json_number<&service_proxy::upstreams_json>(
                                      x, j, {"LocalBindPort"});
     }},
    {"Proxy.Upstreams.MeshGateway.Mode", text,
     [](auto& x, auto& j) {
       return has_upstreams(x) && json_text<&service_proxy::upstreams_json>(
                                      x, j, {"MeshGateway", "Mode"});
     }},
    {"Proxy.Expose.Checks", boolean,
     [](auto& x, auto& j) {
       return json_boolean<&service_proxy::expose_json>(x, j, {"Checks"});
     }},
    {"Proxy.Expose.Paths", records,
     [](auto& x, auto& j) {
       return j.collection(json_count(x.proxy.expose_json, {"Paths"}), false);
     }},
    {"Proxy.Expose.Paths.ListenerPort", number,
     [](auto& x, auto& j) { return expose_path_number(x, j, "ListenerPort"); }},
    {"Proxy.Expose.Paths.Path", text,
     [](auto& x, auto& j) { return expose_path_text(x, j, "Path"); }},
    {"Proxy.Expose.Paths.LocalPathPort", number,
     [](auto& x, auto& j) {
       return expose_path_number(x, j, "LocalPathPort");
     }},
    {"Proxy.Expose.Paths.Protocol", text,
     [](auto& x, auto& j) { return expose_path_text(x, j, "Protocol"); }},
    {"Proxy.Expose.Paths.ParsedFromCheck", boolean,
     [](auto& x, auto& j) {
       return json_count(x.proxy.expose_json, {"Paths"}) > 0 &&
              json_boolean<&service_proxy::expose_json>(
                  x, j, {"Paths", "ParsedFromCheck"});
     }},
};

constexpr record_field<check> of_checks[] = {
    {"Node", text, [](auto& x, auto& j) { return j.text(x.node); }},
    {"CheckID", text, [](auto& x, auto& j) { return j.text(x.id); }},
    {"Name", text, [](auto& x, auto& j) { return j.text(x.name); }},
    {"Status", text, [](auto& x, auto& j) { return j.text(x.status); }},
    {"Notes", text, [](auto& x, auto& j) { return j.text(x.notes); }},
    {"Output", text, [](auto& x, auto& j) { return j.text(x.output); }},
    {"ServiceID", text, [](auto& x, auto& j) { return j.text(x.service_id); }},
    {"ServiceName", text,
     [](auto& x, auto& j) { return j.text(x.service_name); }},
    {"ServiceTags", collection,
     [](auto& x, auto& j) { return j.list(x.service_tags); }},
    {"Type", text, [](auto& x, auto& j) { return j.text(x.type); }},
};

} // namespace

std::span<const record_field<node>> node_fields() {
  return of_nodes;
}
std::span<const record_field<service>> service_fields() {
  return of_services;
}
std::span<const record_field<check>> check_fields() {
  return of_checks;
}

bool field_judge::text(std::string_view value) const {
  auto& wanted = about_.text;
  switch (about_.what) {
  case filter_operator::equal:
    return value == wanted;
  case filter_operator::not_equal:
    return value != wanted;
  case filter_operator::is_in:
    return value.find(wanted) != value.npos;
  case filter_operator::not_in:
    return value.find(wanted) == value.npos;
  case filter_operator::matches:
  case filter_operator::not_matches:
    PRAETOR_ASSERT(about_.pattern);
    return about_.pattern->search(value) ==
           (about_.what == filter_operator::matches);
  default:
    break;
  }
  PRAETOR_ASSERT(false); // refused when it was parsed
  return false;
}

bool field_judge::number(std::int64_t value) const {
  PRAETOR_ASSERT(about_.what == filter_operator::equal ||
                 about_.what == filter_operator::not_equal);
  return (value == about_.number) == (about_.what == filter_operator::equal);
}

bool field_judge::collection(std::size_t size, bool contains) const {
  switch (about_.what) {
  case filter_operator::is_in:
    return contains;
  case filter_operator::not_in:
    return !contains;
  case filter_operator::is_empty:
    return size == 0;
  case filter_operator::is_not_empty:
    return size != 0;
  default:
    break;
  }
  PRAETOR_ASSERT(false); // refused when it was parsed
  return false;
}

bool field_judge::list(const std::vector<std::string>& values) const {
  bool contains = false;
  for (auto& value : values)
    contains = contains || value == about_.text;
  return collection(values.size(), contains);
}

bool field_judge::missing() const {
  return about_.what != filter_operator::equal &&
         about_.what != filter_operator::is_in &&
         about_.what != filter_operator::is_not_empty;
}

bool field_judge::entry(const std::optional<string_map>& map) const {
  if (!map)
    return missing();
  auto found = map->find(about_.key);
  return found == map->end() ? missing() : text(found->second);
}

} // namespace praetor::model
