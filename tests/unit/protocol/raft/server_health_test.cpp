#include "protocol/raft/server_health.hpp"

#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::raft;
using namespace std::chrono_literals;
using tests::lab;

namespace {

struct ward {
  lab of{tests::lab_settings({"a", "b", "c"})};
  server_health health;
  health_limits limits{50ms, 2};

  void look() { health.observe(of.core, limits, of.now); }
  bool is_well(const node_id& id) {
    look();
    REQUIRE(health.of(id));
    return health.of(id)->healthy;
  }
};

} // namespace

TEST_CASE_FIXTURE(ward, "a follower is well while it answers and keeps up") {
  of.lead();
  CHECK(is_well("a"));
  CHECK_FALSE(is_well("b")); // never heard of in this term
  of.acknowledge("b", of.core.last_index());
  CHECK(is_well("b"));
  CHECK_FALSE(is_well("c"));
}

TEST_CASE_FIXTURE(ward, "between two heartbeats nobody counts as silent") {
  of.lead();
  of.acknowledge("b", of.core.last_index());
  of.acknowledge("c", of.core.last_index());
  of.tick(20ms); // the heartbeat of the lab
  CHECK(silence_of(of.core, "b", of.now) == span{});
  of.tick(50ms);
  CHECK(is_well("b"));
  of.acknowledge("c", of.core.last_index());
  of.tick(1ms);
  CHECK(silence_of(of.core, "b", of.now) == span(51ms));
  CHECK_FALSE(is_well("b"));
  CHECK(is_well("c"));
}

TEST_CASE_FIXTURE(ward, "a follower that lacks too many entries is not well") {
  of.lead();
  of.acknowledge("b", of.core.last_index());
  auto had = of.core.last_index();
  of.propose("1");
  of.propose("2");
  CHECK(is_well("b"));
  of.propose("3");
  of.acknowledge("b", had);
  CHECK_FALSE(is_well("b"));
}

TEST_CASE_FIXTURE(ward, "since when is told from the last change") {
  of.lead();
  of.acknowledge("b", of.core.last_index());
  look();
  auto first = of.now;
  of.tick(10ms);
  look();
  CHECK(health.of("b")->since == first);
  of.acknowledge("c", of.core.last_index());
  look();
  CHECK(health.of("c")->since == of.now);
}

TEST_CASE_FIXTURE(ward, "whoever does not lead knows nothing of the others") {
  look();
  CHECK_FALSE(health.of("a"));
  CHECK_FALSE(silence_of(of.core, "b", of.now));
  of.lead();
  look();
  CHECK(health.of("b"));
  CHECK_FALSE(health.of("stranger"));
}
