// What a Raft peer tells operators of the cluster, and how they change it.

#include "actors/raft_peer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

raft::health_limits limits_of(const storage::state& state) {
  raft::health_limits limits;
  if (auto& wanted = state.autopilot) {
    limits.silence_max = wanted->last_contact_threshold;
    limits.lag_max = wanted->max_trailing_logs;
  }
  return limits;
}

// Where it is and what it is called, as far as we know.
void name_server(const raft_peer_state& state, server_view& seen) {
  auto found = state.neighbours.find(seen.id);
  if (seen.id == state.core->chosen().self) {
    seen.name = state.own_name;
    seen.address = state.own_address;
  } else if (found != state.neighbours.end()) {
    seen.name = found->second.name;
    seen.address = found->second.address;
  }
}

server_view view_of(const raft_peer_state& state, const node_id& id,
                    bool votes) {
  auto& core = *state.core;
  auto now = state.time->now();
  server_view seen;
  seen.id = id;
  name_server(state, seen);
  seen.votes = votes;
  seen.leads = id == core.leader();
  bool own = id == core.chosen().self;
  auto follower = core.followers().find(id);
  if (own) {
    seen.last_term = core.entries().last_term();
    seen.last_index = core.last_index();
  } else if (follower != core.followers().end()) {
    seen.last_index = follower->second.match;
    auto of = core.entries().term_at(seen.last_index);
    seen.last_term = of.value_or(term{});
    seen.silent_for = raft::silence_of(core, id, now).value_or(span::max());
  }
  if (auto* found = state.health.of(id)) {
    seen.healthy = found->healthy;
    seen.stable_for = now - found->since;
  }
  return seen;
}

} // namespace

void observe_health(raft_peer_ptr self) {
  auto& state = self->state;
  auto now = state.time->now();
  if (now < state.health_due)
    return;
  state.health_due = now + health_interval;
  state.health.observe(*state.core, limits_of(*state.readers->newest()), now);
}

cluster_view view_members(raft_peer_ptr self, bool stale) {
  auto& state = self->state;
  cluster_view seen;
  if (!stale && !state.core->is_leader()) {
    seen.failure = fail(errc::no_leader, "No cluster leader");
    return seen;
  }
  auto& members = state.core->committed_members();
  for (auto& id : members.voters)
    seen.servers.push_back(view_of(state, id, true));
  for (auto& id : members.nonvoters)
    seen.servers.push_back(view_of(state, id, false));
  std::sort(seen.servers.begin(), seen.servers.end(),
            [](auto& a, auto& b) { return a.id < b.id; });
  return seen;
}

error change_members(raft_peer_ptr self,
                     const raft::membership_change& wanted) {
  auto& state = self->state;
  if (!state.core->is_leader())
    return fail(errc::no_leader, "No cluster leader");
  auto at = state.core->change_membership(wanted);
  perform(self);
  if (!at)
    return at.failure();
  spdlog::info("agent.raft: updating configuration: command={} server-id={}",
               raft::to_text(wanted.kind), wanted.who);
  return {errc::ok, {}};
}

} // namespace praetor::actors
