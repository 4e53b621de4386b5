#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "actors/snapshot_writer.hpp"
#include "protocol/raft/core.hpp"

namespace praetor::actors {

/// How often the core is told the time: a tenth of the shortest election.
inline constexpr span raft_tick = std::chrono::milliseconds(20);

/// Applied entries are dropped from memory this many at a time.
inline constexpr std::uint64_t forget_step = 1024;

/// What one Raft peer holds between two messages.
struct raft_peer_state {
  raft_peer_state() = default;
  static inline const char* name = "raft_peer";

  std::unique_ptr<raft::core> core; // decides
  log_writer_actor writer;          // saves
  store_keeper_actor keeper;        // applies
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
  std::string own_address; // what we publish when we lead

  std::map<log_index, caf::typed_response_promise<model::outcome>> proposers;
  std::vector<leadership_listener_actor> listeners; // hear (lead, bool)
  /// The term that was won while the state still lacks an entry of it; until
  /// then nobody is told (Raft paper, section 8).
  std::optional<term> won;
  bool leads = false;  // as listeners know it
  log_index forgotten; // entries up to here are out of memory
  bool flush_is_due = false;
  bool saving = false; // one request to the writer at a time

  snapshot_writer_actor snapshots; // none: there are no snapshots
  snapshot_rules rules;
  log_index snapshot_index;         // of the newest one
  std::uint64_t snapshot_bytes = 0; // the size of it
  std::uint64_t bytes_since = 0;    // applied since it was begun
  instant snapshot_due{};           // not before, unless there is too much
  bool snapshot_under_way = false;
  log_index drop_upto; // what the writer is to be told with the next save
};

struct raft_peer_parts {
  std::unique_ptr<raft::core> core;
  log_writer_actor writer;
  store_keeper_actor keeper;
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
  std::string own_address;
  snapshot_writer_actor snapshots; // none: there are no snapshots
  snapshot_rules rules;
};

using raft_peer_ptr = io::pinned_ptr<raft_peer_actor, raft_peer_state>;

raft_peer_actor::behavior_type
raft_peer(raft_peer_ptr self, std::shared_ptr<raft_peer_parts> parts);

} // namespace praetor::actors
