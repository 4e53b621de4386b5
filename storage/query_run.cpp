#include "storage/query_run.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

// How deep the node that is asked for may stand and still be put in front:
// sorted by distance it stands no further behind (Consul's limit).
constexpr std::size_t own_node_depth_max = 10;

bool is_healthy(const model::service_entry& entry,
                const model::service_query& wanted) {
  return std::all_of(entry.checks.begin(), entry.checks.end(), [&](auto& one) {
    auto& ignored = wanted.ignore_check_ids;
    if (ignored &&
        std::find(ignored->begin(), ignored->end(), one->id) != ignored->end())
      return true;
    if (wanted.only_passing)
      return one->status == model::check_status::passing;
    return one->status != model::check_status::critical;
  });
}

bool has_all(const std::optional<model::string_map>& meta,
             const std::optional<model::string_map>& wanted) {
  if (!wanted)
    return true;
  return std::all_of(wanted->begin(), wanted->end(), [&](auto& pair) {
    if (!meta)
      return false;
    auto found = meta->find(pair.first);
    return found != meta->end() && found->second == pair.second;
  });
}

bool has_tag(const model::service& service, std::string_view tag) {
  return std::any_of(service.tags.begin(), service.tags.end(),
                     [&](auto& own) { return model::equal_folded(own, tag); });
}

// All that are asked for, and none with an exclamation mark before it.
bool fits_tags(const model::service& service,
               const std::optional<std::vector<std::string>>& wanted) {
  if (!wanted)
    return true;
  return std::all_of(wanted->begin(), wanted->end(), [&](auto& tag) {
    return tag.starts_with('!')
               ? !has_tag(service, std::string_view(tag).substr(1))
               : has_tag(service, tag);
  });
}

void shuffle(std::vector<model::service_entry>& entries, prng& chance) {
  for (auto i = entries.size(); i > 1; --i)
    std::swap(entries[i - 1], entries[chance.below(i)]);
}

// The node to be near to; empty: none.
std::string near_node(const state& from, const model::query_run& asked,
                      const model::service_query& wanted) {
  auto node = asked.near.empty() ? wanted.near : asked.near;
  if (node == "_agent")
    return asked.agent;
  if (node != "_ip")
    return node;
  if (!asked.client_ip.empty())
    for (auto& one : from.catalog.nodes())
      if (one->address == asked.client_ip)
        return one->name;
  return {};
}

void put_in_front(std::vector<model::service_entry>& entries,
                  const std::string& node) {
  PRAETOR_ASSERT(!node.empty());
  auto depth = std::min(entries.size(), own_node_depth_max);
  for (std::size_t i = 0; i < depth; ++i)
    if (entries[i].node->name == node) {
      std::swap(entries[0], entries[i]);
      return;
    }
}

} // namespace

result<model::prepared_query> explain(const state& from,
                                      const std::string& name_or_id) {
  return from.queries.resolve(name_or_id);
}

result<model::query_found>
run_query(const state& from, const model::query_run& asked, prng& chance) {
  auto query = explain(from, asked.name);
  if (!query)
    return query.failure();
  model::query_found found;
  found.query = *std::move(query);
  auto& wanted = found.query.wanted;
  auto instances = wanted.connect || asked.connect
                       ? from.catalog.connect_instances(wanted.service)
                       : from.catalog.instances(wanted.service);
  for (auto& one : instances) {
    if (!fits_tags(*one, wanted.tags) ||
        !has_all(one->meta, wanted.service_meta))
      continue;
    auto entry = from.catalog.entry_of(one);
    if (has_all(entry.node->meta, wanted.node_meta) &&
        is_healthy(entry, wanted))
      found.entries.push_back(std::move(entry));
  }
  PRAETOR_ASSERT(found.entries.size() <= instances.size());
  shuffle(found.entries, chance);
  // Sorting by distance belongs here, as soon as the state has coordinates.
  if (auto node = near_node(from, asked, wanted); !node.empty())
    put_in_front(found.entries, node);
  if (asked.limit > 0 &&
      found.entries.size() > static_cast<std::size_t>(asked.limit))
    found.entries.resize(static_cast<std::size_t>(asked.limit));
  return found;
}

} // namespace praetor::storage
