#pragma once

// Chains of mishaps that chance alone would seldom bring about, each aimed at
// one promise. Most storms have one, which they repeat between their other
// faults: first the sky clears, then the plot goes on, then the storm.

#include "actors/sim/faults.hpp"

namespace praetor::actors::sim {

struct plot {
  const char* name;
  const char* about;
  /// What it is made of: a profile without one of these has no such plot.
  std::vector<fault_kind> needs;
  void (*perform)(class stage& on);
  /// Servers must cut their logs often for it.
  bool eager_snapshots = false;
};

const std::vector<plot>& plots();

/// The plot of the run with this seed; null for those that have none.
const plot* draw_plot(const profile& from, std::uint64_t seed);

/// Where a plot is performed: all are up, and one leads.
class stage {
public:
  stage(world& where, prng& chance) : world_(where), chance_(chance) {}

  /// All is mended and somebody leads; false if nobody does in time.
  bool clear();

  world& where() { return world_; }
  prng& chance() { return chance_; }
  std::size_t leader() const { return leader_; }
  /// Everybody else, in any order.
  const std::vector<std::size_t>& rest() const { return rest_; }
  const raft::core* core(std::size_t of) const { return world_.at(of).core(); }
  std::size_t majority() const { return world_.size() / 2 + 1; }

  span some_ms(std::uint64_t least, std::uint64_t most);
  void pass(span time) { (void)world_.run_for(time); }
  /// Looks often, for what does not last.
  bool await(const std::function<bool()>& is_true, span limit);

  void cut(std::size_t from, std::size_t to) { world_.net().cut(from, to); }
  /// Nobody in `some` hears anybody else, and nobody hears them.
  void part(const std::vector<std::size_t>& some);
  void isolate(std::size_t one) { part({one}); }
  void mend() { world_.net().mend_all(); }
  void crash(std::size_t one) { world_.crash(one, {}); }
  void start(std::size_t one) { (void)world_.start(one); }

  /// Writes for a while at whoever else leads, and reads at `at`.
  void use(std::size_t at, span time);
  /// That many writes at once, at whoever leads.
  void write(std::size_t count);
  /// One of these leads in a newer term than the leader of the beginning.
  std::optional<std::size_t>
  await_leader_of(const std::vector<std::size_t>& some, span limit);

private:
  world& world_;
  prng& chance_;
  std::size_t leader_ = 0;
  std::vector<std::size_t> rest_;
};

} // namespace praetor::actors::sim
