#pragma once

// `?filter=` over the agent's own services and checks.

#include "protocol/model/filter.hpp"
#include "protocol/model/local_state.hpp"

namespace praetor::actors {

inline result<std::vector<const model::service*>>
filtered_services(const model::local_state& local, const std::string& filter) {
  auto parsed = model::parse_filter(filter, model::record_kind::node_service);
  if (!parsed)
    return parsed.failure();
  std::vector<const model::service*> kept;
  for (auto& [id, one] : local.services)
    if (model::matches(*parsed, one.wish.service))
      kept.push_back(&one.wish.service);
  return kept;
}

inline result<std::vector<const model::check*>>
filtered_checks(const model::local_state& local, const std::string& filter) {
  auto parsed = model::parse_filter(filter, model::record_kind::check);
  if (!parsed)
    return parsed.failure();
  std::vector<const model::check*> kept;
  for (auto& [id, one] : local.checks)
    if (model::matches(*parsed, one.record))
      kept.push_back(&one.record);
  return kept;
}

} // namespace praetor::actors
