#pragma once

// The seed of every random choice in a test run, so that one number brings a
// failure back.

#include <cstdint>

namespace praetor::tests {

/// From --seed, else from the environment's PRAETOR_SEED, else 1. Draw from
/// it through `prng`, with a different constant added in each test.
std::uint64_t seed();

} // namespace praetor::tests
