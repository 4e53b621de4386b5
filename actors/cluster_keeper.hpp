#pragma once

#include "actors/clock.hpp"
#include "actors/gossip_interfaces.hpp"
#include "actors/io/loop.hpp"
#include "protocol/raft/autopilot.hpp"
#include "storage/member_catalog.hpp"

#include <set>

namespace praetor::actors {

/// How often the leader looks whether its servers are who is there.
inline constexpr span autopilot_interval = std::chrono::seconds(1);

/// How often the leader compares all members with the catalogue; in between
/// it follows what changes (Consul's interval).
inline constexpr span reconcile_interval = std::chrono::seconds(60);

struct cluster_keeper_parts {
  cluster_keeper_parts() = default;
  std::string name; // of this node
  node_id id;
  std::string datacenter;
  gateway_actor gateway;
  raft_peer_actor raft;       // none: an agent without a state
  joiner_actor joins;         // none: alone for ever, or without a state
  gossip_prober_actor prober; // none: alone for ever
  std::vector<std::string> addresses; // of who is to be joined
  span retry_max = std::chrono::seconds(30);
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
};

/// Addresses to join are tried again after this at first, and then after
/// twice as long each time, up to what the operator chose.
inline constexpr span join_retry_least = std::chrono::milliseconds(100);

/// Turns who is there into what the cluster does about it: where the servers
/// are, and on the leader the catalogue's nodes and Raft's configuration.
struct cluster_keeper_state : cluster_keeper_parts {
  cluster_keeper_state() = default;

  std::map<std::string, gossip::member> members; // by name
  roster servers;                                // as was told last
  bool leads = false;
  std::set<std::string> dirty; // not in the catalogue as they are
  instant reconcile_due{};
  bool changing = false; // Raft is asked to change its configuration
  span join_pause = join_retry_least;
};

using cluster_keeper_ptr =
    io::pinned_ptr<cluster_keeper_actor, cluster_keeper_state>;

cluster_keeper_actor::behavior_type
cluster_keeper(cluster_keeper_ptr self,
               std::shared_ptr<cluster_keeper_parts> parts);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<praetor::actors::cluster_keeper_parts>)
