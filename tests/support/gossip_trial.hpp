#pragma once

// What the papers measure, on simulated pools: how soon a crash is detected,
// how often the living are accused, how fast news reaches everybody.

#include "tests/support/gossip_world.hpp"

namespace praetor::tests {

/// Some members are slow: for a while they run, for a while they do not
/// (Lifeguard, section 5: anomalies of a duration at an interval).
struct slowness {
  std::size_t members = 0;
  span stalled_for{};
  span runs_for{};
};

struct accusations {
  std::size_t false_all = 0;     // living members that were declared failed
  std::size_t false_healthy = 0; // by members that were well, of such
};

/// A pool of that many runs for so long in that weather.
accusations count_accusations(gossip::settings chosen, std::size_t members,
                              gossip_weather weather, slowness slow, span time,
                              std::uint64_t seed);

struct detection {
  std::optional<span> first; // somebody knows
  std::optional<span> all;   // everybody knows
};

/// One member of a quiet pool crashes, or its host does.
detection detect_crash(gossip::settings chosen, std::size_t members,
                       bool host_answers, std::uint64_t seed);

/// All join by way of one at once: until all know all.
std::optional<span> converge(gossip::settings chosen, std::size_t members,
                             gossip_weather weather, std::uint64_t seed);

/// One fires an event: until all have it.
std::optional<span> spread_event(gossip::settings chosen, std::size_t members,
                                 gossip_weather weather, std::uint64_t seed);

/// Half and half are cut off for that long: from the healing until all know
/// all again.
std::optional<span> heal_partition(gossip::settings chosen, std::size_t members,
                                   span cut_for, std::uint64_t seed);

} // namespace praetor::tests
