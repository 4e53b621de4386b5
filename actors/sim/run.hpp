#pragma once

// A whole run: storm, healing, verdict.

#include "actors/sim/faults.hpp"
#include "actors/sim/recording.hpp"

namespace praetor::actors::sim {

struct run_options {
  world_options world;
  span storm_time = std::chrono::minutes(1);
  const profile* faults = nullptr; // null: the default
  bool records = false;            // for a picture
};

struct run_result {
  /// What went wrong; empty when nothing did.
  std::string violation;
  std::string plot;       // empty: none
  std::uint64_t hash = 0; // of everything that happened
  span time{};            // virtual
  trace_counts counts;
  client_counts users;
  std::uint64_t operations = 0; // of the history that was checked
  std::uint64_t states = 0;     // that the check of it visited
  modify_index entries = 0;     // applied
  recorded_run recorded;
  bool passed() const { return violation.empty(); }
};

/// Aborts when an assertion of the servers fails.
run_result run(const run_options& chosen);

/// Heals the world and demands that it serves again; the second half of a
/// run. What was violated is in the world's checks.
void check_recovery(world& one);
/// What clients saw, at the very end.
void check_history(world& one, run_result& result);

} // namespace praetor::actors::sim
