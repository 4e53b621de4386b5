#include "actors/node_settings.hpp"

#include "actors/startup.hpp"
#include "http/snapshot_archive.hpp"

#include <algorithm>

#include <fstream>
#include <iterator>

namespace praetor::actors {
namespace {

std::string without_final_dot(std::string name) {
  if (name.ends_with('.'))
    name.pop_back();
  return name;
}

} // namespace

dns::settings make_dns_settings(const agent_config& config,
                                const std::string& node_name) {
  dns::settings rules;
  rules.domain = without_final_dot(config.domain);
  rules.alt_domain = without_final_dot(config.alt_domain);
  rules.datacenter = config.datacenter;
  rules.node_name = node_name;
  rules.node_ttl = config.dns.node_ttl;
  rules.service_ttl.insert(config.dns.service_ttl.begin(),
                           config.dns.service_ttl.end());
  rules.only_passing = config.dns.only_passing;
  rules.udp_answer_limit = config.dns.udp_answer_limit;
  rules.a_record_limit = config.dns.a_record_limit;
  rules.enable_truncate = config.dns.enable_truncate;
  rules.disable_compression = config.dns.disable_compression;
  rules.node_meta_txt = config.dns.node_meta_txt;
  rules.has_recursors = !config.recursors.empty();
  rules.soa = {config.dns.soa.refresh, config.dns.soa.retry,
               config.dns.soa.expire, config.dns.soa.min_ttl};
  return rules;
}

http::limits make_bounds(const agent_config& config) {
  http::limits made;
  auto usual =
      std::max(config.limits.kv_max_value_size, config.limits.txn_max_req_len) +
      (64u << 10);
  made.body_bytes = usual;
  made.body_bytes_for = [usual](const http::request& head) -> std::uint64_t {
    bool restores = head.path == "/v1/snapshot" && head.method_text == "PUT";
    return restores ? http::archive_bytes_max : usual;
  };
  return made;
}

namespace {

std::string read_command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

http::surface make_surface(const agent_config& config) {
  http::surface made;
  made.datacenter = config.datacenter;
  made.node_name = config.node_name;
  made.always_pretty = config.dev_mode;
  made.ui = config.ui;
  made.ui_path = config.ui_content_path;
  made.debug = config.enable_debug;
  made.command_line = read_command_line();
  made.kv_value_bytes_max = config.limits.kv_max_value_size;
  made.txn_bytes_max = config.limits.txn_max_req_len;
  if (config.session_ttl_min > span{})
    made.session_ttl_min = config.session_ttl_min;
  for (auto& [name, value] : config.http.response_headers)
    made.extra_headers.push_back({name, value});
  made.blocked = config.http.block_endpoints;
  made.translate_wan_addresses = config.translate_wan_addresses;
  made.prometheus = config.telemetry.prometheus_retention_time > span{};
  made.scripts_enabled = config.checks_policy.enable_scripts;
  made.make_id = make_uuid;
  return made;
}

model::node make_node_record(const agent_config& config,
                             const std::string& id) {
  model::node record;
  record.id = id;
  record.name = config.node_name;
  record.address = config.addresses.advertise;
  record.datacenter = config.datacenter;
  record.tagged_addresses = config.addresses.tagged;
  record.meta = config.node_meta;
  record.meta->emplace("consul-network-segment", config.segment);
  return record;
}

std::string host_and_port(const std::string& host, int port) {
  bool v6 = host.find(':') != host.npos && !host.starts_with('[');
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// Whom the operator names by host alone listens at the usual port.
std::vector<std::string> join_addresses(const agent_config& config) {
  std::vector<std::string> found;
  for (auto* some : {&config.join.start_join, &config.join.retry_join})
    for (auto& one : *some) {
      auto colons = std::count(one.begin(), one.end(), ':');
      bool has_port =
          one.starts_with('[') ? one.find("]:") != one.npos : colons == 1;
      found.push_back(has_port ? one : host_and_port(one, default_lan_port));
    }
  return found;
}

} // namespace praetor::actors
