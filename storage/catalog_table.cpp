#include "storage/catalog_table.hpp"

namespace praetor::storage {

using model::fold;

std::string record_key(std::initializer_list<std::string_view> parts) {
  std::string key;
  bool first = true;
  for (auto part : parts) {
    if (!first)
      key += '\0';
    first = false;
    key += part;
  }
  return key;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  auto key = record_key(parts);
  key += '\0';
  return key;
}

const std::string& connect_target(const model::service& service) {
  return service.kind == "connect-proxy" ? service.proxy.destination_name
                                         : service.name;
}

bool is_connect(const model::service& service) {
  return service.kind == "connect-proxy" || service.connect_native;
}

namespace {

// The same but for the indexes, which the table gives.
template <class Record>
bool is_same(Record a, const Record& b) {
  a.created = b.created;
  a.modified = b.modified;
  return a == b;
}

template <class Value>
std::vector<Value> all_below(const radix_tree<Value>& tree,
                             std::string_view prefix) {
  std::vector<Value> found;
  tree.each(prefix, [&](const std::string&, const Value& one) {
    found.push_back(one);
    return true;
  });
  return found;
}

} // namespace

// One command being applied: where, at which index, and what it changes.
struct catalog_table::transition {
  catalog_table& table;
  modify_index at;
  model::change_set& changes;
  std::vector<model::session>* ended;

  void tell(std::string topic) { changes.topics.push_back(std::move(topic)); }

  void touch_service(const std::string& folded_name) {
    table.service_changed_.put(folded_name, at);
    tell(model::topic::service(folded_name));
  }

  void touch_instance(const model::service& instance) {
    touch_service(fold(instance.name));
    if (is_connect(instance)) {
      auto target = fold(connect_target(instance));
      table.connect_changed_.put(target, at);
      tell(model::topic::connect(target));
    }
  }

  // What is said of a node is said of every service on it.
  void touch_services_of(const std::string& folded_node) {
    for (auto& one : table.services_of_node(folded_node))
      touch_instance(*one);
  }

  // A node may be asked for by its id as well as by its name.
  void tell_node(const std::string& folded_node) {
    tell(model::topic::node(folded_node));
    auto* known = table.nodes_.find(folded_node);
    if (known && !(*known)->id.empty())
      tell(model::topic::node(fold((*known)->id)));
  }

  void touch_node(const std::string& folded_node) {
    table.indexes_.nodes = at;
    tell(model::topic::all_nodes);
    tell_node(folded_node);
  }

  status put_node(const model::node& given, bool skip_update);
  status claim_node_id(const model::node& given, const std::string& folded);
  status put_service(const std::string& folded_node,
                     const model::service& given);
  status put_check(const std::string& folded_node, const model::check& given);
  void index_check(const std::string& folded_node, const check_ptr& record);
  void touch_check(const std::string& folded_node, const model::check& record);
  void unlink_check(const std::string& folded_node, const model::check& old);
  void remove_check(const std::string& folded_node, const std::string& id);
  void remove_service(const std::string& folded_node, const std::string& id);
  void remove_node(const std::string& folded_node);
  void unlink_service(const std::string& folded_node,
                      const model::service& instance);
  void end_session(const session_ptr& session);
  void end_sessions_with_check(const std::string& folded_node,
                               const std::string& check_id);
};

status catalog_table::transition::claim_node_id(const model::node& given,
                                                const std::string& folded) {
  if (given.id.empty())
    return {};
  auto* owner = table.node_ids_.find(fold(given.id));
  if (owner && *owner != folded) {
    // The same node under a new name: the old entry goes.
    remove_node(std::string(*owner));
  }
  auto* named = table.nodes_.find(folded);
  if (!named || (*named)->id.empty() ||
      model::equal_folded((*named)->id, given.id))
    return {};
  auto* alive = table.checks_.find(record_key({folded, "serfHealth"}));
  if (alive && (*alive)->status == model::check_status::passing)
    return fail(errc::conflict, "node name \"" + given.name +
                                    "\" is in use by node " + (*named)->id +
                                    ", which is alive; it cannot be taken by " +
                                    given.id);
  table.node_ids_.erase(fold((*named)->id));
  return {};
}

status catalog_table::transition::put_node(const model::node& given,
                                           bool skip_update) {
  auto folded = fold(given.name);
  auto* old = table.nodes_.find(folded);
  if (old && skip_update)
    return {};
  if (auto ok = claim_node_id(given, folded); !ok)
    return ok;
  old = table.nodes_.find(folded);
  if (old && is_same(given, **old))
    return {};
  auto record = std::make_shared<model::node>(given);
  record->created = old ? (*old)->created : at;
  record->modified = at;
  if (old && !(*old)->id.empty() &&
      !model::equal_folded((*old)->id, given.id)) {
    tell_node(folded); // also those who know it by the id it had
    table.node_ids_.erase(fold((*old)->id));
  }
  if (!given.id.empty())
    table.node_ids_.put(fold(given.id), folded);
  table.nodes_.put(folded, std::move(record));
  touch_node(folded);
  touch_services_of(folded);
  return {};
}

void catalog_table::transition::unlink_service(const std::string& folded_node,
                                               const model::service& instance) {
  auto name = fold(instance.name);
  table.by_name_.erase(record_key({name, folded_node, instance.id}));
  if (is_connect(instance))
    table.by_connect_.erase(
        record_key({fold(connect_target(instance)), folded_node, instance.id}));
  touch_instance(instance);
  if (!all_below(table.by_name_, joined({name})).empty())
    return;
  table.service_changed_.erase(name);
  table.indexes_.last_extinction = at;
}

status catalog_table::transition::put_service(const std::string& folded_node,
                                              const model::service& given) {
  auto* node = table.nodes_.find(folded_node);
  if (!node)
    return fail(errc::not_found, "Missing node registration");
  if (given.id.empty())
    return fail(errc::bad_input,
                "failed inserting service: object missing primary index");
  auto record = std::make_shared<model::service>(given);
  record->node = (*node)->name;
  auto key = record_key({folded_node, given.id});
  auto old = table.service(folded_node, given.id);
  if (old && is_same(*record, *old))
    return {};
  record->created = old ? old->created : at;
  record->modified = at;
  if (old && (fold(old->name) != fold(given.name) ||
              is_connect(*old) != is_connect(given) ||
              fold(connect_target(*old)) != fold(connect_target(given))))
    unlink_service(folded_node, *old);
  service_ptr shared = std::move(record);
  table.services_.put(key, shared);
  table.by_name_.put(record_key({fold(given.name), folded_node, given.id}),
                     shared);
  if (is_connect(given))
    table.by_connect_.put(
        record_key({fold(connect_target(given)), folded_node, given.id}),
        shared);
  table.indexes_.services = at;
  tell(model::topic::all_services);
  tell_node(folded_node);
  touch_instance(*shared);
  return {};
}

void catalog_table::transition::touch_check(const std::string& folded_node,
                                            const model::check& record) {
  table.indexes_.checks = at;
  tell(model::topic::all_checks);
  tell(model::topic::node_checks(folded_node));
  if (record.service_id.empty()) {
    touch_services_of(folded_node);
    return;
  }
  tell(model::topic::service_checks(fold(record.service_name)));
  if (auto owner = table.service(folded_node, record.service_id))
    touch_instance(*owner);
}

void catalog_table::transition::index_check(const std::string& folded_node,
                                            const check_ptr& record) {
  table.checks_.put(record_key({folded_node, record->id}), record);
  table.service_checks_.put(
      record_key({folded_node, record->service_id, record->id}), record);
  if (!record->service_id.empty())
    table.named_checks_.put(
        record_key({fold(record->service_name), folded_node, record->id}),
        record);
}

status catalog_table::transition::put_check(const std::string& folded_node,
                                            const model::check& given) {
  auto* node = table.nodes_.find(folded_node);
  if (!node)
    return fail(errc::not_found, "Missing node registration");
  auto record = std::make_shared<model::check>(given);
  record->node = (*node)->name;
  if (record->status.empty())
    record->status = model::check_status::critical;
  if (!given.service_id.empty()) {
    auto owner = table.service(folded_node, given.service_id);
    if (!owner)
      return fail(errc::not_found, "Missing service registration");
    record->service_name = owner->name;
    record->service_tags = owner->tags;
  }
  if (given.id.empty())
    return fail(errc::bad_input,
                "failed inserting check: object missing primary index");
  auto old = table.check(folded_node, given.id);
  if (old && is_same(*record, *old))
    return {};
  record->created = old ? old->created : at;
  record->modified = at;
  if (old && (old->service_id != record->service_id ||
              fold(old->service_name) != fold(record->service_name)))
    unlink_check(folded_node, *old);
  index_check(folded_node, record);
  touch_check(folded_node, *record);
  if (record->status == model::check_status::critical)
    end_sessions_with_check(folded_node, record->id);
  return {};
}

// Takes the check out of all indexes; those who watched it hear of it.
void catalog_table::transition::unlink_check(const std::string& folded_node,
                                             const model::check& old) {
  table.checks_.erase(record_key({folded_node, old.id}));
  table.service_checks_.erase(
      record_key({folded_node, old.service_id, old.id}));
  if (!old.service_id.empty())
    table.named_checks_.erase(
        record_key({fold(old.service_name), folded_node, old.id}));
  touch_check(folded_node, old);
}

void catalog_table::transition::remove_check(const std::string& folded_node,
                                             const std::string& id) {
  auto old = table.check(folded_node, id);
  if (!old)
    return;
  unlink_check(folded_node, *old);
  end_sessions_with_check(folded_node, id);
}

void catalog_table::transition::remove_service(const std::string& folded_node,
                                               const std::string& id) {
  auto old = table.service(folded_node, id);
  if (!old)
    return;
  for (auto& one : all_below(table.service_checks_, joined({folded_node, id})))
    remove_check(folded_node, one->id);
  table.services_.erase(record_key({folded_node, id}));
  table.indexes_.services = at;
  tell(model::topic::all_services);
  tell_node(folded_node);
  unlink_service(folded_node, *old);
}

void catalog_table::transition::remove_node(const std::string& folded_node) {
  auto old = table.node(folded_node);
  if (!old)
    return;
  for (auto& one : table.services_of_node(folded_node))
    remove_service(folded_node, one->id);
  for (auto& one : table.checks_of_node(folded_node))
    remove_check(folded_node, one->id);
  for (auto& one : table.sessions_of_node(folded_node))
    end_session(one);
  if (!old->id.empty())
    table.node_ids_.erase(fold(old->id));
  touch_node(folded_node);
  table.nodes_.erase(folded_node);
}

void catalog_table::transition::end_session(const session_ptr& session) {
  auto folded = fold(session->node);
  table.sessions_.erase(session->id);
  table.node_sessions_.erase(record_key({folded, session->id}));
  table.indexes_.sessions = at;
  tell(model::topic::all_sessions);
  tell(model::topic::session(session->id));
  tell(model::topic::node_sessions(folded));
  if (ended)
    ended->push_back(*session);
}

void catalog_table::transition::end_sessions_with_check(
    const std::string& folded_node, const std::string& check_id) {
  for (auto& one : table.sessions_of_node(folded_node)) {
    auto names = [&](const std::vector<std::string>& ids) {
      return std::find(ids.begin(), ids.end(), check_id) != ids.end();
    };
    if (names(one->node_checks) || names(one->service_checks) ||
        names(one->hidden_checks))
      end_session(one);
  }
}

status catalog_table::apply(modify_index at,
                            const model::catalog_register& command,
                            model::change_set& changes,
                            std::vector<model::session>& ended) {
  transition step{*this, at, changes, &ended};
  auto folded = fold(command.node.name);
  // A refused part must leave nothing behind: work on a copy, which shares
  // everything with this table, and keep it only when all went well.
  auto before = *this;
  auto undo = [&](std::string prefix, const error& why) {
    *this = before;
    ended.clear();
    changes = {};
    return fail(why.code, std::move(prefix) + why.text);
  };
  if (auto ok = step.put_node(command.node, command.skip_node_update); !ok)
    return undo("failed inserting node: ", ok.failure());
  if (command.service)
    if (auto ok = step.put_service(folded, *command.service); !ok)
      return undo("failed inserting service: ", ok.failure());
  for (auto& check : command.checks)
    if (auto ok = step.put_check(folded, check); !ok)
      return undo("failed inserting check: ",
                  fail(ok.failure().code, ok.failure().text + " on node \"" +
                                              command.node.name + "\""));
  return {};
}

status catalog_table::apply(modify_index at,
                            const model::catalog_deregister& command,
                            model::change_set& changes,
                            std::vector<model::session>& ended) {
  transition step{*this, at, changes, &ended};
  auto folded = fold(command.node);
  if (!command.service_id.empty())
    step.remove_service(folded, command.service_id);
  else if (!command.check_id.empty())
    step.remove_check(folded, command.check_id);
  else
    step.remove_node(folded);
  return {};
}

status catalog_table::set(modify_index at, const model::node& given,
                          model::change_set& changes,
                          std::vector<model::session>& ended) {
  return transition{*this, at, changes, &ended}.put_node(given, false);
}

status catalog_table::set(modify_index at, const model::service& given,
                          model::change_set& changes,
                          std::vector<model::session>& ended) {
  transition step{*this, at, changes, &ended};
  return step.put_service(fold(given.node), given);
}

status catalog_table::set(modify_index at, const model::check& given,
                          model::change_set& changes,
                          std::vector<model::session>& ended) {
  transition step{*this, at, changes, &ended};
  return step.put_check(fold(given.node), given);
}

status catalog_table::apply(modify_index at,
                            const model::session_create& command,
                            model::change_set& changes) {
  auto& given = command.session;
  PRAETOR_ASSERT(!given.id.empty());
  auto folded = fold(given.node);
  if (!nodes_.find(folded))
    return fail(errc::not_found, "Missing node registration");
  auto require = [&](const std::string& id) -> status {
    auto known = check(folded, id);
    if (!known)
      return fail(errc::not_found, "Missing check '" + id + "' registration");
    if (known->status == model::check_status::critical)
      return fail(errc::conflict, "Check '" + id + "' is in critical state");
    return {};
  };
  for (auto* list :
       {&given.node_checks, &given.service_checks, &given.hidden_checks})
    for (auto& id : *list)
      if (auto ok = require(id); !ok)
        return ok;
  auto record = std::make_shared<model::session>(given);
  record->created = record->modified = at;
  sessions_.put(given.id, record);
  node_sessions_.put(record_key({folded, given.id}), record);
  indexes_.sessions = at;
  changes.topics.insert(changes.topics.end(),
                        {model::topic::all_sessions,
                         model::topic::session(given.id),
                         model::topic::node_sessions(folded)});
  return {};
}

std::optional<model::session>
catalog_table::apply(modify_index at, const model::session_destroy& command,
                     model::change_set& changes) {
  auto found = session(command.id);
  if (!found)
    return std::nullopt;
  transition step{*this, at, changes, nullptr};
  step.end_session(found);
  return *found;
}

} // namespace praetor::storage
