// The reading half of the catalogue table.

#include "storage/catalog_table.hpp"

#include <algorithm>

namespace praetor::storage {

using model::fold;

namespace {

template <class Value>
Value value_at(const radix_tree<Value>& tree, const std::string& key) {
  auto* found = tree.find(key);
  return found ? *found : Value{};
}

template <class Value>
std::vector<Value> all_below(const radix_tree<Value>& tree,
                             const std::string& prefix) {
  std::vector<Value> found;
  tree.each(prefix, [&](const std::string&, const Value& one) {
    found.push_back(one);
    return true;
  });
  return found;
}

} // namespace

bool has_meta(const model::node& node,
              const std::vector<std::pair<std::string, std::string>>& wanted);

catalog_table::node_ptr catalog_table::node(std::string_view name) const {
  return value_at(nodes_, fold(name));
}

catalog_table::node_ptr catalog_table::node_by_id(std::string_view id) const {
  auto* name = node_ids_.find(fold(id));
  return name ? value_at(nodes_, *name) : nullptr;
}

catalog_table::service_ptr catalog_table::service(std::string_view node,
                                                  std::string_view id) const {
  return value_at(services_, record_key({fold(node), id}));
}

catalog_table::check_ptr catalog_table::check(std::string_view node,
                                              std::string_view id) const {
  return value_at(checks_, record_key({fold(node), id}));
}

catalog_table::session_ptr catalog_table::session(std::string_view id) const {
  return value_at(sessions_, std::string(id));
}

model::node_list catalog_table::nodes() const {
  return all_below(nodes_, "");
}

std::vector<catalog_table::service_ptr>
catalog_table::services_of_node(std::string_view node) const {
  return all_below(services_, joined({fold(node)}));
}

std::vector<catalog_table::service_ptr>
catalog_table::instances(std::string_view name) const {
  return all_below(by_name_, joined({fold(name)}));
}

std::vector<catalog_table::service_ptr>
catalog_table::connect_instances(std::string_view name) const {
  return all_below(by_connect_, joined({fold(name)}));
}

model::check_list catalog_table::checks_of_node(std::string_view node) const {
  return all_below(checks_, joined({fold(node)}));
}

model::check_list
catalog_table::checks_of_service(std::string_view name) const {
  return all_below(named_checks_, joined({fold(name)}));
}

model::check_list catalog_table::checks_in_state(std::string_view state) const {
  model::check_list found;
  checks_.each("", [&](const std::string&, const check_ptr& one) {
    if (state.empty() || one->status == state)
      found.push_back(one);
    return true;
  });
  return found;
}

model::session_list catalog_table::sessions() const {
  return all_below(sessions_, "");
}

model::session_list
catalog_table::sessions_of_node(std::string_view node) const {
  return all_below(node_sessions_, joined({fold(node)}));
}

model::tags_by_service catalog_table::service_tags(
    const std::vector<std::pair<std::string, std::string>>& node_meta) const {
  model::tags_by_service found;
  services_.each("", [&](const std::string&, const service_ptr& one) {
    if (!node_meta.empty()) {
      auto owner = node(one->node);
      PRAETOR_ASSERT(owner);
      if (!has_meta(*owner, node_meta))
        return true;
    }
    auto& tags = found[one->name];
    for (auto& tag : one->tags)
      if (std::find(tags.begin(), tags.end(), tag) == tags.end())
        tags.push_back(tag);
    return true;
  });
  return found;
}

model::service_entry
catalog_table::entry_of(const service_ptr& instance) const {
  PRAETOR_ASSERT(instance);
  model::service_entry entry;
  auto folded = fold(instance->node);
  entry.node = value_at(nodes_, folded);
  PRAETOR_ASSERT(entry.node);
  entry.service = instance;
  entry.checks = all_below(service_checks_, joined({folded, ""}));
  auto own = all_below(service_checks_, joined({folded, instance->id}));
  entry.checks.insert(entry.checks.end(), own.begin(), own.end());
  return entry;
}

modify_index catalog_table::service_changed(std::string_view name,
                                            bool with_checks) const {
  auto folded = fold(name);
  if (auto* changed = service_changed_.find(folded))
    return *changed;
  if (indexes_.last_extinction > 0)
    return indexes_.last_extinction;
  auto newest = std::max(indexes_.nodes, indexes_.services);
  return with_checks ? std::max(newest, indexes_.checks) : newest;
}

modify_index catalog_table::connect_changed(std::string_view name) const {
  if (auto* changed = connect_changed_.find(fold(name)))
    return *changed;
  return std::max({indexes_.nodes, indexes_.services, indexes_.checks});
}

void catalog_table::check_invariants() const {
  PRAETOR_ASSERT(services_.size() == by_name_.size());
  PRAETOR_ASSERT(checks_.size() == service_checks_.size());
  PRAETOR_ASSERT(named_checks_.size() <= checks_.size());
  PRAETOR_ASSERT(sessions_.size() == node_sessions_.size());
  PRAETOR_ASSERT(node_ids_.size() <= nodes_.size());
  services_.each("", [&](const std::string&, const service_ptr& one) {
    PRAETOR_ASSERT(node(one->node));
    PRAETOR_ASSERT(service_changed_.find(fold(one->name)));
    PRAETOR_ASSERT(one->created <= one->modified);
    return true;
  });
  checks_.each("", [&](const std::string&, const check_ptr& one) {
    PRAETOR_ASSERT(node(one->node));
    PRAETOR_ASSERT(one->service_id.empty() ||
                   service(one->node, one->service_id));
    return true;
  });
}

} // namespace praetor::storage
