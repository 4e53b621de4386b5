#pragma once

// Runs in processes of their own: an assertion that fails ends one run and
// not the hunt, and all cores have work.

#include "actors/sim/run.hpp"

namespace praetor::actors::sim {

/// What a run in another process came to.
struct hunted {
  std::uint64_t seed = 0;
  bool passed = false;
  std::string why; // what it printed, when it failed
  std::uint64_t hash = 0;
  span time{};
  std::uint64_t messages = 0;
};

struct hunt_options {
  run_options each; // with another seed each time
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;
  unsigned jobs = 1;
  bool goes_on = false; // after the first that fails
};

/// Calls `report` for each seed as it ends; returns the first, in the order
/// of seeds, that failed.
std::optional<hunted> hunt(const hunt_options& chosen,
                           const std::function<void(const hunted&)>& report);

} // namespace praetor::actors::sim
