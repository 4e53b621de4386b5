#pragma once

// One shard of the key/value store as a value: keys, the tombstones of
// deleted ones, and which session holds which key. Copying it is taking a
// snapshot. Every operation is applied at a Raft index and says what changed.

#include "protocol/model/command.hpp"
#include "protocol/model/query.hpp"
#include "storage/radix_tree.hpp"

namespace praetor::storage {

class kv_table {
public:
  using entry_ptr = std::shared_ptr<const model::kv_entry>;

  /// Null when there is no such key.
  entry_ptr get(std::string_view key) const;

  /// Visits the entries below a prefix in byte order.
  template <class Visitor>
  void each(std::string_view prefix, Visitor&& visit) const {
    entries_.each(prefix, [&](const std::string&, const entry_ptr& entry) {
      return visit(entry);
    });
  }

  /// The newest tombstone below a prefix, or 0.
  modify_index newest_tombstone(std::string_view prefix) const;

  /// The index of the last change of any key of this shard.
  modify_index last_changed() const { return last_changed_; }
  std::size_t size() const { return entries_.size(); }
  std::size_t tombstones() const { return tombstones_.size(); }

  /// Applies a write; false when its condition did not hold. `session_lives`
  /// says whether a lock's session exists at this index; without it a lock
  /// is refused with an error.
  result<bool> apply(modify_index at, const model::kv_operation& operation,
                     bool session_lives, model::change_set& changes);

  /// Sets free, or removes, whatever the session holds.
  std::vector<std::string> end_session(modify_index at,
                                       const model::session& session,
                                       model::change_set& changes);

  void reap_tombstones(modify_index upto);

  // -- for snapshots ---------------------------------------------------------
  /// Visits (key, entry) and (key, index) from the first key that is not
  /// before `from`, until the visitor returns false.
  template <class Visitor>
  void each_from(std::string_view from, Visitor&& visit) const {
    entries_.each_from(from, visit);
  }
  template <class Visitor>
  void each_tombstone_from(std::string_view from, Visitor&& visit) const {
    tombstones_.each_from(from, visit);
  }
  /// Fill an empty table: first the index of its last change, then the rest.
  /// `errc::corrupt` for what no table holds.
  void restore_last_changed(modify_index at);
  status restore(model::kv_entry entry);
  status restore_tombstone(const std::string& key, modify_index at);

  void check_invariants() const;

private:
  void put(modify_index at, model::kv_entry entry, model::change_set& changes);
  void remove(modify_index at, const model::kv_entry& entry,
              model::change_set& changes);
  bool set(modify_index at, const model::kv_operation& operation,
           model::change_set& changes);
  bool lock(modify_index at, const model::kv_operation& operation,
            model::change_set& changes);
  bool unlock(modify_index at, const model::kv_operation& operation,
              model::change_set& changes);
  void remove_tree(modify_index at, const std::string& prefix,
                   model::change_set& changes);

  radix_tree<entry_ptr> entries_;
  radix_tree<modify_index> tombstones_;
  radix_tree<bool> held_; // "session\0key"
  modify_index last_changed_ = 0;
};

} // namespace praetor::storage
