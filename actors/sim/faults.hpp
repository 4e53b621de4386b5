#pragma once

// The faults that a run meets, every one a named knob drawn from the seed. A
// profile says which kinds there are at all; the seed says which of them this
// run has, how often and how badly.

#include "actors/sim/world.hpp"

#include <string_view>

namespace praetor::actors::sim {

enum class fault_kind : std::uint8_t {
  cut,           // one direction between two
  split,         // two sides
  isolate,       // one server, most often the leader
  bridge,        // two sides and one server that both can reach
  one_way,       // a server hears nobody, or nobody hears it
  flap,          // a path that is cut and mended again and again
  clog,          // a path that is slow for a while
  crash,         // the power goes, and comes back after a while
  crash_leader,  // the same for who leads
  crash_in_save, // the same in the middle of a write to the disk
  crash_all,     // the whole cluster at once
  pause,         // a server stands still
  pause_leader,  // and this one leads
  leap,          // a clock jumps forward
  drift,         // a clock runs at another rate from now on
  transfer,      // leadership is handed on
  sync_error,    // fsync fails from now on
  call_error,    // one call to the disk fails
  read_error,    // reads fail, until the server starts again
  full_disk,     // no room for a while
  slow_disk,     // each save takes long for a while
  bit_rot,       // a bit of what is on a disk turns
  stray_write,   // a write ends in another place, or nowhere
};

struct profile {
  const char* name;
  const char* about;
  bool has_bad_weather;
  std::vector<fault_kind> kinds;
};

/// All of them, the default first.
const std::vector<profile>& profiles();
const profile* find_profile(std::string_view name);

struct plot;

/// Draws what happens when, and makes it happen.
class storm {
public:
  /// Repeats the plot, if there is one.
  storm(world& where, const profile& from, const plot* repeated,
        std::uint64_t seed);

  /// Lets it rage; false when something was violated.
  bool rage(span time);

private:
  struct weight {
    fault_kind kind;
    std::uint64_t odds = 0;
  };

  span some(span least, span most);
  std::size_t anyone() { return chance_.below(world_.size()); }
  std::size_t leader_or_anyone();
  fault_kind draw();
  void draw_weather();
  void strike(fault_kind kind);
  bool strike_network(fault_kind kind);
  bool strike_server(fault_kind kind);
  void strike_disk(fault_kind kind);
  void damage(std::size_t which, fault_kind kind);
  void part(const std::vector<bool>& side, std::optional<std::size_t> bridge);
  void keep_flapping(std::size_t from, std::size_t to, int times);
  void mend_later(span delay);
  void strike_down(std::size_t which, bool in_save);
  storage::simulated_disk::crash_options crash_options();
  void make_leap();
  void perform_plot();
  /// Happens unless a plot cleared the stage meanwhile.
  void later(span delay, timeline::work what);

  world& world_;
  prng chance_;
  std::vector<weight> odds_;
  span interval_; // between two strikes, on average
  span lasting_;  // what is mended, is after at most so long
  const plot* plot_ = nullptr;
  std::uint64_t scene_ = 0; // counts plots
};

} // namespace praetor::actors::sim
