#include "actors/health_checker.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;

struct checker_fixture {
  tests::agent_log agent;
  tests::probe_log probes;
  tests::actor_world world;
  health_checker_actor checker;

  void start(model::check_wish wish, std::string status = "critical",
             std::string output = "") {
    auto parts = std::make_shared<health_checker_parts>();
    wish.id = "c";
    parts->wish = std::move(wish);
    parts->status = std::move(status);
    parts->output = std::move(output);
    parts->agent = tests::record_agent(world, agent);
    parts->time = &world.time;
    parts->start_probe = probes.starter();
    checker = world.spawn(health_checker, std::move(parts));
    world.settle();
  }
  static model::check_wish tcp_wish(span interval = 10s) {
    model::check_wish wish;
    wish.tcp = "127.0.0.1:80";
    wish.interval = interval;
    return wish;
  }
  static model::check_wish ttl_wish(span ttl = 10s) {
    model::check_wish wish;
    wish.ttl = ttl;
    return wish;
  }
  void update(const std::string& status, const std::string& output = "") {
    world.tell(checker, at::update::value, status, output);
  }
};

TEST_CASE_FIXTURE(checker_fixture, "the first probe begins within one "
                                   "interval") {
  start(tcp_wish());
  CHECK(probes.starts.empty());
  world.pass(10s);
  REQUIRE(probes.starts.size() == 1);
  CHECK(probes.starts[0].wish.tcp == "127.0.0.1:80");
  CHECK(probes.starts[0].rules.timeout == health::network_timeout_default);
}

TEST_CASE_FIXTURE(checker_fixture, "what a probe finds is reported when it is "
                                   "new, once") {
  start(tcp_wish());
  world.pass(10s);
  probes.finish(world, "passing", "fine");
  REQUIRE(agent.reports.size() == 1);
  CHECK(agent.reports[0].id == "c");
  CHECK(agent.reports[0].status == "passing");
  CHECK(agent.reports[0].output == "fine");
  world.pass(10s);
  probes.finish(world, "passing", "fine");
  CHECK(agent.reports.size() == 1);
  world.pass(10s);
  probes.finish(world, "critical", "gone");
  CHECK(agent.reports.size() == 2);
}

TEST_CASE_FIXTURE(checker_fixture, "the next probe begins an interval after "
                                   "the end of the last, however long it was") {
  start(tcp_wish());
  world.pass(10s);
  world.pass(1min); // a slow one
  CHECK(probes.starts.size() == 1);
  probes.finish(world, "passing", "");
  world.pass(10s - 8ms);
  CHECK(probes.starts.size() == 1);
  world.pass(16ms);
  CHECK(probes.starts.size() == 2);
}

TEST_CASE_FIXTURE(checker_fixture, "a checker that was stopped neither probes "
                                   "nor hears its probe") {
  start(tcp_wish());
  world.pass(10s);
  REQUIRE(probes.starts.size() == 1);
  world.tell(checker, at::stop::value);
  CHECK_FALSE(world.is_alive(checker));
  probes.finish(world, "passing", "late");
  world.pass(1h);
  CHECK(agent.reports.empty());
  CHECK(probes.starts.size() == 1);
  CHECK(world.time.timers() == 0);
}

TEST_CASE_FIXTURE(checker_fixture, "a checker that goes on with what was known "
                                   "does not report it again") {
  start(tcp_wish(), "passing", "fine");
  world.pass(10s);
  probes.finish(world, "passing", "fine");
  CHECK(agent.reports.empty());
}

TEST_CASE_FIXTURE(checker_fixture, "a TTL that is kept up does not run out") {
  start(ttl_wish());
  for (int i = 0; i < 5; ++i) {
    update("passing", "alive");
    world.pass(9s);
  }
  REQUIRE(agent.reports.size() == 1);
  CHECK(agent.reports[0].status == "passing");
  CHECK(probes.starts.empty());
}

TEST_CASE_FIXTURE(checker_fixture, "a TTL that runs out is critical, once, and "
                                   "repeats the last word") {
  start(ttl_wish());
  update("passing", "alive");
  world.pass(10s + 8ms);
  REQUIRE(agent.reports.size() == 2);
  CHECK(agent.reports[1].status == "critical");
  CHECK(agent.reports[1].output ==
        "TTL expired (last output before timeout follows): alive");
  world.pass(1h);
  CHECK(agent.reports.size() == 2);
  update("passing", "back");
  CHECK(agent.reports.back().status == "passing");
}

TEST_CASE_FIXTURE(checker_fixture, "a TTL that nobody ever kept up runs out "
                                   "too") {
  start(ttl_wish(), "passing");
  world.pass(10s - 8ms);
  CHECK(agent.reports.empty());
  world.pass(16ms);
  REQUIRE(agent.reports.size() == 1);
  CHECK(agent.reports[0].output == "TTL expired");
}

TEST_CASE_FIXTURE(checker_fixture, "a service that is critical for too long is "
                                   "to go, and not before") {
  auto wish = ttl_wish();
  wish.service_id = "web";
  wish.deregister_after = 2min;
  start(wish);
  update("critical", "down");
  world.pass(2min - 2s);
  CHECK(agent.retired.empty());
  world.pass(4s);
  REQUIRE_FALSE(agent.retired.empty());
  CHECK(agent.retired[0] == "web");
}

TEST_CASE_FIXTURE(checker_fixture, "a service that recovers in time stays") {
  auto wish = tcp_wish();
  wish.service_id = "web";
  wish.deregister_after = 1min;
  start(wish);
  for (int i = 0; i < 20; ++i) {
    world.pass(10s);
    probes.finish(world, i % 5 == 4 ? "passing" : "critical", "");
  }
  CHECK(agent.retired.empty());
}

TEST_CASE_FIXTURE(checker_fixture, "a check of the node never takes a service "
                                   "with it") {
  auto wish = ttl_wish();
  wish.deregister_after = 1min;
  start(wish);
  update("critical", "down");
  world.pass(10min);
  CHECK(agent.retired.empty());
}

} // namespace
} // namespace praetor::actors
