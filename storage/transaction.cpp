#include "storage/transaction.hpp"

namespace praetor::storage {
namespace {

using model::record_verb;

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

// How the failures of an operation name what it is about.
std::string subject_of(const model::node& node) {
  return "node " + quoted(node.name);
}
std::string subject_of(const model::service& service) {
  return "service " + quoted(service.id) + " on node " + quoted(service.node);
}
std::string subject_of(const model::check& check) {
  return "check " + quoted(check.id) + " on node " + quoted(check.node);
}

model::catalog_deregister removal_of(const model::node& node) {
  return {node.name, "", ""};
}
model::catalog_deregister removal_of(const model::service& service) {
  return {service.node, service.id, ""};
}
model::catalog_deregister removal_of(const model::check& check) {
  return {check.node, "", check.id};
}

const model::node& record_of(const model::node_operation& operation) {
  return operation.node;
}
const model::service& record_of(const model::service_operation& operation) {
  return operation.service;
}
const model::check& record_of(const model::check_operation& operation) {
  return operation.check;
}

// One operation on the state it sees; an error text refuses the whole
// transaction.
class transaction_step {
public:
  transaction_step(state& on, modify_index at, model::change_set& changes,
                   model::outcome& out)
      : on_(on), at_(at), changes_(changes), out_(out) {}

  status operator()(const model::impossible_operation& operation) {
    return fail(errc::bad_input, operation.why);
  }

  status operator()(const model::kv_operation& operation) {
    auto& shard = on_.shards[shard_of(operation.key, on_.shards.size())];
    switch (operation.verb) {
    case model::kv_verb::get:
    case model::kv_verb::get_or_empty:
    case model::kv_verb::get_tree:
      return read(operation);
    case model::kv_verb::check_index:
    case model::kv_verb::check_session:
    case model::kv_verb::check_not_exists:
      return check(operation, shard.get(operation.key));
    case model::kv_verb::remove_tree:
      for (auto& one : on_.shards)
        if (auto ok = one.apply(at_, operation, true, changes_); !ok)
          return ok.failure();
      return {};
    default:
      return write(shard, operation);
    }
  }

  // Nodes, services and checks alike.
  template <class Operation>
  status operator()(const Operation& operation) {
    auto& wanted = record_of(operation);
    bool removes = operation.verb == record_verb::remove ||
                   operation.verb == record_verb::remove_cas;
    auto found =
        operation.verb == record_verb::get ? look_up(wanted) : find(wanted);
    if (operation.verb == record_verb::get && !found)
      return fail(errc::not_found, subject_of(wanted) + " doesn't exist");
    if (is_stale(operation.verb, wanted.modified, found.get()))
      return fail(errc::conflict, std::string("failed to ") +
                                      (removes ? "delete " : "set ") +
                                      subject_of(wanted) + ", index is stale");
    if (removes)
      return found ? remove(removal_of(wanted)) : status();
    if (operation.verb != record_verb::get) {
      if (auto ok = set(wanted); !ok)
        return ok;
      found = look_up(wanted);
    }
    PRAETOR_ASSERT(found);
    out_.results.emplace_back(*found);
    return {};
  }

private:
  // -- the catalogue
  catalog_table::node_ptr find(const model::node& wanted) const {
    return on_.catalog.node(wanted.name);
  }
  catalog_table::service_ptr find(const model::service& wanted) const {
    return on_.catalog.service(wanted.node, wanted.id);
  }
  catalog_table::check_ptr find(const model::check& wanted) const {
    return on_.catalog.check(wanted.node, wanted.id);
  }

  // Reads know a node by its id, if that is given; all else by its name.
  template <class Record>
  auto look_up(const Record& wanted) const {
    if constexpr (std::is_same_v<Record, model::node>)
      if (!wanted.id.empty())
        return on_.catalog.node_by_id(wanted.id);
    return find(wanted);
  }

  // Index 0 is that of a record that is not there.
  template <class Record>
  static bool is_stale(record_verb verb, modify_index expected,
                       const Record* found) {
    if (verb == record_verb::remove_cas)
      return !found || found->modified != expected;
    return verb == record_verb::cas &&
           (found ? found->modified : modify_index{0}) != expected;
  }

  template <class Record>
  status set(const Record& wanted) {
    std::vector<model::session> ended;
    auto ok = on_.catalog.set(at_, wanted, changes_, ended);
    release_locks(on_, at_, ended, changes_, out_);
    return ok;
  }

  status remove(const model::catalog_deregister& what) {
    std::vector<model::session> ended;
    auto ok = on_.catalog.apply(at_, what, changes_, ended);
    release_locks(on_, at_, ended, changes_, out_);
    return ok;
  }

  // -- keys
  status read(const model::kv_operation& operation) {
    if (operation.verb == model::kv_verb::get_tree) {
      auto below = evaluate(
          on_, {.kind = model::query_kind::kv_list, .name = operation.key});
      for (auto& entry : std::get<model::kv_list>(below.records))
        out_.results.emplace_back(*entry);
      return {};
    }
    auto found = on_.shards[shard_of(operation.key, on_.shards.size())].get(
        operation.key);
    if (found) {
      out_.results.emplace_back(*found);
      return {};
    }
    if (operation.verb == model::kv_verb::get)
      return fail(errc::not_found,
                  "key " + quoted(operation.key) + " doesn't exist");
    model::kv_entry empty;
    empty.key = operation.key;
    out_.results.emplace_back(std::move(empty));
    return {};
  }

  status check(const model::kv_operation& operation,
               const kv_table::entry_ptr& found) {
    bool by_index = operation.verb == model::kv_verb::check_index;
    if (operation.verb == model::kv_verb::check_not_exists) {
      if (found)
        return fail(errc::conflict, "key " + quoted(operation.key) + " exists");
      return {};
    }
    if (!found)
      return fail(errc::not_found, std::string("failed to check ") +
                                       (by_index ? "index" : "session") +
                                       ", key " + quoted(operation.key) +
                                       " doesn't exist");
    if (by_index && found->modified != operation.index)
      return fail(errc::conflict, "failed index check for key " +
                                      quoted(operation.key) +
                                      ", current modify index " +
                                      std::to_string(found->modified) +
                                      " != " + std::to_string(operation.index));
    if (!by_index && found->session != operation.session)
      return fail(errc::conflict,
                  "failed session check for key " + quoted(operation.key) +
                      ", current session " + quoted(found->session) +
                      " != " + quoted(operation.session));
    add_without_value(*found);
    return {};
  }

  status write(kv_table& shard, const model::kv_operation& operation) {
    bool lives = on_.catalog.session(operation.session) != nullptr;
    auto done = shard.apply(at_, operation, lives, changes_);
    if (!done)
      return done.failure();
    if (!*done)
      return refusal(operation);
    bool removes = operation.verb == model::kv_verb::remove ||
                   operation.verb == model::kv_verb::remove_cas;
    if (removes)
      return {};
    auto written = shard.get(operation.key);
    PRAETOR_ASSERT(written);
    add_without_value(*written);
    return {};
  }

  // Only reads answer with the value; all else with the rest of the entry.
  void add_without_value(model::kv_entry entry) {
    entry.value.clear();
    out_.results.emplace_back(std::move(entry));
  }

  static status refusal(const model::kv_operation& operation) {
    auto subject = "key " + quoted(operation.key);
    switch (operation.verb) {
    case model::kv_verb::cas:
      return fail(errc::conflict,
                  "failed to set " + subject + ", index is stale");
    case model::kv_verb::remove_cas:
      return fail(errc::conflict,
                  "failed to delete " + subject + ", index is stale");
    case model::kv_verb::lock:
      return fail(errc::conflict,
                  "failed to lock " + subject + ", lock is already held");
    default:
      return fail(errc::conflict,
                  "failed to unlock " + subject +
                      ", lock isn't held, or is held by another session");
    }
  }

  state& on_;
  modify_index at_;
  model::change_set& changes_;
  model::outcome& out_;
};

} // namespace

void release_locks(state& on, modify_index at,
                   const std::vector<model::session>& ended,
                   model::change_set& changes, model::outcome& out) {
  for (auto& session : ended) {
    out.ended_sessions.push_back(session.id);
    on.queries.end_session(at, session.id, changes);
    for (auto& shard : on.shards)
      for (auto& key : shard.end_session(at, session, changes))
        if (session.lock_delay > span{})
          out.released.push_back({key, session.lock_delay});
  }
}

void run_transaction(state& on, modify_index at,
                     const model::transaction& transaction,
                     model::change_set& changes, model::outcome& out) {
  transaction_step step(on, at, changes, out);
  for (std::size_t i = 0; i < transaction.operations.size(); ++i)
    if (auto ok = std::visit(step, transaction.operations[i]); !ok)
      out.failures.push_back({i, ok.failure().text});
  if (out.failures.empty())
    return;
  out.accepted = false;
  out.results.clear();
  out.released.clear();
  out.ended_sessions.clear();
}

model::outcome read_transaction(const state& from,
                                const model::transaction& transaction) {
  auto seen = from; // shares all it has
  model::outcome out;
  out.index = from.applied;
  model::change_set changes;
  run_transaction(seen, from.applied + 1, transaction, changes, out);
  PRAETOR_ASSERT(changes.empty());
  return out;
}

} // namespace praetor::storage
