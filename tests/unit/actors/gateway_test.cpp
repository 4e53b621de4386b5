#include "actors/gateway.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using tests::actor_world;
using tests::encoded;
using tests::reply_ptr;
using tests::set_operation;

/// The Raft peer of some server, as the gateway sees it.
struct peer_log {
  std::size_t proposals = 0;
  std::vector<read_proof> reads;
  error write_failure{errc::ok, {}};
  caf::error broken; // what requests meet instead of an answer
  read_grant grant{{errc::ok, {}}, {}};
  cluster_view view;
  std::vector<bool> stale;
  std::vector<node_id> removed;
};

raft_peer_actor record_peer(actor_world& world, peer_log& into) {
  return world.stand_in<raft_peer_actor>([&into](caf::event_based_actor*) {
    return caf::message_handler{
        [&into](at::propose, const proposal&) -> caf::result<model::outcome> {
          ++into.proposals;
          if (into.broken)
            return into.broken;
          model::outcome done;
          done.failure = into.write_failure;
          return done;
        },
        [&into](at::read, read_proof proof) -> caf::result<read_grant> {
          into.reads.push_back(proof);
          if (into.broken)
            return into.broken;
          return into.grant;
        },
        [&into](at::members, bool stale) -> caf::result<cluster_view> {
          into.stale.push_back(stale);
          if (into.broken)
            return into.broken;
          return into.view;
        },
        [&into](at::remove, const node_id& id) -> caf::result<error> {
          into.removed.push_back(id);
          if (into.broken)
            return into.broken;
          return into.write_failure;
        }};
  });
}

/// Everybody is reached at once, under any address.
struct one_peer_carrier final : io::carrier {
  caf::actor there;
  caf::actor reach(const std::string&, caf::atom_value, io::lane) override {
    return there;
  }
  void offer(caf::atom_value, caf::actor) override {}
  void start() override {}
  void stop() override {}
};

struct gateway_fixture {
  peer_log ours, theirs;
  std::vector<bool> known;
  one_peer_carrier carrier;
  std::shared_ptr<publication> readers = std::make_shared<publication>();
  actor_world world;
  gateway_actor gate;

  gateway_fixture() {
    carrier.there = caf::actor_cast<caf::actor>(record_peer(world, theirs));
    auto parts = std::make_shared<gateway_parts>();
    parts->self = "a";
    parts->raft = record_peer(world, ours);
    parts->readers = readers;
    parts->time = &world.time;
    parts->carrier = &carrier;
    parts->leader_wait = 1s;
    gate = world.spawn(gateway, std::move(parts));
    server_record other;
    other.id = "b";
    other.address = "10.0.0.2:8300";
    world.tell(gate, at::update::value, roster{{other}});
    world.tell(gate, at::subscribe::value,
               tests::record_leadership(world, known));
  }
  ~gateway_fixture() { carrier.there = nullptr; }

  void lead(const node_id& who) {
    leadership now;
    now.leader = who;
    now.leader_known = !who.empty();
    now.is_leader = who == "a";
    readers->set_leadership(now);
    world.tell(gate, at::lead::value, now.is_leader);
  }
  reply_ptr<model::outcome> write() {
    return world.ask<model::outcome>(gate, at::propose::value,
                                     encoded(set_operation("k", "v")));
  }
  reply_ptr<read_grant> read(read_proof proof = read_proof::lease) {
    return world.ask<read_grant>(gate, at::read::value, proof);
  }
  void reach(modify_index applied) {
    auto state = std::make_shared<storage::state>();
    state->applied = applied;
    readers->publish(state);
    world.tell(gate, at::publish::value,
               publication_note{
                   state, std::make_shared<const model::change_set>(), {}});
  }
};

TEST_CASE_FIXTURE(gateway_fixture, "the leader is asked for the servers, our "
                                   "own peer where stale news will do") {
  lead("b");
  theirs.view.servers.push_back({"b", "", "10.0.0.2:8300"});
  auto seen = world.ask<cluster_view>(gate, at::members::value, false);
  REQUIRE(seen->value);
  CHECK(seen->value->servers.size() == 1);
  CHECK(ours.stale.empty());
  world.ask<cluster_view>(gate, at::members::value, true);
  CHECK(ours.stale == std::vector<bool>{true});
}

TEST_CASE_FIXTURE(gateway_fixture, "orders of operators wait for a leader, and "
                                   "not for ever") {
  auto done = world.ask<error>(gate, at::remove::value, node_id("c"));
  CHECK(done->pending());
  lead("b");
  REQUIRE(done->value);
  CHECK(done->value->code == errc::ok);
  CHECK(theirs.removed == std::vector<node_id>{"c"});
  lead("");
  auto late = world.ask<error>(gate, at::remove::value, node_id("c"));
  world.pass(2s);
  REQUIRE(late->value);
  CHECK(late->value->code == errc::no_leader);
}

TEST_CASE_FIXTURE(gateway_fixture, "an order whose answer was lost is not "
                                   "given again") {
  lead("b");
  theirs.broken = caf::make_error(caf::sec::request_receiver_down);
  auto done = world.ask<error>(gate, at::remove::value, node_id("c"));
  REQUIRE(done->value);
  CHECK(done->value->code == errc::in_doubt);
  CHECK(theirs.removed.size() == 1);
}

TEST_CASE_FIXTURE(gateway_fixture, "a write goes to whoever leads") {
  lead("b");
  CHECK(write()->value);
  CHECK(theirs.proposals == 1);
  lead("a");
  CHECK(write()->value);
  CHECK(ours.proposals == 1);
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "a write waits for a leader, and goes when there is one") {
  auto reply = write();
  CHECK(reply->pending());
  world.pass(500ms);
  CHECK(reply->pending());
  lead("b");
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::ok);
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "who waits too long hears that there is no leader") {
  auto writing = write();
  auto reading = read();
  world.pass(1100ms);
  REQUIRE(writing->value);
  CHECK(writing->value->failure == fail(errc::no_leader, "No cluster leader"));
  REQUIRE(reading->value);
  CHECK(reading->value->failure.code == errc::no_leader);
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "a write that was certainly not taken is sent again") {
  lead("b");
  SUBCASE("the peer does not lead") {
    theirs.write_failure = fail(errc::no_leader, "No cluster leader");
  }
  SUBCASE("the peer was not reached") {
    theirs.broken = caf::sec::cannot_connect_to_node;
  }
  auto reply = write();
  CHECK(reply->pending());
  theirs.write_failure = {errc::ok, {}};
  theirs.broken = caf::none;
  world.pass(100ms);
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::ok);
  CHECK(theirs.proposals == 2);
}

TEST_CASE_FIXTURE(gateway_fixture, "a write whose fate is unknown is not sent "
                                   "again, and the client hears that") {
  lead("b");
  theirs.broken = caf::sec::request_receiver_down;
  auto reply = write();
  world.pass(2s);
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::in_doubt);
  CHECK(theirs.proposals == 1);
}

TEST_CASE_FIXTURE(gateway_fixture, "a read whose answer was lost is asked "
                                   "again: that changes nothing") {
  lead("b");
  theirs.broken = caf::sec::request_receiver_down;
  auto reply = read();
  CHECK(reply->pending());
  theirs.broken = caf::none;
  world.pass(100ms);
  CHECK(reply->value);
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "a read waits until our state is where the leader's was") {
  lead("b");
  theirs.grant.index = {7};
  auto reply = read(read_proof::quorum);
  CHECK(reply->pending());
  reach(6);
  CHECK(reply->pending());
  reach(7);
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::ok);
  CHECK(theirs.reads == std::vector{read_proof::quorum});
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "a state that stays behind ends the wait of its readers") {
  lead("b");
  theirs.grant.index = {7};
  auto reply = read();
  world.pass(1100ms);
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::no_leader);
}

TEST_CASE_FIXTURE(gateway_fixture, "readers who come while a question is "
                                   "under way share the next") {
  lead("b");
  std::vector<reply_ptr<read_grant>> replies;
  for (int i = 0; i < 10; ++i)
    replies.push_back(world.post_request<read_grant>(gate, at::read::value,
                                                     read_proof::lease));
  world.settle();
  for (auto& one : replies)
    CHECK(one->value);
  CHECK(theirs.reads.size() <= 3);
}

TEST_CASE_FIXTURE(gateway_fixture,
                  "listeners hear whether anybody leads, once") {
  lead("b");
  lead("a");
  lead("");
  CHECK(known == std::vector<bool>{false, true, false});
}

} // namespace
} // namespace praetor::actors
