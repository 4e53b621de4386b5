#pragma once

// What may be read of the replicated state, and what a read gives. A query
// with the index of its last answer may be waited on; `watched_by` names the
// changes that can alter its answer.

#include "protocol/base/result.hpp"
#include "protocol/model/autopilot.hpp"
#include "protocol/model/prepared_query.hpp"
#include "protocol/model/records.hpp"

#include <utility>
#include <variant>

namespace praetor::model {

enum class query_kind : std::uint8_t {
  kv_get,
  kv_list,
  kv_keys,
  catalog_nodes,
  catalog_services,
  catalog_service,
  catalog_connect,
  catalog_node,
  health_node,
  health_checks,
  health_service,
  health_connect,
  health_state,
  session_info,
  session_list,
  session_node,
  prepared_get,
  prepared_list,
  // For web views and operators:
  node_dump,    // all nodes with what is on them
  node_info,    // one of them
  service_dump, // all instances
  usage,
  autopilot,
  // What configuration entries would tie to a gateway: nothing, while there
  // are no such entries.
  gateway_services,
};
inline constexpr auto query_kind_last = query_kind::gateway_services;

struct read_query {
  query_kind kind = query_kind::kv_get;
  /// The key, prefix, node, service, state or session that is asked for.
  std::string name;
  std::string separator;         // kv_keys
  std::vector<std::string> tags; // all must be there, in any letter case
  bool tag_filter = false;       // `?tag=` was given, perhaps empty
  std::vector<std::pair<std::string, std::string>> node_meta;
  bool passing_only = false; // health_service
  std::string filter;        // an expression over the answer's records

  friend bool operator==(const read_query&, const read_query&) = default;
};

using kv_list = std::vector<std::shared_ptr<const kv_entry>>;
using key_list = std::vector<std::string>;
using node_list = std::vector<std::shared_ptr<const node>>;
using tags_by_service = std::map<std::string, std::vector<std::string>>;
using entry_list = std::vector<service_entry>;
using check_list = std::vector<std::shared_ptr<const check>>;
using session_list = std::vector<std::shared_ptr<const session>>;
using prepared_list = std::vector<query_ptr>;

/// A node and its services in the order of their ids; no node: unknown.
struct node_services {
  std::shared_ptr<const model::node> node;
  std::vector<std::shared_ptr<const service>> services;
};

/// A node with its services and all its checks.
struct node_info {
  std::shared_ptr<const model::node> node;
  std::vector<std::shared_ptr<const service>> services;
  std::vector<std::shared_ptr<const check>> checks;
};
using node_info_list = std::vector<node_info>;

/// How much there is.
struct usage_counts {
  std::uint64_t nodes = 0;
  std::uint64_t names = 0; // of services
  std::uint64_t instances = 0;
  std::uint64_t billable = 0; // of those, without gateways, proxies and ours
  std::map<std::string, std::uint64_t> mesh_instances; // by their kind
};

struct read_answer {
  /// What the client hands back to wait for the next change; at least 1.
  modify_index index = 1;
  std::variant<kv_list, key_list, node_list, tags_by_service, entry_list,
               node_services, check_list, session_list, prepared_list,
               node_info_list, usage_counts, autopilot_ptr>
      records;
};

/// A change of the state, as watchers know it. Topics are `kind:name`; the
/// keys of the key/value store are apart, for they are watched by prefix.
namespace topic {
inline constexpr const char* all_nodes = "nodes:";
inline constexpr const char* all_services = "services:";
inline constexpr const char* all_checks = "checks:";
inline constexpr const char* all_sessions = "sessions:";
inline constexpr const char* all_queries = "queries:";
inline constexpr const char* autopilot = "autopilot:";
inline std::string node(const std::string& folded) {
  return "n:" + folded;
}
inline std::string service(const std::string& folded) {
  return "s:" + folded;
}
inline std::string connect(const std::string& folded) {
  return "x:" + folded;
}
inline std::string node_checks(const std::string& folded) {
  return "nc:" + folded;
}
inline std::string service_checks(const std::string& folded) {
  return "sc:" + folded;
}
inline std::string session(const std::string& id) {
  return "z:" + id;
}
inline std::string node_sessions(const std::string& folded) {
  return "zn:" + folded;
}
} // namespace topic

/// What one batch of commands changed. May name a thing twice.
struct change_set {
  std::vector<std::string> keys;
  std::vector<std::string> topics;
  /// The state is another one: whatever one watches may have changed.
  bool everything = false;
  bool empty() const { return keys.empty() && topics.empty() && !everything; }
};

/// What a query has to be told about.
struct interest {
  enum class shape : std::uint8_t { key, key_prefix, topics };
  shape what = shape::topics;
  std::string key;
  std::vector<std::string> topics;
};

interest watched_by(const read_query& query);

/// Lower case of ASCII letters: names of nodes and services are compared so.
std::string fold(std::string_view name);
bool equal_folded(std::string_view a, std::string_view b);

} // namespace praetor::model
