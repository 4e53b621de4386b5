// Ongaro's thesis, chapter 4: one server at a time comes, goes, or changes
// whether it votes, so that any two majorities that could decide anything at
// the same time have a server in common.

#include "protocol/base/assert.hpp"
#include "protocol/raft/core.hpp"

#include <utility>

namespace praetor::raft {

const configuration& core::members() const {
  PRAETOR_ASSERT(!configurations_.empty());
  return configurations_.rbegin()->second;
}

const configuration& core::committed_members() const {
  auto after = configurations_.upper_bound(commit_);
  PRAETOR_ASSERT(after != configurations_.begin());
  return std::prev(after)->second;
}

// A server uses the newest configuration of its log, committed or not
// (section 4.1).
void core::learn_configuration(const entry& one) {
  if (one.kind != entry_kind::configuration)
    return;
  auto read = decode_configuration(one.bytes());
  PRAETOR_ASSERT(read.has_value());
  configurations_[one.index] = *std::move(read);
  if (role_ == role::leader)
    follow_members(one.index);
}

// Newcomers are first asked about what comes before `next`.
void core::follow_members(log_index next) {
  PRAETOR_ASSERT(role_ == role::leader);
  auto& followers = lead_.followers;
  std::erase_if(followers,
                [this](auto& each) { return !members().has(each.first); });
  for (auto* ids : {&members().voters, &members().nonvoters})
    for (auto& id : *ids)
      if (id != settings_.self && !followers.contains(id))
        followers[id].next = next;
  PRAETOR_ASSERT(!followers.contains(settings_.self));
}

std::optional<error>
core::change_obstacle(const membership_change& change) const {
  if (role_ != role::leader)
    return fail(errc::no_leader, "No cluster leader");
  if (is_transferring())
    return fail(errc::unavailable,
                "Raft: leadership is being transferred to " + lead_.successor);
  // Another leader may have begun a change that we have not seen. Once an
  // entry of our term is committed, it can no longer succeed.
  if (!has_committed_in_term() && !has_fault(mutation::change_before_noop))
    return fail(errc::unavailable,
                "Raft: nothing is committed in this term yet");
  if (configurations_.rbegin()->first > commit_ &&
      !has_fault(mutation::change_before_commit))
    return fail(errc::unavailable,
                "Raft: the last change of members is still under way");
  if (change.kind != change_kind::promote)
    return {};
  auto found = lead_.followers.find(change.who);
  if (found == lead_.followers.end())
    return {}; // refused as no non-voter
  auto lacks = log_.last_index().value - found->second.match.value;
  if (found->second.how != sending::replicate ||
      lacks > settings_.promotion_lag_max)
    return fail(errc::unavailable,
                "Raft: " + change.who + " lacks " + std::to_string(lacks) +
                    " entries; a voter may lack " +
                    std::to_string(settings_.promotion_lag_max));
  return {};
}

// The entry is of a term that nobody can have led, so that every vote of the
// first election is given after it.
status core::bootstrap(const configuration& first) {
  if (auto ok = check_configuration(first); !ok)
    return ok;
  if (!first.is_voter(settings_.self))
    return fail(errc::bad_input,
                "Raft: " + settings_.self + " is no voter of the new cluster");
  // Term 1 alone is what a crash leaves that came just before the entry.
  if (log_.last_index().value > 0 || state_.current.value > 1 ||
      !state_.voted_for.empty())
    return fail(errc::conflict,
                "Raft: there is a history already, up to term " +
                    std::to_string(state_.current.value) + ", index " +
                    std::to_string(log_.last_index().value));
  PRAETOR_ASSERT(role_ == role::follower);
  if (state_.current.value == 0)
    enter_term({1}, {});
  append(entry_kind::configuration,
         std::make_shared<const std::string>(encode(first)));
  report_change();
  return {};
}

result<log_index> core::change_membership(const membership_change& change) {
  if (auto why = change_obstacle(change))
    return *std::move(why);
  auto next = changed(members(), change);
  if (!next)
    return next.failure();
  PRAETOR_ASSERT(voters_apart(members(), *next) <= 1);
  auto data = std::make_shared<const std::string>(encode(*next));
  return append(entry_kind::configuration, std::move(data));
}

} // namespace praetor::raft
