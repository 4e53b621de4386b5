#include "protocol/gossip/coordinate.hpp"

#include <algorithm>
#include <cmath>

namespace praetor::gossip {
namespace {

// Seconds below which a length or a time counts as none.
constexpr double nothing = 1.0e-6;

static_assert(latency_filter_size % 2 == 1, "a median is one of them");
static_assert(height_min > 0 && vivaldi_error_max > 0);

double seconds_of(span time) {
  return std::chrono::duration<double>(time).count();
}

double raw_distance(const coordinate& a, const coordinate& b) {
  double sum = 0;
  for (std::size_t i = 0; i < coordinate_dimensions; ++i)
    sum += (a.vector[i] - b.vector[i]) * (a.vector[i] - b.vector[i]);
  return std::sqrt(sum) + a.height + b.height;
}

double seconds_between(const coordinate& a, const coordinate& b) {
  auto raw = raw_distance(a, b);
  auto adjusted = raw + a.adjustment + b.adjustment;
  return adjusted > 0 ? adjusted : raw;
}

double length(const std::array<double, coordinate_dimensions>& v) {
  double sum = 0;
  for (auto x : v)
    sum += x * x;
  return std::sqrt(sum);
}

// In [-0.5, 0.5).
double jitter(prng& chance) {
  constexpr std::uint64_t steps = 1ull << 53;
  return static_cast<double>(chance.below(steps)) / static_cast<double>(steps) -
         0.5;
}

struct direction {
  std::array<double, coordinate_dimensions> unit{};
  double magnitude = 0;
};

// From `b` towards `a`; any direction when they are at the same place.
direction direction_between(const coordinate& a, const coordinate& b,
                            prng& chance) {
  direction found;
  for (std::size_t i = 0; i < coordinate_dimensions; ++i)
    found.unit[i] = a.vector[i] - b.vector[i];
  found.magnitude = length(found.unit);
  if (found.magnitude > nothing) {
    for (auto& x : found.unit)
      x /= found.magnitude;
    return found;
  }
  found.magnitude = 0;
  for (auto& x : found.unit)
    x = jitter(chance);
  auto size = length(found.unit);
  if (size > nothing)
    for (auto& x : found.unit)
      x /= size;
  else
    found.unit = {1.0};
  return found;
}

// Moves away from the other by the force, in seconds.
void push(coordinate& own, double force, const coordinate& other,
          prng& chance) {
  auto away = direction_between(own, other, chance);
  for (std::size_t i = 0; i < coordinate_dimensions; ++i)
    own.vector[i] += away.unit[i] * force;
  if (away.magnitude > nothing)
    own.height = std::max(height_min,
                          (own.height + other.height) * force / away.magnitude +
                              own.height);
}

} // namespace

bool is_valid(const coordinate& where) {
  return std::all_of(where.vector.begin(), where.vector.end(),
                     [](double x) { return std::isfinite(x); }) &&
         std::isfinite(where.error) && std::isfinite(where.adjustment) &&
         std::isfinite(where.height);
}

span distance(const coordinate& a, const coordinate& b) {
  auto seconds = seconds_between(a, b);
  // A century; more does not fit a span, and no network is that slow.
  constexpr double most = 3.0e9;
  if (!(seconds < most))
    seconds = most;
  return std::chrono::duration_cast<span>(
      std::chrono::duration<double>(seconds));
}

void coordinate_client::set(const coordinate& where) {
  PRAETOR_ASSERT(is_valid(where));
  own_ = where;
}

status coordinate_client::update(const std::string& name,
                                 const coordinate& where, span round_trip,
                                 prng& chance) {
  if (!is_valid(where))
    return fail(errc::bad_input,
                "the coordinate of " + name + " has values that are no number");
  if (round_trip < span{} || round_trip > round_trip_max)
    return fail(errc::bad_input,
                "a round trip of " + std::to_string(seconds_of(round_trip)) +
                    " s to " + name + " is not within 0 and " +
                    std::to_string(seconds_of(round_trip_max)) + " s");
  auto seconds = filtered(name, seconds_of(round_trip));
  pull(where, seconds, chance);
  adjust(where, seconds);
  gravitate(chance);
  // Huge coordinates of others can overflow ours.
  if (!is_valid(own_))
    own_ = coordinate{};
  PRAETOR_ASSERT(own_.error <= vivaldi_error_max);
  PRAETOR_ASSERT(own_.height >= height_min);
  return {};
}

double coordinate_client::filtered(const std::string& name, double seconds) {
  auto& last = latencies_[name];
  if (last.count == latency_filter_size) {
    std::rotate(last.seconds.begin(), last.seconds.begin() + 1,
                last.seconds.end());
    --last.count;
  }
  last.seconds[last.count++] = static_cast<float>(seconds);
  PRAETOR_ASSERT(last.count <= latency_filter_size);
  auto sorted = last.seconds;
  std::sort(sorted.begin(),
            sorted.begin() + static_cast<std::ptrdiff_t>(last.count));
  return static_cast<double>(sorted[last.count / 2]);
}

// Vivaldi, figure 3: the less sure of the two moves further.
void coordinate_client::pull(const coordinate& other, double seconds,
                             prng& chance) {
  auto estimated = seconds_between(own_, other);
  seconds = std::max(seconds, nothing);
  auto wrongness = std::abs(estimated - seconds) / seconds;
  auto weight = own_.error / std::max(own_.error + other.error, nothing);
  auto error = vivaldi_error_gain * weight * wrongness +
               own_.error * (1.0 - vivaldi_error_gain * weight);
  // Written so that a NaN becomes the most.
  own_.error = error < vivaldi_error_max ? error : vivaldi_error_max;
  push(own_, vivaldi_force_gain * weight * (seconds - estimated), other,
       chance);
}

void coordinate_client::adjust(const coordinate& other, double seconds) {
  samples_[next_sample_] = seconds - raw_distance(own_, other);
  next_sample_ = (next_sample_ + 1) % adjustment_window;
  double sum = 0;
  for (auto x : samples_)
    sum += x;
  own_.adjustment = sum / (2.0 * static_cast<double>(adjustment_window));
}

// Keeps the whole from drifting away from the origin.
void coordinate_client::gravitate(prng& chance) {
  const coordinate origin;
  auto away = seconds_between(origin, own_) / gravity_rho;
  push(own_, -away * away, origin, chance);
}

} // namespace praetor::gossip
