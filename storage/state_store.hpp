#pragma once

// The whole replicated state as one value: the KV shards and the catalogue at
// one index. Copying it is taking a snapshot; applying a command to equal
// states gives equal states. The key space is divided over the shards by a
// hash of the whole key, so that no prefix makes one shard hot.

#include "storage/catalog_table.hpp"
#include "storage/kv_table.hpp"
#include "storage/query_table.hpp"

#include <optional>

namespace praetor::storage {

/// How many shards a new state has. A power of two, fixed for a cluster's
/// life by nothing on disk: the log holds commands, not shards.
inline constexpr std::size_t kv_shards_default = 4;

struct state {
  explicit state(std::size_t shard_count = kv_shards_default)
      : shards(shard_count) {}

  /// A restore whose pieces have not all come yet.
  struct restore {
    std::string id;
    std::vector<std::shared_ptr<const std::string>> parts;
    std::uint64_t bytes = 0;
  };

  std::vector<kv_table> shards;
  catalog_table catalog;
  model::autopilot_ptr autopilot; // none before the first leader's defaults
  query_table queries;
  /// Everything up to here is in: an index of the log.
  modify_index applied = 0;
  /// What an index of the log is raised by to be that of a change: more than
  /// nothing after a state was restored that had come further than the log.
  modify_index ahead = 0;
  /// No answer has a lower index: when another state took this one's place.
  modify_index restored = 0;
  restore restoring;
};

/// The index of the newest change that may be in the state.
inline modify_index newest_index(const state& of) {
  return of.applied + of.ahead;
}

/// Compressed bytes of a state that is restored: they are all in memory until
/// the last has come. Twice the largest store that clusters are advised to
/// keep, compressed to a quarter.
inline constexpr std::size_t restore_bytes_max = std::size_t{256} << 20;

/// One piece of it: an entry of the log that holds up no others.
inline constexpr std::size_t restore_part_bytes_max = std::size_t{1} << 20;

std::size_t shard_of(std::string_view key, std::size_t shard_count);

/// The shard that alone is touched, when the command is such: it may be
/// applied by that shard's actor while others do theirs. Nothing means that
/// the command needs the whole state.
std::optional<std::size_t> only_shard(const model::command& command,
                                      std::size_t shard_count);

/// Applies one command at its index of the log. Refusals are in the outcome;
/// the state is then as before but for `applied`.
model::outcome apply(state& on, modify_index at, const model::command& command,
                     model::change_set& changes);

/// The outcome of a transaction of reads alone, without a place in the log.
model::outcome read_transaction(const state& from,
                                const model::transaction& transaction);

/// The part of `apply` that restores; `at` is an index of the log.
status apply_restore(state& on, modify_index at,
                     const model::restore_part& part,
                     model::change_set& changes);

/// A state's stream, as the parts of a restore carry it.
std::string compress_state(std::string_view bytes);

/// One operation on one shard, as `apply` does it; `at` is that of a change.
model::outcome apply_to_shard(kv_table& shard, modify_index at,
                              const model::kv_operation& operation,
                              bool session_lives, model::change_set& changes);

/// The answer to a query, from this state alone.
model::read_answer evaluate(const state& from, const model::read_query& query);

/// The index that `evaluate` would give, where that is cheaper to know.
modify_index index_of(const state& from, const model::read_query& query);

/// A number that moves whenever the answer may: equal numbers of two states
/// of one log mean equal answers. Cheaper than `index_of` for listings.
modify_index version_of(const state& of, const model::read_query& query);

bool has_meta(const model::node& node,
              const std::vector<std::pair<std::string, std::string>>& wanted);

} // namespace praetor::storage
