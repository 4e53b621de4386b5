#pragma once

#include "actors/answers.hpp"
#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "protocol/base/prng.hpp"

#include <set>

namespace praetor::actors {

/// Blocking queries that may wait on one loop at once. Some hundred bytes
/// each; beyond it the client is told to come back.
inline constexpr std::size_t watchers_max = 200'000;

/// The watchers of one loop: an index of what they wait for. All who asked
/// the same share one entry, and its answer is encoded once for all.
struct watch_keeper_state {
  watch_keeper_state() = default;
  static inline const char* name = "watch_keeper";

  struct watcher {
    watcher_actor who;
    std::uint64_t number = 0;
    modify_index seen = 0; // waits for a newer one
    timer_id timer;
  };
  struct group {
    std::uint64_t serial = 0;
    std::shared_ptr<const http::read_action> asked;
    model::interest interest;
    std::map<std::uint64_t, watcher> watchers; // by ticket
    bool marked = false;                       // is looked at right now
  };
  // In the order of their making: an address must not decide who hears first.
  struct older {
    bool operator()(const group* a, const group* b) const {
      return a->serial < b->serial;
    }
  };
  using group_set = std::set<group*, older>;

  answers* readers = nullptr;
  clock* time = nullptr;
  prng chance{1};
  std::uint64_t next_ticket = 1;
  std::size_t watchers = 0;
  std::unordered_map<std::string, std::unique_ptr<group>> groups;
  std::unordered_map<std::uint64_t, group*> tickets;
  std::map<std::pair<caf::actor_id, std::uint64_t>, std::uint64_t> numbers;
  std::unordered_map<std::string, group_set> by_key;
  std::unordered_map<std::string, group_set> by_prefix;
  std::map<std::size_t, std::size_t> prefix_lengths; // length -> how many
  std::unordered_map<std::string, group_set> by_topic;
};

using watch_keeper_ptr = io::pinned_ptr<watch_keeper_actor, watch_keeper_state>;

watch_keeper_actor::behavior_type watch_keeper(watch_keeper_ptr self,
                                               answers* readers, clock* time,
                                               std::uint64_t seed);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::answers*)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::clock*)
