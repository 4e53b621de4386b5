#pragma once

// Network coordinates: where a member would be if round-trip times were
// distances. Vivaldi (Dabek and others, 2004) with heights, the adjustment of
// Lee and others (2010), and the latency filter and gravity of Ledlie and
// others (2007), as Consul's `rtt` expects.

#include "protocol/base/prng.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace praetor::gossip {

inline constexpr std::size_t coordinate_dimensions = 8;
/// Beyond it a coordinate says nothing; what everybody begins with.
inline constexpr double vivaldi_error_max = 1.5;
/// How much one measurement moves the error, and the place.
inline constexpr double vivaldi_error_gain = 0.25;
inline constexpr double vivaldi_force_gain = 0.25;
inline constexpr std::size_t adjustment_window = 20;
/// Seconds; keeps the heights of neighbours from vanishing.
inline constexpr double height_min = 10.0e-6;
/// The median of so many round trips to a member counts.
inline constexpr std::size_t latency_filter_size = 3;
/// Seconds; how far from the origin its pull becomes felt.
inline constexpr double gravity_rho = 150.0;
/// A longer round trip is no measurement.
inline constexpr span round_trip_max = std::chrono::seconds(10);

struct coordinate {
  std::array<double, coordinate_dimensions> vector{};
  double error = vivaldi_error_max;
  double adjustment = 0;
  double height = height_min;

  friend bool operator==(const coordinate&, const coordinate&) = default;
};

/// No infinities and no NaN, which would spread.
bool is_valid(const coordinate& where);

/// The estimated round trip between two, with their adjustments where those
/// leave it positive.
span distance(const coordinate& a, const coordinate& b);

/// Keeps our own coordinate from what is measured to others.
class coordinate_client {
public:
  const coordinate& own() const { return own_; }
  /// Goes on from an earlier coordinate of ours.
  void set(const coordinate& where);

  /// A round trip to that member, which is at that place. Refuses what would
  /// poison us.
  status update(const std::string& name, const coordinate& where,
                span round_trip, prng& chance);
  /// The member is gone.
  void forget(const std::string& name) { latencies_.erase(name); }

  friend bool operator==(const coordinate_client&,
                         const coordinate_client&) = default;

private:
  struct recent {
    std::array<float, latency_filter_size> seconds{};
    std::size_t count = 0;
    friend bool operator==(const recent&, const recent&) = default;
  };

  double filtered(const std::string& name, double seconds);
  void pull(const coordinate& other, double seconds, prng& chance);
  void adjust(const coordinate& other, double seconds);
  void gravitate(prng& chance);

  coordinate own_;
  std::map<std::string, recent> latencies_;
  std::array<double, adjustment_window> samples_{};
  std::size_t next_sample_ = 0;
};

} // namespace praetor::gossip
