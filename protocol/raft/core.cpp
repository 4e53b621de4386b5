#include "protocol/raft/core.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/raft/invariants.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

status check_recovered(const hard_state& state, const log& entries,
                       log_index applied) {
  if (entries.last_term() > state.current)
    return fail(errc::corrupt, "Raft: the log reaches term " +
                                   std::to_string(entries.last_term().value) +
                                   " but the saved term is " +
                                   std::to_string(state.current.value));
  if (applied < entries.base_index() || applied > entries.last_index())
    return fail(errc::corrupt,
                "Raft: the applied index " + std::to_string(applied.value) +
                    " is outside the log, " +
                    std::to_string(entries.base_index().value) + " to " +
                    std::to_string(entries.last_index().value));
  if (state.current.value == 0 && !state.voted_for.empty())
    return fail(errc::corrupt, "Raft: a vote in term 0");
  auto first = entries.base_index().next();
  for (auto i = first; i <= entries.last_index(); i = i.next())
    if (auto& one = entries.at(i); one.kind == entry_kind::configuration)
      if (auto read = decode_configuration(one.bytes()); !read)
        return read.failure();
  return {};
}

core::core(settings chosen, hard_state recovered, log recovered_log,
           log_index applied, prng seed)
    : settings_(std::move(chosen)), chance_(seed), state_(std::move(recovered)),
      log_(std::move(recovered_log)), handed_(log_.last_index()),
      saved_(log_.last_index()), commit_(applied), applied_(applied) {
  PRAETOR_ASSERT(check_settings(settings_));
  PRAETOR_ASSERT(check_recovered(state_, log_, applied));
  reported_ = {role_, state_.current, leader_};
  configurations_[log_.base_index()] = {settings_.voters, settings_.nonvoters};
  snapshot_ = mark_at(log_.base_index());
  // What follows the applied index may or may not be committed; the next
  // leader finds out.
  auto first = log_.base_index().next();
  for (auto i = first; i <= log_.last_index(); i = i.next()) {
    learn_configuration(log_.at(i));
    if (i > commit_)
      uncommitted_bytes_ += log_.at(i).bytes().size() + entry_overhead;
  }
  check_invariants();
}

bool core::is_voter() const {
  return members().is_voter(settings_.self);
}

// A server that its own log removes may be the only one with that log: it is
// needed until the removal is committed (Ongaro's thesis, section 4.2.2).
bool core::may_stand() const {
  return is_voter() || committed_members().is_voter(settings_.self);
}

void core::see(instant now) {
  // Before a restart we may have heard a leader that relies on our silence,
  // unless nobody but us could lead.
  auto rules_alone = [this](auto& each) {
    return each.second.voters == std::vector<node_id>{settings_.self};
  };
  if (!now_ && state_.current.value > 0 &&
      !has_fault(mutation::votes_after_restart) &&
      !std::all_of(configurations_.begin(), configurations_.end(), rules_alone))
    quiet_until_ = now + settings_.election_timeout;
  if (!now_ || now > *now_)
    now_ = now;
  PRAETOR_ASSERT(*now_ >= now);
}

void core::tick(instant now) {
  if (now_ && now < *now_)
    return;
  see(now);
  if (role_ == role::leader)
    tick_leader(now);
  else
    tick_election(now);
}

void core::step(const message& received, instant now) {
  see(now);
  if (recipient(received) != settings_.self ||
      sender(received) == settings_.self || sender(received).empty() ||
      term_of(received).value > term_max)
    return;
  if (auto* asked = std::get_if<request_vote>(&received)) {
    on(*asked);
    return;
  }
  if (!meet_term(received))
    return;
  std::visit([this](auto& one) { on(one); }, received);
}

bool core::meet_term(const message& received) {
  auto theirs = term_of(received);
  if (theirs == state_.current)
    return true;
  if (auto* answer = std::get_if<request_vote_reply>(&received);
      answer && answer->trial && answer->granted)
    return true; // speaks of a term that has not begun
  if (theirs > state_.current) {
    if (has_fault(mutation::stale_leader_stays) && is_leader())
      return false;
    enter_term(theirs, {});
    become(role::follower, {});
    return true;
  }
  // A leader that was deposed hears of it by our refusal.
  return std::holds_alternative<append_entries>(received) ||
         std::holds_alternative<install_snapshot>(received);
}

output core::take_output() {
  flush_appends();
  output out;
  if (std::exchange(state_changed_, false))
    out.save_state = state_;
  if (has_fault(mutation::vote_not_saved) && role_ == role::follower)
    out.save_state.reset();
  if (handed_ < log_.last_index()) {
    out.save = log_.slice(handed_, log_.last_index());
    handed_ = log_.last_index();
  }
  out.chunks = std::exchange(chunks_, {});
  out.install = std::exchange(install_, {});
  out.send = std::exchange(send_, {});
  if (auto upto = applicable_index(); upto > applied_) {
    out.apply = log_.slice(applied_, upto);
    applied_ = upto;
  }
  take_reads(out);
  out.reports = std::exchange(reports_, {});
  PRAETOR_ASSERT(out.save.empty() || out.save.back().index == handed_);
  PRAETOR_ASSERT(out.apply.empty() || out.apply.back().index == applied_);
  return out;
}

// Waiting for our own disk too keeps the state machine from ever being ahead
// of the log that it would be rebuilt from.
log_index core::applicable_index() const {
  if (incoming_ && incoming_->installing)
    return applied_;
  if (has_fault(mutation::apply_uncommitted))
    return std::max(applied_, saved_);
  return std::max(applied_, std::min(commit_, saved_));
}

bool core::has_committed_in_term() const {
  auto found = log_.term_at(commit_);
  return found && *found == state_.current && commit_.value > 0;
}

void core::become(role next, node_id leader) {
  PRAETOR_ASSERT((next == role::leader) == (leader == settings_.self));
  PRAETOR_ASSERT(next == role::follower || next == role::leader ||
                 leader.empty());
  if (role_ == role::leader)
    fail_reads();
  role_ = next;
  leader_ = std::move(leader);
  votes_.clear();
  lead_ = {};
  accepted_ = {};
  acknowledged_ = {};
  echo_ = {};
  if (role_ == role::follower && !election_due_ && now_)
    arm_election(*now_);
  report_change();
}

void core::report_change() {
  report now{role_, state_.current, leader_};
  if (now == reported_)
    return;
  reported_ = now;
  reports_.push_back(std::move(now));
}

void core::enter_term(term next, node_id vote) {
  PRAETOR_ASSERT(next > state_.current);
  state_ = {next, std::move(vote)};
  state_changed_ = true;
}

void core::check_invariants() const {
  check_core(*this);
}

} // namespace praetor::raft
