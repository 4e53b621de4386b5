// Raft paper, section 8, and Ongaro's thesis, section 6.4: reads that miss
// nothing, without an entry in the log. Either a quorum confirms that we still
// lead, or it has promised not to elect another for a while.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <utility>

namespace praetor::raft {

status core::read(std::uint64_t ticket, instant now) {
  see(now);
  if (role_ != role::leader)
    return fail(errc::no_leader, "No cluster leader");
  if (reads_waiting() >= settings_.reads_max)
    return fail(errc::unavailable,
                "Raft: " + std::to_string(settings_.reads_max) +
                    " reads are waiting already");
  lead_.next_reads.push_back(ticket);
  begin_round();
  return {};
}

std::size_t core::reads_waiting() const {
  return lead_.reads.size() + lead_.confirmed.size() + lead_.next_reads.size();
}

// A round answers only reads that came before it began: those who come while
// it is under way wait for the next, together.
void core::begin_round() {
  PRAETOR_ASSERT(role_ == role::leader);
  auto ready = has_committed_in_term() || has_fault(mutation::read_before_noop);
  if (!lead_.reads.empty() || lead_.next_reads.empty() || !ready)
    return;
  ++lead_.round;
  for (auto ticket : std::exchange(lead_.next_reads, {}))
    lead_.reads.push_back({ticket, commit_});
  for (auto& [id, of] : lead_.followers)
    of.heartbeat_due = of.heartbeat_due || members().is_voter(id);
  confirm_reads();
}

void core::confirm_reads() {
  PRAETOR_ASSERT(role_ == role::leader);
  if (lead_.reads.empty())
    return;
  std::vector<std::uint64_t> rounds;
  for (auto& id : members().voters) {
    auto found = lead_.followers.find(id);
    if (id == settings_.self)
      rounds.push_back(lead_.round);
    else
      rounds.push_back(found == lead_.followers.end() ? 0
                                                      : found->second.round);
  }
  if (majority_value(std::move(rounds)) < lead_.round &&
      !has_fault(mutation::read_without_round))
    return;
  for (auto& one : std::exchange(lead_.reads, {}))
    lead_.confirmed.push_back(one);
  begin_round();
}

void core::fail_reads() {
  PRAETOR_ASSERT(role_ == role::leader);
  for (auto* waiting : {&lead_.reads, &lead_.confirmed})
    for (auto& one : *waiting)
      answers_.push_back({one.ticket, false, {}});
  for (auto ticket : lead_.next_reads)
    answers_.push_back({ticket, false, {}});
}

void core::take_reads(output& out) {
  out.reads = std::exchange(answers_, {});
  for (auto& one : std::exchange(lead_.confirmed, {})) {
    PRAETOR_ASSERT(one.index <= commit_);
    if (one.index <= applied_)
      out.reads.push_back({one.ticket, true, one.index});
    else
      lead_.confirmed.push_back(one);
  }
}

std::optional<instant> core::lease_end() const {
  if (role_ != role::leader)
    return std::nullopt;
  if (!has_committed_in_term() && !has_fault(mutation::read_before_noop))
    return std::nullopt;
  if (lead_.lease_is_void && !has_fault(mutation::lease_after_transfer))
    return std::nullopt;
  // From when a follower heard us it votes for nobody else for an election
  // timeout. It heard us after the message left; and its clock may be fast.
  auto lease = settings_.election_timeout -
               settings_.election_timeout / lease_margin_divisor;
  auto heard = quorum_heard(instant::max(), instant::min());
  if (heard == instant::min())
    return std::nullopt;
  // A sole voter needs nobody.
  PRAETOR_ASSERT(heard == instant::max() || heard <= *now_);
  return heard == instant::max() ? heard : heard + lease;
}

std::optional<log_index> core::lease_read(instant now) const {
  if (has_fault(mutation::lease_through_pause) && now_)
    now = *now_;
  auto end = lease_end();
  if (!end || now >= *end)
    return std::nullopt;
  return commit_;
}

} // namespace praetor::raft
