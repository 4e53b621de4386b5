// A KV shard applies single-key operations in log order and hands back its
// table, which is a value: the store keeper joins the tables of all shards
// into one state of one index.

#include "actors/kv_shard.hpp"

namespace praetor::actors {
namespace {

shard_done apply(kv_shard_ptr self, const shard_batch& batch) {
  shard_done done;
  done.outcomes.reserve(batch.items.size());
  for (auto& item : batch.items)
    done.outcomes.emplace_back(
        item.at,
        storage::apply_to_shard(self->state.table, item.change, item.operation,
                                item.session_lives, done.changes));
  done.table = self->state.table;
  return done;
}

} // namespace

kv_shard_actor::behavior_type kv_shard(kv_shard_ptr self) {
  return {
      [=](at::apply, const shard_batch& batch) { return apply(self, batch); },
      [=](at::adopt, const storage::kv_table& table) {
        self->state.table = table;
      },
  };
}

} // namespace praetor::actors
