#pragma once

#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"

#include <deque>

namespace praetor::actors {

/// Joins what the shards apply into one state per batch, and publishes it.
struct store_keeper_state {
  store_keeper_state() = default;
  static inline const char* name = "store_keeper";

  struct job {
    std::vector<raft::entry> entries;
    std::size_t next = 0; // the first entry that is not applied yet
    caf::typed_response_promise<applied> promise;
    /// Instead of entries: go on from here.
    state_ptr anew;
    caf::typed_response_promise<log_index> adopted;
    applied done;
    model::change_set changes;
  };

  storage::state state;
  std::vector<kv_shard_actor> shards;
  std::shared_ptr<publication> readers;
  std::vector<state_listener_actor> listeners;

  std::deque<job> jobs;
  std::vector<shard_batch> batches; // for the shards, one each
  std::size_t shards_busy = 0;
};

using store_keeper_ptr = io::pinned_ptr<store_keeper_actor, store_keeper_state>;

store_keeper_actor::behavior_type
store_keeper(store_keeper_ptr self, std::vector<kv_shard_actor> shards,
             std::shared_ptr<publication> readers);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<praetor::actors::kv_shard_actor>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::publication>)
