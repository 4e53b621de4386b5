#pragma once

// The actors that make a server: its Raft peer and what that stands on, the
// state, the sessions, the gateway. The node runs them on a loop, the
// simulator under CAF's test scheduler; both spawn them here.

#include "actors/gateway.hpp"
#include "actors/raft_peer.hpp"
#include "actors/session_keeper.hpp"
#include "actors/startup.hpp"
#include "actors/store_keeper.hpp"

namespace praetor::actors {

/// The handles of one server, in the order in which they depend on another.
struct server {
  std::shared_ptr<publication> readers;
  std::vector<kv_shard_actor> shards;
  store_keeper_actor keeper;
  log_writer_actor writer;
  snapshot_writer_actor snapshots; // none in -dev
  raft_peer_actor raft;
  session_keeper_actor sessions;
  gateway_actor gateway;
};

struct server_parts {
  caf::actor_system* system = nullptr;
  io::loop* where = nullptr; // none: the configured scheduler
  clock* time = nullptr;
  recovered_server recovered;
  io::carrier* carrier = nullptr; // none: alone for ever
  std::string own_address;        // "host:port" for other servers
  span leader_wait = leader_wait_default;
  /// Disks are slow: who writes to them has a thread of its own. Not so in a
  /// simulation, where time stands still meanwhile.
  bool writers_have_threads = true;
  /// Called before the Raft peer is made: may put itself between it and those
  /// whom it asks to save and to apply.
  std::function<void(server&)> interpose;
};

/// Spawns and wires all of them. With a carrier, Raft peer and session keeper
/// are on offer to the other servers under their names.
server spawn_server(server_parts parts);

} // namespace praetor::actors
