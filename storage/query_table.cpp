#include "storage/query_table.hpp"

#include "protocol/base/uuid.hpp"

namespace praetor::storage {

using model::fold;
using model::is_template;
using model::prepared_query;

namespace {

std::string session_key(std::string_view session, std::string_view id) {
  return fold(session) + '\0' + fold(id);
}

} // namespace

query_table::query_ptr query_table::get(std::string_view id) const {
  auto* found = by_id_.find(fold(id));
  return found ? *found : nullptr;
}

model::prepared_list query_table::all() const {
  model::prepared_list out;
  by_id_.each("", [&](auto&, auto& one) {
    out.push_back(one);
    return true;
  });
  return out;
}

query_table::query_ptr query_table::named(const radix_tree<std::string>& index,
                                          std::string_view folded) const {
  auto* id = index.find(folded);
  if (!id)
    return nullptr;
  auto* found = by_id_.find(*id);
  PRAETOR_ASSERT(found);
  return *found;
}

query_table::query_ptr
query_table::longest_template(std::string_view folded) const {
  if (templates_.empty())
    return nullptr;
  for (auto size = folded.size() + 1; size > 0; --size)
    if (auto found = named(templates_, folded.substr(0, size - 1)))
      return found;
  return nullptr;
}

result<prepared_query> query_table::resolve(std::string_view name_or_id) const {
  if (name_or_id.empty())
    return fail(errc::bad_input, "Missing Query ID");
  if (is_uuid(name_or_id))
    if (auto found = get(name_or_id)) {
      if (is_template(*found))
        return fail(errc::bad_input, "prepared query templates can only be "
                                     "resolved up by name, not by ID");
      return *found;
    }
  auto folded = fold(name_or_id);
  auto found = named(by_name_, folded);
  if (!found)
    found = longest_template(folded);
  if (!found)
    return fail(errc::not_found, "Query not found");
  if (is_template(*found))
    return model::render(*found, name_or_id);
  return *found;
}

// Queries are found by id or name, so a name must be nobody else's, and no id.
status query_table::check_name(const prepared_query& given) const {
  auto is_other = [&](const query_ptr& one) {
    return one && fold(one->id) != fold(given.id);
  };
  if (!given.name.empty()) {
    if (is_other(named(by_name_, fold(given.name))))
      return fail(errc::conflict,
                  "name '" + given.name + "' aliases an existing query name");
  } else if (is_template(given) && is_other(named(templates_, ""))) {
    return fail(errc::conflict,
                "a query template with an empty name already exists");
  }
  if (is_uuid(given.name) && get(given.name))
    return fail(errc::conflict,
                "name '" + given.name + "' aliases an existing query ID");
  return {};
}

status query_table::check(const model::query_put& command) const {
  auto& given = command.query;
  if (command.must_exist && !get(given.id))
    return fail(errc::not_found,
                "Cannot modify non-existent prepared query: '" + given.id +
                    "'");
  if (auto ok = model::check_query(given); !ok)
    return fail(ok.failure().code,
                "Invalid prepared query: " + ok.failure().text);
  return check_name(given);
}

void query_table::link(const query_ptr& one) {
  auto id = fold(one->id);
  PRAETOR_ASSERT(!id.empty());
  by_id_.put(id, one);
  if (!one->name.empty())
    by_name_.put(fold(one->name), id);
  if (is_template(*one))
    templates_.put(fold(one->name), id);
  if (!one->session.empty())
    by_session_.put(session_key(one->session, id), id);
}

void query_table::unlink(const prepared_query& old) {
  // The record may go with its entry: what is read of it comes first.
  auto id = fold(old.id);
  auto name = fold(old.name);
  auto session =
      old.session.empty() ? std::string() : session_key(old.session, id);
  bool stood_for_others = is_template(old);
  if (!name.empty())
    by_name_.erase(name);
  if (stood_for_others)
    templates_.erase(name);
  if (!session.empty())
    by_session_.erase(session);
  auto was_there = by_id_.erase(id);
  PRAETOR_ASSERT(was_there);
}

void query_table::put(modify_index at, const prepared_query& given,
                      model::change_set& changes) {
  PRAETOR_ASSERT(!given.id.empty());
  auto record = std::make_shared<prepared_query>(given);
  record->created = record->modified = at;
  if (auto old = get(given.id)) {
    record->created = old->created;
    record->id = old->id;
    unlink(*old);
  }
  link(record);
  PRAETOR_ASSERT(at >= changed_);
  changed_ = at;
  changes.topics.push_back(model::topic::all_queries);
}

status query_table::remove(modify_index at, const std::string& id,
                           model::change_set& changes) {
  auto old = get(id);
  if (!old)
    return fail(errc::not_found,
                "Cannot modify non-existent prepared query: '" + id + "'");
  unlink(*old);
  PRAETOR_ASSERT(at >= changed_);
  changed_ = at;
  changes.topics.push_back(model::topic::all_queries);
  return {};
}

void query_table::end_session(modify_index at, const std::string& session,
                              model::change_set& changes) {
  std::vector<std::string> bound;
  by_session_.each(session_key(session, ""), [&](auto&, auto& id) {
    bound.push_back(id);
    return true;
  });
  for (auto& id : bound) {
    auto ok = remove(at, id, changes);
    PRAETOR_ASSERT(ok);
  }
}

status query_table::restore(prepared_query record) {
  auto corrupt = [&](const std::string& why) {
    return fail(errc::corrupt, "prepared query \"" + record.id + "\": " + why);
  };
  if (record.id.empty())
    return corrupt("has no id");
  if (record.created > record.modified || record.modified > changed_)
    return corrupt("its indexes " + std::to_string(record.created) + " and " +
                   std::to_string(record.modified) +
                   " do not fit the last change, " + std::to_string(changed_));
  if (get(record.id))
    return corrupt("is there twice");
  if (auto ok = check_name(record); !ok)
    return corrupt(ok.failure().text);
  if (auto ok = model::check_template(record); !ok)
    return corrupt(ok.failure().text);
  link(std::make_shared<const prepared_query>(std::move(record)));
  return {};
}

void query_table::check_invariants() const {
  std::size_t names = 0;
  std::size_t templates = 0;
  std::size_t bound = 0;
  by_id_.each("", [&](auto& id, auto& one) {
    PRAETOR_ASSERT(id == fold(one->id));
    PRAETOR_ASSERT(one->created <= one->modified && one->modified <= changed_);
    if (!one->name.empty()) {
      ++names;
      PRAETOR_ASSERT(named(by_name_, fold(one->name)) == one);
    }
    if (is_template(*one)) {
      ++templates;
      PRAETOR_ASSERT(named(templates_, fold(one->name)) == one);
    }
    if (!one->session.empty()) {
      ++bound;
      PRAETOR_ASSERT(by_session_.find(session_key(one->session, id)));
    }
    return true;
  });
  PRAETOR_ASSERT(names == by_name_.size());
  PRAETOR_ASSERT(templates == templates_.size());
  PRAETOR_ASSERT(bound == by_session_.size());
}

} // namespace praetor::storage
