// catalog datacenters, nodes and services.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>
#include <set>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

using metadata = std::map<std::string, std::string>;

result<json::value> fetch(client::client& api, const client::request& ask) {
  auto got = api.call_ok(ask);
  if (!got)
    return got.failure();
  return parse_json(got->body);
}

void add_metadata(client::request& ask, const metadata& wanted) {
  for (const auto& [name, value] : wanted)
    ask.query.emplace_back("node-meta", name + ":" + value);
}

/// "lan=10.0.0.1, wan=10.0.0.2"
std::string listed(const json::value& object) {
  std::set<std::string> parts;
  if (object.is_object())
    for (const auto& member : object.get_object())
      parts.insert(std::string(member.key()) + "=" +
                   text_of(object, std::string_view(member.key().data(),
                                                    member.key().size())));
  std::string out;
  for (const auto& part : parts)
    out += (out.empty() ? "" : ", ") + part;
  return out;
}

std::string node_table(const json::value& nodes, bool in_detail) {
  std::vector<row> rows{{"Node", "ID", "Address", "DC"}};
  if (in_detail)
    rows[0].insert(rows[0].end(), {"TaggedAddresses", "Meta"});
  std::set<row> seen; // a service may run several times on one node
  for (const auto& node : items_of(nodes)) {
    auto id = text_of(node, "ID");
    // Answers about a service call the node's metadata by another name.
    bool of_service = !member_of(node, "ServiceName").is_null();
    row r{text_of(node, "Node"), in_detail ? id : id.substr(0, 8),
          text_of(node, "Address"), text_of(node, "Datacenter")};
    if (in_detail) {
      r.push_back(listed(member_of(node, "TaggedAddresses")));
      r.push_back(listed(member_of(node, of_service ? "NodeMeta" : "Meta")));
    }
    if (seen.insert(r).second)
      rows.push_back(std::move(r));
  }
  return columns(rows);
}

/// Service names and their tags, sorted both.
std::map<std::string, std::set<std::string>>
tags_by_name(const json::value& got, bool of_node) {
  std::map<std::string, std::set<std::string>> out;
  const auto& services = of_node ? member_of(got, "Services") : got;
  if (!services.is_object())
    return out;
  for (const auto& member : services.get_object()) {
    const auto& value = member.value();
    auto name = of_node ? text_of(value, "Service") : std::string(member.key());
    auto& tags = out[name];
    for (const auto& tag : items_of(of_node ? member_of(value, "Tags") : value))
      if (tag.is_string())
        tags.insert(std::string(tag.get_string()));
  }
  return out;
}

} // namespace

int catalog_datacenters(call& c) {
  if (auto code = c.parse())
    return *code;
  if (!c.arguments().empty())
    return c.too_many(0);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  client::request ask;
  ask.path = "/v1/catalog/datacenters";
  auto got = fetch(*api, ask);
  if (!got)
    return c.refuse("Error listing datacenters: " + got.failure().text);
  for (const auto& name : items_of(*got))
    if (name.is_string())
      c.say(std::string(name.get_string()));
  return 0;
}

int catalog_nodes(call& c) {
  bool in_detail = false;
  std::string filter;
  std::string near;
  metadata wanted;
  std::string service;
  c.flags.boolean("detailed", in_detail,
                  "Print full ids, tagged addresses and metadata.");
  c.flags.text("filter", filter, "An expression that nodes must satisfy.");
  c.flags.text("near", near,
               "Sort by distance from this node; _agent is the agent's own.");
  c.flags.pairs("node-meta", wanted, "Only nodes with this metadata.");
  c.flags.text("service", service, "Only nodes that provide this service.");
  if (auto code = c.parse())
    return *code;
  if (!c.arguments().empty())
    return c.too_many(0);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto ask = api->read(service.empty() ? "/v1/catalog/nodes"
                                       : "/v1/catalog/service/" + service);
  if (!near.empty())
    ask.query.emplace_back("near", near);
  if (!filter.empty())
    ask.query.emplace_back("filter", filter);
  add_metadata(ask, wanted);
  auto got = fetch(*api, ask);
  if (!got)
    return c.refuse("Error listing nodes: " + got.failure().text);
  if (items_of(*got).empty()) {
    c.refuse("No nodes match the given query - try expanding your search.");
    return 0;
  }
  return c.say(node_table(*got, in_detail));
}

int catalog_services(call& c) {
  std::string node;
  metadata wanted;
  bool with_tags = false;
  c.flags.text("node", node, "Only services of this node (id or name).");
  c.flags.pairs("node-meta", wanted,
                "Only services of nodes with this metadata.");
  c.flags.boolean("tags", with_tags, "Print the tags as well.");
  if (auto code = c.parse())
    return *code;
  if (!c.arguments().empty())
    return c.too_many(0);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto ask = api->read(node.empty() ? "/v1/catalog/services"
                                    : "/v1/catalog/node/" + node);
  add_metadata(ask, wanted);
  auto got = fetch(*api, ask);
  if (!got)
    return c.refuse((node.empty() ? "Error listing services: "
                                  : "Error listing services for node: ") +
                    got.failure().text);
  auto services = tags_by_name(*got, !node.empty());
  if (services.empty()) {
    c.refuse("No services match the given query - try expanding your search.");
    return 0;
  }
  std::vector<row> rows;
  for (const auto& [name, tags] : services) {
    std::string joined;
    for (const auto& tag : tags)
      joined += (joined.empty() ? "" : ",") + tag;
    rows.push_back(with_tags ? row{name, joined} : row{name});
  }
  // The whole is trimmed, so that the last line has no blanks at its end.
  auto text = tabbed(rows, 6);
  text.erase(text.find_last_not_of(" \n") + 1);
  return c.say(text);
}

} // namespace praetor::http::cli
