#pragma once

#include "actors/interfaces.hpp"
#include "storage/disk.hpp"
#include "storage/snapshot_transfer.hpp"
#include "storage/state_codec.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace praetor::actors {

/// When to write a snapshot, and how much of the log to keep behind it.
struct snapshot_rules {
  /// Entries since the last one. What operators know from Consul.
  std::uint64_t entries = 16384;
  /// From one to the next, unless the log grows past the limit below: the
  /// cost is that of the whole state, however few entries there were.
  span interval = std::chrono::seconds(30);
  /// Bytes of entries since the last one, if that was not larger still: a
  /// restart reads them all.
  std::uint64_t log_bytes_max = std::uint64_t{64} << 20;
  /// Entries before the snapshot that stay in the log, for followers that are
  /// a little behind.
  std::uint64_t trailing = 10240;
};

/// What a snapshot writer owns. The disk is its own, as it runs on a thread
/// of its own.
struct snapshot_files {
  std::unique_ptr<storage::disk> disk;
  std::string directory;
};

struct snapshot_writer_state {
  snapshot_writer_state() = default;
  static inline const char* name = "snapshot_writer";

  struct job {
    storage::state_encoder from;
    storage::snapshot_writer to;
    log_index index;
    caf::typed_response_promise<snapshot_done> promise;
  };

  std::shared_ptr<snapshot_files> files;
  std::optional<job> current;
  std::optional<storage::snapshot_receiver> incoming;
};

using snapshot_writer_ptr =
    snapshot_writer_actor::stateful_pointer<snapshot_writer_state>;

/// Blocks for a chunk at a time, so it is spawned detached.
snapshot_writer_actor::behavior_type
snapshot_writer(snapshot_writer_ptr self,
                std::shared_ptr<snapshot_files> files);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::snapshot_files>)
