// Reads that miss nothing. The sections are those of Ongaro's thesis, or of
// the Raft paper where it says so.

#include "tests/support/cluster.hpp"
#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using tests::cluster;
using tests::lab;

namespace {

lab leading() {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.lead();
  one.acknowledge("b", {1});
  return one;
}

void read(lab& one, std::uint64_t ticket) {
  one.step([&](raft::core& c) { CHECK(c.read(ticket, one.now)); });
}

} // namespace

TEST_CASE("a read waits for a quorum to confirm the leader (6.4)") {
  auto one = leading();
  read(one, 7);
  CHECK(one.out.reads.empty());
  auto asked = one.all_to<raft::append_entries>("b");
  REQUIRE(asked.size() == 1);
  one.acknowledge("b", {1}, 0);
  CHECK(one.out.reads.empty());
  one.acknowledge("b", {1}, asked[0].returned.round);
  REQUIRE(one.out.reads.size() == 1);
  CHECK(one.out.reads[0] == raft::read_answer{7, true, {1}});
}

TEST_CASE("reads that come during a round share the next one (6.4)") {
  auto one = leading();
  read(one, 1);
  for (std::uint64_t ticket = 2; ticket <= 50; ++ticket) {
    read(one, ticket);
    CHECK(one.sent.empty());
  }
  one.acknowledge("b", {1}, 1);
  CHECK(one.out.reads.size() == 1);
  CHECK(one.all_to<raft::append_entries>("c").size() == 1);
  one.acknowledge("c", {1}, 2);
  CHECK(one.out.reads.size() == 49);
}

TEST_CASE("a new leader answers no read before its no-op is committed (paper "
          "8)") {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.lead();
  read(one, 1);
  CHECK(one.out.reads.empty());
  CHECK(!one.core.lease_read(one.now));
  one.acknowledge("b", {1}, 0);
  CHECK(one.core.has_committed_in_term());
  CHECK(one.out.reads.empty());
  one.acknowledge("b", {1}, 1);
  CHECK(one.out.reads.size() == 1);
}

TEST_CASE("reads are refused when leadership is lost") {
  auto one = leading();
  read(one, 1);
  read(one, 2);
  one.hear(raft::append_entries_reply{"b", "a", {9}});
  CHECK(one.out.reads ==
        std::vector<raft::read_answer>{{1, false, {}}, {2, false, {}}});
  CHECK(one.core.read(3, one.now).failure().code == errc::no_leader);
}

TEST_CASE("more reads than the limit are refused") {
  auto chosen = tests::lab_settings({"a", "b", "c"});
  chosen.reads_max = 2;
  lab one(chosen);
  one.lead();
  read(one, 1);
  read(one, 2);
  CHECK(one.core.read(3, one.now).failure().code == errc::unavailable);
}

TEST_CASE("a sole voter answers reads at once") {
  lab one(tests::lab_settings({"a"}));
  one.tick(1ms);
  one.save();
  read(one, 1);
  CHECK(one.out.reads.size() == 1);
  CHECK(one.core.lease_read(one.now) == log_index{1});
}

TEST_CASE("a lease counts from when the heartbeat left, and ends before the "
          "election timeout (6.4.1)") {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.lead();
  raft::append_entries_reply answer{"b", "a", {1}, true};
  answer.match = answer.accepted = {1};
  answer.returned.sent_at = one.now.time_since_epoch().count();
  auto left = one.now;
  one.tick(100ms);
  one.hear(answer);
  CHECK(one.core.lease_read(left + 134ms) == log_index{1});
  CHECK(!one.core.lease_read(left + 135ms));
}

TEST_CASE("a lease is judged by the clock of now, not by the last tick") {
  auto one = leading();
  CHECK(one.core.lease_read(one.now));
  CHECK(one.core.lease_end() == one.now + 135ms);
  CHECK(!one.core.lease_read(one.now + 10s));
}

TEST_CASE("a leader that named a successor has no lease any more") {
  auto one = leading();
  one.step([](raft::core& c) { CHECK(c.transfer_leadership("b")); });
  CHECK(one.all<raft::timeout_now>().size() == 1);
  CHECK(!one.core.lease_read(one.now));
  one.tick(100ms);
  one.acknowledge("b", {1});
  one.tick(100ms);
  REQUIRE(one.core.is_leader());
  CHECK(!one.core.is_transferring());
  CHECK(!one.core.lease_read(one.now));
}

TEST_CASE("a leader that stood still does not answer what it has missed") {
  // The cluster aborts when a read misses a write acknowledged before it.
  cluster all({.seed = 4, .servers = 3});
  auto old = all.await_leader();
  all.run_for(200ms);
  all.pause(old);
  all.run_for(500ms);
  auto now = all.await_leader();
  REQUIRE(now != old);
  REQUIRE(all.write(now, "x"));
  all.run_for(100ms);
  for (int i = 0; i < 20; ++i)
    all.read(old, i % 2 == 0);
  all.run_for(10ms);
  auto answered = all.reads_answered();
  all.resume(old);
  all.run_for(500ms);
  CHECK(all.reads_answered() == answered);
}
