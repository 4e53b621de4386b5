// /v1/agent/self and /v1/agent/members.

#include "actors/agent.hpp"
#include "actors/gossip_service.hpp"

#include "http/json_write.hpp"
#include "http/replies.hpp"
#include "protocol/base/duration.hpp"

namespace praetor::actors {
namespace {

using http::json_writer;
using http::rendered_ptr;

// What this node shows of a member, the numbers of Serf's protocol included.
struct shown_member {
  std::string name;
  std::string address;
  int port = 0;
  gossip::tag_map tags;
  int status = 1;
};

// Serf's numbers.
int number_of(gossip::member_status status) {
  switch (status) {
  case gossip::member_status::alive:
    return 1;
  case gossip::member_status::leaving:
    return 2;
  case gossip::member_status::left:
    return 3;
  case gossip::member_status::failed:
    return 4;
  }
  return 0;
}

void write_member(json_writer& json, const shown_member& one) {
  json.begin_object();
  json.field("Name", one.name);
  json.field("Addr", one.address);
  json.field("Port", one.port);
  json.key("Tags");
  json.begin_object();
  for (auto& [key, value] : one.tags) {
    json.key_text(key);
    json.string(value);
  }
  json.end_object();
  json.field("Status", one.status);
  json.field("ProtocolMin", 1);
  json.field("ProtocolMax", 5);
  json.field("ProtocolCur", 2);
  json.field("DelegateMin", 2);
  json.field("DelegateMax", 5);
  json.field("DelegateCur", 4);
  json.end_object();
}

// This node as it shows itself.
shown_member own_member(const agent_facts& facts, bool wan) {
  auto& config = facts.config;
  shown_member one;
  one.name = facts.node.name;
  one.tags = make_tags(config, facts.node.id);
  one.address = config.addresses.advertise;
  one.port = config.ports.serf_lan;
  if (wan) {
    one.name += "." + config.datacenter;
    one.address = config.addresses.advertise_wan;
    one.port = config.ports.serf_wan;
    one.tags.erase("wan_join_port");
  }
  return one;
}

void write_listeners(json_writer& json, const std::vector<endpoint>& where,
                     const char* scheme, int port) {
  json.begin_array();
  for (auto& one : where)
    json.string(one.is_unix_socket
                    ? "unix://" + one.host
                    : scheme + one.host + ":" + std::to_string(port));
  json.end_array();
}

void write_string_map(json_writer& json,
                      const std::map<std::string, std::string>& map) {
  json.begin_object();
  for (auto& [key, value] : map) {
    json.key_text(key);
    json.string(value);
  }
  json.end_object();
}

// The half of DebugConfig about how this node serves and who it is.
void write_debug_service(json_writer& json, const agent_facts& facts) {
  auto& c = facts.config;
  json.field("EnableDebug", c.enable_debug);
  json.field("EnableLocalScriptChecks", c.checks_policy.enable_local_scripts);
  json.field("EnableRemoteScriptChecks", c.checks_policy.enable_scripts);
  json.field("EnableUI", c.ui);
  json.field("EncryptKey", "hidden");
  json.key("HTTPAddrs");
  write_listeners(json, c.addresses.http, "tcp://", c.ports.http);
  json.field("HTTPMaxConnsPerClient", c.limits.http_max_conns_per_client);
  json.field("HTTPPort", c.ports.http);
  json.key("HTTPResponseHeaders");
  write_string_map(json, c.http.response_headers);
  json.field("HTTPSPort", c.ports.https);
  json.field("KVMaxValueSize", c.limits.kv_max_value_size);
  json.field("KeyFile", "hidden");
  json.field("LeaveOnTerm", c.leave_on_terminate);
  json.key("Logging");
  json.begin_object();
  json.field("LogJSON", c.log.json);
  json.field("LogLevel", c.log.level);
  json.end_object();
  json.field("NodeID", facts.node.id);
  json.key("NodeMeta");
  write_string_map(json, c.node_meta);
  json.field("NodeName", facts.node.name);
  json.field("PrimaryDatacenter", c.primary_datacenter);
  json.field("RPCMaxConnsPerClient", c.limits.rpc_max_conns_per_client);
  json.field("SerfPortLAN", c.ports.serf_lan);
  json.field("SerfPortWAN", c.ports.serf_wan);
  json.field("ServerMode", c.server);
  json.field("ServerPort", c.ports.server);
  json.field("SessionTTLMin", format_duration(c.session_ttl_min));
  json.field("SkipLeaveOnInt", c.skip_leave_on_interrupt);
  json.key("TaggedAddresses");
  write_string_map(json, c.addresses.tagged);
  json.field("TranslateWANAddrs", c.translate_wan_addresses);
  json.field("TxnMaxReqLen", c.limits.txn_max_req_len);
  json.field("Version", facts.version);
}

// The part of Consul's DebugConfig that this node has settings for; secrets
// are never shown.
void write_debug_config(json_writer& json, const agent_facts& facts) {
  auto& c = facts.config;
  json.begin_object();
  json.field("ACLAgentMasterToken", "hidden");
  json.field("ACLAgentToken", "hidden");
  json.field("ACLDefaultPolicy", c.acl.default_policy);
  json.field("ACLDownPolicy", c.acl.down_policy);
  json.field("ACLMasterToken", "hidden");
  json.field("ACLReplicationToken", "hidden");
  json.field("ACLToken", "hidden");
  json.field("ACLsEnabled", c.acl.enabled);
  json.field("AEInterval", format_duration(sync_interval));
  json.field("AdvertiseAddrLAN", c.addresses.advertise);
  json.field("AdvertiseAddrWAN", c.addresses.advertise_wan);
  json.field("BindAddr", c.addresses.bind);
  json.field("Bootstrap", c.bootstrap);
  json.field("BootstrapExpect", c.bootstrap_expect);
  json.field("CheckOutputMaxSize", c.checks_policy.output_max_size);
  json.field("CheckUpdateInterval",
             format_duration(c.checks_policy.update_interval));
  json.key("ClientAddrs");
  json.begin_array();
  for (auto& one : c.addresses.client)
    json.string(one);
  json.end_array();
  json.field("ConnectEnabled", c.connect.enabled);
  json.key("DNSAddrs");
  json.begin_array();
  for (auto scheme : {"tcp://", "udp://"})
    for (auto& one : c.addresses.dns)
      json.string(scheme + one.host + ":" + std::to_string(c.ports.dns));
  json.end_array();
  json.field("DNSDomain", c.domain);
  json.field("DNSOnlyPassing", c.dns.only_passing);
  json.field("DNSPort", c.ports.dns);
  json.field("DNSUDPAnswerLimit", c.dns.udp_answer_limit);
  json.field("DataDir", c.data_dir);
  json.field("Datacenter", c.datacenter);
  json.field("DevMode", c.dev_mode);
  write_debug_service(json, facts);
  json.end_object();
}

void write_stats(json_writer& json, const agent_state& state) {
  auto& facts = *state.parts->facts;
  auto newest = state.parts->readers->newest();
  auto leads = state.parts->readers->who_leads();
  int ttls = 0;
  for (auto& [id, one] : state.local.checks)
    ttls += one.wish.ttl > span{} ? 1 : 0;
  auto checks = static_cast<int>(state.local.checks.size());
  json.begin_object();
  json.key("agent");
  json.begin_object();
  json.field("check_monitors", std::to_string(checks - ttls));
  json.field("check_ttls", std::to_string(ttls));
  json.field("checks", std::to_string(checks));
  json.field("services", std::to_string(state.local.services.size()));
  json.end_object();
  json.key("build");
  json.begin_object();
  json.field("prerelease", "");
  json.field("revision", "");
  json.field("version", facts.version);
  json.end_object();
  json.key("consul");
  json.begin_object();
  json.field("acl", facts.config.acl.enabled ? "enabled" : "disabled");
  if (facts.config.server) {
    json.field("bootstrap", facts.config.bootstrap ? "true" : "false");
    json.field("known_datacenters", "1");
    json.field("leader", leads->is_leader ? "true" : "false");
    json.field("leader_addr", leads->leader_address);
  } else {
    json.field("known_servers", std::to_string(leads->peer_addresses.size()));
  }
  json.field("server", facts.config.server ? "true" : "false");
  json.end_object();
  if (facts.config.server) {
    json.key("raft");
    json.begin_object();
    json.field("applied_index", std::to_string(newest->applied));
    json.field("commit_index", std::to_string(newest->applied));
    json.field("last_log_index", std::to_string(newest->applied));
    json.field("num_peers", "0");
    json.field("state", leads->is_leader ? "Leader" : "Follower");
    json.end_object();
  }
  json.key("runtime");
  json.begin_object();
  json.field("arch", "amd64");
  json.field("os", "linux");
  json.end_object();
  json.end_object();
}

} // namespace

rendered_ptr tell_self(const agent_state& state, bool pretty) {
  auto& facts = *state.parts->facts;
  std::string body;
  json_writer json(body, pretty);
  json.begin_object();
  json.key("Config");
  json.begin_object();
  json.field("Datacenter", facts.config.datacenter);
  json.field("NodeName", facts.node.name);
  json.field("NodeID", facts.node.id);
  json.field("Revision", "");
  json.field("Server", facts.config.server);
  json.field("Version", facts.version);
  json.end_object();
  json.key("DebugConfig");
  write_debug_config(json, facts);
  // Network coordinates before any measurement (Vivaldi's start).
  json.key("Coord");
  json.raw("{\"Vec\":[0,0,0,0,0,0,0,0],\"Error\":1.5,\"Adjustment\":0,"
           "\"Height\":0.00001}");
  json.key("Member");
  write_member(json, own_member(facts, false));
  json.key("Stats");
  write_stats(json, state);
  json.key("Meta");
  write_string_map(json, *facts.node.meta);
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

rendered_ptr tell_members(const agent_state& state, bool wan, bool pretty) {
  std::string body;
  json_writer json(body, pretty);
  json.begin_array();
  write_member(json, own_member(*state.parts->facts, wan));
  json.end_array();
  return http::json_reply(std::move(body), pretty);
}

rendered_ptr tell_members(const gossip_members& all, bool pretty) {
  std::string body;
  json_writer json(body, pretty);
  json.begin_array();
  for (auto& [name, one] : all.members) {
    auto tags = gossip::unpack_tags(one.tags);
    write_member(json,
                 {name, one.at.host, one.at.port,
                  tags ? *tags : gossip::tag_map(), number_of(one.status)});
  }
  json.end_array();
  return http::json_reply(std::move(body), pretty);
}

} // namespace praetor::actors
