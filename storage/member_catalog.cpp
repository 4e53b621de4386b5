#include "storage/member_catalog.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

constexpr const char* alive_output = "Agent alive and reachable";
constexpr const char* failed_output = "Agent not live or unreachable";

model::check health_of(const member_view& member) {
  model::check made;
  made.id = alive_check;
  made.name = "Serf Health Status";
  bool alive = member.state == presence::alive;
  made.status =
      alive ? model::check_status::passing : model::check_status::critical;
  made.output = alive ? alive_output : failed_output;
  return made;
}

model::service service_of(const member_view& member) {
  model::service made;
  made.id = made.name = server_service;
  made.port = member.server_port;
  made.meta = member.server_meta;
  return made;
}

bool shows_node(const catalog_table& in, const member_view& member) {
  auto known = in.node(member.name);
  return known && known->address == member.address && known->id == member.id;
}

bool shows_health(const catalog_table& in, const member_view& member) {
  auto known = in.check(member.name, alive_check);
  auto wanted = health_of(member);
  return known && known->status == wanted.status;
}

bool shows_service(const catalog_table& in, const member_view& member) {
  if (!member.is_server)
    return true;
  auto known = in.service(member.name, server_service);
  auto wanted = service_of(member);
  return known && known->port == wanted.port && known->meta == wanted.meta;
}

model::command registered(const catalog_table& in, const member_view& member) {
  model::catalog_register made;
  // What the node says of itself beyond this, it registers itself.
  made.skip_node_update = shows_node(in, member);
  made.node.name = member.name;
  made.node.id = member.id;
  made.node.address = member.address;
  made.node.datacenter = member.datacenter;
  if (member.state == presence::alive && member.is_server)
    made.service = service_of(member);
  made.checks.push_back(health_of(member));
  return made;
}

} // namespace

std::optional<model::command> to_show(const catalog_table& in,
                                      const member_view& member) {
  bool known = in.node(member.name) != nullptr;
  switch (member.state) {
  case presence::alive:
    if (shows_node(in, member) && shows_health(in, member) &&
        shows_service(in, member))
      return std::nullopt;
    return registered(in, member);
  case presence::failed:
    // Whoever was never seen alive is not of the catalogue.
    if (!known || shows_health(in, member))
      return std::nullopt;
    return registered(in, member);
  case presence::gone:
    if (!known)
      return std::nullopt;
    return model::catalog_deregister{member.name, "", ""};
  }
  return std::nullopt;
}

std::vector<model::command> to_forget(const catalog_table& in,
                                      const std::vector<std::string>& members) {
  std::vector<model::command> found;
  for (auto& check : in.checks_in_state("")) {
    if (check->id != alive_check)
      continue;
    auto name = model::fold(check->node);
    if (std::find(members.begin(), members.end(), name) == members.end())
      found.push_back(model::catalog_deregister{check->node, "", ""});
  }
  return found;
}

} // namespace praetor::storage
