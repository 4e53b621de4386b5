#pragma once

// A recorded run as a space-time diagram: time runs down, each node is a
// line coloured by its role and labelled with its term, messages are arrows,
// faults are marks, client operations are bars. One self-contained SVG, for
// light and dark screens.

#include "protocol/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::actors::sim {

enum class traffic : std::uint8_t {
  vote,      // votes and pre-votes, asked for and given
  heartbeat, // appends without entries, and their answers
  append,
  snapshot,
  forward, // writes and reads passed on to the leader
  other,
};

struct drawn_message {
  instant sent{};
  instant received{}; // meaningful unless lost
  std::size_t from = 0;
  std::size_t to = 0;
  traffic type = traffic::other;
  bool is_lost = false;
  bool is_duplicate = false;
};

enum class drawn_role : std::uint8_t {
  follower,
  candidate, // also before the pre-vote
  leader,
  down,
  paused,
};

/// From this moment on the node is this.
struct drawn_role_change {
  instant at{};
  std::size_t node = 0;
  drawn_role role = drawn_role::follower;
  std::uint64_t term = 0;
};

/// A crash, a cut, a full disk: a mark with a text.
struct drawn_fault {
  instant at{};
  std::optional<std::size_t> node; // none: the network as a whole
  std::string text;
  bool is_repair = false; // heal, restart, disk ok
};

struct drawn_operation {
  instant invoked{};
  std::optional<instant> returned;
  std::uint32_t client = 0;
  std::string text;
  bool failed = false;
};

struct recorded_run {
  std::string title;
  std::vector<std::string> nodes; // names
  std::vector<drawn_message> messages;
  std::vector<drawn_role_change> roles;
  std::vector<drawn_fault> faults;
  std::vector<drawn_operation> operations;
  instant end{};
};

struct picture_options {
  instant from{};
  std::optional<instant> upto; // else the end of the run
  /// More arrows than this nobody can tell apart, and browsers grow slow.
  /// Beyond it heartbeats are thinned first, and the picture says so.
  std::size_t arrows_max = 4'000;
  /// Marks with text and bars, for the same reason.
  std::size_t marks_max = 1'000;
};

std::string draw(const recorded_run& run, const picture_options& options = {});

} // namespace praetor::actors::sim
