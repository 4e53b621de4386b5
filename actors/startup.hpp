#pragma once

// What a node needs before it runs: an identity, and the state and log it had.

#include "actors/config.hpp"
#include "actors/local_store.hpp"
#include "actors/log_writer.hpp"
#include "actors/snapshot_writer.hpp"
#include "protocol/raft/core.hpp"

#include <functional>

namespace praetor::actors {

/// A random UUID (RFC 4122, version 4).
std::string make_uuid();

/// A seed from the system's source of chance.
std::uint64_t random_seed();

/// The configured id, or the one in the data directory, or a new one that is
/// kept there.
result<std::string> find_node_id(const agent_config& config);

/// Everything that a Raft peer starts from.
struct recovered_server {
  std::shared_ptr<log_files> files; // null in -dev
  std::unique_ptr<raft::core> core;
  std::size_t entries = 0;                   // recovered from the log
  bool has_history = false;                  // has a log, or has voted
  std::shared_ptr<snapshot_files> snapshots; // null in -dev
  snapshot_rules rules;
  /// As of the newest snapshot; empty and of index 0 without one. To be
  /// published before anything is served.
  state_ptr state;
};

/// The files of services and checks, in a data directory; null in -dev.
std::shared_ptr<local_files> open_local_files(const agent_config& config);

/// What recovery stands on. Both writers run on threads of their own, so each
/// has a disk of its own.
struct recovery_means {
  std::unique_ptr<storage::disk> log;
  std::unique_ptr<storage::disk> snapshots;
  std::uint64_t seed = 0;
  /// Entries leave the disk by whole segments: small ones keep the log near
  /// what it must hold, at the price of two syncs for each.
  std::size_t log_segment_bytes = std::size_t{8} << 20;
  /// Changes what the configuration asks of Raft; for simulations.
  std::function<void(raft::settings&)> adjust;
};

result<recovered_server> recover(const agent_config& config,
                                 const std::string& node_id,
                                 recovery_means means);

/// From the disk of this machine.
result<recovered_server> recover(const agent_config& config,
                                 const std::string& node_id);

} // namespace praetor::actors
