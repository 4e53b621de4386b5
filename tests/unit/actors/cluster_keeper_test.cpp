#include "actors/cluster_keeper.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using gossip::change;
using gossip::member_status;

gossip::member make_member(const std::string& name, bool server,
                           member_status status = member_status::alive) {
  gossip::member one;
  one.name = name;
  one.at = {"10.0.0." + std::to_string(name.size()), 8301};
  gossip::tag_map tags{{"dc", "dc1"}, {"id", "id-" + name}};
  tags["role"] = server ? "consul" : "node";
  if (server) {
    tags["port"] = "8300";
    tags["build"] = "1.8.7:";
  }
  one.tags = gossip::pack_tags(tags);
  one.status = status;
  return one;
}

/// The keeper of a server called "me", with what it does recorded.
struct keeper_fixture {
  tests::actor_world world;
  tests::fake_raft raft{world};
  std::vector<roster> told;
  std::vector<gossip_join> joins;
  std::size_t reached = 0;
  cluster_keeper_actor keeper;

  explicit keeper_fixture(std::vector<std::string> addresses = {}) {
    auto parts = std::make_shared<cluster_keeper_parts>();
    parts->name = "me";
    parts->id = "id-me";
    parts->datacenter = "dc1";
    parts->gateway = raft.gate();
    parts->raft = raft.handle;
    parts->readers = raft.readers;
    parts->time = &world.time;
    parts->addresses = std::move(addresses);
    parts->retry_max = 1s;
    parts->joins =
        world.stand_in<joiner_actor>([this](caf::event_based_actor*) {
          return caf::message_handler{[this](at::update, const roster& now) {
            told.push_back(now);
          }};
        });
    parts->prober =
        world.stand_in<gossip_prober_actor>([this](caf::event_based_actor*) {
          return caf::message_handler{
              [this](at::join, const gossip_join& wish) {
                joins.push_back(wish);
                return gossip_joined{reached, {}};
              },
              [](at::subscribe, const gossip_listener_actor&) {}};
        });
    keeper = world.spawn(cluster_keeper, std::move(parts));
    world.settle();
  }
  void news(change what, const gossip::member& who) {
    world.tell(keeper, at::report::value,
               gossip_news{"lan", gossip::member_change{what, who}});
  }
  void lead(bool leads) { world.tell(keeper, at::lead::value, leads); }
  const storage::catalog_table& catalog() { return raft.state().catalog; }
};

TEST_CASE_FIXTURE(keeper_fixture, "servers that gossip sees are told on, "
                                  "others and the gone are not") {
  news(change::joined, make_member("s1", true));
  news(change::joined, make_member("web", false));
  REQUIRE(told.size() == 1);
  CHECK(told[0].servers[0].id == "id-s1");
  CHECK(told[0].servers[0].address == "10.0.0.2:8300");
  news(change::failed, make_member("s1", true, member_status::failed));
  REQUIRE(told.size() == 2);
  CHECK(told[1].servers.empty());
}

TEST_CASE_FIXTURE(keeper_fixture, "only a leader makes the catalogue follow "
                                  "the members") {
  news(change::joined, make_member("web", false));
  CHECK(!catalog().node("web"));
  lead(true);
  REQUIRE(catalog().node("web"));
  CHECK(catalog().check("web", "serfHealth")->status == "passing");
  news(change::failed, make_member("web", false, member_status::failed));
  CHECK(catalog().check("web", "serfHealth")->status == "critical");
  lead(false);
  news(change::joined, make_member("web", false));
  CHECK(catalog().check("web", "serfHealth")->status == "critical");
}

TEST_CASE_FIXTURE(keeper_fixture, "who left or was forgotten goes with all it "
                                  "had") {
  lead(true);
  news(change::joined, make_member("web", false));
  news(change::left, make_member("web", false, member_status::left));
  CHECK(!catalog().node("web"));
  news(change::joined, make_member("db", false));
  news(change::reaped, make_member("db", false, member_status::failed));
  CHECK(!catalog().node("db"));
}

TEST_CASE_FIXTURE(keeper_fixture, "a new leader forgets members that nobody "
                                  "knows any more") {
  lead(true);
  news(change::joined, make_member("old", false));
  // Another keeper, that never heard of it.
  keeper_fixture other;
  auto command = tests::register_node("old");
  command.checks.emplace_back();
  command.checks.back().id = "serfHealth";
  other.raft.put(command);
  other.lead(true);
  CHECK(!other.catalog().node("old"));
}

TEST_CASE_FIXTURE(keeper_fixture, "a leader does not believe that it failed "
                                  "itself") {
  lead(true);
  news(change::joined, make_member("me", true));
  news(change::failed, make_member("me", true, member_status::failed));
  CHECK(catalog().check("me", "serfHealth")->status == "passing");
}

TEST_CASE_FIXTURE(keeper_fixture, "what could not be proposed is tried again") {
  lead(true);
  raft.refusal = fail(errc::no_leader, "No cluster leader");
  news(change::joined, make_member("web", false));
  CHECK(!catalog().node("web"));
  raft.refusal.reset();
  world.pass(autopilot_interval);
  CHECK(catalog().node("web"));
}

TEST_CASE("addresses are joined again and again until one is reached") {
  keeper_fixture fixture({"10.0.0.1"});
  CHECK(fixture.joins.size() == 1);
  fixture.world.pass(join_retry_least);
  CHECK(fixture.joins.size() == 2);
  fixture.reached = 1;
  fixture.world.pass(1s);
  auto count = fixture.joins.size();
  fixture.world.pass(1min);
  CHECK(fixture.joins.size() == count);
}

} // namespace
} // namespace praetor::actors
