#include "protocol/raft/invariants.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <optional>

namespace praetor::raft {
namespace {

void check_indexes(const core& now) {
  auto base = now.entries().base_index();
  auto last = now.last_index();
  PRAETOR_ASSERT(base <= now.applied_index());
  PRAETOR_ASSERT(now.applied_index() <= now.commit_index());
  PRAETOR_ASSERT(now.applied_index() <= now.saved_index());
  PRAETOR_ASSERT(now.commit_index() <= last);
  PRAETOR_ASSERT(now.saved_index() <= now.handed_index());
  PRAETOR_ASSERT(now.handed_index() <= last);
}

void check_log(const core& now) {
  auto& entries = now.entries();
  auto before = entries.base_term();
  std::size_t waiting = 0;
  for (auto i = entries.base_index().next(); i <= entries.last_index();
       i = i.next()) {
    auto& one = entries.at(i);
    PRAETOR_ASSERT(one.index == i);
    PRAETOR_ASSERT(one.in_term >= before);
    before = one.in_term;
    if (i > now.commit_index())
      waiting += one.bytes().size() + entry_overhead;
  }
  PRAETOR_ASSERT(before <= now.current_term());
  PRAETOR_ASSERT(waiting == now.uncommitted_bytes());
}

void check_role(const core& now) {
  auto& self = now.chosen().self;
  PRAETOR_ASSERT(now.is_leader() == (now.leader() == self));
  PRAETOR_ASSERT(now.is_leader() || now.followers().empty());
  if (now.current_role() == role::follower)
    return;
  PRAETOR_ASSERT(now.may_stand());
  PRAETOR_ASSERT(now.is_leader() || now.leader().empty());
  if (now.current_role() == role::pre_candidate)
    return;
  PRAETOR_ASSERT(now.current_term().value > 0);
  PRAETOR_ASSERT(now.voted_for() == self);
  // A leader has appended to the log in its term before anything else.
  if (now.is_leader())
    PRAETOR_ASSERT(now.entries().last_term() == now.current_term());
}

void check_followers(const core& now) {
  auto& chosen = now.chosen();
  for (auto& [id, of] : now.followers()) {
    PRAETOR_ASSERT(now.members().has(id));
    PRAETOR_ASSERT(id != chosen.self);
    PRAETOR_ASSERT(of.match < of.next);
    PRAETOR_ASSERT(of.match <= now.last_index());
    PRAETOR_ASSERT(of.next <= now.last_index().next());
    PRAETOR_ASSERT(of.in_flight.size() <= chosen.in_flight_max);
    PRAETOR_ASSERT(of.in_flight.empty() || of.how == sending::replicate);
  }
  PRAETOR_ASSERT(now.reads_waiting() <= chosen.reads_max);
}

// Each configuration of the log differs from the one before by one voter.
void check_members(const core& now) {
  PRAETOR_ASSERT(check_configuration(now.members()));
  PRAETOR_ASSERT(now.newest_snapshot().last.index <= now.applied_index());
  PRAETOR_ASSERT(now.newest_snapshot().last.index >=
                 now.entries().base_index());
  auto before = std::optional<configuration>();
  auto first = now.entries().base_index().next();
  for (auto i = first; i <= now.last_index(); i = i.next()) {
    auto& one = now.entries().at(i);
    if (one.kind != entry_kind::configuration)
      continue;
    auto ruling = decode_configuration(one.bytes());
    PRAETOR_ASSERT(ruling.has_value());
    PRAETOR_ASSERT(!before || voters_apart(*before, *ruling) <= 1);
    before = *ruling;
  }
  PRAETOR_ASSERT(!before || *before == now.members());
}

} // namespace

void check_core(const core& now) {
  check_indexes(now);
  check_log(now);
  check_role(now);
  check_followers(now);
  check_members(now);
}

void check_step(const core& before, const core& after) {
  PRAETOR_ASSERT(before.current_term() <= after.current_term());
  PRAETOR_ASSERT(before.commit_index() <= after.commit_index());
  PRAETOR_ASSERT(before.applied_index() <= after.applied_index());
  auto same_term = before.current_term() == after.current_term();
  // One vote per term, and a leader never overwrites its log.
  if (same_term && !before.voted_for().empty())
    PRAETOR_ASSERT(before.voted_for() == after.voted_for());
  if (same_term && before.is_leader() && after.is_leader())
    PRAETOR_ASSERT(before.last_index() <= after.last_index());
  auto first =
      std::max(before.entries().base_index(), after.entries().base_index());
  for (auto i = first.next(); i <= before.commit_index(); i = i.next())
    PRAETOR_ASSERT(before.entries().at(i) == after.entries().at(i));
}

void check_pair(const core& one, const core& other) {
  if (one.is_leader() && other.is_leader())
    PRAETOR_ASSERT(one.current_term() != other.current_term());
  auto& a = one.entries();
  auto& b = other.entries();
  auto first = std::max(a.base_index(), b.base_index());
  auto last = std::min(a.last_index(), b.last_index());
  bool matched = false;
  for (auto i = last; i > first; --i.value) {
    matched = matched || a.at(i).in_term == b.at(i).in_term;
    if (matched)
      PRAETOR_ASSERT(a.at(i) == b.at(i));
    if (i <= one.commit_index() && i <= other.commit_index())
      PRAETOR_ASSERT(a.at(i) == b.at(i));
  }
}

} // namespace praetor::raft
