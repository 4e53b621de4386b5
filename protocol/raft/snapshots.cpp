// Raft paper, section 7: the log is cut behind a snapshot, and who needs what
// was cut gets the snapshot in pieces. The shells hold the bytes.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

snapshot_mark core::mark_at(log_index at) const {
  PRAETOR_ASSERT(at <= applied_);
  auto in_term = log_.term_at(at);
  PRAETOR_ASSERT(in_term.has_value());
  auto after = configurations_.upper_bound(at);
  PRAETOR_ASSERT(after != configurations_.begin());
  auto& ruling = has_fault(mutation::snapshot_without_members)
                     ? configuration{settings_.voters, settings_.nonvoters}
                     : std::prev(after)->second;
  return {{at, *in_term}, ruling};
}

void core::compact(log_index upto) {
  PRAETOR_ASSERT(upto >= log_.base_index());
  PRAETOR_ASSERT(upto <= applied_);
  if (upto > snapshot_.last.index)
    snapshot_ = mark_at(upto);
  auto cut = upto.value - std::min(upto.value, settings_.trailing_entries);
  // Who is being sent a snapshot needs what follows it next, or it would never
  // catch up with a log that is cut faster than a snapshot travels.
  auto held = upto.value - std::min(upto.value, held_for_snapshot_max);
  for (auto& [id, of] : lead_.followers)
    if (of.how == sending::snapshot)
      cut = std::min(cut, std::max(held, of.snapshot.last.index.value));
  if (cut <= log_.base_index().value)
    return;
  log_.truncate_prefix({cut});
  auto after = configurations_.upper_bound(log_.base_index());
  PRAETOR_ASSERT(after != configurations_.begin());
  configurations_.erase(configurations_.begin(), std::prev(after));
}

log_index core::oldest_snapshot_in_use() const {
  auto oldest = snapshot_.last.index;
  for (auto& [id, of] : lead_.followers)
    if (of.how == sending::snapshot)
      oldest = std::min(oldest, of.snapshot.last.index);
  return oldest;
}

// One piece at a time: the answer says what is wanted next, so that nothing
// has to be remembered about pieces under way.
void core::send_chunk(const node_id& to, progress& of) {
  PRAETOR_ASSERT(of.how == sending::snapshot);
  of.chunk_repeat = *now_ + settings_.election_timeout;
  send(install_snapshot{
      settings_.self, to, state_.current, of.snapshot, of.offset, {}, false});
}

void core::on(const install_snapshot_reply& answer) {
  if (role_ != role::leader || answer.in_term != state_.current)
    return;
  auto found = lead_.followers.find(answer.from);
  if (found == lead_.followers.end())
    return;
  auto& of = found->second;
  if (of.how != sending::snapshot || answer.last != of.snapshot.last.index)
    return;
  if (answer.installed) {
    of.matched(answer.last);
    of.replicate_after(answer.last);
    advance_commit();
    return;
  }
  // The receiver knows best: it may have begun anew. The same wish again is
  // under way already.
  if (answer.offset == of.offset)
    return;
  of.offset = answer.offset;
  of.chunk_due = true;
}

void core::snapshot_lost(const node_id& to) {
  auto found = lead_.followers.find(to);
  if (found == lead_.followers.end())
    return;
  if (found->second.how == sending::snapshot)
    found->second.probe_from(log_.last_index().next());
  PRAETOR_ASSERT(found->second.how != sending::snapshot);
}

void core::reply_chunk(const install_snapshot& piece, std::uint64_t offset) {
  PRAETOR_ASSERT(piece.from != settings_.self);
  send(install_snapshot_reply{settings_.self, piece.from, state_.current,
                              piece.mark.last.index, offset, false});
}

void core::on(const install_snapshot& piece) {
  if (piece.in_term < state_.current) {
    reply_chunk(piece, 0);
    return;
  }
  PRAETOR_ASSERT(piece.in_term == state_.current);
  auto& last = piece.mark.last;
  auto sound = last.index.value > 0 && last.index.value <= index_max &&
               last.in_term.value > 0 && last.in_term <= piece.in_term &&
               !piece.mark.members.voters.empty() &&
               check_configuration(piece.mark.members);
  if (role_ == role::leader || !sound)
    return;
  hear_leader(piece.from);
  if (incoming_ && incoming_->installing)
    return;
  // If our log leads there, the snapshot tells us only what is committed.
  auto old =
      last.index <= commit_ && !has_fault(mutation::install_old_snapshot);
  if (old || log_.term_at(last.index) == last.in_term) {
    incoming_.reset();
    if (!old)
      commit_upto(std::max(commit_, last.index));
    acknowledge();
    return;
  }
  incoming wanted{piece.from, piece.in_term, piece.mark, 0, false};
  auto same = incoming_ && incoming_->from == wanted.from &&
              incoming_->in_term == wanted.in_term &&
              incoming_->mark == wanted.mark;
  if (!same)
    incoming_ = wanted;
  if (piece.offset != incoming_->offset) {
    reply_chunk(piece, incoming_->offset);
    return;
  }
  if (piece.bytes.empty() && !piece.last_chunk)
    return;
  chunks_.push_back({last.index, piece.offset, piece.bytes});
  incoming_->offset += piece.bytes.size();
  if (!piece.last_chunk) {
    reply_chunk(piece, incoming_->offset);
    return;
  }
  incoming_->installing = true;
  install_ = snapshot_install{incoming_->mark};
}

void core::snapshot_installed() {
  PRAETOR_ASSERT(incoming_ && incoming_->installing);
  PRAETOR_ASSERT(role_ != role::leader);
  auto done = *std::exchange(incoming_, std::nullopt);
  auto at = done.mark.last;
  PRAETOR_ASSERT(at.index > commit_ ||
                 has_fault(mutation::install_old_snapshot));
  snapshot_ = done.mark;
  if (has_fault(mutation::snapshot_without_members))
    snapshot_.members = configurations_.begin()->second;
  log_ = log(at.index, at.in_term);
  handed_ = saved_ = commit_ = applied_ = at.index;
  uncommitted_bytes_ = 0;
  configurations_ = {{at.index, snapshot_.members}};
  accepted_ = {};
  if (leader_ == done.from && state_.current == done.in_term) {
    accepted_ = at.index;
    send(install_snapshot_reply{settings_.self, leader_, state_.current,
                                at.index, done.offset, true});
  }
}

void core::snapshot_refused() {
  PRAETOR_ASSERT(!incoming_ || role_ != role::leader);
  incoming_.reset();
}

} // namespace praetor::raft
