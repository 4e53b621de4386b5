#include "protocol/model/query.hpp"

namespace praetor::model {
namespace {

char fold_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::vector<std::string> topics_of(const read_query& query) {
  auto name = fold(query.name);
  switch (query.kind) {
  case query_kind::kv_get:
  case query_kind::kv_list:
  case query_kind::kv_keys:
    return {};
  case query_kind::catalog_nodes:
    return {topic::all_nodes};
  case query_kind::catalog_services:
    if (!query.node_meta.empty())
      return {topic::all_services, topic::all_nodes};
    return {topic::all_services};
  case query_kind::catalog_service:
  case query_kind::health_service:
    return {topic::service(name)};
  case query_kind::catalog_connect:
  case query_kind::health_connect:
    return {topic::connect(name)};
  case query_kind::catalog_node:
    return {topic::node(name)};
  case query_kind::health_node:
    return {topic::node_checks(name)};
  case query_kind::health_checks:
    if (!query.node_meta.empty())
      return {topic::service_checks(name), topic::all_nodes};
    return {topic::service_checks(name)};
  case query_kind::health_state:
    if (!query.node_meta.empty())
      return {topic::all_checks, topic::all_nodes};
    return {topic::all_checks};
  case query_kind::session_info:
    return {topic::session(query.name)};
  case query_kind::session_list:
    return {topic::all_sessions};
  case query_kind::session_node:
    return {topic::node_sessions(name)};
  case query_kind::prepared_get:
  case query_kind::prepared_list:
    return {topic::all_queries};
  case query_kind::node_dump:
  case query_kind::usage:
    return {topic::all_nodes, topic::all_services, topic::all_checks};
  case query_kind::node_info:
    return {topic::node(name), topic::node_checks(name)};
  case query_kind::service_dump:
    return {topic::all_nodes, topic::all_services, topic::all_checks};
  case query_kind::autopilot:
    return {topic::autopilot};
  case query_kind::gateway_services:
    return {};
  }
  PRAETOR_ASSERT(!"every kind of query has its topics");
  return {};
}

} // namespace

interest watched_by(const read_query& query) {
  switch (query.kind) {
  case query_kind::kv_get:
    return {interest::shape::key, query.name, {}};
  case query_kind::kv_list:
  case query_kind::kv_keys:
    return {interest::shape::key_prefix, query.name, {}};
  default:
    return {interest::shape::topics, {}, topics_of(query)};
  }
}

std::string fold(std::string_view name) {
  std::string folded(name);
  for (auto& c : folded)
    c = fold_letter(c);
  return folded;
}

bool equal_folded(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (fold_letter(a[i]) != fold_letter(b[i]))
      return false;
  return true;
}

} // namespace praetor::model
