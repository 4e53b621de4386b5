// Raft paper, sections 5.3 and 5.4, seen from the leader: how entries get to
// the others and come to be committed.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

result<log_index> core::propose(std::shared_ptr<const std::string> data) {
  PRAETOR_ASSERT(data != nullptr);
  if (role_ != role::leader)
    return fail(errc::no_leader, "No cluster leader");
  if (is_transferring())
    return fail(errc::unavailable,
                "Raft: leadership is being transferred to " + lead_.successor);
  auto size = data->size();
  if (size > settings_.proposal_bytes_max)
    return fail(errc::too_large,
                "Raft: proposal of " + std::to_string(size) +
                    " bytes; allowed are " +
                    std::to_string(settings_.proposal_bytes_max));
  auto waiting = uncommitted_bytes_ + size + entry_overhead;
  if (waiting > settings_.uncommitted_bytes_max)
    return fail(errc::unavailable,
                "Raft: " + std::to_string(waiting) +
                    " bytes would wait to be committed; allowed are " +
                    std::to_string(settings_.uncommitted_bytes_max));
  return append(entry_kind::command, std::move(data));
}

log_index core::append(entry_kind kind,
                       std::shared_ptr<const std::string> data) {
  PRAETOR_ASSERT(role_ == role::leader || log_.last_index().value == 0);
  entry one{log_.last_index().next(), state_.current, kind, std::move(data)};
  uncommitted_bytes_ += one.bytes().size() + entry_overhead;
  log_.append(std::move(one));
  learn_configuration(log_.at(log_.last_index()));
  PRAETOR_ASSERT(log_.last_index() > commit_);
  return log_.last_index();
}

void core::saved(log_index upto, term in_term) {
  // News of entries that are in the snapshot, or that were replaced while the
  // disk was busy, says nothing about the log of now.
  auto held = log_.term_at(upto);
  if (upto <= saved_ || !held || *held != in_term)
    return;
  PRAETOR_ASSERT(upto <= handed_);
  saved_ = upto;
  if (role_ == role::leader)
    advance_commit();
  else if (!leader_.empty() && std::min(saved_, accepted_) > acknowledged_)
    acknowledge();
}

void core::advance_commit() {
  PRAETOR_ASSERT(role_ == role::leader);
  std::vector<log_index> durable;
  for (auto& id : members().voters) {
    auto found = lead_.followers.find(id);
    if (id != settings_.self)
      durable.push_back(found == lead_.followers.end() ? log_index{}
                                                       : found->second.match);
    else if (has_fault(mutation::leader_counts_unsaved))
      durable.push_back(log_.last_index());
    else
      durable.push_back(saved_);
  }
  auto reached = majority_value(std::move(durable));
  if (reached <= commit_)
    return;
  // Only an entry of our own term is committed by counting; those before it
  // come along (section 5.4.2, figure 8).
  if (log_.term_at(reached) != state_.current &&
      !has_fault(mutation::commit_older_term))
    return;
  commit_upto(reached);
  begin_round();
  if (committed_members().is_voter(settings_.self))
    return;
  // We are out: whoever knows most takes over, without a timeout before
  // (thesis, section 4.2.2).
  if (auto next = best_successor(); !next.empty())
    send(timeout_now{settings_.self, next, state_.current});
  step_down({});
}

void core::commit_upto(log_index reached) {
  PRAETOR_ASSERT(reached <= log_.last_index());
  for (auto i = commit_.next(); i <= reached; i = i.next()) {
    auto cost = log_.at(i).bytes().size() + entry_overhead;
    PRAETOR_ASSERT(uncommitted_bytes_ >= cost);
    uncommitted_bytes_ -= cost;
  }
  commit_ = std::max(commit_, reached);
}

// Called when the output is taken and not when something was appended, so
// that all which gathered since goes as one batch.
void core::flush_appends() {
  if (role_ != role::leader)
    return;
  for (auto& [id, of] : lead_.followers)
    send_appends(id, of);
  tell_successor();
}

void core::send_appends(const node_id& to, progress& of) {
  auto held = of.next > log_.base_index();
  // Only to those who answer: a snapshot is much to send in vain.
  if (of.how != sending::snapshot && !held && of.contact)
    of.send_snapshot(snapshot_);
  if (of.how == sending::snapshot) {
    if (std::exchange(of.chunk_due, false))
      send_chunk(to, of);
  } else if (held) {
    while (of.next <= log_.last_index() && of.has_room(settings_.in_flight_max))
      send_append(to, of, batch_end({of.next.value - 1}));
  }
  // Followers answer reads too, so they hear at once what is committed.
  auto news = of.how == sending::replicate && of.commit_sent < commit_;
  // A heartbeat goes even right after entries: those are answered only when
  // the disk over there has them, and it may be slow.
  if (std::exchange(of.heartbeat_due, false) || news)
    send_append(to, of, {of.next.value - 1});
}

log_index core::batch_end(log_index after) const {
  PRAETOR_ASSERT(after < log_.last_index());
  auto limit = std::min(log_.last_index().value,
                        after.value + settings_.append_entries_max);
  auto end = after.next();
  auto bytes = log_.at(end).bytes().size() + entry_overhead;
  while (end.value < limit) {
    bytes += log_.at(end.next()).bytes().size() + entry_overhead;
    if (bytes > settings_.append_bytes_max)
      break;
    end = end.next();
  }
  return end;
}

/// Entries after those sent up to `upto`; none make a heartbeat.
void core::send_append(const node_id& to, progress& of, log_index upto) {
  log_place previous{{of.next.value - 1}, {}};
  // What lies before our log cannot be asked about. The start of time is
  // there for everyone: a mere sign of life.
  auto known = log_.term_at(previous.index);
  if (of.how == sending::snapshot || !known)
    previous = {};
  else
    previous.in_term = *known;
  append_entries made{settings_.self,
                      to,
                      state_.current,
                      previous,
                      {},
                      commit_,
                      {now_->time_since_epoch().count(), lead_.round}};
  of.commit_sent = commit_;
  if (upto >= of.next) {
    PRAETOR_ASSERT(known.has_value());
    made.entries = log_.slice(previous.index, upto);
    of.sent(upto);
  }
  send(std::move(made));
}

void core::on(const append_entries_reply& answer) {
  if (role_ != role::leader || answer.in_term != state_.current)
    return;
  auto found = lead_.followers.find(answer.from);
  auto last = log_.last_index();
  if (found == lead_.followers.end() || answer.match > last ||
      answer.accepted > last)
    return;
  auto& of = found->second;
  note_contact(of, answer.returned);
  if (!answer.success) {
    on_refusal(of, answer);
  } else {
    of.matched(answer.match);
    auto has_snapshot =
        of.how == sending::snapshot && of.match >= of.snapshot.last.index;
    if (of.how == sending::probe || has_snapshot)
      of.replicate_after(std::max(answer.accepted, answer.match));
    advance_commit();
  }
  if (role_ == role::leader)
    confirm_reads();
}

// Section 5.3, the last paragraphs: one refusal for each term in conflict,
// not one for each entry.
void core::on_refusal(progress& of, const append_entries_reply& answer) {
  // An old refusal: what it asked for is there by now.
  if (of.how == sending::snapshot || answer.refused <= of.match)
    return;
  if (of.how == sending::probe && answer.refused.next() != of.next)
    return;
  if (of.how == sending::replicate && answer.refused >= of.next)
    return;
  auto from = answer.conflict.index;
  // If we have that term too, our logs may meet where ours of it ends.
  if (answer.conflict.in_term.value > 0) {
    auto i = std::min(answer.refused, log_.last_index());
    while (i > log_.base_index() && i > of.match &&
           *log_.term_at(i) > answer.conflict.in_term)
      --i.value;
    if (log_.term_at(i) == answer.conflict.in_term)
      from = i.next();
  }
  of.probe_from(std::max(std::min(from, answer.refused), log_index{1}));
  PRAETOR_ASSERT(of.next <= std::max(answer.refused, of.match.next()));
}

} // namespace praetor::raft
