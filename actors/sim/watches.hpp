#pragma once

// What a client that follows a key or a prefix by blocking queries is
// promised, held against the changes that were really applied:
//
//   - the index is never 0 and never goes back;
//   - each answer is the state at its index;
//   - a query with index i is answered with an index greater than i as soon
//     as what it watches changed after i, and not before, unless its time is
//     up. Changes in between may be left out, as in Consul; the last state is
//     always seen.

#include "actors/sim/history.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::actors::sim {

/// One change of the key/value store, in the order of the log. Those of a
/// transaction have the same index.
struct applied_change {
  modify_index index = 0;
  std::string key;
  std::optional<std::string> value; // none: removed
  instant at{};                     // when the first node had applied it
};

struct watch_answer {
  modify_index asked = 0; // the query's index; 0: answer at once
  instant asked_at{};
  modify_index returned = 0;
  instant returned_at{};
  bool is_timeout = false; // the wait was over
  std::vector<row> rows;   // in the order of the keys
};

/// One client's queries of one key or prefix, one after the other. Queries
/// that failed, as when a node crashed, are left out.
struct watch {
  std::uint32_t client = 0;
  std::string key; // or the prefix
  bool is_prefix = false;
  bool is_stale = false; // may be answered by a node that is behind
  std::vector<watch_answer> answers;
  /// The query that was still waiting at the end, with its index and time.
  std::optional<watch_answer> waiting;
};

struct watch_limits {
  /// How long after a change a waiting client may still know nothing of it.
  /// Beyond what elections and repairs take in the run at hand.
  span delay_max = std::chrono::seconds(10);
};

struct watch_verdict {
  bool is_ok = true;
  std::string why;
  std::size_t answer = 0;    // the one that breaks the promise
  std::size_t seen = 0;      // changes that had an answer of their own
  std::size_t coalesced = 0; // changes that a later one hid
  /// Answers with a new index but nothing new: allowed, but they cost.
  std::size_t idle_wakes = 0;
};

/// `changes` ascend by index. `end` is when the run was over.
watch_verdict check_watch(const std::vector<applied_change>& changes,
                          const watch& what, instant end,
                          const watch_limits& limits = {});

} // namespace praetor::actors::sim
