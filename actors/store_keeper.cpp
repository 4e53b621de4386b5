// The store keeper applies committed entries in order. Operations on single
// keys go to the shards' actors, as many at once as the log offers; a command
// that needs the whole state (a transaction, the catalogue, the end of a
// session) waits until all shards are done, is applied here, and its parts go
// back to the shards. Either way a batch becomes visible at once.

#include "actors/store_keeper.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

using job = store_keeper_state::job;

void work(store_keeper_ptr self);

void finish(store_keeper_ptr self) {
  auto& state = self->state;
  auto done = std::move(state.jobs.front());
  state.jobs.pop_front();
  std::sort(done.done.outcomes.begin(), done.done.outcomes.end(),
            [](auto& a, auto& b) { return a.first < b.first; });
  auto snapshot = std::make_shared<const storage::state>(state.state);
  state.readers->publish(snapshot);
  publication_note note{
      std::move(snapshot),
      std::make_shared<const model::change_set>(std::move(done.changes)),
      {}};
  for (auto& [index, outcome] : done.done.outcomes)
    note.released.insert(note.released.end(), outcome.released.begin(),
                         outcome.released.end());
  for (auto& one : state.listeners)
    self->send(one, at::publish::value, note);
  done.promise.deliver(std::move(done.done));
}

void on_shard_done(store_keeper_ptr self, std::size_t shard,
                   const shard_done& part) {
  auto& state = self->state;
  auto& current = state.jobs.front();
  state.state.shards[shard] = part.table;
  auto& outcomes = current.done.outcomes;
  outcomes.insert(outcomes.end(), part.outcomes.begin(), part.outcomes.end());
  auto& keys = current.changes.keys;
  keys.insert(keys.end(), part.changes.keys.begin(), part.changes.keys.end());
  PRAETOR_ASSERT(state.shards_busy > 0);
  if (--state.shards_busy == 0)
    work(self);
}

// A part of the state is lost, so nothing more may be applied; a promise that
// is only dropped would be waited for without end.
void stop_on(store_keeper_ptr self, const caf::error& why) {
  spdlog::critical("agent.store: a shard failed, nothing more is applied");
  for (auto& one : std::exchange(self->state.jobs, {})) {
    if (one.anew)
      one.adopted.deliver(why);
    else
      one.promise.deliver(why);
  }
  self->quit(why);
}

// True when some shard was given something to do.
bool dispatch(store_keeper_ptr self) {
  auto& state = self->state;
  for (std::size_t i = 0; i < state.batches.size(); ++i) {
    if (state.batches[i].items.empty())
      continue;
    ++state.shards_busy;
    self->request(state.shards[i], caf::infinite, at::apply::value,
                  std::exchange(state.batches[i], {}))
        .then([=](const shard_done& part) { on_shard_done(self, i, part); },
              [=](caf::error& why) { stop_on(self, why); });
  }
  return state.shards_busy > 0;
}

void apply_here(store_keeper_ptr self, job& current, log_index at,
                const model::command& command) {
  auto& state = self->state;
  auto keys_before = current.changes.keys.size();
  auto outcome =
      storage::apply(state.state, at.value, command, current.changes);
  bool shards_changed = current.changes.keys.size() > keys_before ||
                        current.changes.everything ||
                        std::holds_alternative<model::reap_tombstones>(command);
  if (shards_changed)
    for (std::size_t i = 0; i < state.shards.size(); ++i)
      self->send(state.shards[i], at::adopt::value, state.state.shards[i]);
  current.done.outcomes.emplace_back(at, std::move(outcome));
}

void queue_for_shard(store_keeper_ptr self, std::size_t shard, log_index at,
                     model::command& command) {
  auto& state = self->state;
  auto& operation = std::get<model::kv_operation>(command);
  bool lives = operation.verb == model::kv_verb::lock &&
               state.state.catalog.session(operation.session) != nullptr;
  state.batches[shard].items.push_back(
      {at, at.value + state.state.ahead, std::move(operation), lives});
  state.state.applied = at.value;
}

// Applies one entry; false when the shards have to finish first.
bool step(store_keeper_ptr self, job& current, const raft::entry& entry) {
  if (entry.kind != raft::entry_kind::command) {
    self->state.state.applied = entry.index.value;
    return true;
  }
  PRAETOR_ASSERT(entry.data);
  auto command = model::decode_command(*entry.data);
  if (!command) {
    // Committed, yet unreadable: all nodes see the same and skip it alike.
    spdlog::error("agent.store: entry {} is skipped: {}", entry.index.value,
                  command.failure().text);
    model::outcome refused;
    refused.index = entry.index.value;
    refused.failure = command.failure();
    current.done.outcomes.emplace_back(entry.index, std::move(refused));
    self->state.state.applied = entry.index.value;
    return true;
  }
  auto shards = self->state.shards.size();
  if (auto shard = storage::only_shard(*command, shards)) {
    queue_for_shard(self, *shard, entry.index, *command);
    return true;
  }
  if (dispatch(self))
    return false;
  apply_here(self, current, entry.index, *command);
  return true;
}

void share_out(store_keeper_ptr self, const storage::state& from) {
  auto& state = self->state;
  PRAETOR_ASSERT(from.shards.size() == state.shards.size());
  state.state = from;
  for (std::size_t i = 0; i < state.shards.size(); ++i)
    self->send(state.shards[i], at::adopt::value, from.shards[i]);
}

// Another server's snapshot takes the place of all that was applied here.
void adopt(store_keeper_ptr self) {
  auto& state = self->state;
  auto done = std::move(state.jobs.front());
  state.jobs.pop_front();
  PRAETOR_ASSERT(done.anew->applied >= state.state.applied);
  share_out(self, *done.anew);
  state.readers->publish(done.anew);
  auto changes = std::make_shared<model::change_set>();
  changes->everything = true;
  publication_note note{done.anew, std::move(changes), {}};
  for (auto& one : state.listeners)
    self->send(one, at::publish::value, note);
  done.adopted.deliver(log_index{done.anew->applied});
}

void work(store_keeper_ptr self) {
  auto& state = self->state;
  while (!state.jobs.empty() && state.shards_busy == 0) {
    auto& current = state.jobs.front();
    if (current.anew) {
      adopt(self);
      continue;
    }
    while (current.next < current.entries.size()) {
      if (!step(self, current, current.entries[current.next]))
        return;
      ++current.next;
    }
    if (dispatch(self))
      return;
    finish(self);
  }
}

caf::typed_response_promise<applied> enqueue(store_keeper_ptr self,
                                             const committed& batch) {
  auto promise = self->make_response_promise<applied>();
  auto& added = self->state.jobs.emplace_back();
  added.entries = batch.entries;
  added.promise = promise;
  if (self->state.jobs.size() == 1)
    work(self);
  return promise;
}

caf::typed_response_promise<log_index> enqueue(store_keeper_ptr self,
                                               const state_ptr& anew) {
  auto promise = self->make_response_promise<log_index>();
  auto& added = self->state.jobs.emplace_back();
  added.anew = anew;
  added.adopted = promise;
  if (self->state.jobs.size() == 1)
    work(self);
  return promise;
}

// A state that came out of a snapshot is published before there is a keeper:
// it and its shards go on from there.
void take_over(store_keeper_ptr self) {
  auto newest = self->state.readers->newest();
  if (newest->applied > 0)
    share_out(self, *newest);
}

} // namespace

store_keeper_actor::behavior_type
store_keeper(store_keeper_ptr self, std::vector<kv_shard_actor> shards,
             std::shared_ptr<publication> readers) {
  PRAETOR_ASSERT(!shards.empty() && readers);
  self->state.state = storage::state(shards.size());
  self->state.batches.resize(shards.size());
  self->state.shards = std::move(shards);
  self->state.readers = std::move(readers);
  take_over(self);
  return {
      [=](at::apply, const committed& batch) { return enqueue(self, batch); },
      [=](at::adopt, const state_ptr& anew) { return enqueue(self, anew); },
      [=](at::subscribe, const state_listener_actor& who) {
        self->state.listeners.push_back(who);
      },
  };
}

} // namespace praetor::actors
