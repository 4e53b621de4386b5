#pragma once

#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"

namespace praetor::actors {

/// One part of the key space: applies what the store keeper hands it.
struct kv_shard_state {
  kv_shard_state() = default;
  static inline const char* name = "kv_shard";
  storage::kv_table table; // decides
};

using kv_shard_ptr = io::pinned_ptr<kv_shard_actor, kv_shard_state>;

kv_shard_actor::behavior_type kv_shard(kv_shard_ptr self);

} // namespace praetor::actors
