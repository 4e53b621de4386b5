#pragma once

// Where a server goes on from: the newest snapshot that can be read, if the
// log continues it. A damaged snapshot is reported and never hidden; an older
// one takes its place only when the log has every entry since.

#include "storage/snapshot_file.hpp"
#include "storage/state_store.hpp"

namespace praetor::storage {

/// What there is of the log; both 0 when it never had an entry.
struct log_reach {
  log_index first; // one past the last when there are none left
  log_index last;
};

struct recovered_state {
  /// As of the snapshot; empty and of index 0 without one.
  storage::state state;
  snapshot_meta meta;
  /// Snapshots that could not be read, and why.
  std::vector<std::string> damaged;
};

/// Moves damaged snapshots out of the way when it found something better.
result<recovered_state> recover_state(disk& on, const std::string& directory,
                                      log_reach log,
                                      std::size_t shards = kv_shards_default);

} // namespace praetor::storage
