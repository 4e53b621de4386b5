#pragma once

// Scenarios as text: one step a line, words apart by blanks, `#` begins a
// comment. tests/sim/scripts/README.md has the grammar for people who write
// them. Parsing knows nothing of what the steps do.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace praetor::actors::sim {

/// A story is a screen or two; more is a mistake.
inline constexpr std::size_t script_bytes_max = 64 * 1024;
/// After `repeat` is written out.
inline constexpr std::size_t script_steps_max = 10'000;
inline constexpr std::uint64_t script_repeats_max = 1'000;
inline constexpr std::size_t script_depth_max = 4;
/// As many as there are letters in the alphabet's first third: Raft clusters
/// of more than nine voters are not in use.
inline constexpr std::uint64_t script_nodes_max = 9;

/// A node by its letter, `leader` as of the moment of the step, or a name
/// that an earlier `remember` gave.
using node_name = std::string;

// -- the cluster, before the first other step --------------------------------

struct nodes_step {
  std::uint64_t count = 3;
};
struct seed_step {
  std::uint64_t seed = 1;
};
struct profile_step {
  std::string name;
};

// -- time --------------------------------------------------------------------

struct wait_step {
  span time{};
};
struct wait_leader_step {
  span time_max = std::chrono::seconds(10);
};

// -- the network -------------------------------------------------------------

/// Two or more groups that cannot reach one another; who is in none of them
/// reaches all.
struct cut_step {
  std::vector<std::vector<node_name>> groups;
};
struct cut_one_way_step {
  node_name from;
  node_name to;
};
struct isolate_step {
  node_name node;
};
/// The others fall into two halves that only this node reaches.
struct bridge_step {
  node_name node;
};
struct heal_step {};
struct loss_step {
  double share = 0; // 0 to 1
};
struct duplicate_step {
  double share = 0;
};
struct delay_step {
  span least{};
  span most{};
};
struct slow_step {
  node_name from;
  node_name to;
  span time{};
};

// -- nodes, clocks and disks -------------------------------------------------

struct crash_step {
  node_name node;
};
struct restart_step {
  node_name node;
};
struct pause_step {
  node_name node;
  std::optional<span> time; // without: until `resume`
};
struct resume_step {
  node_name node;
};
struct clock_step {
  node_name node;
  span by{}; // may be negative
};
struct drift_step {
  node_name node;
  double share = 0; // 0.05: the clock gains 5%; may be negative
};
enum class disk_state : std::uint8_t { ok, full, failing_sync, rot };
struct disk_step {
  node_name node;
  disk_state state = disk_state::ok;
};
struct transfer_step {
  std::optional<node_name> to;
};
struct remember_step {
  node_name node; // usually leader
  std::string as;
};

// -- clients -----------------------------------------------------------------

enum class client_verb : std::uint8_t { get, put, cas, remove, list };
struct client_step {
  client_verb what = client_verb::get;
  std::string key;
  std::string value;           // put and cas
  std::uint64_t index = 0;     // cas
  std::optional<node_name> on; // which node is asked; without: any that answers
  bool is_stale = false;       // get and list
};

// -- what must hold, or the scenario fails -----------------------------------

struct expect_client_step {
  client_step what;
  bool fails = false;
  /// After `=`; `nothing` is a key that does not exist.
  std::optional<std::string> value;
  bool is_nothing = false;
};
struct expect_leader_step {
  bool exists = true;
};
struct expect_leader_is_step {
  node_name node;
  bool is = true;
};
/// The leader now is the one at the last expectation about a leader, or at
/// the last `wait leader`.
struct expect_same_leader_step {};
struct expect_terms_step {
  std::uint64_t most = 0; // terms begun since the first leader
};
struct expect_state_equal_step {};
struct expect_up_step {
  node_name node;
  bool is = true; // false: it stopped by itself, or crashed
};

using expectation =
    std::variant<expect_client_step, expect_leader_step, expect_leader_is_step,
                 expect_same_leader_step, expect_terms_step,
                 expect_state_equal_step, expect_up_step>;

struct expect_step {
  /// Tried again until then; without: it must hold at once.
  std::optional<span> within;
  expectation what;
};

using step_action =
    std::variant<nodes_step, seed_step, profile_step, wait_step,
                 wait_leader_step, cut_step, cut_one_way_step, isolate_step,
                 bridge_step, heal_step, loss_step, duplicate_step, delay_step,
                 slow_step, crash_step, restart_step, pause_step, resume_step,
                 clock_step, drift_step, disk_step, transfer_step,
                 remember_step, client_step, expect_step>;

struct step {
  std::size_t line = 0;
  std::string text; // as written, for reports
  step_action what;
};

/// The steps in order, `repeat` written out. An error names line, column, the
/// word and what was allowed there.
result<std::vector<step>> parse_script(std::string_view text);

} // namespace praetor::actors::sim
