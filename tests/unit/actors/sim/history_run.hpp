#pragma once

// Histories of a store that keeps its word: clients whose operations overlap,
// each applied at one moment between its two events. And a way to spoil one.

#include "actors/sim/history.hpp"

#include "protocol/base/prng.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::actors::sim {

struct run_options {
  std::uint64_t seed = 1;
  std::size_t operations = 300;
  std::uint32_t clients = 6;
  std::size_t keys = 8;
  bool unique_values = true;
  bool shows_indexes = true;
  std::uint64_t lost_percent = 3;
};

struct run_result {
  history seen;
  struct life {
    std::string key;
    std::string value;
    modify_index index = 0;
    history::id written_by = 0;
    history::id ended_by = 0; // the operation that overwrote it
  };
  /// Values that were overwritten or removed.
  std::vector<life> past;
};

run_result make_run(const run_options& options);

/// Gives one read a value that was gone before the read began. Returns which,
/// or nothing if there is no such read.
std::optional<history::id>
spoil(const run_result& run, std::vector<operation>& operations, prng& chance);

} // namespace praetor::actors::sim
