// Raft paper, figure 2, "AppendEntries RPC", seen from the receiver: how a
// follower's log becomes the leader's.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

bool core::is_sound(const append_entries& sent) const {
  auto index = sent.previous.index;
  auto in_term = sent.previous.in_term;
  if ((index.value == 0) != (in_term.value == 0))
    return false;
  if (index.value > index_max)
    return false;
  for (auto& one : sent.entries) {
    index = index.next();
    if (one.index != index || one.in_term < in_term || one.in_term.value == 0)
      return false;
    in_term = one.in_term;
    if (static_cast<std::uint8_t>(one.kind) >= entry_kinds)
      return false;
    if (one.kind == entry_kind::configuration &&
        !decode_configuration(one.bytes()))
      return false;
  }
  return in_term <= sent.in_term;
}

void core::on(const append_entries& sent) {
  if (sent.in_term < state_.current) {
    // Our term is newer: who sent this is no leader any more.
    refuse(sent);
    return;
  }
  PRAETOR_ASSERT(sent.in_term == state_.current);
  // There is one leader in a term; if it is us, the sender is broken.
  if (role_ == role::leader || !is_sound(sent))
    return;
  hear_leader(sent.from);
  auto is_asked = sent.returned.round > echo_.round;
  echo_ = sent.returned;
  if (incoming_ && incoming_->installing) {
    acknowledge();
    return;
  }
  auto held = log_.term_at(sent.previous.index);
  auto before_log = sent.previous.index < log_.base_index();
  if (!before_log && held != sent.previous.in_term) {
    refuse(sent);
    return;
  }
  auto end = take_entries(sent);
  accepted_ = std::max(accepted_, end);
  auto reached = std::min(sent.commit, end);
  if (has_fault(mutation::follower_commits_tail))
    reached = std::min(sent.commit, log_.last_index());
  commit_upto(std::max(commit_, reached));
  // Entries are answered when they are saved, so that a batch costs one
  // answer. Whoever waits for a sign of life gets it now.
  if (sent.entries.empty() || is_asked || saved_ >= end)
    acknowledge();
}

void core::refuse(const append_entries& sent) {
  append_entries_reply answer{settings_.self, sent.from, state_.current};
  answer.refused = sent.previous.index;
  answer.returned = sent.returned;
  auto at = sent.previous.index;
  if (at > log_.last_index()) {
    answer.conflict = {log_.last_index().next(), {}};
  } else if (auto held = log_.term_at(at)) {
    auto first = at;
    while (first.value - 1 > log_.base_index().value &&
           log_.term_at({first.value - 1}) == held)
      --first.value;
    answer.conflict = {first, *held};
  }
  PRAETOR_ASSERT(!answer.success);
  send(std::move(answer));
}

log_index core::take_entries(const append_entries& sent) {
  auto end = sent.previous.index;
  for (auto& one : sent.entries) {
    PRAETOR_ASSERT(one.index == end.next());
    if (one.index > log_.last_index()) {
      uncommitted_bytes_ += one.bytes().size() + entry_overhead;
      log_.append(one);
      learn_configuration(one);
    } else if (one.index > log_.base_index() &&
               log_.at(one.index).in_term != one.in_term) {
      // Only our own fault or the sender's could bring this about; what is
      // committed stays.
      if (one.index <= commit_)
        return end;
      // The disk is still at what is to be replaced. If the same entry came
      // back later, old news of it would pass for new: wait instead.
      if (one.index <= handed_ && saved_ < handed_)
        return end;
      cut_log(one.index);
      uncommitted_bytes_ += one.bytes().size() + entry_overhead;
      log_.append(one);
      learn_configuration(one);
    }
    end = one.index;
  }
  if (has_fault(mutation::append_cuts_tail) && end < log_.last_index() &&
      end >= log_.base_index())
    cut_log(end.next());
  return end;
}

// Section 5.3: what conflicts with the leader goes, and all that follows it.
void core::cut_log(log_index from) {
  PRAETOR_ASSERT(role_ != role::leader);
  for (auto i = log_.last_index(); i >= from; --i.value)
    if (i > commit_)
      uncommitted_bytes_ -= log_.at(i).bytes().size() + entry_overhead;
  log_.truncate_suffix(from);
  configurations_.erase(configurations_.lower_bound(from),
                        configurations_.end());
  PRAETOR_ASSERT(!configurations_.empty());
  auto last = log_.last_index();
  handed_ = std::min(handed_, last);
  saved_ = std::min(saved_, last);
  accepted_ = std::min(accepted_, last);
}

// What is committed is the leader's too, whoever told us of it.
void core::acknowledge() {
  PRAETOR_ASSERT(role_ == role::follower);
  PRAETOR_ASSERT(!leader_.empty());
  auto equal = std::max(accepted_, commit_);
  auto match = std::min(equal, saved_);
  if (has_fault(mutation::acknowledge_unsaved))
    match = equal;
  acknowledged_ = std::max(acknowledged_, match);
  append_entries_reply answer{settings_.self, leader_, state_.current, true};
  answer.match = match;
  answer.accepted = equal;
  answer.returned = echo_;
  send(std::move(answer));
}

} // namespace praetor::raft
