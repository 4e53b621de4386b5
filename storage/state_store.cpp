#include "storage/state_store.hpp"

#include "protocol/base/uuid.hpp"
#include "storage/transaction.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

model::outcome outcome_at(modify_index at) {
  model::outcome out;
  out.index = at;
  return out;
}

class applier {
public:
  applier(state& on, modify_index at, model::change_set& changes)
      : on_(on), at_(at), changes_(changes), out_(outcome_at(at)) {}

  void operator()(const model::kv_operation& operation) {
    if (operation.verb == model::kv_verb::remove_tree) {
      for (auto& shard : on_.shards)
        if (auto done = shard.apply(at_, operation, true, changes_); !done)
          out_.failure = done.failure();
      return;
    }
    bool lives = on_.catalog.session(operation.session) != nullptr;
    out_ =
        apply_to_shard(on_.shards[shard_of(operation.key, on_.shards.size())],
                       at_, operation, lives, changes_);
  }

  void operator()(const model::transaction& transaction) {
    auto before = on_;
    model::change_set changed;
    run_transaction(on_, at_, transaction, changed, out_);
    if (!out_.failures.empty()) {
      on_ = before;
      return;
    }
    for (auto& key : changed.keys)
      changes_.keys.push_back(std::move(key));
    for (auto& topic : changed.topics)
      changes_.topics.push_back(std::move(topic));
  }

  void operator()(const model::catalog_register& command) {
    change_catalog(command);
  }
  void operator()(const model::catalog_deregister& command) {
    change_catalog(command);
  }

  void operator()(const model::session_create& command) {
    if (auto ok = on_.catalog.apply(at_, command, changes_); !ok)
      out_.failure = ok.failure();
  }

  void operator()(const model::session_destroy& command) {
    if (auto ended = on_.catalog.apply(at_, command, changes_))
      release_locks(on_, at_, {*ended}, changes_, out_);
  }

  void operator()(const model::reap_tombstones& command) {
    for (auto& shard : on_.shards)
      shard.reap_tombstones(command.upto);
  }

  void operator()(const model::autopilot_set& command) {
    using condition = model::autopilot_set::condition;
    auto& old = on_.autopilot;
    bool holds = command.only_if == condition::always ||
                 (command.only_if == condition::absent && !old) ||
                 (command.only_if == condition::index && old &&
                  old->modified == command.index);
    out_.accepted = holds;
    if (!holds)
      return;
    auto made = std::make_shared<model::autopilot_config>(command.config);
    made->created = old ? old->created : at_;
    made->modified = at_;
    on_.autopilot = std::move(made);
    changes_.topics.push_back(model::topic::autopilot);
  }

  void operator()(const model::query_put& command) {
    if (auto ok = on_.queries.check(command); !ok)
      return refuse(ok.failure());
    auto& given = command.query;
    if (auto& id = given.session; !id.empty()) {
      if (auto fault = uuid_fault(id); !fault.empty())
        return refuse(fail(errc::bad_input, "invalid session: " + fault));
      if (!on_.catalog.session(id))
        return refuse(fail(errc::not_found, "invalid session \"" + id + "\""));
    }
    if (auto ok = model::check_template(given); !ok)
      return refuse(fail(ok.failure().code,
                         "failed compiling template: " + ok.failure().text));
    on_.queries.put(at_, given, changes_);
  }

  void operator()(const model::query_remove& command) {
    if (auto ok = on_.queries.remove(at_, command.id, changes_); !ok)
      refuse(ok.failure());
  }

  void operator()(const model::restore_part& command) {
    if (auto ok = apply_restore(on_, at_ - on_.ahead, command, changes_); !ok)
      refuse(ok.failure());
    out_.index = std::max(out_.index, on_.restored);
  }

  void operator()(const model::restore_abort& command) {
    if (on_.restoring.id == command.id)
      on_.restoring = {};
  }

  model::outcome take() { return std::move(out_); }

private:
  void refuse(const error& why) { out_.failure = why; }

  template <class Command>
  void change_catalog(const Command& command) {
    std::vector<model::session> ended;
    model::change_set changed;
    auto ok = on_.catalog.apply(at_, command, changed, ended);
    if (!ok) {
      out_.failure = ok.failure();
      return;
    }
    for (auto& topic : changed.topics)
      changes_.topics.push_back(std::move(topic));
    release_locks(on_, at_, ended, changes_, out_);
  }

  state& on_;
  modify_index at_;
  model::change_set& changes_;
  model::outcome out_;
};

} // namespace

std::size_t shard_of(std::string_view key, std::size_t shard_count) {
  PRAETOR_ASSERT(shard_count > 0);
  // FNV-1a, 64 bits: the same on every node and every build.
  std::uint64_t hash = 14695981039346656037ull;
  for (auto c : key)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  // The last bytes of a key hardly reach the middle of the hash, and keys that
  // are used together differ there: the low half takes part too.
  return static_cast<std::size_t>((hash ^ (hash >> 32)) % shard_count);
}

std::optional<std::size_t> only_shard(const model::command& command,
                                      std::size_t shard_count) {
  auto* operation = std::get_if<model::kv_operation>(&command);
  if (!operation || operation->verb == model::kv_verb::remove_tree)
    return std::nullopt;
  return shard_of(operation->key, shard_count);
}

model::outcome apply_to_shard(kv_table& shard, modify_index at,
                              const model::kv_operation& operation,
                              bool session_lives, model::change_set& changes) {
  auto out = outcome_at(at);
  auto done = shard.apply(at, operation, session_lives, changes);
  if (done)
    out.accepted = *done;
  else
    out.failure = done.failure();
  return out;
}

model::outcome apply(state& on, modify_index at, const model::command& command,
                     model::change_set& changes) {
  PRAETOR_ASSERT(at > on.applied);
  applier step(on, at + on.ahead, changes);
  std::visit(step, command);
  on.applied = at;
  return step.take();
}

} // namespace praetor::storage
