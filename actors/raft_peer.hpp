#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/carrier.hpp"
#include "actors/io/loop.hpp"
#include "actors/snapshot_writer.hpp"
#include "protocol/raft/server_health.hpp"

#include <deque>

namespace praetor::actors {

/// The name under which carriers know a server's Raft peer.
inline constexpr auto raft_name = caf::atom("raft");

/// How often the core is told the time: a fraction of the shortest election.
inline constexpr span raft_tick = std::chrono::milliseconds(20);

/// Without snapshots, applied entries are dropped from memory this many at a
/// time.
inline constexpr std::uint64_t forget_step = 1024;

/// How often a leader looks at how its followers are.
inline constexpr span health_interval = std::chrono::seconds(1);

/// A full disk is asked again this often.
inline constexpr span disk_full_retry = std::chrono::seconds(1);

/// Handles to one of the other servers, one for each lane.
struct raft_neighbour {
  std::string name; // of its node
  std::string address;
  raft_peer_actor control;
  raft_peer_actor bulk;
};

struct raft_peer_parts {
  raft_peer_parts() = default;
  std::unique_ptr<raft::core> core; // decides
  log_writer_actor writer;          // saves
  store_keeper_actor keeper;        // applies
  snapshot_writer_actor snapshots;  // none: there are no snapshots
  snapshot_rules rules;
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
  io::carrier* carrier = nullptr; // none: alone for ever
  std::string own_address;        // what we publish when we lead
};

/// What one Raft peer holds between two messages.
struct raft_peer_state : raft_peer_parts {
  raft_peer_state() = default;
  static inline const char* name = "raft_peer";

  std::map<node_id, raft_neighbour> neighbours;
  std::string own_name;
  std::vector<leadership_listener_actor> listeners; // hear (lead, bool)
  bool flush_is_due = false;

  // -- who waits
  std::map<log_index, caf::typed_response_promise<model::outcome>> proposers;
  std::map<std::uint64_t, caf::typed_response_promise<read_grant>> readers_by;
  std::uint64_t next_ticket = 1;

  // -- what is on its way to the disk: one request at a time, and meanwhile
  // the next one gathers
  bool saving = false;
  bool saving_anew = false;
  std::deque<save_request> to_save;
  /// How many changes of term or vote were put out, and how many of them are
  /// durable: messages wait for those before them, and for no entries.
  std::uint64_t states_out = 0;
  std::uint64_t states_durable = 0;
  std::uint64_t states_saving = 0; // durable when the request comes back
  std::deque<std::pair<std::uint64_t, std::vector<raft::message>>> held;
  /// The disk is full: this request is made again, and nothing new is taken.
  std::optional<caf::message> refused_save;
  instant refused_due{};

  // -- who leads
  /// The term that was won while the state still lacks an entry of it; until
  /// then nobody is told (Raft paper, section 8).
  std::optional<term> won;
  bool leads = false; // as listeners know it

  // -- how the others are
  raft::server_health health;
  instant health_due{};

  // -- snapshots
  log_index forgotten;              // entries up to here are out of memory
  log_index snapshot_index;         // of the newest one
  std::uint64_t snapshot_bytes = 0; // the size of it
  std::uint64_t bytes_since = 0;    // applied since it was begun
  instant snapshot_due{};           // not before, unless there is too much
  bool snapshot_under_way = false;
  bool snapshot_unreadable = false; // the newest one: another is due at once
  log_index drop_upto; // what the writer is to be told with the next save
};

using raft_peer_ptr = io::pinned_ptr<raft_peer_actor, raft_peer_state>;

raft_peer_actor::behavior_type
raft_peer(raft_peer_ptr self, std::shared_ptr<raft_peer_parts> parts);

// -- raft_peer.cpp, for the file below

/// Carries out what the core wants by now.
void perform(raft_peer_ptr self);
/// Something that this server cannot go on without has failed.
void stop_on(raft_peer_ptr self, const char* who, const caf::error& why);
/// Puts a request behind those that wait for the disk.
void save_soon(raft_peer_ptr self, save_request what);
/// Hands a message to whom it is for, if we know where that is.
void deliver(raft_peer_ptr self, const raft::message& letter);

// -- raft_peer_members.cpp

/// A leader looks at its followers now and then.
void observe_health(raft_peer_ptr self);
cluster_view view_members(raft_peer_ptr self, bool stale);
error change_members(raft_peer_ptr self, const raft::membership_change& wanted);

// -- raft_peer_snapshots.cpp

/// Entries were applied: some may leave memory, a snapshot may be due.
void after_apply(raft_peer_ptr self, const applied& done);
void snapshot_if_due(raft_peer_ptr self);
/// Fills a piece of a snapshot and sends it.
void send_piece(raft_peer_ptr self, const raft::install_snapshot& letter);
/// Takes pieces of another server's snapshot, and it when they are all there.
void take_snapshot(raft_peer_ptr self, raft::output& out);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::raft_peer_parts>)
