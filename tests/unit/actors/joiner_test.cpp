#include "actors/joiner.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using tests::actor_world;

/// Joiners by address; who is not there cannot be reached.
struct joiner_net final : io::carrier {
  std::map<std::string, caf::actor> at_address;
  caf::actor nobody;
  caf::actor reach(const std::string& address, caf::atom_value,
                   io::lane) override {
    auto found = at_address.find(address);
    return found == at_address.end() ? nobody : found->second;
  }
  void offer(caf::atom_value, caf::actor) override {}
  void start() override {}
  void stop() override {}
};

struct joiner_fixture {
  joiner_net net;
  std::map<node_id, std::vector<node_id>> begun; // by whom, of whom
  std::map<node_id, roster> told;
  actor_world world;
  std::map<node_id, joiner_actor> joiners;

  joiner_fixture() {
    net.nobody = world.stand_in<caf::actor>([](caf::event_based_actor*) {
      return caf::message_handler{
          [](at::join, const roster&) -> caf::result<roster> {
            return caf::sec::cannot_connect_to_node;
          }};
    });
  }
  ~joiner_fixture() {
    net.at_address.clear();
    net.nobody = nullptr;
  }

  raft_peer_actor record_raft(const node_id& id) {
    return world.stand_in<raft_peer_actor>([this, id](caf::event_based_actor*) {
      return caf::message_handler{
          [this, id](at::update, const roster& known) { told[id] = known; },
          [this, id](at::bootstrap, const std::vector<node_id>& all) {
            begun[id] = all;
            return error{errc::ok, {}};
          }};
    });
  }
  void start(const node_id& id, std::vector<std::string> joins,
             std::uint64_t expect = 3, bool has_history = false,
             const std::string& datacenter = "dc1") {
    auto parts = std::make_shared<joiner_parts>();
    parts->own.id = parts->own.name = id;
    parts->own.datacenter = datacenter;
    parts->own.address = id + ":8300";
    parts->own.lan_address = id + ":8301";
    parts->own.expect = expect;
    parts->own.has_history = has_history;
    parts->own.version = 1;
    parts->raft = record_raft(id);
    parts->gateway = world.stand_in<gateway_actor>(
        [](caf::event_based_actor*) { return caf::message_handler{}; });
    parts->time = &world.time;
    parts->carrier = &net;
    parts->addresses = std::move(joins);
    auto made = world.spawn(joiner, std::move(parts));
    joiners[id] = made;
    for (auto* port : {":8300", ":8301"})
      net.at_address[id + port] = caf::actor_cast<caf::actor>(made);
    world.settle();
  }
};

TEST_CASE_FIXTURE(joiner_fixture, "servers that know of one another by hearsay "
                                  "begin a cluster, and one of them does it") {
  start("b", {});
  start("c", {"b:8301"});
  start("a", {"b:8301"});
  world.pass(3s);
  REQUIRE(begun.size() == 1);
  CHECK(begun["a"] == std::vector<node_id>{"a", "b", "c"});
  for (auto* id : {"a", "b", "c"})
    CHECK(told[id].servers.size() == 3);
}

TEST_CASE_FIXTURE(joiner_fixture, "nobody begins while one is missing") {
  start("a", {});
  start("b", {"a:8301"});
  world.pass(60s);
  CHECK(begun.empty());
  start("c", {"a:8301"});
  world.pass(3s);
  CHECK(begun.size() == 1);
}

TEST_CASE_FIXTURE(joiner_fixture,
                  "nobody begins where there is a cluster already") {
  start("a", {});
  start("b", {"a:8301"}, 3, true);
  start("c", {"a:8301"});
  world.pass(60s);
  CHECK(begun.empty());
}

TEST_CASE_FIXTURE(joiner_fixture, "an address is tried until it answers") {
  start("a", {"b:8301"}, 2);
  world.pass(10s);
  CHECK(begun.empty());
  start("b", {}, 2);
  world.pass(31s);
  CHECK(begun.size() == 1);
}

TEST_CASE_FIXTURE(joiner_fixture,
                  "a server of another datacenter is not taken in") {
  start("a", {}, 2);
  start("b", {"a:8301"}, 2, false, "dc2");
  world.pass(60s);
  CHECK(begun.empty());
  CHECK(told.empty());
}

TEST_CASE_FIXTURE(joiner_fixture, "who has promised to begin with certain "
                                  "servers promises no others for a while") {
  start("a", {});
  start("b", {"a:8301"});
  start("c", {"a:8301"});
  world.settle();
  auto ask = [&](std::vector<node_id> all) {
    return *world.ask<bool>(joiners["c"], at::bootstrap::value, all)->value;
  };
  world.pass(3s);
  CHECK(ask({"a", "b", "c"}));
  CHECK_FALSE(ask({"b", "c", "d"}));
}

} // namespace
} // namespace praetor::actors
