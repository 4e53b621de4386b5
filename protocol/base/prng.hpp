#pragma once

// The only source of chance for deciding code: splitmix64 (Steele, Lea and
// Flood, 2014). Own code because std:: distributions differ between standard
// libraries, and one seed must be one run everywhere.

#include "protocol/base/assert.hpp"

#include <cstdint>

namespace praetor {

class prng {
public:
  explicit prng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  /// A number in [0, bound). The bias of the modulo is below 2^-32 for the
  /// bounds in use.
  std::uint64_t below(std::uint64_t bound) {
    PRAETOR_ASSERT(bound > 0);
    return next() % bound;
  }

  friend bool operator==(const prng&, const prng&) = default;

private:
  std::uint64_t state_;
};

} // namespace praetor
