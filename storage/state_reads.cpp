// Queries over the whole state.

#include "storage/state_store.hpp"

#include <algorithm>
#include <queue>
#include <set>

namespace praetor::storage {

using model::query_kind;
using model::read_answer;
using model::read_query;

namespace {

modify_index kv_changed(const state& from) {
  modify_index newest = 0;
  for (auto& shard : from.shards)
    newest = std::max(newest, shard.last_changed());
  return newest;
}

// Clients are never told 0, nor an index from before a restore.
modify_index at_least(const state& from, modify_index index) {
  return std::max({index, from.restored, modify_index{1}});
}

// The entries of all shards below a prefix, in byte order, and the index of
// the newest change there: a deletion counts by its tombstone.
struct merged_entries {
  model::kv_list entries;
  modify_index newest = 0;
};

merged_entries merge(const state& from, std::string_view prefix) {
  merged_entries all;
  for (auto& shard : from.shards) {
    auto middle = all.entries.size();
    shard.each(prefix, [&](const kv_table::entry_ptr& entry) {
      all.newest = std::max(all.newest, entry->modified);
      all.entries.push_back(entry);
      return true;
    });
    all.newest = std::max(all.newest, shard.newest_tombstone(prefix));
    std::inplace_merge(
        all.entries.begin(),
        all.entries.begin() + static_cast<std::ptrdiff_t>(middle),
        all.entries.end(), [](auto& a, auto& b) { return a->key < b->key; });
  }
  if (all.newest == 0)
    all.newest = kv_changed(from);
  return all;
}

// Keys up to and with the first separator behind the prefix, each once.
model::key_list fold_keys(const model::kv_list& entries,
                          const std::string& prefix,
                          const std::string& separator) {
  model::key_list keys;
  for (auto& entry : entries) {
    auto key = entry->key;
    if (!separator.empty()) {
      auto at = key.find(separator, prefix.size());
      if (at != std::string::npos)
        key.resize(at + separator.size());
    }
    if (keys.empty() || keys.back() != key)
      keys.push_back(std::move(key));
  }
  return keys;
}

bool has_tags(const model::service& service,
              const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](auto& tag) {
    return std::any_of(
        service.tags.begin(), service.tags.end(),
        [&](auto& own) { return model::equal_folded(own, tag); });
  });
}

bool all_pass(const model::service_entry& entry) {
  return std::all_of(entry.checks.begin(), entry.checks.end(), [](auto& one) {
    return one->status == model::check_status::passing;
  });
}

model::entry_list find_entries(const state& from, const read_query& query,
                               bool connect) {
  model::entry_list found;
  auto instances = connect ? from.catalog.connect_instances(query.name)
                           : from.catalog.instances(query.name);
  found.reserve(instances.size());
  for (auto& instance : instances) {
    if (query.tag_filter && !has_tags(*instance, query.tags))
      continue;
    auto entry = from.catalog.entry_of(instance);
    if (!query.node_meta.empty() && !has_meta(*entry.node, query.node_meta))
      continue;
    if (query.passing_only && !all_pass(entry))
      continue;
    found.push_back(std::move(entry));
  }
  return found;
}

model::node_services find_node(const state& from, const read_query& query) {
  model::node_services found;
  found.node = from.catalog.node(query.name);
  if (!found.node)
    found.node = from.catalog.node_by_id(query.name);
  if (found.node)
    found.services = from.catalog.services_of_node(found.node->name);
  return found;
}

model::check_list with_node_meta(const state& from, const read_query& query,
                                 model::check_list checks) {
  if (query.node_meta.empty())
    return checks;
  std::erase_if(checks, [&](auto& one) {
    auto node = from.catalog.node(one->node);
    PRAETOR_ASSERT(node);
    return !has_meta(*node, query.node_meta);
  });
  return checks;
}

model::node_info info_of(const state& from, const catalog_table::node_ptr& of) {
  return {of, from.catalog.services_of_node(of->name),
          from.catalog.checks_of_node(of->name)};
}

model::node_info_list find_nodes(const state& from, const read_query& query) {
  model::node_info_list found;
  if (query.kind == query_kind::node_dump) {
    for (auto& one : from.catalog.nodes())
      found.push_back(info_of(from, one));
  } else if (auto one = from.catalog.node(query.name)) {
    found.push_back(info_of(from, one));
  }
  return found;
}

model::entry_list all_entries(const state& from) {
  model::entry_list found;
  from.catalog.each_service_from(
      "", [&](const std::string&, const catalog_table::service_ptr& one) {
        found.push_back(from.catalog.entry_of(one));
        return true;
      });
  return found;
}

model::usage_counts count(const state& from) {
  model::usage_counts found;
  std::set<std::string> names;
  found.nodes = from.catalog.nodes().size();
  from.catalog.each_service_from(
      "", [&](const std::string&, const catalog_table::service_ptr& one) {
        names.insert(model::fold(one->name));
        ++found.instances;
        if (one->connect_native)
          ++found.mesh_instances["connect-native"];
        if (!one->kind.empty())
          ++found.mesh_instances[one->kind];
        else if (one->name != "consul")
          ++found.billable;
        return true;
      });
  found.names = names.size();
  return found;
}

decltype(read_answer::records) records_of(const state& from,
                                          const read_query& query) {
  auto& catalog = from.catalog;
  switch (query.kind) {
  case query_kind::kv_get:
  case query_kind::kv_list:
  case query_kind::kv_keys:
    break;
  case query_kind::catalog_nodes: {
    auto nodes = catalog.nodes();
    std::erase_if(nodes, [&](auto& one) {
      return !query.node_meta.empty() && !has_meta(*one, query.node_meta);
    });
    return nodes;
  }
  case query_kind::catalog_services:
    return catalog.service_tags(query.node_meta);
  case query_kind::catalog_service:
  case query_kind::health_service:
    return find_entries(from, query, false);
  case query_kind::catalog_connect:
  case query_kind::health_connect:
    return find_entries(from, query, true);
  case query_kind::catalog_node:
    return find_node(from, query);
  case query_kind::health_node:
    return catalog.checks_of_node(query.name);
  case query_kind::health_checks:
    return with_node_meta(from, query, catalog.checks_of_service(query.name));
  case query_kind::health_state:
    return with_node_meta(
        from, query,
        catalog.checks_in_state(query.name == "any" ? "" : query.name));
  case query_kind::session_info: {
    model::session_list found;
    if (auto one = catalog.session(query.name))
      found.push_back(one);
    return found;
  }
  case query_kind::session_list:
    return catalog.sessions();
  case query_kind::session_node:
    return catalog.sessions_of_node(query.name);
  case query_kind::prepared_get: {
    model::prepared_list found;
    if (auto one = from.queries.get(query.name))
      found.push_back(std::move(one));
    return found;
  }
  case query_kind::prepared_list:
    return from.queries.all();
  case query_kind::node_dump:
  case query_kind::node_info:
    return find_nodes(from, query);
  case query_kind::service_dump:
    return all_entries(from);
  case query_kind::usage:
    return count(from);
  case query_kind::autopilot:
    return from.autopilot;
  case query_kind::gateway_services:
    return model::entry_list{};
  }
  PRAETOR_ASSERT(!"keys are read elsewhere");
  return {};
}

} // namespace

bool has_meta(const model::node& node,
              const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](auto& pair) {
    if (!node.meta)
      return false;
    auto found = node.meta->find(pair.first);
    return found != node.meta->end() && found->second == pair.second;
  });
}

modify_index index_of(const state& from, const read_query& query) {
  auto& catalog = from.catalog;
  modify_index index = 0;
  switch (query.kind) {
  case query_kind::kv_get: {
    auto entry =
        from.shards[shard_of(query.name, from.shards.size())].get(query.name);
    index = entry ? entry->modified : kv_changed(from);
    break;
  }
  case query_kind::kv_list:
  case query_kind::kv_keys:
    index = merge(from, query.name).newest;
    break;
  case query_kind::catalog_nodes:
    index = catalog.nodes_changed();
    break;
  case query_kind::catalog_services:
    index = catalog.services_changed();
    if (!query.node_meta.empty())
      index = std::max(index, catalog.nodes_changed());
    break;
  case query_kind::catalog_node:
    index = std::max(catalog.nodes_changed(), catalog.services_changed());
    break;
  case query_kind::catalog_service:
    index = catalog.service_changed(query.name, false);
    break;
  case query_kind::health_service:
    index = catalog.service_changed(query.name, true);
    break;
  case query_kind::catalog_connect:
  case query_kind::health_connect:
    index = catalog.connect_changed(query.name);
    break;
  case query_kind::health_node:
    index = catalog.checks_changed();
    break;
  case query_kind::health_checks:
  case query_kind::health_state:
    index = catalog.checks_changed();
    if (!query.node_meta.empty())
      index = std::max(index, catalog.nodes_changed());
    break;
  case query_kind::session_info:
  case query_kind::session_list:
  case query_kind::session_node:
    index = catalog.sessions_changed();
    break;
  case query_kind::prepared_get:
  case query_kind::prepared_list:
    index = from.queries.changed();
    break;
  case query_kind::node_dump:
  case query_kind::node_info:
  case query_kind::service_dump:
  case query_kind::usage:
    index = std::max({catalog.nodes_changed(), catalog.services_changed(),
                      catalog.checks_changed()});
    break;
  case query_kind::autopilot:
    index = from.autopilot ? from.autopilot->modified : 0;
    break;
  case query_kind::gateway_services:
    break;
  }
  return at_least(from, index);
}

modify_index version_of(const state& of, const read_query& query) {
  auto& catalog = of.catalog;
  switch (query.kind) {
  case query_kind::kv_list:
  case query_kind::kv_keys:
    return at_least(of, kv_changed(of));
  case query_kind::catalog_connect:
  case query_kind::health_connect:
  case query_kind::health_node:
  case query_kind::health_checks:
  case query_kind::health_state:
    return at_least(
        of, std::max({catalog.nodes_changed(), catalog.services_changed(),
                      catalog.checks_changed()}));
  default:
    return index_of(of, query);
  }
}

read_answer evaluate(const state& from, const read_query& query) {
  read_answer answer;
  if (query.kind == query_kind::kv_get) {
    auto entry =
        from.shards[shard_of(query.name, from.shards.size())].get(query.name);
    answer.index = at_least(from, entry ? entry->modified : kv_changed(from));
    model::kv_list found;
    if (entry)
      found.push_back(std::move(entry));
    answer.records = std::move(found);
    return answer;
  }
  if (query.kind == query_kind::kv_list || query.kind == query_kind::kv_keys) {
    auto all = merge(from, query.name);
    answer.index = at_least(from, all.newest);
    if (query.kind == query_kind::kv_list)
      answer.records = std::move(all.entries);
    else
      answer.records = fold_keys(all.entries, query.name, query.separator);
    return answer;
  }
  answer.records = records_of(from, query);
  answer.index = index_of(from, query);
  return answer;
}

} // namespace praetor::storage
