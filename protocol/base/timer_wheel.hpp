#pragma once

// Hierarchical timing wheel (Varghese and Lauck, 1987, scheme 7): adding and
// removing a timer is constant work however many there are. Four levels of 64
// slots; the finest slot is one tick. It reads no clock: the owner says what
// time it is and is told when to come back.

#include "protocol/base/assert.hpp"
#include "protocol/base/time.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace praetor {

/// Names a pending timer. A stale one (fired or cancelled) is harmless.
struct timer_id {
  std::uint32_t place = 0;
  std::uint32_t generation = 0; // 0: none
  friend bool operator==(const timer_id&, const timer_id&) = default;
};

template <class Payload>
class timer_wheel {
public:
  /// Timers fire at most this much late, never early.
  static constexpr span tick = std::chrono::milliseconds(4);

  explicit timer_wheel(instant start) : now_(ticks(start)) {
    slots_.fill(nowhere);
  }

  std::size_t size() const { return size_; }

  timer_id add(instant deadline, Payload payload) {
    auto place = allocate();
    auto& entry = entries_[place];
    // Rounded up, so that none fires early.
    entry.due = std::max(ticks(deadline + tick - span{1}), now_ + 1);
    entry.payload = std::move(payload);
    link(place);
    ++size_;
    return {place, entry.generation};
  }

  /// Takes the timer out; its payload comes back unless it is gone already.
  std::optional<Payload> cancel(timer_id id) {
    if (id.generation == 0 || id.place >= entries_.size() ||
        entries_[id.place].generation != id.generation ||
        entries_[id.place].slot == nowhere)
      return std::nullopt;
    unlink(id.place);
    return release(id.place);
  }

  /// Fires all that are due. `fire(payload)` may add and cancel timers.
  template <class Fire>
  void advance(instant to, Fire&& fire) {
    auto target = ticks(to);
    while (now_ < target) {
      if (size_ == 0) {
        now_ = target;
        return;
      }
      ++now_;
      for (int level = 1; level < levels; ++level) {
        if (now_ & ((std::uint64_t{1} << (slot_bits * level)) - 1))
          break;
        cascade(level);
      }
      auto slot = now_ & slot_mask;
      while (slots_[slot] != nowhere) {
        auto place = slots_[slot];
        PRAETOR_ASSERT(entries_[place].due == now_);
        unlink(place);
        fire(release(place));
      }
    }
  }

  /// When `advance` should be called next; nothing when no timer waits. May
  /// be earlier than the next timer, where a coarse slot has to be unpacked.
  std::optional<instant> next() const {
    if (size_ == 0)
      return std::nullopt;
    // A coarse slot may begin before the first fine one that is taken: its
    // timers were far away when they came.
    auto first = std::numeric_limits<std::uint64_t>::max();
    for (int level = 0; level < levels; ++level) {
      auto shift = slot_bits * level;
      for (std::uint64_t i = 1; i <= slots_per_level; ++i) {
        auto at = ((now_ >> shift) + i) << shift;
        if (at >= first)
          break;
        if (slots_[index(level, at)] != nowhere)
          first = at;
      }
    }
    PRAETOR_ASSERT(first > now_);
    PRAETOR_ASSERT(first != std::numeric_limits<std::uint64_t>::max());
    return instant{tick * static_cast<std::int64_t>(first)};
  }

private:
  static constexpr int levels = 4;
  static constexpr int slot_bits = 6;
  static constexpr std::uint64_t slots_per_level = 1u << slot_bits;
  static constexpr std::uint64_t slot_mask = slots_per_level - 1;
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  struct entry {
    std::uint64_t due = 0;
    std::uint32_t generation = 1;
    std::uint32_t slot = nowhere; // also: not in use
    std::uint32_t before = nowhere;
    std::uint32_t after = nowhere;
    Payload payload{};
  };

  static std::uint64_t ticks(instant at) {
    PRAETOR_ASSERT(at.time_since_epoch() >= span{});
    return static_cast<std::uint64_t>(at.time_since_epoch() / tick);
  }

  static std::uint32_t index(int level, std::uint64_t at) {
    return static_cast<std::uint32_t>(
        static_cast<std::uint64_t>(level) * slots_per_level +
        ((at >> (slot_bits * level)) & slot_mask));
  }

  std::uint32_t allocate() {
    if (free_.empty()) {
      PRAETOR_ASSERT(entries_.size() < nowhere);
      entries_.emplace_back();
      return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    auto place = free_.back();
    free_.pop_back();
    return place;
  }

  Payload release(std::uint32_t place) {
    auto payload = std::move(entries_[place].payload);
    entries_[place].payload = Payload{};
    if (++entries_[place].generation == 0)
      entries_[place].generation = 1;
    free_.push_back(place);
    --size_;
    return payload;
  }

  void link(std::uint32_t place) {
    auto& e = entries_[place];
    int level = 0;
    auto at = e.due;
    while (level < levels - 1 &&
           (at >> (slot_bits * level)) - (now_ >> (slot_bits * level)) >=
               slots_per_level)
      ++level;
    // Beyond the last level: park in its farthest slot and look again then.
    auto shift = slot_bits * level;
    if ((at >> shift) - (now_ >> shift) >= slots_per_level)
      at = ((now_ >> shift) + slots_per_level - 1) << shift;
    e.slot = index(level, at);
    e.before = nowhere;
    e.after = slots_[e.slot];
    if (e.after != nowhere)
      entries_[e.after].before = place;
    slots_[e.slot] = place;
  }

  void unlink(std::uint32_t place) {
    auto& e = entries_[place];
    PRAETOR_ASSERT(e.slot != nowhere);
    if (e.before != nowhere)
      entries_[e.before].after = e.after;
    else
      slots_[e.slot] = e.after;
    if (e.after != nowhere)
      entries_[e.after].before = e.before;
    e.slot = nowhere;
  }

  // Moves what a coarse slot holds to finer ones.
  void cascade(int level) {
    auto slot = index(level, now_);
    auto place = std::exchange(slots_[slot], nowhere);
    while (place != nowhere) {
      auto after = entries_[place].after;
      link(place);
      place = after;
    }
  }

  std::uint64_t now_;
  std::size_t size_ = 0;
  std::array<std::uint32_t, levels * slots_per_level> slots_;
  std::vector<entry> entries_;
  std::vector<std::uint32_t> free_;
};

} // namespace praetor
