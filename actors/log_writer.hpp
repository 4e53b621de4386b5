#pragma once

#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "storage/hard_state.hpp"
#include "storage/wal.hpp"

namespace praetor::actors {

/// What a log writer owns: the files of one server.
struct log_files {
  std::unique_ptr<storage::disk> disk;
  std::optional<storage::wal> log;
  std::optional<storage::hard_state_files> state;
};

struct log_writer_state {
  log_writer_state() = default;
  static inline const char* name = "log_writer";
  std::shared_ptr<log_files> files;
};

using log_writer_ptr = log_writer_actor::stateful_pointer<log_writer_state>;

/// Whether a save met a full disk: none of its entries were taken, nothing
/// that was saved before has suffered, and the same request may be made again.
/// After any other error the writer is gone.
bool is_disk_full(const caf::error& why);

/// Saves to disk: one sync per request. Blocks, so it is spawned detached.
log_writer_actor::behavior_type log_writer(log_writer_ptr self,
                                           std::shared_ptr<log_files> files);

/// Keeps nothing: for -dev, which promises nothing beyond its process.
using no_log_writer_ptr = io::pinned_ptr<log_writer_actor, log_writer_state>;
log_writer_actor::behavior_type no_log_writer(no_log_writer_ptr self);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::log_files>)
