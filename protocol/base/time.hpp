#pragma once

// Time as numbers that someone else hands in. Deciding code never asks a
// clock; `instant` has no now().

#include <chrono>

namespace praetor {

using span = std::chrono::nanoseconds;

struct monotonic_tag {
  using rep = span::rep;
  using period = span::period;
  using duration = span;
  using time_point = std::chrono::time_point<monotonic_tag>;
  static constexpr bool is_steady = true;
};

/// A point on the node's monotonic clock. Not comparable between nodes.
using instant = std::chrono::time_point<monotonic_tag, span>;

} // namespace praetor
