#include "protocol/model/filter_answer.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/filter.hpp"

#include <optional>

namespace praetor::model {

namespace {

std::optional<record_kind> kind_of_records(query_kind kind) {
  switch (kind) {
  case query_kind::catalog_nodes:
    return record_kind::node;
  case query_kind::catalog_services:
    return record_kind::service_name;
  case query_kind::catalog_service:
  case query_kind::catalog_connect:
    return record_kind::catalog_service;
  case query_kind::catalog_node:
    return record_kind::node_service;
  case query_kind::health_service:
  case query_kind::health_connect:
  case query_kind::service_dump:
    return record_kind::service_entry;
  case query_kind::node_dump:
    return record_kind::node;
  case query_kind::health_node:
  case query_kind::health_checks:
  case query_kind::health_state:
    return record_kind::check;
  case query_kind::kv_get:
  case query_kind::kv_list:
  case query_kind::kv_keys:
  case query_kind::session_info:
  case query_kind::session_list:
  case query_kind::session_node:
  case query_kind::prepared_get:
  case query_kind::prepared_list:
  case query_kind::node_info:
  case query_kind::usage:
  case query_kind::autopilot:
  case query_kind::gateway_services:
    return std::nullopt;
  }
  PRAETOR_ASSERT(false);
  return std::nullopt;
}

struct sieve {
  const filter& by;

  void operator()(kv_list&) const {}
  void operator()(key_list&) const {}
  void operator()(session_list&) const {}
  void operator()(prepared_list&) const {}
  void operator()(usage_counts&) const {}
  void operator()(autopilot_ptr&) const {}
  void operator()(node_info_list& list) const {
    std::erase_if(list, [&](auto& one) { return !matches(by, *one.node); });
  }
  void operator()(node_list& list) const { keep(list); }
  void operator()(check_list& list) const { keep(list); }
  void operator()(node_services& found) const { keep(found.services); }
  void operator()(entry_list& list) const {
    std::erase_if(list, [&](auto& one) { return !matches(by, one); });
  }
  void operator()(tags_by_service& services) const {
    std::erase_if(services, [&](auto& one) {
      service seen;
      seen.name = one.first;
      seen.tags = one.second;
      return !matches(by, seen);
    });
  }

private:
  template <class List>
  void keep(List& list) const {
    std::erase_if(list, [&](auto& one) {
      PRAETOR_ASSERT(one);
      return !matches(by, *one);
    });
  }
};

} // namespace

result<read_answer> filtered(read_answer answer, const read_query& query) {
  auto kind = kind_of_records(query.kind);
  if (query.filter.empty() || !kind)
    return answer;
  auto by = parse_filter(query.filter, *kind);
  if (!by)
    return by.failure();
  PRAETOR_ASSERT(by->kind == *kind);
  std::visit(sieve{*by}, answer.records);
  return answer;
}

} // namespace praetor::model
