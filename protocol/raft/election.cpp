// Raft paper, section 5.2, and Ongaro's thesis, sections 4.2.3 and 9.6: how a
// server comes to lead, and why one that merely missed something does not.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <tuple>

namespace praetor::raft {

bool core::hears_leader() const {
  if (role_ == role::leader)
    return true;
  return now_ && quiet_until_ && *now_ < *quiet_until_;
}

void core::hear_leader(const node_id& from) {
  PRAETOR_ASSERT(role_ != role::leader);
  PRAETOR_ASSERT(now_.has_value());
  if (role_ != role::follower || leader_ != from)
    become(role::follower, from);
  quiet_until_ = *now_ + settings_.election_timeout;
  arm_election(*now_);
}

void core::tick_election(instant now) {
  PRAETOR_ASSERT(role_ != role::leader);
  // While a snapshot replaces the log there is nothing to stand with.
  if (!may_stand() || (incoming_ && incoming_->installing))
    return;
  // A sole voter has nobody to wait for, except for a leader that is leaving
  // and may still have a lease.
  if (is_voter() && members().voters.size() == 1 && !hears_leader()) {
    campaign(now, false);
    return;
  }
  if (!election_due_)
    arm_election(now);
  if (now >= *election_due_)
    stand(now);
}

// Drawn anew each time, so that split votes do not repeat.
void core::arm_election(instant now) {
  PRAETOR_ASSERT(settings_.election_timeout > span{});
  auto least = settings_.election_timeout.count();
  auto extra = chance_.below(static_cast<std::uint64_t>(least));
  election_due_ = now + span{least + static_cast<span::rep>(extra)};
  PRAETOR_ASSERT(*election_due_ > now);
}

// The pre-vote: a server that could not win leaves its term alone, and so
// deposes nobody when it comes back.
void core::stand(instant now) {
  PRAETOR_ASSERT(may_stand());
  become(role::pre_candidate, {});
  arm_election(now);
  votes_[settings_.self] = true;
  ask_votes(true, false);
  count_election();
}

void core::campaign(instant now, bool transfer) {
  PRAETOR_ASSERT(may_stand());
  PRAETOR_ASSERT(role_ != role::leader);
  enter_term({state_.current.value + 1}, settings_.self);
  become(role::candidate, {});
  arm_election(now);
  // Our own vote counts at once: whatever follows from it leaves this server
  // only after the vote is saved, by the order of the output.
  votes_[settings_.self] = true;
  ask_votes(false, transfer);
  count_election();
}

void core::ask_votes(bool trial, bool transfer) {
  PRAETOR_ASSERT(!trial || !transfer);
  auto in_term = trial ? term{state_.current.value + 1} : state_.current;
  log_place last{log_.last_index(), log_.last_term()};
  for (auto& id : members().voters)
    if (id != settings_.self)
      send(request_vote{settings_.self, id, in_term, last, trial, transfer});
}

void core::on(const request_vote& asked) {
  // Who hears a leader, or leads, is not interested: the candidate has been
  // cut off or removed (thesis, section 4.2.3). Leases rest on this.
  if (hears_leader() && !asked.transfer)
    return;
  auto moves_term = !asked.trial || has_fault(mutation::trial_changes_term);
  if (asked.in_term > state_.current && moves_term) {
    enter_term(asked.in_term, {});
    become(role::follower, {});
  }
  auto newer = asked.in_term > state_.current;
  auto idle = role_ == role::follower || role_ == role::pre_candidate;
  auto open = asked.in_term == state_.current && idle &&
              (state_.voted_for.empty() || state_.voted_for == asked.from ||
               has_fault(mutation::double_vote));
  // Section 5.4.1: the later last term wins, then the longer log.
  auto mine = std::tuple(log_.last_term(), log_.last_index());
  auto theirs = std::tuple(asked.last.in_term, asked.last.index);
  auto complete = theirs >= mine || has_fault(mutation::vote_for_shorter_log);
  auto granted = complete && (asked.trial ? newer : open);
  if (granted && !asked.trial) {
    if (role_ == role::pre_candidate)
      become(role::follower, {});
    PRAETOR_ASSERT(role_ == role::follower);
    state_changed_ = state_changed_ || state_.voted_for != asked.from;
    state_.voted_for = asked.from;
    arm_election(*now_);
  }
  send(request_vote_reply{settings_.self, asked.from,
                          granted ? asked.in_term : state_.current, asked.trial,
                          granted});
}

void core::on(const request_vote_reply& answer) {
  auto expected = answer.trial ? role::pre_candidate : role::candidate;
  if (role_ != expected || !members().is_voter(answer.from))
    return;
  // Granted on trial for a term that is not the one we asked about: old.
  auto asked = term{state_.current.value + (answer.trial ? 1 : 0)};
  if (answer.granted && answer.in_term != asked)
    return;
  votes_.emplace(answer.from, answer.granted);
  count_election();
}

void core::count_election() {
  PRAETOR_ASSERT(role_ == role::candidate || role_ == role::pre_candidate);
  // A lost ballot needs no step of its own: the next timeout starts another.
  if (count_votes(members().voters, votes_) != ballot::won)
    return;
  if (role_ == role::pre_candidate) {
    campaign(*now_, false);
    return;
  }
  PRAETOR_ASSERT(state_.voted_for == settings_.self);
  become_leader();
}

void core::become_leader() {
  PRAETOR_ASSERT(role_ == role::candidate);
  PRAETOR_ASSERT(log_.last_term() < state_.current);
  become(role::leader, settings_.self);
  election_due_.reset();
  incoming_.reset();
  lead_.since = *now_;
  lead_.heartbeat_due = *now_ + settings_.heartbeat;
  follow_members(log_.last_index().next());
  // Entries of earlier terms commit only together with one of our own
  // (sections 5.4.2 and 8).
  append(entry_kind::noop, nullptr);
}

void core::step_down(node_id next) {
  PRAETOR_ASSERT(role_ == role::leader);
  PRAETOR_ASSERT(next != settings_.self);
  become(role::follower, std::move(next));
}

// The old leader has seen that our log is complete. No pre-vote: that there
// is a leader is known.
void core::on(const timeout_now& order) {
  if (order.from != leader_ || role_ != role::follower || !may_stand())
    return;
  if (incoming_ && incoming_->installing)
    return;
  campaign(*now_, true);
}

} // namespace praetor::raft
