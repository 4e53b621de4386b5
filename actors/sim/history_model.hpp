#pragma once

// What the key/value store of one group of keys would answer: the model that
// the search for an order runs. Keys and values are small numbers here.
//
// Clients are seldom told the ModifyIndex that their write got. So a key's
// index may be open, and the first answer that tells one settles it: then it
// must be newer than all that was known when the value was written.

#include "actors/sim/history.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace praetor::actors::sim {

inline constexpr int absent = -1;
/// Some value, nobody knows which.
inline constexpr int any_value = -2;

/// One row of an answer.
struct model_row {
  int key = 0;
  int value = absent;
  modify_index modified = 0;
};

struct model_part {
  verb what = verb::get;
  int key = 0;
  int value = absent;
  modify_index index = 0;
  /// What the key held at that index, if somebody saw it.
  int expected = any_value;
  std::vector<model_row> rows;
  /// Of a list: every key of the group that has the prefix.
  std::vector<int> keys;
};

struct model_step {
  std::vector<model_part> parts;
  bool is_transaction = false;
  bool is_refused = false;
  /// Its rows were seen and must be explained.
  bool has_rows = false;
  /// Changes nothing wherever it is placed.
  bool is_pure = false;
  modify_index index = 0; // where it was applied, if known
};

struct key_state {
  int value = absent;
  modify_index index = 0; // 0: open, but greater than `above`
  modify_index above = 0;
  friend bool operator==(const key_state&, const key_state&) = default;
};

/// 128 bits, so that two states of one search never meet by chance.
struct fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const fingerprint&, const fingerprint&) = default;
  void toggle(std::uint64_t what);
};

class kv_model {
public:
  explicit kv_model(std::size_t keys) : keys_(keys) {}

  /// True if the step can happen now with the answer it got; then it has.
  /// Otherwise nothing changes.
  bool apply(const model_step& step);

  /// A place to go back to.
  std::size_t mark() const { return changes_.size(); }
  void undo(std::size_t mark);

  const std::vector<key_state>& keys() const { return keys_; }
  const fingerprint& state() const { return state_; }

private:
  bool perform(const model_part& what, const model_step& step);
  bool answers(const model_part& what, const model_step& step);
  bool may_fail(const model_part& what, bool in_transaction) const;
  bool may_refuse(const model_step& step);
  bool has(int key, modify_index index);
  bool write(int key, int value, modify_index index);
  void set(int key, const key_state& to);
  void raise(modify_index newest);
  void toggle(int key);

  std::vector<key_state> keys_;
  /// The greatest index that is known to be taken.
  modify_index newest_ = 0;
  modify_index newest_before_ = 0; // as the step began
  /// Key and what it was; the newest index stands under the key -1.
  std::vector<std::pair<int, key_state>> changes_;
  fingerprint state_;
};

} // namespace praetor::actors::sim
