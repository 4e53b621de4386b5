#include "actors/sim/auditor.hpp"

#include "protocol/raft/invariants.hpp"

namespace praetor::actors::sim {
namespace {

// Whole states are compared where the index is a multiple of this.
constexpr modify_index digest_stride = 32;

// A core is checked as a whole each so many steps, and when its role changes.
constexpr std::uint64_t core_check_stride = 16;

std::string text(std::uint64_t x) {
  return std::to_string(x);
}

} // namespace

std::uint64_t digest(const storage::state& of) {
  storage::state_encoder encoder(of);
  trace sum;
  for (auto bytes = encoder.next(); !bytes.empty(); bytes = encoder.next())
    sum.note_bytes(bytes);
  return sum.hash();
}

void auditor::violate(std::string what) {
  if (violation_.empty())
    violation_ = seconds_text(time_.now()) + ": " + std::move(what);
}

// -- what is applied ---------------------------------------------------------

void auditor::on_start(std::size_t which, modify_index applied) {
  servers_[which] = {};
  servers_[which].next = applied + 1;
  if (applied > reached())
    violate("server " + text(which) + " has a snapshot of index " +
            text(applied) + ", but only " + text(reached()) +
            " was ever applied");
}

void auditor::on_commit(std::size_t which, const committed& what,
                        term in_term) {
  for (auto& one : what.entries) {
    auto& next = servers_[which].next;
    auto index = one.index.value;
    trace_.note(time_.now(), 'a' << 8 | which, index);
    if (index != next)
      return violate("server " + text(which) + " applies entry " + text(index) +
                     " where " + text(next) + " is next");
    ++next;
    if (index > reached()) {
      learn(one, in_term);
      continue;
    }
    if (entries_[index - 1].entry != one)
      return violate("server " + text(which) + " applies another entry at " +
                     text(index) + ": of term " + text(one.in_term.value) +
                     ", elsewhere of term " +
                     text(entries_[index - 1].entry.in_term.value));
  }
}

void auditor::on_adopt(std::size_t which, const state_ptr& what) {
  ++trace_.counts.snapshots_taken;
  servers_[which].next = what->applied + 1;
  if (what->applied > reached())
    violate("server " + text(which) + " takes a snapshot of index " +
            text(what->applied) + ", but only " + text(reached()) +
            " was ever applied");
}

void auditor::learn(const raft::entry& one, term in_term) {
  if (!entries_.empty() && one.in_term < entries_.back().entry.in_term)
    violate("entry " + text(one.index.value) + " is of an older term than " +
            "the one before");
  if (!entries_.empty())
    in_term = std::max(in_term, entries_.back().committed_by);
  entries_.push_back({one, in_term});
  apply(entries_.back());
  auto at = one.index.value;
  if (at % digest_stride == 0) {
    digests_[at] = digest(reference_);
    check_locks();
  }
}

void auditor::apply(known& one) {
  auto at = one.entry.index.value;
  if (one.entry.kind == raft::entry_kind::command) {
    if (auto command = model::decode_command(one.entry.bytes())) {
      model::change_set changes;
      auto outcome = storage::apply(reference_, at, *command, changes);
      one.accepted = outcome.accepted;
      one.failure = outcome.failure.code;
      note_keys(changes, at);
    } else {
      one.failure = command.failure().code;
    }
  }
  reference_.applied = at;
}

void auditor::note_keys(const model::change_set& changes, modify_index at) {
  for (auto& key : changes.keys) {
    auto& known = changes_[key];
    if (!known.empty() && known.back().index == at)
      continue;
    auto& shard =
        reference_.shards[storage::shard_of(key, reference_.shards.size())];
    auto entry = shard.get(key);
    known.push_back({at, key,
                     entry ? std::optional(entry->value) : std::nullopt,
                     time_.now()});
  }
}

// Nobody holds a lock without a session.
void auditor::check_locks() {
  for (auto& shard : reference_.shards)
    shard.each(lock_prefix, [&](auto& entry) {
      if (!entry->session.empty() &&
          !reference_.catalog.session(entry->session))
        violate("key " + entry->key + " is held by session " + entry->session +
                ", which does not exist");
      return true;
    });
}

// -- what servers know -------------------------------------------------------

void auditor::check_leader(std::size_t which, const raft::core& core) {
  auto in_term = core.current_term().value;
  ++trace_.counts.elections;
  trace_.note(time_.now(), 'L' << 8 | which, in_term);
  trace_.line(time_.now(), [&] {
    return "server " + text(which) + " leads in term " + text(in_term);
  });
  auto [found, is_new] = leaders_.emplace(in_term, which);
  if (!is_new && found->second != which)
    return violate("servers " + text(found->second) + " and " + text(which) +
                   " both lead in term " + text(in_term));
  // A candidate may win late, when others have gone on in a later term: it
  // must have what was committed before its own (Raft paper, section 5.4).
  auto end =
      std::partition_point(entries_.begin(), entries_.end(), [&](auto& one) {
        return one.committed_by.value < in_term;
      });
  if (end == entries_.begin())
    return;
  // Equal terms at an index mean equal logs up to it.
  auto& last = std::prev(end)->entry;
  auto there = core.entries().term_at(last.index);
  auto is_before = last.index < core.entries().base_index();
  if (!is_before && there != last.in_term)
    violate("server " + text(which) + " leads in term " + text(in_term) +
            " without entry " + text(last.index.value) +
            ", which was applied before");
}

void auditor::check_state(std::size_t which, const state_ptr& state) {
  auto at = state->applied;
  servers_[which].looked_at = at;
  if (at % digest_stride != 0 || at == 0)
    return;
  auto known = digests_.find(at);
  if (known == digests_.end() || known->second != digest(*state))
    violate("the state of server " + text(which) + " at index " + text(at) +
            " is not what the log says");
}

void auditor::look_at(const node& one) {
  auto* core = one.core();
  if (!core)
    return;
  auto which = one.number();
  auto& known = servers_[which];
  bool anew =
      core->current_term() != known.seen_term || core->is_leader() != known.led;
  // It walks through the whole log, so not every time.
  if (anew || ++known.looks % core_check_stride == 0)
    raft::check_core(*core);
  if (core->current_term() < known.seen_term ||
      core->commit_index() < known.commit)
    violate("the term or commit index of server " + text(which) + " went back");
  known.commit = core->commit_index();
  known.seen_term = core->current_term();
  if (core->is_leader() && anew)
    check_leader(which, *core);
  known.led = core->is_leader();
  if (auto state = one.newest(); state->applied != known.looked_at)
    check_state(which, state);
}

// -- what clients were told --------------------------------------------------

void auditor::on_acknowledged(const std::string& bytes,
                              const model::outcome& told) {
  if (told.index == 0)
    return; // refused by the session keeper, never in the log
  if (told.index > reached())
    return violate("a write is acknowledged at index " + text(told.index) +
                   ", but only " + text(reached()) + " was ever applied");
  auto& there = entries_[told.index - 1];
  if (there.entry.bytes() != bytes)
    return violate("the write acknowledged at index " + text(told.index) +
                   " is not the one that was applied there");
  if (there.accepted != told.accepted || there.failure != told.failure.code)
    violate("the outcome told of index " + text(told.index) +
            " is not what came of it");
}

std::vector<applied_change> auditor::changes(const std::string& key) const {
  auto found = changes_.find(key);
  return found == changes_.end() ? std::vector<applied_change>()
                                 : found->second;
}

modify_index auditor::last_change(const std::string& key) const {
  auto found = changes_.find(key);
  return found == changes_.end() ? 0 : found->second.back().index;
}

} // namespace praetor::actors::sim
