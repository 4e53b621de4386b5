#include "tests/support/gossip_trial.hpp"

#include <set>

namespace praetor::tests {
namespace {

constexpr span patience = std::chrono::minutes(10);

// A pool that knows itself, and has been quiet for a while.
void settle(gossip_world& world, std::size_t members) {
  world.keeps_events = false;
  world.add_many(members);
  world.join_all();
  auto took = world.run_until([&] { return world.is_converged(); }, patience,
                              std::chrono::milliseconds(100));
  PRAETOR_ASSERT(took);
  world.run(std::chrono::seconds(10));
}

} // namespace

accusations count_accusations(gossip::settings chosen, std::size_t members,
                              gossip_weather weather, slowness slow, span time,
                              std::uint64_t seed) {
  gossip_world world(chosen, seed);
  settle(world, members);
  world.weather = weather;
  accusations found;
  auto is_slow = [&](std::size_t who) { return who < slow.members; };
  world.on_event([&](std::size_t, instant, const gossip::event& what) {
    // One accusation is one member that decided by itself.
    auto* line = std::get_if<gossip::note>(&what);
    const std::string mark = "memberlist: Marking ";
    if (!line || !line->text.starts_with(mark))
      return;
    auto end = line->text.find(' ', mark.size());
    auto whom = std::stoul(line->text.substr(mark.size() + 1, end));
    ++found.false_all;
    found.false_healthy += is_slow(whom) ? 0 : 1;
  });
  auto end = world.now() + time;
  if (slow.members == 0) {
    world.run(time);
    return found;
  }
  while (world.now() < end) {
    for (std::size_t i = 0; i < slow.members; ++i)
      world.stall(i, slow.stalled_for);
    world.run(slow.stalled_for + slow.runs_for);
  }
  return found;
}

detection detect_crash(gossip::settings chosen, std::size_t members,
                       bool host_answers, std::uint64_t seed) {
  gossip_world world(chosen, seed);
  settle(world, members);
  auto whom = members - 1;
  if (host_answers)
    world.crash(whom);
  else
    world.power_off(whom);
  auto start = world.now();
  auto seen = [&](std::size_t wanted) {
    return world.seeing(world.name(whom), gossip::member_status::failed) >=
           wanted;
  };
  detection found;
  found.first = world.run_until([&] { return seen(1); }, patience);
  if (found.first &&
      world.run_until([&] { return seen(members - 1); }, patience))
    found.all = world.now() - start;
  return found;
}

std::optional<span> converge(gossip::settings chosen, std::size_t members,
                             gossip_weather weather, std::uint64_t seed) {
  gossip_world world(chosen, seed);
  world.keeps_events = false;
  world.weather = weather;
  world.add_many(members);
  world.join_all();
  return world.run_until([&] { return world.is_converged(); }, patience);
}

std::optional<span> spread_event(gossip::settings chosen, std::size_t members,
                                 gossip_weather weather, std::uint64_t seed) {
  gossip_world world(chosen, seed);
  settle(world, members);
  world.weather = weather;
  std::size_t told = 0;
  world.on_event([&](std::size_t, instant, const gossip::event& what) {
    told += std::holds_alternative<gossip::user_event>(what) ? 1 : 0;
  });
  auto fired = world.core(0).fire_event("e", "", world.now());
  PRAETOR_ASSERT(fired);
  return world.run_until([&] { return told == members; }, patience);
}

std::optional<span> heal_partition(gossip::settings chosen, std::size_t members,
                                   span cut_for, std::uint64_t seed) {
  gossip_world world(chosen, seed);
  settle(world, members);
  for (std::size_t i = 0; i < members / 2; ++i)
    world.put_on_side(i, 1);
  world.run(cut_for);
  world.heal();
  return world.run_until([&] { return world.is_converged(); }, patience);
}

} // namespace praetor::tests
