#pragma once

// Carries out a scenario that somebody wrote, on a world without other faults
// or clients.

#include "actors/sim/script.hpp"
#include "actors/sim/world.hpp"

namespace praetor::actors::sim {

struct played {
  /// The step that failed and why; empty when all went as it should.
  std::string failure;
  std::uint64_t hash = 0;
  std::uint64_t seed = 0;
  std::size_t steps = 0;
  span time{};
  bool passed() const { return failure.empty(); }
};

played play(const std::vector<step>& story, trace::line_sink lines = {});

/// One story under way.
class player {
public:
  player(world& where) : world_(where) {}

  /// Empty, or why the step failed.
  std::string perform(const step& what);

private:
  using number = std::size_t;

  std::optional<number> find(const node_name& name) const;
  void cut(const cut_step& what);
  void bridge(number through);
  void isolate(number which);
  void pause(number which, std::optional<span> time);
  void disk(number which, disk_state state);
  std::string act(const step_action& what);
  std::string act_on_network(const step_action& what);
  std::string act_on_node(const step_action& what);
  std::string expect(const expect_step& what);
  std::string check(const expectation& what);
  std::string check_client(const expect_client_step& what);
  std::string check_states();
  /// Asks, and waits for the answer.
  told ask(const client_step& what, span at_most);
  void remember_leader();

  world& world_;
  std::map<std::string, number> names_;
  std::optional<number> last_leader_;
  std::optional<std::uint64_t> first_term_;
};

} // namespace praetor::actors::sim
