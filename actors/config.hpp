#pragma once

// The agent's configuration: flags and files to one plain struct. The keys,
// flags, defaults and error texts are Consul's, so that its files work here
// unchanged. Everything is decided before the node starts: what this header
// hands out is checked, merged and resolved.
//
// A default in this file says why it has its value. "As Consul" alone means
// that programs and operators rely on the number and nothing else speaks for
// another one.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"
#include "protocol/model/definition.hpp"

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::actors {

using namespace std::chrono_literals;

/// Where a listener listens: an IP address, or the path of a socket file.
struct endpoint {
  std::string host; // an IP address in its textual form, or a path
  bool is_unix_socket = false;
  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// TCP and UDP ports. A port of -1 switches its listener off.
struct port_settings {
  int dns = 8600;          // above 1023: 53 would need privileges
  int http = 8500;         // what every client library assumes
  int https = -1;          // off: it needs certificates
  int grpc = -1;           // off: only proxies ask there; 8502 with -dev
  int server = 8300;       // as Consul; other servers are told by gossip
  int serf_lan = 8301;     // as Consul; joins without a port go there
  int serf_wan = 8302;     // as Consul; -1 gives a server without a WAN pool
  int proxy_min = 0;       // a retired range: accepted, never used
  int proxy_max = 0;       // a retired range: accepted, never used
  int sidecar_min = 21000; // first port handed to a sidecar without one
  int sidecar_max = 21255; // 256 sidecars on one machine
  int expose_min = 21500;  // first port for a check through a proxy
  int expose_max = 21755;  // 256 such checks
  friend bool operator==(const port_settings&, const port_settings&) = default;
};

/// Addresses, resolved: templates are expanded, defaults are filled in.
struct address_settings {
  std::string bind;                // servers and gossip listen here
  std::string advertise;           // what members of the LAN are told
  std::string advertise_wan;       // what other datacenters are told
  std::string serf_lan_bind;       // bind, unless set apart
  std::string serf_wan_bind;       // bind, unless set apart
  std::vector<std::string> client; // where clients may reach us
  std::vector<endpoint> http;      // from addresses.http, else client
  std::vector<endpoint> https;
  std::vector<endpoint> dns;
  std::vector<endpoint> grpc;
  /// What catalogue entries of this node carry: lan, lan_ipv4, wan, ...
  std::map<std::string, std::string> tagged;
  friend bool operator==(const address_settings&,
                         const address_settings&) = default;
};

/// Whom to find, and how stubbornly.
struct join_settings {
  std::vector<std::string> start_join; // tried once; failure ends the agent
  std::vector<std::string> start_join_wan;
  std::vector<std::string> retry_join; // tried until somebody answers
  std::vector<std::string> retry_join_wan;
  span retry_interval = 30s;       // slow enough not to flood a dead seed
  span retry_interval_wan = 30s;   // the same
  int retry_max = 0;               // 0: for ever, since seeds may start later
  int retry_max_wan = 0;           // the same
  bool rejoin_after_leave = false; // who left on purpose stays away
  friend bool operator==(const join_settings&, const join_settings&) = default;
};

struct log_settings {
  std::string level = "INFO";    // upper case; DEBUG with -dev
  bool json = false;             // people read the log of a fresh install
  std::string file;              // empty: standard output only
  std::int64_t rotate_bytes = 0; // 0: no limit on size
  span rotate_duration = 24h;    // one file a day
  int rotate_max_files = 0;      // 0: keep all
  bool syslog = false;
  std::string syslog_facility = "LOCAL0"; // the first one free for local use
  friend bool operator==(const log_settings&, const log_settings&) = default;
};

/// The start of authority record (RFC 1035, 3.3.13), in seconds.
struct soa_settings {
  std::uint32_t refresh = 3600; // as Consul; no secondary reads it
  std::uint32_t retry = 600;    // as Consul
  std::uint32_t expire = 86400; // as Consul
  std::uint32_t min_ttl = 0;    // 0: "no such service" must not be cached
  friend bool operator==(const soa_settings&, const soa_settings&) = default;
};

struct dns_settings {
  bool allow_stale = true;          // any server may answer, which scales reads
  int a_record_limit = 0;           // 0: no limit; for old resolvers
  bool disable_compression = false; // answers fit better compressed
  bool enable_truncate = false;     // few resolvers ask again over TCP
  span max_stale = 87600h;          // ten years: availability before freshness
  span node_ttl{};                  // 0: addresses may change at any time
  std::map<std::string, span> service_ttl; // by name, or "prefix*"
  bool only_passing = false;               // a warning instance still serves
  span recursor_timeout = 2s;              // below the 5 s of common resolvers
  int udp_answer_limit = 3;  // three addresses fit the 512 bytes of old UDP
  bool node_meta_txt = true; // TXT records with a node's metadata
  soa_settings soa;
  bool use_cache = false;       // a read goes to a server unless asked for
  span cache_max_age{};         // 0: what is cached stays valid
  std::string prefer_namespace; // accepted; namespaces are not offered
  friend bool operator==(const dns_settings&, const dns_settings&) = default;
};

struct http_settings {
  std::vector<std::string> block_endpoints; // path prefixes answered by 403
  std::map<std::string, std::string> response_headers;
  /// Networks in CIDR form that may write to the agent; empty: all.
  std::vector<std::string> allow_write_from;
  bool use_cache = true; // `?cached` may be answered from memory
  friend bool operator==(const http_settings&, const http_settings&) = default;
};

struct limit_settings {
  int http_max_conns_per_client = 200; // as Consul: sane clients stay below
  span https_handshake_timeout = 5s;   // a slow loris holds no slot for long
  std::uint64_t kv_max_value_size = 524288; // a Raft entry stays small
  std::uint64_t txn_max_req_len = 524288;   // the same for a transaction
  double rpc_rate = -1;                     // below 0: no limit
  int rpc_max_burst = 1000;                 // used only with a rate
  span rpc_handshake_timeout = 5s;
  int rpc_max_conns_per_client = 100;
  friend bool operator==(const limit_settings&,
                         const limit_settings&) = default;
};

struct performance_settings {
  int raft_multiplier = 5;    // small machines: elections within 5 s; 1 in
                              // -dev, where nobody else can stall us
  span leave_drain_time = 5s; // as Consul: clients notice that we go
  span rpc_hold_timeout = 7s; // longer than an election usually takes
  friend bool operator==(const performance_settings&,
                         const performance_settings&) = default;
};

/// SWIM's knobs (the paper's section 4 names them), one set per pool.
struct gossip_settings {
  int gossip_nodes = 3; // fan-out: three tell everyone in log n
  span gossip_interval = 200ms;
  span probe_interval = 1s;
  span probe_timeout = 500ms; // the 99th percentile of a LAN, generously
  int suspicion_mult = 4;     // doubt scales with this times log n
  int retransmit_mult = 4;
  friend bool operator==(const gossip_settings&,
                         const gossip_settings&) = default;
};

/// A WAN is slower and its links fail for longer.
inline gossip_settings wan_gossip() {
  return {3, 500ms, 5s, 3s, 6, 4};
}

struct autopilot_settings {
  bool cleanup_dead_servers = true; // replaced servers must not count
  span last_contact_threshold = 200ms;
  int max_trailing_logs = 250; // further behind counts as unhealthy
  std::uint64_t min_quorum = 0;
  span server_stabilization_time = 10s;
  std::string redundancy_zone_tag; // accepted, without effect
  std::string upgrade_version_tag; // accepted, without effect
  bool disable_upgrade_migration = false;
  friend bool operator==(const autopilot_settings&,
                         const autopilot_settings&) = default;
};

struct acl_settings {
  bool enabled = false;                     // as Consul: open until configured
  std::string default_policy = "allow";     // as Consul
  std::string down_policy = "extend-cache"; // known tokens keep working
  bool enable_key_list_policy = false;
  bool enable_token_replication = false;
  bool enable_token_persistence = false;
  bool msp_disable_bootstrap = false;
  span token_ttl = 30s; // how long a revoked token may linger
  span policy_ttl = 30s;
  span role_ttl{};
  span disabled_ttl = 120s;
  std::string master_token;
  std::string replication_token;
  std::string agent_token;
  std::string agent_master_token;
  std::string default_token;
  friend bool operator==(const acl_settings&, const acl_settings&) = default;
};

struct tls_settings {
  std::string ca_file;
  std::string ca_path;
  std::string cert_file;
  std::string key_file;
  std::string min_version = "tls12"; // older ones are broken
  std::string cipher_suites;
  bool prefer_server_cipher_suites = false;
  bool verify_incoming = false; // off: without certificates nothing works
  bool verify_incoming_rpc = false;
  bool verify_incoming_https = false;
  bool verify_outgoing = false;
  bool verify_server_hostname = false;
  std::string server_name;
  bool use_for_checks = false; // enable_agent_tls_for_checks
  bool auto_encrypt_tls = false;
  bool auto_encrypt_allow_tls = false;
  friend bool operator==(const tls_settings&, const tls_settings&) = default;
};

struct gossip_encryption_settings {
  std::string key;                   // base64; empty: plain text
  bool verify_incoming = true;       // off only while a key is being rolled out
  bool verify_outgoing = true;       // the same
  bool disable_keyring_file = false; // a rotated key survives a restart
  friend bool operator==(const gossip_encryption_settings&,
                         const gossip_encryption_settings&) = default;
};

struct connect_settings {
  bool enabled = false; // as Consul; on with -dev
  std::string ca_provider;
  std::string ca_config_json; // compact JSON, empty: absent
  bool enable_mesh_gateway_wan_federation = false;
  friend bool operator==(const connect_settings&,
                         const connect_settings&) = default;
};

struct telemetry_settings {
  bool disable_hostname = false;
  std::string dogstatsd_address;
  std::vector<std::string> dogstatsd_tags;
  bool filter_default = true; // a metric that no rule names is kept
  std::vector<std::string> allowed_prefixes;
  std::vector<std::string> blocked_prefixes;
  std::string metrics_prefix = "consul"; // dashboards are built on it
  span prometheus_retention_time{};      // 0: that format is off
  std::string statsd_address;
  std::string statsite_address;
  friend bool operator==(const telemetry_settings&,
                         const telemetry_settings&) = default;
};

/// Owner and mode of socket files that we make; empty: the process's own.
struct unix_socket_settings {
  std::string user;
  std::string group;
  std::string mode;
  friend bool operator==(const unix_socket_settings&,
                         const unix_socket_settings&) = default;
};

struct check_settings {
  bool enable_scripts = false;       // whoever may register could run programs
  bool enable_local_scripts = false; // only for checks from files
  span update_interval = 5min;       // output alone is not worth a Raft entry
  bool discard_output = false;
  int output_max_size = 4096; // bytes, of each check
  span reap_interval = 30s;
  span deregister_interval_min = 1min; // less would reap during a restart
  friend bool operator==(const check_settings&,
                         const check_settings&) = default;
};

struct agent_config {
  // Who we are.
  std::string node_name; // the host's name unless set
  std::string node_id;   // lower case; empty: the agent reads or makes one
  model::string_map node_meta;
  std::string datacenter = "dc1"; // as Consul: names in DNS depend on it
  std::string primary_datacenter; // our own unless set
  std::string data_dir;           // empty with -dev: nothing is kept
  std::string pid_file;
  /// What carries messages between nodes: "link" or "basp". Ours alone.
  std::string node_transport = "link";
  bool dev_mode = false;
  bool server = false; // most nodes of a cluster are clients
  bool bootstrap = false;
  int bootstrap_expect = 0; // 0: wait to be told of a leader
  bool non_voting_server = false;
  bool disable_host_node_id = true; // hosts made from one image share ids
  int protocol_version = 2;
  int raft_protocol = 0; // 0: the newest
  std::string segment;

  // Where we are reached and whom we find.
  port_settings ports;
  address_settings addresses;
  join_settings join;
  std::vector<std::string> recursors;
  std::string domain = "consul."; // as Consul, with the final dot
  std::string alt_domain;
  bool translate_wan_addresses = false;
  std::vector<std::string> serf_lan_allowed_cidrs; // empty: anyone
  std::vector<std::string> serf_wan_allowed_cidrs;
  span reconnect_timeout{};     // 0: 72 h, the pool's own default
  span reconnect_timeout_wan{}; // the same

  // How we serve.
  log_settings log;
  dns_settings dns;
  http_settings http;
  limit_settings limits;
  performance_settings performance;
  check_settings checks_policy;
  telemetry_settings telemetry;
  unix_socket_settings unix_sockets;
  bool ui = false;
  std::string ui_dir;
  std::string ui_content_path = "/ui/"; // as Consul: bookmarks
  bool enable_debug = false;            // profiles cost time; on with -dev
  span session_ttl_min{};               // 0: 10 s, the store's own default
  span default_query_time = 5min;       // as Consul: proxies cut idle streams
  span max_query_time = 10min;          // as Consul
  span discovery_max_stale{};           // 0: ask the leader
  bool disable_coordinates = false;
  bool disable_remote_exec = true;   // programs sent by others are a risk
  bool disable_update_check = false; // shown only: we never call home
  bool disable_http_unprintable_char_filter = false;
  /// A client tells others when it goes; a server comes back. Hence the
  /// opposite defaults for the two kinds of agent.
  bool leave_on_terminate = true;
  bool skip_leave_on_interrupt = false;

  // The cluster's machinery.
  gossip_settings gossip_lan;
  gossip_settings gossip_wan = wan_gossip();
  autopilot_settings autopilot;
  int raft_snapshot_threshold = 0; // 0: the log's own default
  span raft_snapshot_interval{};   // the same
  int raft_trailing_logs = 0;      // the same
  gossip_encryption_settings encryption;
  tls_settings tls;
  acl_settings acl;
  connect_settings connect;
  /// Entries of config_entries.bootstrap, each as compact JSON.
  std::vector<std::string> config_entries;

  // What the files define.
  std::vector<model::service_wish> services;
  std::vector<model::check_wish> checks;
  std::vector<std::string> watches; // each as compact JSON

  // What came of reading.
  std::vector<std::string> warnings;   // to be logged, in this order
  std::vector<std::string> files_read; // in the order of merging
  bool help_requested = false; // -h: the usage was written, do not start

  friend bool operator==(const agent_config&, const agent_config&) = default;
};

/// The configuration that the words after "agent" ask for. `help` receives
/// the usage, for -h and after a bad flag. An error of code `unsupported` is
/// a bad flag and stands alone on its line; the agent prints any other after
/// "==> ". Files are read, interfaces and the host's name are looked up.
result<agent_config> load_config(const std::vector<std::string>& args,
                                 std::ostream& help);

/// The same again, for a running agent: bad input leaves it as it was.
result<agent_config> reload_config(const std::vector<std::string>& args);

/// The `validate` command without its flags; returns the exit code.
/// `format` is "", "json" or "hcl" (-config-format).
int validate_paths(const std::vector<std::string>& paths, bool quiet,
                   std::ostream& out, std::ostream& err,
                   const std::string& format = "");

} // namespace praetor::actors
