#pragma once

// What the cluster knows, as plain structs: keys, nodes, services, checks and
// sessions. Replicated records carry the Raft index at which they were made
// and last changed. "Absent" and "empty" differ for clients (null and {}), so
// maps that may be absent are optional.

#include "protocol/base/ids.hpp"
#include "protocol/base/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::model {

using string_map = std::map<std::string, std::string>;

/// One key of the key/value store.
struct kv_entry {
  std::string key;
  std::string value;
  std::uint64_t flags = 0;
  /// How often the key was acquired as a lock; 0 after a plain write.
  std::uint64_t lock_index = 0;
  /// The session that holds the lock, or empty.
  std::string session;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const kv_entry&, const kv_entry&) = default;
};

/// One node of the catalogue. The name is its key, compared without regard to
/// letter case.
struct node {
  node_id id; // empty for nodes registered without one
  std::string name;
  std::string address;
  std::string datacenter;
  std::optional<string_map> tagged_addresses;
  std::optional<string_map> meta;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const node&, const node&) = default;
};

struct service_address {
  std::string address;
  int port = 0;
  friend bool operator==(const service_address&,
                         const service_address&) = default;
};

/// Weights of an instance in SRV answers (RFC 2782).
struct service_weights {
  int passing = 1;
  int warning = 1;
  friend bool operator==(const service_weights&,
                         const service_weights&) = default;
};

/// What a sidecar or gateway stands for. The parts that only proxies read are
/// kept as compact JSON text, as they came; empty text means absent.
struct service_proxy {
  std::string destination_name;
  std::string destination_id;
  std::string local_address;
  int local_port = 0;
  std::string mesh_gateway_mode;
  std::string config_json;
  std::string upstreams_json;
  std::string expose_json;
  friend bool operator==(const service_proxy&, const service_proxy&) = default;
};

/// One instance of a service on one node. (node, id) is its key.
struct service {
  std::string node;
  std::string kind; // "" is a typical service; "connect-proxy" and so on
  std::string id;
  std::string name;
  std::vector<std::string> tags;
  std::string address; // empty: that of the node
  std::optional<std::map<std::string, service_address>> tagged_addresses;
  std::optional<string_map> meta;
  int port = 0;
  std::string socket_path;
  service_weights weights;
  bool enable_tag_override = false;
  service_proxy proxy;
  bool connect_native = false;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const service&, const service&) = default;
};

namespace check_status {
inline constexpr const char* passing = "passing";
inline constexpr const char* warning = "warning";
inline constexpr const char* critical = "critical";
inline constexpr const char* maintenance = "maintenance";
} // namespace check_status

/// How a check is probed, as far as the catalogue repeats it.
struct check_definition {
  std::string http;
  bool tls_skip_verify = false;
  std::string method;
  std::map<std::string, std::vector<std::string>> header;
  std::string body;
  std::string tcp;
  span interval{};
  span timeout{};
  span deregister_after{};
  friend bool operator==(const check_definition&,
                         const check_definition&) = default;
};

/// The state of one health check. (node, id) is its key; with a service id it
/// speaks for that instance, without one for the whole node.
struct check {
  std::string node;
  std::string id;
  std::string name;
  std::string status = check_status::critical;
  std::string notes;
  std::string output;
  std::string service_id;
  std::string service_name;
  std::vector<std::string> service_tags;
  std::string type; // "ttl", "http", ...; empty for foreign checks
  check_definition definition;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const check&, const check&) = default;
};

/// What happens to the keys that a session holds when it ends.
enum class session_behavior : std::uint8_t { release, remove };

/// A session: what locks are held by. It ends with its node, with one of its
/// checks, or when its TTL runs out.
struct session {
  session_id id;
  std::string name;
  std::string node;
  span lock_delay = std::chrono::seconds(15);
  session_behavior behavior = session_behavior::release;
  std::string ttl; // as given, for clients; empty: none
  std::vector<std::string> node_checks;
  std::vector<std::string> service_checks; // check ids
  /// Checks that had to pass when the session was made and end it like the
  /// others, but that clients are not shown (Consul's old `Checks` field).
  std::vector<std::string> hidden_checks;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const session&, const session&) = default;
};

/// One instance with its node and the checks that speak for it: those of the
/// node first, then its own. What health queries and DNS answer from.
struct service_entry {
  std::shared_ptr<const model::node> node;
  std::shared_ptr<const model::service> service;
  std::vector<std::shared_ptr<const model::check>> checks;
};

/// The worst status among checks: critical, else warning, else passing.
/// Maintenance counts as critical.
inline const char*
worst_status(const std::vector<std::shared_ptr<const check>>& checks) {
  const char* worst = check_status::passing;
  for (auto& one : checks) {
    if (one->status == check_status::critical ||
        one->status == check_status::maintenance)
      return check_status::critical;
    if (one->status == check_status::warning)
      worst = check_status::warning;
  }
  return worst;
}

} // namespace praetor::model
