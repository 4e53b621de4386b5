#include "actors/client_gateway.hpp"
#include "actors/portal.hpp"
#include "actors/watch_keeper.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;

/// A server's portal, with the server behind it.
struct portal_fixture {
  tests::actor_world world;
  tests::fake_raft raft{world};
  answers readers{raft.readers};
  serving_parts serving;
  portal_actor there;

  portal_fixture() {
    serving.readers = &readers;
    serving.time = &world.time;
    auto surface = std::make_shared<http::surface>();
    surface->make_id = [] { return tests::uuid_of('1'); };
    serving.surface = std::move(surface);
    serving.gateway = raft.gate();
    serving.watches =
        world.spawn(watch_keeper, &readers, static_cast<clock*>(&world.time),
                    std::uint64_t{1});
    raft.listeners.push_back(
        caf::actor_cast<state_listener_actor>(serving.watches));
    auto parts = std::make_shared<portal_parts>();
    parts->with = &serving;
    there = world.spawn(portal, std::move(parts));
  }

  tests::reply_ptr<remote_reply> ask(std::string method, std::string target,
                                     std::string body = {},
                                     std::uint64_t ticket = 1) {
    return world.ask<remote_reply>(there, at::call::value,
                                   remote_request{ticket,
                                                  "web1",
                                                  std::move(method),
                                                  std::move(target),
                                                  {},
                                                  std::move(body)});
  }
};

TEST_CASE_FIXTURE(
    portal_fixture,
    "a portal answers another agent's client as a session would") {
  auto put = ask("PUT", "/v1/kv/a", "1");
  REQUIRE(put->value);
  CHECK(put->value->status == 200);
  CHECK(put->value->body == "true");
  CHECK(!put->value->is_read);
  auto got = ask("GET", "/v1/kv/a?raw");
  REQUIRE(got->value);
  CHECK(got->value->body == "1");
  CHECK(got->value->is_read);
  CHECK(got->value->source.index == 1);
  CHECK(got->value->source.leader_known);
}

TEST_CASE_FIXTURE(portal_fixture, "a portal holds a blocking query until the "
                                  "answer changes") {
  raft.set_key("a", "1");
  auto waiting = ask("GET", "/v1/kv/a?index=1", {}, 7);
  CHECK(waiting->pending());
  raft.set_key("a", "2");
  REQUIRE(waiting->value);
  CHECK(waiting->value->source.index == 2);
}

TEST_CASE_FIXTURE(portal_fixture, "a session that another agent asks for is of "
                                  "its node") {
  auto node = tests::register_node("web1");
  auto& alive = node.checks.emplace_back();
  alive.id = "serfHealth";
  alive.status = "passing";
  raft.put(node);
  auto made = ask("PUT", "/v1/session/create", "{}");
  REQUIRE(made->value);
  CHECK(made->value->status == 200);
  REQUIRE(raft.state().catalog.sessions().size() == 1);
  CHECK(raft.state().catalog.sessions().front()->node == "web1");
}

TEST_CASE_FIXTURE(portal_fixture,
                  "a portal forgets a query that nobody waits for") {
  raft.set_key("a", "1");
  auto waiting = ask("GET", "/v1/kv/a?index=1", {}, 7);
  CHECK(waiting->pending());
  world.tell(there, at::unwatch::value, std::uint64_t{7});
  REQUIRE(waiting->value);
  CHECK(waiting->value->status == 500);
  world.tell(there, at::unwatch::value, std::uint64_t{7}); // harmless
}

TEST_CASE_FIXTURE(
    portal_fixture,
    "a portal refuses what is no request or for the agent alone") {
  CHECK(ask("GET", "no target")->value->status == 400);
  CHECK(ask("GET", "/v1/agent/self")->value->status == 400);
  CHECK(ask("GET", "/v1/agent/monitor")->value->status == 400);
}

TEST_CASE_FIXTURE(portal_fixture, "a portal tells what the catalogue has of a "
                                  "node") {
  auto command = tests::register_node("web1");
  command.service.emplace();
  command.service->id = command.service->name = "web";
  raft.put(command);
  auto found =
      world.ask<node_slice>(there, at::sync::value, std::string("web1"));
  REQUIRE(found->value);
  CHECK(found->value->commands.size() == 2);
  auto none =
      world.ask<node_slice>(there, at::sync::value, std::string("web2"));
  CHECK(none->value->commands.empty());
}

/// Addresses that are reached, and those that are not.
struct portal_carrier final : io::carrier {
  std::map<std::string, caf::actor> portals;
  caf::actor reach(const std::string& address, caf::atom_value name,
                   io::lane) override {
    return name == portal_name ? portals.at(address) : portals.at("gateway");
  }
  void offer(caf::atom_value, caf::actor) override {}
  void start() override {}
  void stop() override {}
};

/// An agent without a state, one server that is gone and one that is not.
struct client_fixture : portal_fixture {
  portal_carrier carrier;
  std::shared_ptr<publication> own = std::make_shared<publication>();
  gateway_actor gate;
  caf::error broken = caf::sec::cannot_connect_to_node;
  int refused = 0;

  client_fixture() {
    carrier.portals["good"] = caf::actor_cast<caf::actor>(there);
    carrier.portals["gateway"] = caf::actor_cast<caf::actor>(raft.gate());
    carrier.portals["bad"] = caf::actor_cast<caf::actor>(
        world.stand_in<portal_actor>([this](caf::event_based_actor*) {
          return caf::message_handler{
              [this](at::call,
                     const remote_request&) -> caf::result<remote_reply> {
                ++refused;
                return broken;
              }};
        }));
    auto parts = std::make_shared<client_gateway_parts>();
    parts->readers = own;
    parts->time = &world.time;
    parts->carrier = &carrier;
    parts->leader_wait = 1s;
    gate = world.spawn(client_gateway, std::move(parts));
  }
  void know(std::initializer_list<const char*> addresses) {
    roster known;
    for (auto* one : addresses) {
      auto& made = known.servers.emplace_back();
      made.id = made.address = one;
    }
    world.tell(gate, at::update::value, known);
  }
  tests::reply_ptr<remote_reply> call(std::string method, std::string target,
                                      std::string body = {}) {
    return world.ask<remote_reply>(gate, at::call::value,
                                   remote_request{9,
                                                  "web1",
                                                  std::move(method),
                                                  std::move(target),
                                                  {},
                                                  std::move(body)});
  }
};

TEST_CASE_FIXTURE(client_fixture, "a client without servers says so at once") {
  CHECK(call("GET", "/v1/kv/a")->value->failure.text ==
        "No known Consul servers");
  auto write = world.ask<model::outcome>(
      gate, at::propose::value, tests::encoded(tests::set_operation("a", "1")));
  CHECK(write->value->failure.code == errc::no_leader);
}

TEST_CASE_FIXTURE(client_fixture, "a client's request goes to the next server "
                                  "when one cannot be reached") {
  know({"bad", "good"});
  for (int i = 0; i < 4; ++i) {
    auto done = call("PUT", "/v1/kv/a", "1");
    world.pass(leader_retry * 2);
    REQUIRE(done->value);
    CHECK(done->value->body == "true");
  }
  CHECK(refused <= 1); // whoever failed is asked last
}

TEST_CASE_FIXTURE(client_fixture, "a client's write is not made twice when its "
                                  "fate is unknown, a read is") {
  broken = caf::sec::request_receiver_down;
  know({"bad"});
  auto write = call("PUT", "/v1/kv/a", "1");
  REQUIRE(write->value);
  CHECK(write->value->failure.code == errc::in_doubt);
  CHECK(refused == 1);
  auto read = call("GET", "/v1/kv/a");
  CHECK(read->pending());
  know({"bad", "good"});
  world.pass(leader_retry * 4);
  REQUIRE(read->value);
  CHECK(read->value->status == 404);
}

TEST_CASE_FIXTURE(client_fixture, "a client gives up when no server was "
                                  "reached in time") {
  know({"bad"});
  auto write = call("PUT", "/v1/kv/a", "1");
  CHECK(write->pending());
  world.pass(2s);
  REQUIRE(write->value);
  CHECK(write->value->failure.code == errc::no_leader);
}

TEST_CASE_FIXTURE(client_fixture, "a client sees of the catalogue its own "
                                  "node") {
  auto command = tests::register_node("me");
  command.service.emplace();
  command.service->id = command.service->name = "web";
  raft.put(command);
  raft.put(tests::register_node("other"));
  know({"good"});
  auto done = world.ask<error>(gate, at::sync::value, std::string("me"));
  REQUIRE(done->value);
  CHECK(done->value->code == errc::ok);
  CHECK(own->newest()->catalog.service("me", "web"));
  CHECK(!own->newest()->catalog.node("other"));
}

TEST_CASE_FIXTURE(client_fixture, "who listens at a client hears whether there "
                                  "are servers") {
  std::vector<bool> heard;
  world.tell(gate, at::subscribe::value,
             tests::record_leadership(world, heard));
  know({"good"});
  know({});
  CHECK(heard == std::vector<bool>{false, true, false});
}

} // namespace
} // namespace praetor::actors
