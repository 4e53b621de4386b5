// A Raft peer decides nothing. It feeds ticks and proposals to `raft::core`
// and carries out the core's output: save, then apply, then report. All
// proposals of one turn of its mailbox go into one batch.

#include "actors/raft_peer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

void perform(raft_peer_ptr self);

// A single voter's memory needs no entry that has been applied: the disk has
// them, and there is no follower to send them to.
void forget_applied(raft_peer_ptr self, const applied& done) {
  if (done.outcomes.empty() || self->state.core->chosen().voters.size() > 1)
    return;
  auto upto = done.outcomes.back().first;
  if (upto.value < self->state.forgotten.value + forget_step)
    return;
  self->state.forgotten = upto;
  self->state.core->compact(upto);
}

bool snapshot_is_due(const raft_peer_state& state) {
  if (!state.snapshots || state.snapshot_under_way)
    return false;
  auto applied = state.core->applied_index();
  PRAETOR_ASSERT(applied >= state.snapshot_index);
  if (state.bytes_since >=
      std::max(state.rules.log_bytes_max, state.snapshot_bytes))
    return true;
  return applied.value - state.snapshot_index.value >= state.rules.entries &&
         state.time->now() >= state.snapshot_due;
}

// The snapshot is durable: what it stands for may leave the log. Some of it
// stays for followers, and all that the older snapshot would need if this one
// decayed.
void on_snapshot(raft_peer_ptr self, const snapshot_done& done) {
  auto& state = self->state;
  state.snapshot_under_way = false;
  state.snapshot_index = done.index;
  state.snapshot_bytes = done.bytes;
  auto trailing = std::min(state.rules.trailing, done.index.value);
  log_index upto{done.index.value - trailing};
  if (upto > state.core->entries().base_index())
    state.core->compact(upto);
  state.drop_upto = done.older.value > 0 ? std::min(upto, done.older) : upto;
  perform(self);
}

void snapshot_if_due(raft_peer_ptr self) {
  auto& state = self->state;
  if (!snapshot_is_due(state))
    return;
  auto newest = state.readers->newest();
  auto in_term = state.core->entries().term_at({newest->applied});
  if (!in_term || newest->applied <= state.snapshot_index.value)
    return;
  state.snapshot_under_way = true;
  state.snapshot_due = state.time->now() + state.rules.interval;
  state.bytes_since = 0;
  self->request(state.snapshots, caf::infinite, at::snapshot::value,
                snapshot_request{std::move(newest), *in_term, {}})
      .then([self](const snapshot_done& done) { on_snapshot(self, done); },
            // The log has everything still; the next try comes in its time.
            [self](caf::error& why) {
              self->state.snapshot_under_way = false;
              spdlog::warn("agent.raft: no snapshot was written: {}",
                           self->system().render(why));
            });
}

void answer(raft_peer_ptr self, const applied& done) {
  forget_applied(self, done);
  snapshot_if_due(self);
  auto& proposers = self->state.proposers;
  for (auto& [index, outcome] : done.outcomes) {
    auto found = proposers.find(index);
    if (found == proposers.end())
      continue;
    found->second.deliver(outcome);
    proposers.erase(found);
  }
}

void fail_proposers(raft_peer_ptr self, const char* why) {
  auto proposers = std::move(self->state.proposers);
  self->state.proposers.clear();
  for (auto& [index, promise] : proposers) {
    model::outcome refused;
    refused.failure = fail(errc::no_leader, why);
    promise.deliver(std::move(refused));
  }
}

// What readers and listeners know of who leads.
void announce(raft_peer_ptr self, bool leads, bool leader_known) {
  auto& state = self->state;
  state.leads = leads;
  state.readers->set_leadership(
      {.leader_known = leader_known,
       .is_leader = leads,
       .leader_address = leads ? state.own_address : "",
       .peer_addresses = {state.own_address}});
  for (auto& one : state.listeners)
    self->send(one, at::lead::value, leads);
}

void on_report(raft_peer_ptr self, const raft::report& news) {
  self->state.won.reset();
  if (news.now == raft::role::leader) {
    self->state.won = news.in_term;
    return;
  }
  fail_proposers(self, "leadership was lost while the write was under way");
  announce(self, false, !news.leader.empty());
}

// An entry of the term just won is applied, and so is all before it: whoever
// reads here now misses nothing that was ever committed.
void on_caught_up(raft_peer_ptr self, term reached) {
  if (self->state.won != reached)
    return;
  self->state.won.reset();
  spdlog::info("agent.server: cluster leadership acquired: term={}",
               reached.value);
  announce(self, true, true);
}

void stop_on(raft_peer_ptr self, const char* who, const caf::error& why) {
  spdlog::critical("agent.raft: {} failed, this server stops: {}", who,
                   self->system().render(why));
  fail_proposers(self, "the server is stopping: its log failed");
  announce(self, false, false);
  self->quit(why);
}

void save(raft_peer_ptr self, raft::output& out) {
  auto drop_upto = std::exchange(self->state.drop_upto, {});
  if (!out.save_state && out.save.empty() && drop_upto.value == 0)
    return;
  self->state.saving = true;
  self->request(self->state.writer, caf::infinite, at::save::value,
                save_request{out.save_state, std::move(out.save), drop_upto})
      .then(
          [self](const saved& done) {
            self->state.saving = false;
            if (done.upto.value > 0)
              self->state.core->saved(done.upto, done.in_term);
            perform(self);
          },
          // A peer that cannot save must not vote: stop, let the node decide.
          [self](caf::error& why) { stop_on(self, "the log writer", why); });
}

// While the disk is at work the core gathers: what comes in meanwhile is
// saved by the next sync, all at once.
void perform(raft_peer_ptr self) {
  if (self->state.saving)
    return;
  auto out = self->state.core->take_output();
  save(self, out);
  for (auto& entry : out.apply)
    self->state.bytes_since += entry.bytes().size() + raft::entry_overhead;
  if (!out.apply.empty()) {
    auto reached = out.apply.back().in_term;
    self->request(self->state.keeper, caf::infinite, at::apply::value,
                  committed{std::move(out.apply)})
        .then(
            [=](const applied& done) {
              answer(self, done);
              on_caught_up(self, reached);
            },
            [=](caf::error& why) { stop_on(self, "the store keeper", why); });
  }
  for (auto& news : out.reports)
    on_report(self, news);
}

// The flush is queued behind the proposals that are already in the mailbox.
void flush_soon(raft_peer_ptr self) {
  if (std::exchange(self->state.flush_is_due, true))
    return;
  self->send(self, at::flush::value);
}

caf::typed_response_promise<model::outcome> propose(raft_peer_ptr self,
                                                    const proposal& given) {
  auto promise = self->make_response_promise<model::outcome>();
  auto index = self->state.core->propose(given.data);
  if (!index) {
    model::outcome refused;
    refused.failure = index.failure();
    promise.deliver(std::move(refused));
    return promise;
  }
  self->state.proposers.emplace(*index, promise);
  flush_soon(self);
  return promise;
}

void tick(raft_peer_ptr self) {
  self->state.core->tick(self->state.time->now());
  perform(self);
  snapshot_if_due(self);
  self->state.time->after(raft_tick,
                          caf::actor_cast<caf::strong_actor_ptr>(self),
                          caf::make_message(at::tick::value));
}

} // namespace

raft_peer_actor::behavior_type
raft_peer(raft_peer_ptr self, std::shared_ptr<raft_peer_parts> parts) {
  auto& state = self->state;
  state.core = std::move(parts->core);
  state.writer = parts->writer;
  state.keeper = parts->keeper;
  state.readers = parts->readers;
  state.time = parts->time;
  state.own_address = parts->own_address;
  state.snapshots = parts->snapshots;
  state.rules = parts->rules;
  PRAETOR_ASSERT(state.core && state.readers && state.time);
  // The log in memory begins where the snapshot ends.
  state.snapshot_index = state.core->entries().base_index();
  self->send(self, at::tick::value);
  return {
      [=](at::propose, const proposal& given) { return propose(self, given); },
      [=](at::tick) { tick(self); },
      [=](at::flush) {
        self->state.flush_is_due = false;
        perform(self);
      },
      [=](at::subscribe, const leadership_listener_actor& who) {
        self->state.listeners.push_back(who);
        self->send(who, at::lead::value, self->state.leads);
      },
  };
}

} // namespace praetor::actors
