#pragma once

// Gossip as a part of the node: the members' pool, and what the cluster does
// about who is there.

#include "actors/cluster_keeper.hpp"
#include "actors/config.hpp"
#include "actors/gossip_prober.hpp"
#include "actors/io/gossip_sockets.hpp"
#include "actors/server.hpp"

namespace praetor::actors {

/// How long all may take that a leaving member has to say and wait for.
inline constexpr span leave_time_max = std::chrono::seconds(10);

struct gossip_service {
  gossip_prober_actor prober; // none: alone for ever
  cluster_keeper_actor keeper;

  /// Takes the port and makes the member: what can fail fails here.
  status open(io::loop& on, const agent_config& config, const std::string& id);
  /// A member, if `open` was called; else one that is alone.
  void spawn(caf::actor_system& system, io::loop& on,
             const agent_config& config, const server& core,
             joiner_actor joins, const std::string& id);
  /// Says good-bye and waits until all have heard it. Not on a loop's thread.
  void leave(caf::actor_system& system);

private:
  std::shared_ptr<gossip_prober_parts> made_;
};

/// What the member says of itself.
gossip::tag_map make_tags(const agent_config& config, const std::string& id);
gossip::identity make_identity(const agent_config& config,
                               const std::string& id);

} // namespace praetor::actors
