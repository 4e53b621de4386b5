#include "protocol/raft/server_health.hpp"

#include "protocol/base/assert.hpp"

namespace praetor::raft {
namespace {

bool is_healthy(const core& leader, const node_id& id,
                const health_limits& limits, instant now) {
  if (id == leader.chosen().self)
    return true;
  auto silence = silence_of(leader, id, now);
  if (!silence || *silence > limits.silence_max)
    return false;
  auto has = leader.followers().at(id).match.value;
  auto all = leader.last_index().value;
  PRAETOR_ASSERT(has <= all);
  return all - has <= limits.lag_max;
}

} // namespace

std::optional<span> silence_of(const core& leader, const node_id& follower,
                               instant now) {
  auto found = leader.followers().find(follower);
  if (found == leader.followers().end() || !found->second.contact)
    return std::nullopt;
  auto expected = *found->second.contact + leader.chosen().heartbeat;
  return std::max(span{}, now - expected);
}

void server_health::observe(const core& of, const health_limits& limits,
                            instant now) {
  if (!of.is_leader()) {
    known_.clear();
    return;
  }
  auto before = std::exchange(known_, {});
  for (auto* some : {&of.members().voters, &of.members().nonvoters})
    for (auto& id : *some) {
      condition next{is_healthy(of, id, limits, now), now};
      auto old = before.find(id);
      if (old != before.end() && old->second.healthy == next.healthy)
        next.since = old->second.since;
      known_.emplace(id, next);
    }
  PRAETOR_ASSERT(known_.size() ==
                 of.members().voters.size() + of.members().nonvoters.size());
}

const server_health::condition* server_health::of(const node_id& id) const {
  auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second;
}

} // namespace praetor::raft
