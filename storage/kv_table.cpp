#include "storage/kv_table.hpp"

namespace praetor::storage {
namespace {

constexpr std::size_t session_id_bytes = 36; // a UUID (RFC 4122, section 3)

std::string held_key(const std::string& session, const std::string& key) {
  std::string text;
  text.reserve(session.size() + 1 + key.size());
  text += session;
  text += '\0';
  text += key;
  return text;
}

} // namespace

kv_table::entry_ptr kv_table::get(std::string_view key) const {
  auto* found = entries_.find(key);
  return found ? *found : nullptr;
}

modify_index kv_table::newest_tombstone(std::string_view prefix) const {
  modify_index newest = 0;
  tombstones_.each(prefix, [&](const std::string&, modify_index at) {
    newest = std::max(newest, at);
    return true;
  });
  return newest;
}

result<bool> kv_table::apply(modify_index at,
                             const model::kv_operation& operation,
                             bool session_lives, model::change_set& changes) {
  PRAETOR_ASSERT(at >= last_changed_);
  auto* found = entries_.find(operation.key);
  switch (operation.verb) {
  case model::kv_verb::set:
    return set(at, operation, changes);
  case model::kv_verb::cas:
    if (found ? (*found)->modified != operation.index : operation.index != 0)
      return false;
    return set(at, operation, changes);
  case model::kv_verb::lock:
    if (operation.session.empty())
      return fail(errc::bad_input, "missing session");
    if (operation.session.size() != session_id_bytes)
      return fail(errc::bad_input,
                  "failed session lookup: index error: UUID must be 36 "
                  "characters");
    if (!session_lives)
      return fail(errc::bad_input,
                  "invalid session \"" + operation.session + "\"");
    return lock(at, operation, changes);
  case model::kv_verb::unlock:
    if (operation.session.empty())
      return fail(errc::bad_input, "missing session");
    return unlock(at, operation, changes);
  case model::kv_verb::remove_cas:
    if (found && (*found)->modified != operation.index)
      return false;
    [[fallthrough]];
  case model::kv_verb::remove:
    if (found)
      remove(at, model::kv_entry(**found), changes);
    return true;
  case model::kv_verb::remove_tree:
    remove_tree(at, operation.key, changes);
    return true;
  case model::kv_verb::get:
  case model::kv_verb::get_tree:
  case model::kv_verb::get_or_empty:
  case model::kv_verb::check_index:
  case model::kv_verb::check_session:
  case model::kv_verb::check_not_exists:
    break;
  }
  return fail(errc::bad_input, "the operation only reads");
}

void kv_table::put(modify_index at, model::kv_entry entry,
                   model::change_set& changes) {
  auto* old = entries_.find(entry.key);
  entry.created = old ? (*old)->created : at;
  entry.modified = at;
  if (old && !(*old)->session.empty() && (*old)->session != entry.session)
    held_.erase(held_key((*old)->session, entry.key));
  if (!entry.session.empty())
    held_.put(held_key(entry.session, entry.key), true);
  last_changed_ = at;
  changes.keys.push_back(entry.key);
  auto key = entry.key;
  entries_.put(key, std::make_shared<const model::kv_entry>(std::move(entry)));
}

void kv_table::remove(modify_index at, const model::kv_entry& entry,
                      model::change_set& changes) {
  if (!entry.session.empty())
    held_.erase(held_key(entry.session, entry.key));
  bool was_there = entries_.erase(entry.key);
  PRAETOR_ASSERT(was_there);
  tombstones_.put(entry.key, at);
  last_changed_ = at;
  changes.keys.push_back(entry.key);
}

bool kv_table::set(modify_index at, const model::kv_operation& operation,
                   model::change_set& changes) {
  auto old = get(operation.key);
  model::kv_entry entry;
  entry.key = operation.key;
  entry.value = operation.value;
  entry.flags = operation.flags;
  // A plain write leaves the lock with its holder but forgets its count, as
  // Consul does.
  if (old)
    entry.session = old->session;
  if (old) {
    entry.created = old->created;
    entry.modified = old->modified;
    if (*old == entry)
      return true; // the same value again: no change, nobody wakes
  }
  put(at, std::move(entry), changes);
  return true;
}

bool kv_table::lock(modify_index at, const model::kv_operation& operation,
                    model::change_set& changes) {
  auto old = get(operation.key);
  if (old && !old->session.empty() && old->session != operation.session)
    return false;
  bool held_already = old && old->session == operation.session;
  model::kv_entry entry;
  entry.key = operation.key;
  entry.value = operation.value;
  entry.flags = operation.flags;
  entry.session = operation.session;
  entry.lock_index = (old ? old->lock_index : 0) + (held_already ? 0 : 1);
  put(at, std::move(entry), changes);
  return true;
}

bool kv_table::unlock(modify_index at, const model::kv_operation& operation,
                      model::change_set& changes) {
  auto old = get(operation.key);
  if (!old || old->session != operation.session)
    return false;
  model::kv_entry entry;
  entry.key = operation.key;
  entry.value = operation.value;
  entry.flags = operation.flags;
  entry.lock_index = old->lock_index;
  put(at, std::move(entry), changes);
  return true;
}

void kv_table::remove_tree(modify_index at, const std::string& prefix,
                           model::change_set& changes) {
  std::vector<entry_ptr> doomed;
  each(prefix, [&](const entry_ptr& entry) {
    doomed.push_back(entry);
    return true;
  });
  for (auto& entry : doomed)
    remove(at, *entry, changes);
}

std::vector<std::string> kv_table::end_session(modify_index at,
                                               const model::session& session,
                                               model::change_set& changes) {
  std::vector<std::string> keys;
  auto prefix = held_key(session.id, "");
  held_.each(prefix, [&](const std::string& held, bool) {
    keys.push_back(held.substr(prefix.size()));
    return true;
  });
  for (auto& key : keys) {
    auto old = get(key);
    PRAETOR_ASSERT(old && old->session == session.id);
    if (session.behavior == model::session_behavior::remove) {
      remove(at, *old, changes);
      continue;
    }
    auto entry = *old;
    entry.session.clear();
    put(at, std::move(entry), changes);
  }
  return keys;
}

void kv_table::reap_tombstones(modify_index upto) {
  std::vector<std::string> old;
  tombstones_.each("", [&](const std::string& key, modify_index at) {
    if (at <= upto)
      old.push_back(key);
    return true;
  });
  for (auto& key : old)
    tombstones_.erase(key);
}

void kv_table::restore_last_changed(modify_index at) {
  PRAETOR_ASSERT(entries_.empty() && tombstones_.empty());
  last_changed_ = at;
}

status kv_table::restore(model::kv_entry entry) {
  if (entry.created > entry.modified || entry.modified > last_changed_)
    return fail(errc::corrupt, "key \"" + entry.key + "\": its indexes " +
                                   std::to_string(entry.created) + " and " +
                                   std::to_string(entry.modified) +
                                   " do not fit the last change, " +
                                   std::to_string(last_changed_));
  if (entries_.find(entry.key))
    return fail(errc::corrupt, "key \"" + entry.key + "\" is there twice");
  if (!entry.session.empty())
    held_.put(held_key(entry.session, entry.key), true);
  auto key = entry.key;
  entries_.put(key, std::make_shared<const model::kv_entry>(std::move(entry)));
  return {};
}

status kv_table::restore_tombstone(const std::string& key, modify_index at) {
  if (at == 0 || at > last_changed_)
    return fail(errc::corrupt, "tombstone of \"" + key + "\": index " +
                                   std::to_string(at) + " of " +
                                   std::to_string(last_changed_));
  if (!tombstones_.put(key, at))
    return fail(errc::corrupt, "tombstone of \"" + key + "\" is there twice");
  return {};
}

void kv_table::check_invariants() const {
  std::size_t held = 0;
  each("", [&](const entry_ptr& entry) {
    PRAETOR_ASSERT(entry->created <= entry->modified);
    PRAETOR_ASSERT(entry->modified <= last_changed_);
    if (!entry->session.empty()) {
      PRAETOR_ASSERT(held_.find(held_key(entry->session, entry->key)));
      ++held;
    }
    return true;
  });
  PRAETOR_ASSERT(held == held_.size());
}

} // namespace praetor::storage
