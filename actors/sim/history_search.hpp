#pragma once

// The search for an order of operations that agrees with real time and
// explains every answer: Wing and Gong's (1993), which remembers where it has
// been as Lowe (2017) does.

#include "actors/sim/history_model.hpp"

#include <cstdint>
#include <vector>

namespace praetor::actors::sim {

/// An operation between its two events. Without an end (0) it may happen
/// anywhere after it began, or never.
struct timed_step {
  model_step step;
  history::id which = 0;
  std::uint64_t began = 0;
  std::uint64_t ended = 0;
  std::vector<int> keys; // all that it reads or writes
};

struct search_result {
  verdict::kind is = verdict::ok;
  std::uint64_t states = 0;
  /// What the keys held at the end of the order, or of the longest one found.
  std::vector<key_state> deepest;
};

search_result find_order(const std::vector<timed_step>& steps, std::size_t keys,
                         std::uint64_t states_max);

} // namespace praetor::actors::sim
