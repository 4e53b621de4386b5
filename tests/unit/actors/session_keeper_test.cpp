#include "actors/session_keeper.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using tests::actor_world;
using tests::create_session;
using tests::encoded;
using tests::lock_operation;
using tests::register_node;
using tests::set_operation;

const session_id one = tests::uuid_of('1');
const session_id two = tests::uuid_of('2');

struct keeper_fixture {
  actor_world world;
  tests::fake_raft raft{world};
  session_keeper_actor keeper =
      world.spawn(session_keeper, raft.handle, raft.readers,
                  static_cast<clock*>(&world.time));

  keeper_fixture() {
    raft.listeners.push_back(caf::actor_cast<state_listener_actor>(keeper));
    raft.put(register_node("n"));
    world.tell(keeper, at::lead::value, true);
  }

  bool lives(const session_id& id) {
    return raft.state().catalog.session(id) != nullptr;
  }
  std::shared_ptr<model::outcome> propose(const model::command& command) {
    auto reply =
        world.ask<model::outcome>(keeper, at::propose::value, encoded(command));
    REQUIRE(reply->value);
    return std::make_shared<model::outcome>(*reply->value);
  }
  bool renew(const session_id& id) {
    auto reply = world.ask<read_grant>(keeper, at::renew::value, id);
    REQUIRE(reply->value);
    return reply->value->failure.code == errc::ok;
  }
  std::size_t tombstones() const {
    std::size_t all = 0;
    for (auto& shard : raft.state().shards)
      all += shard.tombstones();
    return all;
  }
};

TEST_CASE_FIXTURE(keeper_fixture, "a session outlives its TTL and ends at "
                                  "twice its TTL") {
  raft.put(create_session(one, "10s"));
  world.pass(20s - 8ms);
  CHECK(lives(one));
  world.pass(16ms);
  CHECK_FALSE(lives(one));
}

TEST_CASE_FIXTURE(keeper_fixture, "a session without a TTL has no end") {
  raft.put(create_session(one));
  raft.put(create_session(two, "0s"));
  world.pass(10min);
  CHECK(lives(one));
  CHECK(lives(two));
}

TEST_CASE_FIXTURE(keeper_fixture, "a renewal gives the whole time again") {
  raft.put(create_session(one, "10s"));
  for (int i = 0; i < 5; ++i) {
    world.pass(19s);
    REQUIRE(renew(one));
  }
  CHECK(lives(one));
  world.pass(19s);
  CHECK(lives(one));
  world.pass(1s + 8ms);
  CHECK_FALSE(lives(one));
  CHECK_FALSE(renew(one));
}

TEST_CASE_FIXTURE(keeper_fixture, "an unknown session cannot be renewed") {
  CHECK_FALSE(renew(two));
}

TEST_CASE_FIXTURE(keeper_fixture, "a session that was ended is not ended "
                                  "again when its time is over") {
  raft.put(create_session(one, "10s"));
  raft.put(model::session_destroy{one});
  world.pass(1min);
  CHECK(raft.commands.empty());
}

TEST_CASE_FIXTURE(keeper_fixture, "who does not lead ends no session") {
  world.tell(keeper, at::lead::value, false);
  raft.put(create_session(one, "10s"));
  world.pass(5min);
  CHECK(lives(one));
  CHECK_FALSE(renew(one)); // whoever leads counts the time
  world.pass(5min);
  CHECK(lives(one));
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a new leader gives all sessions their whole time again") {
  raft.put(create_session(one, "10s"));
  world.pass(15s);
  world.tell(keeper, at::lead::value, false);
  world.pass(10s);
  CHECK(lives(one));
  world.tell(keeper, at::lead::value, true);
  world.pass(20s - 8ms);
  CHECK(lives(one));
  world.pass(16ms);
  CHECK_FALSE(lives(one));
}

TEST_CASE_FIXTURE(keeper_fixture, "other commands go to raft as they are") {
  auto done = propose(set_operation("k", "v"));
  CHECK(done->accepted);
  REQUIRE(raft.commands.size() == 1);
  CHECK(raft.commands[0] == model::command{set_operation("k", "v")});
}

TEST_CASE_FIXTURE(keeper_fixture, "raft's refusal comes back") {
  raft.refusal = fail(errc::no_leader, "nobody leads");
  CHECK(propose(lock_operation("k", one))->failure.text == "nobody leads");
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a lock that ended with its session is refused during its "
                  "delay, without asking raft") {
  raft.put(create_session(one));
  raft.put(create_session(two));
  CHECK(propose(lock_operation("k", one))->accepted);
  raft.put(model::session_destroy{one});
  auto asked = raft.commands.size();
  world.pass(15s - 8ms);
  auto refused = propose(lock_operation("k", two));
  CHECK_FALSE(refused->accepted);
  CHECK(refused->failure.code == errc::ok);
  CHECK(raft.commands.size() == asked);
  CHECK(propose(lock_operation("free", two))->accepted);
  world.pass(8ms);
  CHECK(propose(lock_operation("k", two))->accepted);
}

TEST_CASE_FIXTURE(keeper_fixture, "a lock that was released by its holder has "
                                  "no delay") {
  raft.put(create_session(one));
  raft.put(create_session(two));
  REQUIRE(propose(lock_operation("k", one))->accepted);
  auto unlock = lock_operation("k", one);
  unlock.verb = model::kv_verb::unlock;
  REQUIRE(propose(unlock)->accepted);
  CHECK(propose(lock_operation("k", two))->accepted);
}

TEST_CASE_FIXTURE(keeper_fixture, "a session may choose to have no delay") {
  auto hasty = create_session(one);
  hasty.session.lock_delay = span{};
  raft.put(hasty);
  raft.put(create_session(two));
  REQUIRE(propose(lock_operation("k", one))->accepted);
  raft.put(model::session_destroy{one});
  CHECK(propose(lock_operation("k", two))->accepted);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a transaction with a delayed lock fails at that operation") {
  raft.put(create_session(one));
  raft.put(create_session(two));
  REQUIRE(propose(lock_operation("k", one))->accepted);
  raft.put(model::session_destroy{one});
  model::transaction both;
  both.operations = {set_operation("x", "1"), lock_operation("k", two)};
  auto refused = propose(both);
  CHECK_FALSE(refused->accepted);
  REQUIRE(refused->failures.size() == 1);
  CHECK(refused->failures[0].operation == 1);
  CHECK(refused->failures[0].text ==
        "failed to lock key \"k\" due to lock delay");
  world.pass(15s + 8ms);
  CHECK(propose(both)->accepted);
}

TEST_CASE_FIXTURE(
    keeper_fixture,
    "tombstones are reaped when they are old enough, not before") {
  auto remove = set_operation("k", "");
  remove.verb = model::kv_verb::remove;
  raft.set_key("k", "v");
  world.pass(1min);
  raft.put(remove);
  world.pass(tombstone_age_max - 8ms);
  CHECK(tombstones() == 1);
  raft.set_key("l", "v");
  world.pass(1min);
  auto second = remove;
  second.key = "l";
  raft.put(second); // too young at the next look
  world.pass(tombstone_age_max - 8ms);
  CHECK(tombstones() == 1);
  world.pass(tombstone_age_max);
  CHECK(tombstones() == 0);
}

TEST_CASE_FIXTURE(keeper_fixture, "who does not lead, or has no tombstones, "
                                  "reaps nothing") {
  world.pass(3 * tombstone_age_max);
  CHECK(raft.commands.empty());
  auto remove = set_operation("k", "");
  remove.verb = model::kv_verb::remove;
  raft.set_key("k", "v");
  raft.put(remove);
  world.tell(keeper, at::lead::value, false);
  world.pass(3 * tombstone_age_max);
  CHECK(raft.commands.empty());
}

} // namespace
} // namespace praetor::actors
