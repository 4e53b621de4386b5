#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"

namespace praetor::actors {

/// A session ends this many TTLs after it was last renewed: never before one,
/// and late enough to forgive a pause (Consul's factor; clients count on it).
inline constexpr int session_ttl_factor = 2;

/// Tombstones keep the index of a prefix from going back for a client that
/// polls less often than this (Consul's default).
inline constexpr span tombstone_age_max = std::chrono::minutes(15);

/// On the leader: notices when sessions run out and keeps the delay of locks
/// that ended with their session. Time is only counted here; what follows
/// from it goes through the log.
struct session_keeper_state {
  session_keeper_state() = default;
  static inline const char* name = "session_keeper";

  raft_peer_actor raft;
  std::shared_ptr<const publication> readers;
  clock* time = nullptr;
  bool leads = false;
  std::map<session_id, timer_id> expiries;
  std::map<std::string, instant> delayed; // key -> when it may be taken
  modify_index ripe = 0; // tombstones up to here are old enough next time
};

using session_keeper_ptr =
    io::pinned_ptr<session_keeper_actor, session_keeper_state>;

session_keeper_actor::behavior_type
session_keeper(session_keeper_ptr self, raft_peer_actor raft,
               std::shared_ptr<publication> readers, clock* time);

} // namespace praetor::actors
