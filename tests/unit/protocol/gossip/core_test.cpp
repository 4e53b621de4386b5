#include "protocol/gossip/core.hpp"

#include "protocol/gossip/codec.hpp"
#include "tests/support/gossip_world.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;
using tests::gossip_world;

namespace {

// Members who all know each other.
struct pool_of : gossip_world {
  pool_of(std::size_t count, std::uint64_t number,
          settings chosen = lan_settings())
      : gossip_world(chosen, tests::seed() + number) {
    add_many(count);
    join_all();
    REQUIRE(run_until([&] { return is_converged(); }, 30s));
    check_invariants();
  }
};

template <class T>
std::vector<T> all_of(const std::vector<event>& events) {
  std::vector<T> found;
  for (auto& one : events)
    if (auto* some = std::get_if<T>(&one))
      found.push_back(*some);
  return found;
}

// The changes of that member, in the order in which they were reported.
std::vector<change> changes_of(const std::vector<event>& events,
                               const std::string& whom) {
  std::vector<change> found;
  for (auto& one : all_of<member_change>(events))
    if (one.who.name == whom)
      found.push_back(one.what);
  return found;
}

member_status status_of(gossip_world& world, std::size_t who,
                        const std::string& whom) {
  auto* found = world.core(who).find(whom);
  REQUIRE(found);
  return found->status;
}

// A core that nobody else runs: its neighbours are what the test says.
struct lonely {
  instant now{1h};
  core tested;

  explicit lonely(settings chosen = lan_settings())
      : tested(chosen, {"a", {"10.0.0.1", 8301}, {}, 1}, prng(tests::seed()),
               now) {
    tested.take_output();
  }
  void hear(const message& what) {
    tested.handle(new_packet() + encode(what), {"10.0.0.9", 8301}, now);
    tested.check_invariants();
  }
  void meet(const std::string& name, int last, std::uint64_t incarnation = 1,
            const tag_map& tags = {}) {
    hear(alive{incarnation,
               name,
               {"10.0.0." + std::to_string(last), 8301},
               pack_tags(tags)});
  }
  void pass(span time) {
    auto end = now + time;
    while (tested.next_deadline() <= end) {
      now = std::max(now, tested.next_deadline());
      tested.tick(now);
      tested.check_invariants();
    }
    now = end;
  }
  // All messages that were put out, to whomever.
  std::vector<message> said() {
    std::vector<message> found;
    for (auto& one : tested.take_output().packets) {
      auto read = decode_packet(one.bytes);
      REQUIRE(read);
      found.insert(found.end(), read->begin(), read->end());
    }
    return found;
  }
  member_status status(const std::string& name) {
    REQUIRE(tested.find(name));
    return tested.find(name)->status;
  }
};

template <class T>
std::vector<T> only(const std::vector<message>& all) {
  std::vector<T> found;
  for (auto& one : all)
    if (auto* some = std::get_if<T>(&one))
      found.push_back(*some);
  return found;
}

} // namespace

TEST_SUITE("gossip core") {
  TEST_CASE("members that join one of them all come to know each other") {
    pool_of world(20, 1);
    for (std::size_t i = 0; i < world.size(); ++i)
      CHECK(world.core(i).members().size() == 20);
  }

  TEST_CASE("twenty who join at once are known everywhere within a second") {
    gossip_world world(lan_settings(), tests::seed() + 2);
    world.add_many(23);
    world.join_all();
    auto took = world.run_until([&] { return world.is_converged(); }, 10s);
    REQUIRE(took);
    CHECK(*took <= 1s);
  }

  TEST_CASE("who crashes is failed everywhere, and never reported as left") {
    pool_of world(8, 3);
    world.crash(3);
    auto seen = [&] { return world.seeing("m3", member_status::failed) == 7; };
    REQUIRE(world.run_until(seen, 30s));
    CHECK(changes_of(world.heard(0), "m3") ==
          std::vector{change::joined, change::failed});
    world.check_invariants();
  }

  TEST_CASE("a refused connection shortens the doubt, silence does not") {
    pool_of refused(8, 4);
    refused.crash(3);
    auto soon = refused.run_until(
        [&] { return refused.seeing("m3", member_status::failed) > 0; }, 60s);
    pool_of silent(8, 4);
    silent.power_off(3);
    auto late = silent.run_until(
        [&] { return silent.seeing("m3", member_status::failed) > 0; }, 60s);
    REQUIRE(soon);
    REQUIRE(late);
    CHECK(*soon < 4500ms);
    // The least time of doubt: four probe intervals.
    CHECK(*late >= 4s);
  }

  TEST_CASE("a graceful leave is seen as left, not as failed") {
    pool_of world(6, 5);
    REQUIRE(world.core(2).leave(world.now()));
    world.run(10s);
    CHECK(world.core(2).has_left());
    CHECK(all_of<leave_ended>(world.heard(2)).size() == 1);
    for (std::size_t i = 0; i < 6; ++i) {
      if (i == 2)
        continue;
      CHECK(status_of(world, i, "m2") == member_status::left);
      auto changes = changes_of(world.heard(i), "m2");
      CHECK(changes.back() == change::left);
      CHECK(std::count(changes.begin(), changes.end(), change::failed) == 0);
    }
  }

  TEST_CASE("who is alone leaves at once") {
    lonely one;
    REQUIRE(one.tested.leave(one.now));
    CHECK(one.tested.has_left());
    CHECK_FALSE(one.tested.leave(one.now));
    CHECK_FALSE(one.tested.join({"10.0.0.2", 8301}, one.now));
  }

  TEST_CASE("a member that restarts with an old incarnation catches up") {
    pool_of world(5, 6);
    world.crash(4);
    world.run(20s);
    CHECK(world.seeing("m4", member_status::failed) == 4);
    world.restart(4);
    world.join(4, 0);
    REQUIRE(world.run_until([&] { return world.is_converged(); }, 10s));
    CHECK(world.core(4).self().incarnation > 1);
  }

  TEST_CASE("a member that left comes back by joining again") {
    pool_of world(4, 7);
    REQUIRE(world.core(3).leave(world.now()));
    world.run(10s);
    world.crash(3);
    world.restart(3);
    world.join(3, 1);
    REQUIRE(world.run_until([&] { return world.is_converged(); }, 10s));
    CHECK(changes_of(world.heard(0), "m3").back() == change::joined);
  }

  TEST_CASE("a failed member's name may move to another address in time") {
    pool_of world(4, 8);
    world.crash(3);
    world.run(60s);
    world.restart(3, endpoint{"10.9.9.9", 8301});
    world.join(3, 0);
    REQUIRE(world.run_until([&] { return world.is_converged(); }, 10s));
    CHECK(world.core(1).find("m3")->at.host == "10.9.9.9");
  }

  TEST_CASE("force-leave makes a failed member a left one everywhere") {
    pool_of world(5, 9);
    world.crash(4);
    world.run(20s);
    REQUIRE(world.core(0).force_leave("m4", false, world.now()));
    world.run(3s);
    CHECK(world.seeing("m4", member_status::left) == 4);
    auto unknown = world.core(0).force_leave("nobody", false, world.now());
    REQUIRE_FALSE(unknown);
    CHECK(unknown.failure().text == "No node found with name 'nobody'");
  }

  TEST_CASE("pruning forgets the member everywhere, and it stays forgotten") {
    pool_of world(5, 10);
    world.crash(4);
    world.run(20s);
    REQUIRE(world.core(0).force_leave("m4", true, world.now()));
    world.run(90s);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(world.core(i).find("m4") == nullptr);
      CHECK(changes_of(world.heard(i), "m4").back() == change::reaped);
    }
  }

  TEST_CASE("who is made to leave and lives says so") {
    pool_of world(5, 11);
    REQUIRE(world.core(0).force_leave("m4", false, world.now()));
    world.run(5s);
    CHECK(world.seeing("m4", member_status::alive) == 5);
    CHECK(world.core(4).counted().refutations == 1);
  }

  TEST_CASE("changed tags reach everybody as an update") {
    pool_of world(5, 12);
    REQUIRE(world.core(1).set_tags({{"role", "consul"}}, world.now()));
    world.run(3s);
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(tag_of(world.core(i).find("m1")->tags, "role") == "consul");
      CHECK(changes_of(world.heard(i), "m1").back() == change::updated);
    }
    auto many =
        world.core(1).set_tags({{"x", std::string(600, 'x')}}, world.now());
    CHECK(many.failure().code == errc::too_large);
  }

  TEST_CASE("an event is delivered once to everybody who is there") {
    pool_of world(12, 13);
    REQUIRE(world.core(5).fire_event("deploy", "v2", world.now()));
    world.run(70s);
    for (std::size_t i = 0; i < 12; ++i) {
      auto events = all_of<user_event>(world.heard(i));
      REQUIRE(events.size() == 1);
      CHECK(events[0].name == "deploy");
      CHECK(events[0].payload == "v2");
    }
    auto newcomer = world.add();
    world.join(newcomer, 0);
    world.run(70s);
    CHECK(all_of<user_event>(world.heard(newcomer)).empty());
    auto large =
        world.core(0).fire_event("x", std::string(512, 'x'), world.now());
    REQUIRE_FALSE(large);
    CHECK(large.failure().text ==
          "user event exceeds configured limit of 512 bytes before encoding");
  }

  TEST_CASE("an event that a partition held back comes with the states") {
    pool_of world(6, 14);
    for (std::size_t i = 0; i < 3; ++i)
      world.put_on_side(i, 1);
    REQUIRE(world.core(0).fire_event("late", "", world.now()));
    world.run(20s);
    world.heal();
    world.run(150s);
    CHECK(all_of<user_event>(world.heard(5)).size() == 1);
  }

  TEST_CASE("a partition heals by itself") {
    pool_of world(10, 15);
    for (std::size_t i = 0; i < 4; ++i)
      world.put_on_side(i, 1);
    world.run(60s);
    CHECK(world.core(0).present() == 4);
    CHECK(world.core(9).present() == 6);
    world.heal();
    CHECK(world.run_until([&] { return world.is_converged(); }, 180s));
    world.check_invariants();
  }

  TEST_CASE("the failed and the left are forgotten in their time") {
    auto chosen = lan_settings();
    chosen.reconnect_timeout = 60s;
    chosen.tombstone_timeout = 30s;
    pool_of world(5, 16, chosen);
    world.crash(4);
    REQUIRE(world.core(3).leave(world.now()));
    world.run(40s);
    world.crash(3);
    world.run(20s);
    CHECK(world.core(0).find("m3") == nullptr);
    CHECK(world.core(0).find("m4") != nullptr);
    world.run(60s);
    CHECK(world.core(0).find("m4") == nullptr);
    CHECK(changes_of(world.heard(0), "m4").back() == change::reaped);
    CHECK(changes_of(world.heard(0), "m3").back() == change::reaped);
  }

  TEST_CASE("a join that nobody answers says so") {
    gossip_world world(lan_settings(), tests::seed() + 17);
    world.add_many(2);
    world.crash(1);
    world.join(0, 1);
    world.run(1s);
    auto ended = all_of<join_ended>(world.heard(0));
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].failure == "connection refused");
    CHECK(ended[0].whom == endpoint{"10.0.0.1", 8301});
  }

  TEST_CASE("members of another datacenter are not let in") {
    auto chosen = lan_settings();
    chosen.admit.datacenter = "dc1";
    gossip_world world(chosen, tests::seed() + 18);
    world.add({{"dc", "dc1"}});
    world.add({{"dc", "dc2"}});
    world.join(1, 0);
    world.run(2s);
    auto ended = all_of<join_ended>(world.heard(1));
    REQUIRE(ended.size() == 1);
    CHECK(ended[0].failure == "Member 'm1' part of wrong datacenter 'dc2'");
    CHECK(world.core(0).present() == 1);
    CHECK(world.core(1).present() == 1);
  }

  TEST_CASE("only servers are let into the pool between datacenters") {
    auto chosen = wan_settings();
    chosen.admit.servers_only = true;
    gossip_world world(chosen, tests::seed() + 19);
    world.add({{"role", "consul"}});
    world.add({{"role", "node"}});
    world.join(1, 0);
    world.run(2s);
    CHECK(all_of<join_ended>(world.heard(1))[0].failure ==
          "Member 'm1' is not a server");
  }

  TEST_CASE("a second member with our node id is refused by its name") {
    gossip_world world(lan_settings(), tests::seed() + 20);
    world.add({{"id", "77"}});
    world.add({{"id", "77"}});
    world.join(1, 0);
    world.run(2s);
    CHECK(all_of<join_ended>(world.heard(1))[0].failure ==
          "Member 'm1' has conflicting node ID '77' with this agent's ID");
  }

  TEST_CASE("who sees two members with one id reports both names") {
    lonely one;
    one.meet("b", 2, 1, {{"id", "77"}});
    one.meet("c", 3, 1, {{"id", "77"}});
    auto found = all_of<conflict>(one.tested.take_output().events);
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == "c");
    CHECK(found[0].other == "b");
    CHECK(found[0].id == "77");
  }

  TEST_CASE("a name that is claimed twice stays with who has it") {
    lonely one;
    one.meet("b", 2);
    one.meet("b", 3, 9);
    CHECK(one.tested.find("b")->at.host == "10.0.0.2");
    auto found = all_of<conflict>(one.tested.take_output().events);
    REQUIRE(found.size() == 1);
    CHECK(found[0].theirs.host == "10.0.0.3");
    CHECK_FALSE(found[0].about_us);
  }

  TEST_CASE("somebody else with our name is told of, and not refuted") {
    lonely one;
    one.meet("a", 7, 5);
    auto found = all_of<conflict>(one.tested.take_output().events);
    REQUIRE(found.size() == 1);
    CHECK(found[0].about_us);
    CHECK(one.tested.counted().refutations == 0);
  }

  TEST_CASE("a replayed claim of an older incarnation changes nothing") {
    lonely one;
    one.meet("b", 2, 5);
    one.hear(dead{4, "b", "c"});
    one.hear(suspect{4, "b", "c", false});
    one.hear(leave_intent{4, "b", "b", false});
    one.meet("b", 2, 3, {{"role", "old"}});
    CHECK(one.status("b") == member_status::alive);
    CHECK(one.tested.find("b")->tags.empty());
    CHECK_FALSE(one.tested.is_suspect("b"));
  }

  TEST_CASE("garbage is counted and does nothing") {
    lonely one;
    one.meet("b", 2);
    auto before = one.tested.members();
    prng chance(tests::seed());
    for (int i = 0; i < 2000; ++i) {
      std::string bytes(chance.below(200), '\0');
      for (auto& c : bytes)
        c = static_cast<char>(chance.next());
      if (!bytes.empty())
        bytes[0] = static_cast<char>(wire_version);
      one.tested.handle(bytes, {"10.0.0.9", 8301}, one.now);
    }
    one.tested.check_invariants();
    CHECK(one.tested.members() == before);
    CHECK(one.tested.counted().packets_malformed > 1900);
  }

  TEST_CASE("a ping for another name is not answered") {
    lonely one;
    one.hear(ping{7, "b"});
    CHECK(only<ack>(one.said()).empty());
    one.hear(ping{8, "a"});
    auto acks = only<ack>(one.said());
    REQUIRE(acks.size() == 1);
    CHECK(acks[0].number == 8);
    CHECK(acks[0].place.has_value());
  }

  TEST_CASE("who was not scheduled accuses nobody for it") {
    lonely one;
    one.meet("b", 2);
    while (only<ping>(one.said()).empty())
      one.pass(10ms);
    // The ack is in a buffer while the process stands still.
    one.now += 10s;
    one.tested.tick(one.now);
    CHECK_FALSE(one.tested.is_suspect("b"));
    CHECK(one.tested.counted().stalls == 1);
    CHECK(one.tested.health_score() == 1);
    one.hear(ack{1, std::nullopt});
    one.pass(3s);
    CHECK(one.tested.health_score() >= 1);
  }
}
