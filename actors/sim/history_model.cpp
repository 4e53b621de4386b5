#include "actors/sim/history_model.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/prng.hpp"

#include <algorithm>

namespace praetor::actors::sim {
namespace {

constexpr int newest_key = -1;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return prng(a ^ (b * 0xD6E8FEB86659FD93ull)).next();
}

} // namespace

void fingerprint::toggle(std::uint64_t what) {
  low ^= mix(what, 1);
  high ^= mix(what, 2);
}

void kv_model::toggle(int key) {
  auto number = static_cast<std::uint64_t>(key) + 2;
  if (key == newest_key) {
    state_.toggle(mix(number, newest_));
    return;
  }
  auto& now = keys_[static_cast<std::size_t>(key)];
  auto value = static_cast<std::uint64_t>(now.value) + 2;
  state_.toggle(mix(mix(mix(number, value), now.index), now.above));
}

void kv_model::set(int key, const key_state& to) {
  auto& now = keys_[static_cast<std::size_t>(key)];
  changes_.emplace_back(key, now);
  toggle(key);
  now = to;
  toggle(key);
}

void kv_model::raise(modify_index newest) {
  if (newest <= newest_)
    return;
  changes_.emplace_back(newest_key, key_state{absent, newest_, 0});
  toggle(newest_key);
  newest_ = newest;
  toggle(newest_key);
}

void kv_model::undo(std::size_t mark) {
  PRAETOR_ASSERT(mark <= changes_.size());
  while (changes_.size() > mark) {
    auto [key, old] = changes_.back();
    changes_.pop_back();
    toggle(key);
    if (key == newest_key)
      newest_ = old.index;
    else
      keys_[static_cast<std::size_t>(key)] = old;
    toggle(key);
  }
}

// Whether the key exists at this index; settles an open index.
bool kv_model::has(int key, modify_index index) {
  auto now = keys_[static_cast<std::size_t>(key)];
  if (now.value == absent)
    return false;
  if (now.index != 0)
    return now.index == index;
  if (index <= now.above)
    return false;
  now.index = index;
  now.above = 0;
  set(key, now);
  raise(index);
  return true;
}

bool kv_model::write(int key, int value, modify_index index) {
  // The same value again is no change and gets no index.
  if (keys_[static_cast<std::size_t>(key)].value == value)
    return true;
  if (index != 0 && index <= newest_before_)
    return false;
  if (value == absent)
    set(key, {});
  else
    set(key, {value, index, index == 0 ? newest_ : 0});
  if (index != 0)
    raise(index);
  return true;
}

bool kv_model::answers(const model_part& what, const model_step& step) {
  auto value = [this](int key) {
    return keys_[static_cast<std::size_t>(key)].value;
  };
  // In a transaction, a get of what does not exist fails the whole.
  if (what.what == verb::get && step.is_transaction &&
      value(what.key) == absent)
    return false;
  if (!step.has_rows)
    return true;
  auto exists = [&](int key) { return value(key) != absent; };
  auto there = what.what == verb::get
                   ? static_cast<std::ptrdiff_t>(exists(what.key))
                   : std::count_if(what.keys.begin(), what.keys.end(), exists);
  if (there != static_cast<std::ptrdiff_t>(what.rows.size()))
    return false;
  for (auto& seen : what.rows)
    if (value(seen.key) != seen.value ||
        (seen.modified != 0 && !has(seen.key, seen.modified)))
      return false;
  return true;
}

bool kv_model::perform(const model_part& what, const model_step& step) {
  auto& now = keys_[static_cast<std::size_t>(what.key)];
  switch (what.what) {
  case verb::get:
  case verb::list:
    return answers(what, step);
  case verb::put:
    return write(what.key, what.value, step.index);
  case verb::remove:
    return write(what.key, absent, step.index);
  case verb::cas:
    if (what.index == 0 ? now.value != absent : !has(what.key, what.index))
      return false;
    return write(what.key, what.value, step.index);
  case verb::remove_cas:
    if (now.value != absent && !has(what.key, what.index))
      return false;
    return write(what.key, absent, step.index);
  case verb::check_index:
    return has(what.key, what.index);
  case verb::check_absent:
    return now.value == absent;
  }
  PRAETOR_ASSERT(false);
}

bool kv_model::may_fail(const model_part& what, bool in_transaction) const {
  auto& now = keys_[static_cast<std::size_t>(what.key)];
  bool exists = now.value != absent;
  // An open index may be any other.
  bool differs = exists && (now.index == 0 || now.index != what.index);
  switch (what.what) {
  case verb::get:
    return in_transaction && !exists;
  case verb::list:
  case verb::put:
  case verb::remove:
    return false;
  case verb::cas:
    return what.index == 0 ? exists : !exists || differs;
  case verb::remove_cas:
    return differs;
  case verb::check_index:
    return !exists || differs;
  case verb::check_absent:
    return exists;
  }
  PRAETOR_ASSERT(false);
}

bool kv_model::may_refuse(const model_step& step) {
  auto start = mark();
  bool may = false;
  for (auto& what : step.parts) {
    may = may || may_fail(what, step.is_transaction);
    if (may)
      break;
    // Later parts see what the earlier ones would have done.
    bool is_write = what.what == verb::put || what.what == verb::cas;
    if (is_write || what.what == verb::remove || what.what == verb::remove_cas)
      write(what.key, is_write ? what.value : absent, 0);
  }
  undo(start);
  return may;
}

bool kv_model::apply(const model_step& step) {
  if (step.is_refused)
    return may_refuse(step);
  auto start = mark();
  newest_before_ = newest_;
  for (auto& what : step.parts)
    if (!perform(what, step)) {
      undo(start);
      return false;
    }
  return true;
}

} // namespace praetor::actors::sim
