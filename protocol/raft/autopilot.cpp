#include "protocol/raft/autopilot.hpp"

#include <algorithm>

namespace praetor::raft {
namespace {

using presence = seen_server::presence;

const seen_server* find(const std::vector<seen_server>& seen,
                        const node_id& id) {
  auto found = std::find_if(seen.begin(), seen.end(),
                            [&](auto& one) { return one.id == id; });
  return found == seen.end() ? nullptr : &*found;
}

std::vector<node_id> those(const std::vector<known_server>& known,
                           const std::vector<seen_server>& seen,
                           presence state) {
  std::vector<node_id> found;
  for (auto& one : known) {
    auto* there = find(seen, one.id);
    if (there && there->state == state && !one.is_self)
      found.push_back(one.id);
  }
  return found;
}

std::optional<node_id> to_remove(const autopilot_rules& rules,
                                 const std::vector<known_server>& known,
                                 const std::vector<seen_server>& seen) {
  if (auto left = those(known, seen, presence::left); !left.empty())
    return left.front();
  if (!rules.removes_failed)
    return std::nullopt;
  // Half of them gone at once is rather a cut network than dead machines.
  auto failed = those(known, seen, presence::failed);
  if (failed.empty() || failed.size() >= known.size() / 2)
    return std::nullopt;
  return failed.front();
}

} // namespace

std::optional<membership_change>
next_change(const autopilot_rules& rules,
            const std::vector<known_server>& known,
            const std::vector<seen_server>& seen) {
  if (auto gone = to_remove(rules, known, seen))
    return membership_change{change_kind::remove, *gone};
  for (auto& one : seen) {
    bool is_known = std::any_of(known.begin(), known.end(),
                                [&](auto& each) { return each.id == one.id; });
    if (one.state == presence::alive && !is_known)
      return membership_change{change_kind::add_nonvoter, one.id};
  }
  for (auto& one : known) {
    auto* there = find(seen, one.id);
    bool may_vote =
        there && there->state == presence::alive && !there->never_votes;
    if (!one.votes && may_vote && one.healthy &&
        one.stable_for >= rules.stabilization)
      return membership_change{change_kind::promote, one.id};
  }
  return std::nullopt;
}

} // namespace praetor::raft
