// Every key of a configuration file and where it goes. The order is that of
// Consul's documentation sections; no decision is made here.

#include "actors/config_definitions.hpp"
#include "actors/config_draft.hpp"

#include <algorithm>

namespace praetor::actors {

namespace json = boost::json;

namespace {

void read_ports(section_reader& in, port_settings& out) {
  in.integer("dns", out.dns);
  in.integer("http", out.http);
  in.integer("https", out.https);
  in.integer("grpc", out.grpc);
  in.integer("server", out.server);
  in.integer("serf_lan", out.serf_lan);
  in.integer("serf_wan", out.serf_wan);
  in.integer("proxy_min_port", out.proxy_min);
  in.integer("proxy_max_port", out.proxy_max);
  in.integer("sidecar_min_port", out.sidecar_min);
  in.integer("sidecar_max_port", out.sidecar_max);
  in.integer("expose_min_port", out.expose_min);
  in.integer("expose_max_port", out.expose_max);
}

void read_dns(section_reader& in, dns_settings& out) {
  in.flag("allow_stale", out.allow_stale);
  in.integer("a_record_limit", out.a_record_limit);
  in.flag("disable_compression", out.disable_compression);
  in.flag("enable_truncate", out.enable_truncate);
  in.duration("max_stale", out.max_stale);
  in.duration("node_ttl", out.node_ttl);
  in.flag("only_passing", out.only_passing);
  in.duration("recursor_timeout", out.recursor_timeout);
  in.duration_map("service_ttl", out.service_ttl);
  in.integer("udp_answer_limit", out.udp_answer_limit);
  in.flag("enable_additional_node_meta_txt", out.node_meta_txt);
  in.section("soa", [&](section_reader& soa) {
    soa.natural("refresh", out.soa.refresh);
    soa.natural("retry", out.soa.retry);
    soa.natural("expire", out.soa.expire);
    soa.natural("min_ttl", out.soa.min_ttl);
  });
  in.flag("use_cache", out.use_cache);
  in.duration("cache_max_age", out.cache_max_age);
  in.text("prefer_namespace", out.prefer_namespace);
}

void read_limits(section_reader& in, limit_settings& out) {
  in.integer("http_max_conns_per_client", out.http_max_conns_per_client);
  in.duration("https_handshake_timeout", out.https_handshake_timeout);
  in.duration("rpc_handshake_timeout", out.rpc_handshake_timeout);
  in.integer("rpc_max_burst", out.rpc_max_burst);
  in.integer("rpc_max_conns_per_client", out.rpc_max_conns_per_client);
  in.real("rpc_rate", out.rpc_rate);
  in.natural("kv_max_value_size", out.kv_max_value_size);
  in.natural("txn_max_req_len", out.txn_max_req_len);
}

void read_gossip(section_reader& in, gossip_settings& out) {
  in.integer("gossip_nodes", out.gossip_nodes);
  in.duration("gossip_interval", out.gossip_interval);
  in.duration("probe_interval", out.probe_interval);
  in.duration("probe_timeout", out.probe_timeout);
  in.integer("suspicion_mult", out.suspicion_mult);
  in.integer("retransmit_mult", out.retransmit_mult);
}

void read_autopilot(section_reader& in, autopilot_settings& out) {
  in.flag("cleanup_dead_servers", out.cleanup_dead_servers);
  in.flag("disable_upgrade_migration", out.disable_upgrade_migration);
  in.duration("last_contact_threshold", out.last_contact_threshold);
  in.integer("max_trailing_logs", out.max_trailing_logs);
  in.natural("min_quorum", out.min_quorum, "uint");
  in.text("redundancy_zone_tag", out.redundancy_zone_tag);
  in.duration("server_stabilization_time", out.server_stabilization_time);
  in.text("upgrade_version_tag", out.upgrade_version_tag);
}

void read_acl_tokens(section_reader& in, acl_settings& out) {
  in.text("master", out.master_token);
  in.text("replication", out.replication_token);
  in.text("agent_master", out.agent_master_token);
  in.text("default", out.default_token);
  in.text("agent", out.agent_token);
  in.sections("managed_service_provider", [](section_reader& provider) {
    provider.unused_text({"accessor_id", "secret_id"});
  });
}

void read_acl(section_reader& in, acl_settings& out) {
  in.flag("enabled", out.enabled);
  in.flag("enable_token_replication", out.enable_token_replication);
  in.duration("policy_ttl", out.policy_ttl);
  in.duration("role_ttl", out.role_ttl);
  in.duration("token_ttl", out.token_ttl);
  in.text("down_policy", out.down_policy);
  in.text("default_policy", out.default_policy);
  in.flag("enable_key_list_policy", out.enable_key_list_policy);
  in.section("tokens",
             [&](section_reader& inner) { read_acl_tokens(inner, out); });
  in.duration("disabled_ttl", out.disabled_ttl);
  in.flag("enable_token_persistence", out.enable_token_persistence);
  in.flag("msp_disable_bootstrap", out.msp_disable_bootstrap);
}

void read_telemetry(section_reader& in, config_draft& draft) {
  auto& out = draft.config.telemetry;
  in.unused_text({"circonus_api_app", "circonus_api_token", "circonus_api_url",
                  "circonus_broker_id", "circonus_broker_select_tag",
                  "circonus_check_display_name",
                  "circonus_check_force_metric_activation", "circonus_check_id",
                  "circonus_check_instance_id", "circonus_check_search_tag",
                  "circonus_check_tags", "circonus_submission_interval",
                  "circonus_submission_url"});
  in.flag("disable_hostname", out.disable_hostname);
  in.text("dogstatsd_addr", out.dogstatsd_address);
  in.texts("dogstatsd_tags", out.dogstatsd_tags);
  in.flag("filter_default", out.filter_default);
  in.texts("prefix_filter", draft.prefix_filter);
  in.text("metrics_prefix", out.metrics_prefix);
  in.duration("prometheus_retention_time", out.prometheus_retention_time);
  in.text("statsd_address", out.statsd_address);
  in.text("statsite_address", out.statsite_address);
}

void read_connect(section_reader& in, connect_settings& out) {
  in.flag("enabled", out.enabled);
  in.text("ca_provider", out.ca_provider);
  if (auto given = in.any_object("ca_config"))
    out.ca_config_json = json::serialize(*given);
  in.unused_text({"test_ca_leaf_root_change_spread"});
  in.flag("enable_mesh_gateway_wan_federation",
          out.enable_mesh_gateway_wan_federation);
}

/// Sections that are known and have no effect: JWT-authorised joining,
/// Enterprise's audit log, the entry cache.
void read_idle_sections(section_reader& in, config_draft& draft) {
  in.any_object("auto_config");
  draft.has_audit |= in.any_object("audit") != nullptr;
  in.any_object("snapshot_agent");
  in.any_object("consul");
  // Consul knows these keys and lets its built-in values win.
  in.unused_text({"ae_interval", "sync_coordinate_interval_min", "revision",
                  "version", "version_prerelease", "acl_disabled_ttl",
                  "check_reap_interval", "check_deregister_interval_min"});
  in.unused_integer({"segment_limit", "segment_name_limit"});
  double unused_rate = 0;
  in.real("sync_coordinate_rate_target", unused_rate);
  in.section("cache", [&](section_reader& inner) {
    inner.real("entry_fetch_rate", draft.cache_entry_fetch_rate);
    inner.integer("entry_fetch_max_burst", draft.cache_entry_fetch_max_burst);
  });
  in.section("auto_encrypt", [&](section_reader& inner) {
    std::vector<std::string> unused;
    inner.flag("tls", draft.config.tls.auto_encrypt_tls);
    inner.flag("allow_tls", draft.config.tls.auto_encrypt_allow_tls);
    inner.texts("dns_san", unused);
    inner.texts("ip_san", unused);
  });
  in.sections("segments", [&](section_reader& inner) {
    auto& name = draft.segments.emplace_back();
    inner.text("name", name);
    inner.unused_text({"bind", "advertise"});
    inner.unused_integer({"port"});
    inner.unused_flag({"rpc_listener"});
  });
}

void read_sections(section_reader& in, config_draft& draft) {
  auto& config = draft.config;
  auto& texts = draft.addresses;
  in.section("ports", [&](section_reader& s) { read_ports(s, config.ports); });
  in.section("addresses", [&](section_reader& s) {
    s.text("dns", texts.dns);
    s.text("http", texts.http);
    s.text("https", texts.https);
    s.text("grpc", texts.grpc);
  });
  in.section("dns_config", [&](section_reader& s) { read_dns(s, config.dns); });
  in.section("http_config", [&](section_reader& s) {
    s.texts("block_endpoints", config.http.block_endpoints);
    s.texts("allow_write_http_from", config.http.allow_write_from);
    s.text_map("response_headers", config.http.response_headers);
    s.flag("use_cache", config.http.use_cache);
  });
  in.section("limits",
             [&](section_reader& s) { read_limits(s, config.limits); });
  in.text("node_transport", config.node_transport);
  in.section("performance", [&](section_reader& s) {
    s.duration("leave_drain_time", config.performance.leave_drain_time);
    s.integer("raft_multiplier", config.performance.raft_multiplier);
    s.duration("rpc_hold_timeout", config.performance.rpc_hold_timeout);
  });
  in.section("gossip_lan",
             [&](section_reader& s) { read_gossip(s, config.gossip_lan); });
  in.section("gossip_wan",
             [&](section_reader& s) { read_gossip(s, config.gossip_wan); });
  in.section("autopilot",
             [&](section_reader& s) { read_autopilot(s, config.autopilot); });
  in.section("acl", [&](section_reader& s) { read_acl(s, config.acl); });
  in.section("telemetry", [&](section_reader& s) { read_telemetry(s, draft); });
  in.section("connect",
             [&](section_reader& s) { read_connect(s, config.connect); });
  in.section("unix_sockets", [&](section_reader& s) {
    s.text("user", config.unix_sockets.user);
    s.text("group", config.unix_sockets.group);
    s.text("mode", config.unix_sockets.mode);
  });
  in.section("config_entries", [&](section_reader& s) {
    for (auto one : s.any_objects("bootstrap"))
      config.config_entries.push_back(json::serialize(*one));
  });
  read_idle_sections(in, draft);
}

void read_identity(section_reader& in, config_draft& draft) {
  auto& config = draft.config;
  in.text("node_name", config.node_name);
  in.text("node_id", config.node_id);
  in.text_map("node_meta", config.node_meta);
  in.text("datacenter", config.datacenter);
  in.text("primary_datacenter", config.primary_datacenter);
  in.text("data_dir", config.data_dir);
  in.text("pid_file", config.pid_file);
  in.flag("server", config.server);
  in.flag("bootstrap", config.bootstrap);
  in.integer("bootstrap_expect", config.bootstrap_expect);
  in.flag("non_voting_server", config.non_voting_server);
  in.flag("disable_host_node_id", config.disable_host_node_id);
  in.integer("protocol", config.protocol_version);
  in.integer("raft_protocol", config.raft_protocol);
  in.integer("raft_snapshot_threshold", config.raft_snapshot_threshold);
  in.duration("raft_snapshot_interval", config.raft_snapshot_interval);
  in.integer("raft_trailing_logs", config.raft_trailing_logs);
  in.text("segment", config.segment);
  in.text("domain", config.domain);
  in.text("alt_domain", config.alt_domain);
}

void read_network(section_reader& in, config_draft& draft) {
  auto& config = draft.config;
  auto& texts = draft.addresses;
  in.text("bind_addr", texts.bind);
  in.text("client_addr", texts.client);
  in.text("advertise_addr", texts.advertise);
  in.text("advertise_addr_ipv4", texts.advertise_ipv4);
  in.text("advertise_addr_ipv6", texts.advertise_ipv6);
  in.text("advertise_addr_wan", texts.advertise_wan);
  in.text("advertise_addr_wan_ipv4", texts.advertise_wan_ipv4);
  in.text("advertise_addr_wan_ipv6", texts.advertise_wan_ipv6);
  in.text("serf_lan", texts.serf_lan);
  in.text("serf_wan", texts.serf_wan);
  in.texts("serf_lan_allowed_cidrs", config.serf_lan_allowed_cidrs);
  in.texts("serf_wan_allowed_cidrs", config.serf_wan_allowed_cidrs);
  in.texts("recursors", config.recursors);
  in.flag("translate_wan_addrs", config.translate_wan_addresses);
  in.duration("reconnect_timeout", config.reconnect_timeout);
  in.duration("reconnect_timeout_wan", config.reconnect_timeout_wan);
  auto& join = config.join;
  in.texts("start_join", join.start_join);
  in.texts("start_join_wan", join.start_join_wan);
  in.texts("retry_join", join.retry_join);
  in.texts("retry_join_wan", join.retry_join_wan);
  in.duration("retry_interval", join.retry_interval);
  in.duration("retry_interval_wan", join.retry_interval_wan);
  in.integer("retry_max", join.retry_max);
  in.integer("retry_max_wan", join.retry_max_wan);
  in.flag("rejoin_after_leave", join.rejoin_after_leave);
  in.texts("primary_gateways", draft.primary_gateways);
  span unused_span{};
  in.duration("primary_gateways_interval", unused_span);
}

void read_service_settings(section_reader& in, config_draft& draft) {
  auto& config = draft.config;
  in.text("log_level", config.log.level);
  in.flag("log_json", config.log.json);
  in.text("log_file", config.log.file);
  in.integer("log_rotate_bytes", config.log.rotate_bytes);
  in.duration("log_rotate_duration", config.log.rotate_duration);
  in.integer("log_rotate_max_files", config.log.rotate_max_files);
  in.flag("enable_syslog", config.log.syslog);
  in.text("syslog_facility", config.log.syslog_facility);
  auto& checks = config.checks_policy;
  in.flag("enable_script_checks", checks.enable_scripts);
  in.flag("enable_local_script_checks", checks.enable_local_scripts);
  in.duration("check_update_interval", checks.update_interval);
  in.flag("discard_check_output", checks.discard_output);
  in.integer("check_output_max_size", checks.output_max_size);
  in.flag("ui", config.ui);
  in.text("ui_dir", config.ui_dir);
  in.text("ui_content_path", config.ui_content_path);
  in.flag("enable_debug", config.enable_debug);
  in.duration("session_ttl_min", config.session_ttl_min);
  in.duration("default_query_time", config.default_query_time);
  in.duration("max_query_time", config.max_query_time);
  in.duration("discovery_max_stale", config.discovery_max_stale);
  in.flag("disable_coordinates", config.disable_coordinates);
  in.flag("disable_remote_exec", config.disable_remote_exec);
  in.flag("disable_update_check", config.disable_update_check);
  in.flag("disable_http_unprintable_char_filter",
          config.disable_http_unprintable_char_filter);
  in.flag("leave_on_terminate", draft.leave_on_terminate);
  in.flag("skip_leave_on_interrupt", draft.skip_leave_on_interrupt);
  in.unused_flag(
      {"disable_anonymous_signature", "enable_central_service_config"});
}

void read_security(section_reader& in, config_draft& draft) {
  auto& acl = draft.config.acl;
  in.text("acl_datacenter", draft.acl_datacenter);
  in.text("acl_default_policy", acl.default_policy);
  in.text("acl_down_policy", acl.down_policy);
  in.text("acl_master_token", acl.master_token);
  in.text("acl_agent_master_token", acl.agent_master_token);
  in.text("acl_agent_token", acl.agent_token);
  in.text("acl_token", acl.default_token);
  in.text("acl_replication_token", acl.replication_token);
  in.duration("acl_ttl", acl.token_ttl);
  in.flag("acl_enable_key_list_policy", acl.enable_key_list_policy);
  in.flag("enable_acl_replication", acl.enable_token_replication);
  in.flag("acl_enforce_version_8", draft.acl_enforce_version_8);
  auto& encryption = draft.config.encryption;
  in.text("encrypt", encryption.key);
  in.flag("encrypt_verify_incoming", encryption.verify_incoming);
  in.flag("encrypt_verify_outgoing", encryption.verify_outgoing);
  in.flag("disable_keyring_file", encryption.disable_keyring_file);
  auto& tls = draft.config.tls;
  in.text("ca_file", tls.ca_file);
  in.text("ca_path", tls.ca_path);
  in.text("cert_file", tls.cert_file);
  in.text("key_file", tls.key_file);
  in.text("tls_min_version", tls.min_version);
  in.text("tls_cipher_suites", tls.cipher_suites);
  in.flag("tls_prefer_server_cipher_suites", tls.prefer_server_cipher_suites);
  in.flag("verify_incoming", tls.verify_incoming);
  in.flag("verify_incoming_rpc", tls.verify_incoming_rpc);
  in.flag("verify_incoming_https", tls.verify_incoming_https);
  in.flag("verify_outgoing", tls.verify_outgoing);
  in.flag("verify_server_hostname", tls.verify_server_hostname);
  in.text("server_name", tls.server_name);
  in.flag("enable_agent_tls_for_checks", tls.use_for_checks);
}

void read_definitions(section_reader& in, agent_config& out) {
  auto add_service = [&](section_reader& inner) {
    model::service_wish wish;
    read_service(inner, wish);
    if (out.services.size() < definitions_max)
      out.services.push_back(std::move(wish));
  };
  auto add_check = [&](section_reader& inner) {
    model::check_wish wish;
    read_check(inner, wish);
    if (out.checks.size() < definitions_max)
      out.checks.push_back(std::move(wish));
  };
  in.sections("services", add_service);
  in.section("service", add_service);
  in.sections("checks", add_check);
  in.section("check", add_check);
  for (auto one : in.any_objects("watches"))
    if (out.watches.size() < definitions_max)
      out.watches.push_back(json::serialize(*one));
}

} // namespace

status read_settings(const json::object& from, config_draft& into,
                     bool is_hcl) {
  reading_log log;
  log.has_whole_numbers = is_hcl;
  {
    section_reader in(from, "", log);
    read_identity(in, into);
    read_network(in, into);
    read_service_settings(in, into);
    read_security(in, into);
    read_sections(in, into);
    read_definitions(in, into.config);
  }
  // Sorted, so that the same file always gives the same text.
  std::sort(log.wrong_types.begin(), log.wrong_types.end());
  std::sort(log.unknown_keys.begin(), log.unknown_keys.end());
  if (!log.wrong_types.empty()) {
    auto text =
        std::to_string(log.wrong_types.size()) + " error(s) decoding:\n";
    for (auto& one : log.wrong_types)
      text += "\n* " + one;
    return fail(errc::bad_input, text);
  }
  if (!log.unknown_keys.empty()) {
    for (auto& one : log.unknown_keys)
      one = "invalid config key " + one;
    return fail(errc::bad_input, list_errors(log.unknown_keys));
  }
  for (auto& one : log.bad_values)
    into.bad_values.push_back(std::move(one));
  if (into.config.services.size() >= definitions_max ||
      into.config.checks.size() >= definitions_max)
    return fail(errc::too_large, "more than " +
                                     std::to_string(definitions_max - 1) +
                                     " services or checks");
  return {};
}

} // namespace praetor::actors
