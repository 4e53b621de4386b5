// Pools of gossip cores under one seed: what Lifeguard and SWIM promise, small
// enough for every build. tests/bench/gossip_table.cpp does it at length.

#include "tests/support/gossip_trial.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;

TEST_SUITE("gossip hunt") {
  TEST_CASE("slow members accuse ten times fewer with Lifeguard than without") {
    slowness slow{4, 8s, 1ms};
    auto chosen = gossip::lan_settings();
    std::size_t with = 0;
    std::size_t without = 0;
    for (std::uint64_t i = 0; i < 3; ++i) {
      auto seed = tests::seed() + i;
      with += count_accusations(chosen, 32, {}, slow, 120s, seed).false_healthy;
      without += count_accusations(gossip::without_lifeguard(chosen), 32, {},
                                   slow, 120s, seed)
                     .false_healthy;
    }
    CHECK(without >= 20);
    CHECK(with * 10 <= without);
  }

  TEST_CASE("nobody is accused for a tenth of the packets being lost") {
    gossip_weather loss;
    loss.loss = 0.1;
    auto found = count_accusations(gossip::lan_settings(), 32, loss, {}, 60s,
                                   tests::seed() + 10);
    CHECK(found.false_all == 0);
  }

  TEST_CASE("a killed process is found in half of what silence takes") {
    for (std::size_t members : {3u, 23u}) {
      auto killed = detect_crash(gossip::lan_settings(), members, true,
                                 tests::seed() + 20);
      auto silent = detect_crash(gossip::lan_settings(), members, false,
                                 tests::seed() + 20);
      REQUIRE(killed.all);
      REQUIRE(silent.all);
      CHECK(*killed.all < 6s);
      CHECK(*killed.first * 2 < *silent.first + 2s);
    }
  }

  TEST_CASE("events reach everybody, at the latest with the states") {
    gossip_weather loss;
    loss.loss = 0.2;
    auto took =
        spread_event(gossip::lan_settings(), 64, loss, tests::seed() + 30);
    REQUIRE(took);
    CHECK(*took <= 120s);
  }

  TEST_CASE("halves that were apart find together again") {
    auto took =
        heal_partition(gossip::lan_settings(), 16, 40s, tests::seed() + 40);
    REQUIRE(took);
    CHECK(*took <= 120s);
  }

  TEST_CASE("whatever happens to a pool, it keeps its invariants and settles") {
    for (std::uint64_t run = 0; run < 30; ++run) {
      prng chance(tests::seed() + 100 + run);
      gossip_world world(gossip::lan_settings(), chance.next());
      world.keeps_events = false;
      std::size_t members = 3 + chance.below(10);
      world.add_many(members);
      world.join_all();
      for (int step = 0; step < 60; ++step) {
        auto who = chance.below(members);
        world.weather.loss = static_cast<double>(chance.below(40)) / 100;
        switch (chance.below(8)) {
        case 0:
          if (world.is_up(who))
            world.crash(who);
          break;
        case 1:
          if (!world.is_up(who)) {
            world.restart(who);
            world.join(who, (who + 1) % members);
          }
          break;
        case 2:
          world.stall(who, span(1s) * static_cast<int>(chance.below(10)));
          break;
        case 3:
          world.put_on_side(who, static_cast<int>(chance.below(2)));
          break;
        case 4:
          if (world.is_up(who))
            (void)world.core(who)
                .force_leave(world.name(chance.below(members)),
                             chance.below(2) == 0, world.now())
                .has_value();
          break;
        default:
          break;
        }
        world.run(span(1s) * static_cast<int>(1 + chance.below(5)));
        world.check_invariants();
      }
      world.heal();
      world.weather.loss = 0;
      for (std::size_t i = 0; i < members; ++i)
        if (!world.is_up(i))
          world.restart(i);
      for (std::size_t i = 0; i < members; ++i)
        world.join(i, (i + 1) % members);
      INFO("run ", run);
      CHECK(world.run_until([&] { return world.is_converged(); }, 300s));
    }
  }
}
