#pragma once

// Prepared queries: what to look for under a name of its own, kept by the
// cluster and executed by clients and by DNS. "Absent" and "empty" differ for
// clients, so lists and maps that may be absent are optional.

#include "protocol/base/result.hpp"
#include "protocol/model/records.hpp"

namespace praetor::model {

/// Set: the query stands for all names that begin with its own, and its
/// texts are interpolated with the name that was asked for.
struct query_template {
  std::string type; // "name_prefix_match"; empty: none
  std::string regexp;
  bool remove_empty_tags = false;
  friend bool operator==(const query_template&,
                         const query_template&) = default;
};

/// Where else to look when nothing is found here.
struct query_failover {
  int nearest_n = 0;
  std::optional<std::vector<std::string>> datacenters;
  friend bool operator==(const query_failover&,
                         const query_failover&) = default;
};

struct service_query {
  std::string service;
  query_failover failover;
  bool only_passing = false;
  std::optional<std::vector<std::string>> ignore_check_ids;
  std::string near;
  std::optional<std::vector<std::string>> tags; // "!tag": must not be there
  std::optional<string_map> node_meta;
  std::optional<string_map> service_meta;
  bool connect = false;
  friend bool operator==(const service_query&, const service_query&) = default;
};

struct prepared_query {
  std::string id;
  std::string name;
  std::string session; // it ends with this one; empty: with none
  std::string token;
  query_template pattern;
  service_query wanted;
  std::string dns_ttl; // as given
  modify_index created = 0;
  modify_index modified = 0;
  friend bool operator==(const prepared_query&,
                         const prepared_query&) = default;
};

using query_ptr = std::shared_ptr<const prepared_query>;

inline constexpr const char* template_by_prefix = "name_prefix_match";

inline bool is_template(const prepared_query& query) {
  return !query.pattern.type.empty();
}

/// Why nobody may register such a query, in Consul's words.
status check_query(const prepared_query& query);

/// A template as it stands for one name. Fails where the template itself is
/// at fault, which is found when it is registered.
result<prepared_query> render(const prepared_query& query,
                              std::string_view name);

/// What is wrong with the query as a template, if it is one.
status check_template(const prepared_query& query);

/// One execution as it is asked for.
struct query_run {
  std::string name; // or the id
  bool connect = false;
  int limit = 0;         // no limit unless positive
  std::string near;      // a node, "_agent", "_ip", or empty
  std::string agent;     // the node that "_agent" stands for
  std::string client_ip; // what "_ip" stands for, or empty
  friend bool operator==(const query_run&, const query_run&) = default;
};

/// What an execution found.
struct query_found {
  prepared_query query; // rendered
  std::vector<service_entry> entries;
  std::string datacenter; // where they are; empty: here
  int failovers = 0;      // datacenters that were asked in vain or not
};

} // namespace praetor::model
