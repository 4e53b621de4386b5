// Snapshots around the Raft peer: when to write one, what leaves the log
// afterwards, and how one travels from the leader's disk to a follower's.

#include "actors/raft_peer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

// Where nothing is kept, memory needs no entry that has been applied: a sole
// voter has no follower to send them to.
void forget_applied(raft_peer_ptr self, const applied& done) {
  auto& state = self->state;
  if (state.snapshots || done.outcomes.empty() || state.carrier)
    return;
  auto upto = done.outcomes.back().first;
  if (upto.value < state.forgotten.value + forget_step)
    return;
  state.forgotten = upto;
  state.core->compact(upto);
}

bool snapshot_is_due(const raft_peer_state& state) {
  if (!state.snapshots || state.snapshot_under_way || state.refused_save)
    return false;
  if (state.snapshot_unreadable)
    return state.time->now() >= state.snapshot_due;
  // Who is being sent the newest snapshot but one would lose it to the next.
  if (state.core->oldest_snapshot_in_use() < state.snapshot_index)
    return false;
  auto applied = state.core->applied_index();
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
  bool again = std::exchange(state.snapshot_unreadable, false);
  if (done.index < state.snapshot_index ||
      (done.index == state.snapshot_index && !again))
    return; // one from the leader was faster
  state.snapshot_index = done.index;
  state.snapshot_bytes = done.bytes;
  if (done.index > state.core->entries().base_index())
    state.core->compact(done.index);
  auto upto = state.core->entries().base_index();
  state.drop_upto = done.older.value > 0 ? std::min(upto, done.older) : upto;
  perform(self);
}

void load(raft_peer_ptr self, const raft::snapshot_mark& mark,
          const state_ptr& found) {
  auto& state = self->state;
  state.snapshot_index = mark.last.index;
  state.bytes_since = 0;
  // The log on disk goes first: what the core says next belongs behind the
  // snapshot.
  save_request anew;
  anew.begin_after = mark.last.index;
  save_soon(self, std::move(anew));
  self->request(state.keeper, caf::infinite, at::adopt::value, found)
      .then(
          [=](log_index) {
            self->state.core->snapshot_installed();
            perform(self);
          },
          [=](caf::error& why) { stop_on(self, "the store keeper", why); });
}

} // namespace

void after_apply(raft_peer_ptr self, const applied& done) {
  forget_applied(self, done);
  snapshot_if_due(self);
}

void snapshot_if_due(raft_peer_ptr self) {
  auto& state = self->state;
  if (!snapshot_is_due(state))
    return;
  auto newest = state.readers->newest();
  log_index at{newest->applied};
  auto in_term = state.core->entries().term_at(at);
  bool is_news = at > state.snapshot_index ||
                 (at == state.snapshot_index && state.snapshot_unreadable);
  if (!in_term || !is_news || at > state.core->applied_index())
    return;
  state.snapshot_under_way = true;
  state.snapshot_due = state.time->now() + state.rules.interval;
  state.bytes_since = 0;
  auto members = raft::encode(state.core->mark_at(at).members);
  self->request(
          state.snapshots, caf::infinite, at::snapshot::value,
          snapshot_request{std::move(newest), *in_term, std::move(members)})
      .then([self](const snapshot_done& done) { on_snapshot(self, done); },
            // The log has everything still; the next try comes in its time.
            [self](caf::error& why) {
              self->state.snapshot_under_way = false;
              spdlog::warn("agent.raft: no snapshot was written: {}",
                           self->system().render(why));
            });
}

void send_piece(raft_peer_ptr self, const raft::install_snapshot& letter) {
  auto& state = self->state;
  if (!state.snapshots) {
    state.core->snapshot_lost(letter.to);
    return;
  }
  self->request(state.snapshots, caf::infinite, at::read::value,
                snapshot_place{letter.mark.last, letter.offset})
      .then(
          [=](const snapshot_piece& piece) {
            auto whole = letter;
            whole.bytes = piece.bytes;
            whole.last_chunk = piece.last;
            deliver(self, whole);
          },
          [=](caf::error& why) {
            spdlog::error("agent.raft: a snapshot for {} cannot be read: {}",
                          letter.to, self->system().render(why));
            self->state.core->snapshot_lost(letter.to);
            if (letter.mark.last.index == self->state.snapshot_index &&
                !std::exchange(self->state.snapshot_unreadable, true))
              self->state.snapshot_due = self->state.time->now();
            snapshot_if_due(self);
            perform(self);
          });
}

void take_snapshot(raft_peer_ptr self, raft::output& out) {
  auto& state = self->state;
  if (out.chunks.empty() && !out.install)
    return;
  if (!state.snapshots) { // the leader asks again for ever, and says so
    if (out.install)
      state.core->snapshot_refused();
    return;
  }
  for (auto& chunk : out.chunks)
    self->send(state.snapshots, at::save::value, std::move(chunk));
  if (!out.install)
    return;
  auto mark = out.install->mark;
  self->request(state.snapshots, caf::infinite, at::install::value, mark)
      .then(
          [=](const state_ptr& found) {
            spdlog::info("agent.raft: took the leader's snapshot: index={}",
                         mark.last.index.value);
            load(self, mark, found);
          },
          [=](caf::error& why) {
            spdlog::error("agent.raft: the leader's snapshot is refused: {}",
                          self->system().render(why));
            self->state.core->snapshot_refused();
            perform(self);
          });
}

} // namespace praetor::actors
