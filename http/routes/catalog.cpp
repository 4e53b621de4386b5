// /v1/catalog/

#include "http/bodies.hpp"
#include "http/json_write.hpp"
#include "http/proxies.hpp"
#include "http/routes/reads.hpp"
#include "protocol/base/uuid.hpp"
#include "protocol/model/local_state.hpp"

namespace praetor::http::routes {

using model::query_kind;

namespace {

action decode_failed(const error& why) {
  return refuse(400, "Request decode failed: " + why.text);
}

// What the catalogue refuses before it is asked; empty when all is well.
std::string node_fault(const catalog_registration& given) {
  if (given.node.name.empty())
    return "Must provide node";
  if (!given.node.id.empty())
    if (auto fault = node_id_fault(given.node.id); !fault.empty())
      return "Bad node ID: " + fault;
  if (given.node.address.empty() && !given.skip_node_update)
    return "Must provide address if SkipNodeUpdate is not set";
  return {};
}

std::string registration_fault(const catalog_registration& given) {
  if (auto fault = node_fault(given); !fault.empty())
    return fault;
  if (given.service) {
    if (auto fault = proxy_fault(*given.service); !fault.empty())
      return fault;
    if (given.service->name.empty() && !given.service->id.empty())
      return "Must provide service name with ID";
    if (model::is_any_address(given.service->address))
      return "Invalid service address";
  }
  for (auto& check : given.checks)
    if (!check.node.empty() && check.node != given.node.name)
      return "check node \"" + check.node + "\" does not match node \"" +
             given.node.name + "\"";
  return {};
}

model::catalog_register to_command(catalog_registration given,
                                   const surface& node) {
  model::catalog_register command;
  command.node = std::move(given.node);
  command.node.datacenter = node.datacenter;
  command.skip_node_update = given.skip_node_update;
  command.service = std::move(given.service);
  command.checks = std::move(given.checks);
  if (command.service && command.service->id.empty())
    command.service->id = command.service->name;
  for (auto& check : command.checks) {
    if (check.id.empty())
      check.id = check.name;
    check.node = command.node.name;
  }
  return command;
}

} // namespace

action catalog_register(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  auto given = read_catalog_registration(c.from.body);
  if (!given)
    return decode_failed(given.failure());
  if (auto wrong = wrong_datacenter(given->node.datacenter, c.node))
    return *wrong;
  if (auto fault = registration_fault(*given); !fault.empty())
    return refuse(500, fault);
  write_action out;
  out.command = to_command(*std::move(given), c.node);
  out.pretty = c.node.always_pretty || c.from.has_query("pretty");
  return out;
}

action catalog_deregister(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  auto given = read_catalog_deregistration(c.from.body);
  if (!given)
    return decode_failed(given.failure());
  if (auto wrong = wrong_datacenter(given->datacenter, c.node))
    return *wrong;
  if (given->node.empty())
    return refuse(500, "Must provide node");
  write_action out;
  out.command = model::catalog_deregister{given->node, given->service_id,
                                          given->check_id};
  out.pretty = c.node.always_pretty || c.from.has_query("pretty");
  return out;
}

action catalog_datacenters(const call& c) {
  if (auto refused = refused_consistency(c.from))
    return reply(refused);
  bool pretty = c.node.always_pretty || c.from.has_query("pretty");
  std::string body;
  json_writer json(body, pretty);
  json.begin_array();
  json.string(c.node.datacenter);
  json.end_array();
  auto answer = json_reply(std::move(body), pretty);
  if (!c.from.has_query("cached"))
    return reply(std::move(answer));
  auto cached = std::make_shared<rendered>(*answer);
  cached->headers.push_back({"X-Cache", "HIT"});
  cached->headers.push_back({"Age", "0"});
  return reply(std::move(cached));
}

action catalog_nodes(const call& c) {
  return read(c, query_kind::catalog_nodes,
              {.namespaces = namespace_rule::never});
}

action catalog_services(const call& c) {
  return read(c, query_kind::catalog_services, {});
}

action catalog_service(const call& c) {
  return read(c, query_kind::catalog_service,
              {.missing = "Missing service name"});
}

action catalog_connect(const call& c) {
  return read(c, query_kind::catalog_connect,
              {.missing = "Missing service name"});
}

action catalog_node(const call& c) {
  return read(c, query_kind::catalog_node, {.missing = "Missing node name"});
}

action catalog_node_services(const call& c) {
  return read(c, query_kind::catalog_node,
              {.missing = "Missing node name", .as_list = true});
}

action catalog_gateway_services(const call& c) {
  return read(c, query_kind::gateway_services,
              {.missing = "Missing gateway name"});
}

} // namespace praetor::http::routes
