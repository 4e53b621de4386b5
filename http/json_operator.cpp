#include "http/json_operator.hpp"

#include "protocol/base/duration.hpp"

#include <map>
#include <set>

namespace praetor::http {
namespace {

template <class Strings>
void strings_or_null(json_writer& json, const Strings& all) {
  if (all.empty()) {
    json.null();
    return;
  }
  json.begin_array();
  for (auto& one : all)
    json.string(one);
  json.end_array();
}

// How many checks, or things that checks speak for, are in each state.
struct tally {
  std::uint64_t passing = 0;
  std::uint64_t warning = 0;
  std::uint64_t critical = 0;

  void add(const std::string& status) {
    if (status == model::check_status::passing)
      ++passing;
    else if (status == model::check_status::warning)
      ++warning;
    else
      ++critical;
  }
};

// What is shown of all instances of one name.
struct summary {
  std::string kind;
  std::set<std::string> tags;
  std::multiset<std::string> nodes; // once for each instance
  std::set<std::string> proxy_for;
  std::set<std::string> sources;
  tally checks;

  void add(const model::service_entry& entry) {
    auto& service = *entry.service;
    kind = service.kind;
    tags.insert(service.tags.begin(), service.tags.end());
    nodes.insert(entry.node->name);
    if (service.kind == "connect-proxy")
      proxy_for.insert(service.proxy.destination_name);
    if (service.meta)
      if (auto found = service.meta->find("external-source");
          found != service.meta->end() && !found->second.empty())
        sources.insert(found->second);
    for (auto& one : entry.checks)
      checks.add(one->status);
  }
};

void write(json_writer& json, const std::string& name, const summary& one) {
  json.begin_object();
  if (!one.kind.empty())
    json.field("Kind", one.kind);
  json.field("Name", name);
  json.key("Tags");
  strings_or_null(json, one.tags);
  json.key("Nodes");
  strings_or_null(json, one.nodes);
  json.field("InstanceCount", one.nodes.size());
  if (!one.proxy_for.empty()) {
    json.key("ProxyFor");
    strings_or_null(json, one.proxy_for);
  }
  json.field("ChecksPassing", one.checks.passing);
  json.field("ChecksWarning", one.checks.warning);
  json.field("ChecksCritical", one.checks.critical);
  json.key("ExternalSources");
  strings_or_null(json, one.sources);
  json.key("GatewayConfig");
  json.raw("{}");
  json.end_object();
}

// One row of the overview; `name` is given where the rows are of names.
void write_row(json_writer& json, const std::string* name, const tally& of) {
  json.begin_object();
  if (name)
    json.field("Name", *name);
  json.field("Total", of.passing + of.warning + of.critical);
  json.field("Passing", of.passing);
  json.field("Warning", of.warning);
  json.field("Critical", of.critical);
  json.field("PartitionName", "");
  json.field("NamespaceName", "");
  json.end_object();
}

void write_rows(json_writer& json, const std::map<std::string, tally>& rows) {
  json.begin_array();
  for (auto& [name, of] : rows)
    write_row(json, &name, of);
  json.end_array();
}

// The worst status among the checks of a node that `counts` picks.
template <class Counts>
std::string worst_of(const model::node_info& node, Counts counts) {
  model::check_list chosen;
  for (auto& one : node.checks)
    if (counts(*one))
      chosen.push_back(one);
  return model::worst_status(chosen);
}

} // namespace

void write(json_writer& json, const model::autopilot_config& config) {
  json.begin_object();
  json.field("CleanupDeadServers", config.cleanup_dead_servers);
  json.field("LastContactThreshold",
             format_duration(config.last_contact_threshold));
  json.field("MaxTrailingLogs", config.max_trailing_logs);
  json.field("MinQuorum", config.min_quorum);
  json.field("ServerStabilizationTime",
             format_duration(config.server_stabilization_time));
  json.field("RedundancyZoneTag", config.redundancy_zone_tag);
  json.field("DisableUpgradeMigration", config.disable_upgrade_migration);
  json.field("UpgradeVersionTag", config.upgrade_version_tag);
  json.field("CreateIndex", config.created);
  json.field("ModifyIndex", config.modified);
  json.end_object();
}

void write(json_writer& json, const model::node_info& info) {
  auto& node = *info.node;
  auto map_or_null = [&](const std::optional<model::string_map>& map) {
    if (!map)
      return json.null();
    json.begin_object();
    for (auto& [name, value] : *map) {
      json.key_text(name);
      json.string(value);
    }
    json.end_object();
  };
  json.begin_object();
  json.field("ID", node.id);
  json.field("Node", node.name);
  json.field("Address", node.address);
  json.key("TaggedAddresses");
  map_or_null(node.tagged_addresses);
  json.key("Meta");
  map_or_null(node.meta);
  json.key("Services");
  json.begin_array();
  for (auto& one : info.services)
    write_node_service(json, *one);
  json.end_array();
  json.key("Checks");
  json.begin_array();
  for (auto& one : info.checks)
    write(json, *one);
  json.end_array();
  json.end_object();
}

void write_summaries(json_writer& json, const model::entry_list& entries) {
  std::map<std::string, summary> by_name;
  for (auto& one : entries)
    by_name[one.service->name].add(one);
  json.begin_array();
  for (auto& [name, one] : by_name)
    write(json, name, one);
  json.end_array();
}

void write_overview(json_writer& json, const model::node_info_list& nodes) {
  tally of_nodes;
  std::map<std::string, tally> services;
  std::map<std::string, tally> checks;
  for (auto& info : nodes) {
    of_nodes.add(
        worst_of(info, [](auto& one) { return one.service_id.empty(); }));
    for (auto& service : info.services)
      services[service->name].add(worst_of(info, [&](auto& one) {
        return one.service_id.empty() || one.service_id == service->id;
      }));
    for (auto& one : info.checks)
      checks[one->name].add(one->status);
  }
  json.begin_object();
  json.key("Nodes");
  json.begin_array();
  write_row(json, nullptr, of_nodes);
  json.end_array();
  json.key("Services");
  write_rows(json, services);
  json.key("Checks");
  write_rows(json, checks);
  json.end_object();
}

void write_usage(json_writer& json, const std::string& datacenter,
                 const model::usage_counts& found) {
  json.begin_object();
  json.key("Usage");
  json.begin_object();
  json.key_text(datacenter);
  json.begin_object();
  json.field("Nodes", found.nodes);
  json.field("Services", found.names);
  json.field("ServiceInstances", found.instances);
  json.key("ConnectServiceInstances");
  json.begin_object();
  // Every kind has its number, also when that is 0.
  for (auto kind : {"connect-native", "connect-proxy", "ingress-gateway",
                    "mesh-gateway", "terminating-gateway"}) {
    auto at = found.mesh_instances.find(kind);
    json.key_text(kind);
    json.number(at == found.mesh_instances.end() ? std::uint64_t{0}
                                                 : at->second);
  }
  json.end_object();
  json.field("BillableServiceInstances", found.billable);
  json.end_object();
  json.end_object();
  json.end_object();
}

} // namespace praetor::http
