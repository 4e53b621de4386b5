// Elections among several servers. The sections are those of the Raft paper,
// or of Ongaro's thesis where it says so.

#include "tests/support/cluster.hpp"
#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using raft::role;
using tests::lab;

namespace {

lab of_three(raft::hard_state state = {}, raft::log entries = {}) {
  return lab(tests::lab_settings({"a", "b", "c"}), std::move(state),
             std::move(entries));
}

raft::request_vote ask(const node_id& from, std::uint64_t in_term,
                       raft::log_place last = {}, bool trial = false,
                       bool transfer = false) {
  return {from, "a", {in_term}, last, trial, transfer};
}

raft::request_vote_reply only_reply(const lab& one) {
  auto replies = one.all<raft::request_vote_reply>();
  REQUIRE(replies.size() == 1);
  return replies[0];
}

} // namespace

TEST_CASE("a smaller term is updated to the larger one (5.1)") {
  auto one = of_three();
  one.hear(ask("b", 7));
  CHECK(one.core.current_term() == term{7});
  CHECK(one.out.save_state == raft::hard_state{{7}, "b"});
}

TEST_CASE("a leader or candidate whose term is out of date becomes a follower "
          "(5.1)") {
  auto one = of_three();
  one.lead();
  one.hear(raft::append_entries_reply{"b", "a", {9}});
  CHECK(one.core.current_role() == role::follower);
  CHECK(one.core.current_term() == term{9});
  CHECK(one.core.leader().empty());
}

TEST_CASE("a request with a stale term number is rejected (5.1)") {
  auto one = of_three({{5}, ""});
  one.tick(200ms);
  one.hear(one.append({}, {}, {}, 4));
  auto replies = one.all<raft::append_entries_reply>();
  REQUIRE(replies.size() == 1);
  CHECK(!replies[0].success);
  CHECK(replies[0].in_term == term{5});
  CHECK(one.core.leader().empty());
  one.hear(ask("c", 4));
  CHECK(!only_reply(one).granted);
  CHECK(only_reply(one).in_term == term{5});
}

TEST_CASE("a server remains a follower as long as it hears a leader (5.2)") {
  auto one = of_three();
  for (int i = 0; i < 100; ++i) {
    one.hear(one.append({}, {}, {}, 1));
    one.tick(100ms);
    CHECK(one.core.current_role() == role::follower);
  }
}

TEST_CASE("votes go first come, first served, one in a term (5.2)") {
  auto one = of_three();
  one.hear(ask("b", 1));
  CHECK(only_reply(one).granted);
  one.hear(ask("c", 1));
  CHECK(!only_reply(one).granted);
  one.hear(ask("b", 1));
  CHECK(only_reply(one).granted);
}

TEST_CASE("the vote is in the same output as its save, which goes first "
          "(figure 2)") {
  auto one = of_three();
  one.hear(ask("b", 1));
  CHECK(one.out.save_state == raft::hard_state{{1}, "b"});
  CHECK(only_reply(one).granted);
}

TEST_CASE("a winner tells all others at once (5.2)") {
  auto one = of_three();
  one.tick(400ms);
  one.hear(raft::request_vote_reply{"b", "a", {1}, true, true});
  CHECK(one.all<raft::request_vote>().size() == 2);
  one.hear(raft::request_vote_reply{"b", "a", {1}, false, true});
  CHECK(one.core.is_leader());
  CHECK(one.all<raft::append_entries>().size() == 2);
}

TEST_CASE("a candidate that hears a leader of its term follows it (5.2)") {
  auto one = of_three();
  one.tick(400ms);
  one.hear(raft::request_vote_reply{"b", "a", {1}, true, true});
  CHECK(one.core.current_role() == role::candidate);
  one.hear(one.append({}, {}, {}, 1));
  CHECK(one.core.current_role() == role::follower);
  CHECK(one.core.leader() == "b");
}

TEST_CASE("a candidate that hears a leader of an older term goes on (5.2)") {
  auto one = of_three({{3}, ""});
  one.tick(400ms);
  one.hear(raft::request_vote_reply{"b", "a", {4}, true, true});
  one.hear(one.append({}, {}, {}, 3));
  CHECK(one.core.current_role() == role::candidate);
}

TEST_CASE("the vote is denied to a log whose last term is older (5.4.1)") {
  auto one = of_three({{3}, ""}, tests::log_of({1, 3}));
  one.tick(200ms);
  one.hear(ask("b", 4, {{9}, {2}}));
  CHECK(!only_reply(one).granted);
  one.hear(ask("c", 4, {{2}, {3}}));
  CHECK(only_reply(one).granted);
}

TEST_CASE("with equal last terms the vote is denied to the shorter log "
          "(5.4.1)") {
  auto one = of_three({{3}, ""}, tests::log_of({1, 3}));
  one.tick(200ms);
  one.hear(ask("b", 4, {{1}, {3}}));
  CHECK(!only_reply(one).granted);
}

TEST_CASE("a pre-vote changes nothing at who is asked (thesis 9.6)") {
  auto one = of_three({{3}, "c"});
  one.tick(149ms);
  one.tick(1ms);
  auto before = one.core.current_term();
  one.hear(ask("b", 4, {}, true));
  CHECK(only_reply(one).granted);
  CHECK(only_reply(one).in_term == term{4});
  CHECK(one.core.current_term() == before);
  CHECK(one.core.voted_for() == "c");
  CHECK(!one.out.save_state);
}

TEST_CASE("a server that gets no pre-votes keeps its term (thesis 9.6)") {
  auto one = of_three({{3}, ""});
  for (int i = 0; i < 20; ++i)
    one.tick(400ms);
  CHECK(one.core.current_role() == role::pre_candidate);
  CHECK(one.core.current_term() == term{3});
}

TEST_CASE("who hears a leader is deaf to candidates, on trial or not (thesis "
          "4.2.3)") {
  auto one = of_three();
  one.hear(one.append({}, {}, {}, 1));
  one.tick(149ms);
  one.hear(ask("c", 9, {{9}, {9}}));
  CHECK(one.sent.empty());
  one.hear(ask("c", 9, {{9}, {9}}, true));
  CHECK(one.sent.empty());
  CHECK(one.core.current_term() == term{1});
  one.tick(1ms);
  one.hear(ask("c", 9, {{9}, {9}}));
  CHECK(only_reply(one).granted);
}

TEST_CASE("a restart forgets whom it heard, so it gives no vote for an "
          "election timeout") {
  auto one = of_three({{3}, ""});
  one.hear(ask("b", 4));
  CHECK(one.sent.empty());
  one.tick(150ms);
  one.hear(ask("b", 4));
  CHECK(only_reply(one).granted);
}

TEST_CASE("a leader that no quorum hears steps down after an election "
          "timeout (thesis 6.2)") {
  auto one = of_three();
  one.lead();
  one.tick(100ms);
  one.acknowledge("b", {1});
  one.tick(149ms);
  CHECK(one.core.is_leader());
  one.tick(1ms);
  CHECK(!one.core.is_leader());
  CHECK(one.core.current_term() == term{1});
}

TEST_CASE("answers to what left long ago do not keep a leader") {
  auto one = of_three();
  one.lead();
  raft::append_entries_reply old{"b", "a", {1}, true};
  old.returned.sent_at = one.now.time_since_epoch().count();
  one.tick(149ms);
  one.hear(old);
  one.tick(1ms);
  CHECK(!one.core.is_leader());
}

TEST_CASE("leadership is transferred when the successor has the whole log "
          "(thesis 3.10)") {
  auto one = of_three();
  one.lead();
  one.propose("x");
  one.step([](raft::core& c) { CHECK(c.transfer_leadership("b")); });
  CHECK(one.all<raft::timeout_now>().empty());
  auto refused = one.core.propose(std::make_shared<const std::string>("y"));
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::unavailable);
  one.acknowledge("b", {2});
  REQUIRE(one.all<raft::timeout_now>().size() == 1);
  CHECK(one.all<raft::timeout_now>()[0].to == "b");
}

TEST_CASE("a transfer that takes an election timeout is given up (thesis "
          "3.10)") {
  auto one = of_three();
  one.lead();
  one.propose("x");
  one.step([](raft::core& c) { CHECK(c.transfer_leadership("b")); });
  one.tick(100ms);
  one.acknowledge("c", {2});
  one.tick(50ms);
  CHECK(one.core.is_leader());
  CHECK(!one.core.is_transferring());
  one.propose("y");
}

TEST_CASE("a successor stands at once and is heard although there is a leader "
          "(thesis 3.10)") {
  auto one = of_three();
  one.hear(one.append({}, {}, {}, 1));
  one.hear(raft::timeout_now{"c", "a", {1}});
  CHECK(one.core.current_role() == role::follower);
  one.hear(raft::timeout_now{"b", "a", {1}});
  CHECK(one.core.current_role() == role::candidate);
  for (auto& each : one.all<raft::request_vote>())
    CHECK(each.transfer);
  auto other = of_three();
  other.hear(other.append({}, {}, {}, 1));
  other.hear(ask("c", 2, {}, false, true));
  CHECK(only_reply(other).granted);
}

TEST_CASE("messages to others, from itself or from nobody are ignored") {
  auto one = of_three();
  auto before = one.core;
  one.hear(raft::request_vote{"b", "c", {9}});
  one.hear(raft::request_vote{"a", "a", {9}});
  one.hear(raft::request_vote{"", "a", {9}});
  CHECK(one.core == before);
}

TEST_CASE("a server that is heard but hears nobody, or the other way round, "
          "deposes no leader") {
  for (bool hears : {true, false}) {
    tests::cluster all({.seed = 8, .servers = 3});
    auto leader = all.await_leader();
    auto in_term = all.core(leader).current_term();
    auto away = leader == "a" ? "b" : "a";
    for (auto& other : all.ids())
      hears ? all.cut(away, other) : all.cut(other, away);
    all.run_for(3s);
    CHECK(all.leader() == leader);
    all.mend();
    all.run_for(1s);
    CHECK(all.leader() == leader);
    CHECK(all.core(leader).current_term() == in_term);
    CHECK(all.settles(1s));
  }
}

TEST_CASE("a cluster has a new leader within a second of a crash") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    tests::cluster all({.seed = seed, .servers = 3});
    auto leader = all.await_leader();
    all.run_for(300ms);
    all.crash(leader);
    auto died = all.now();
    auto next = all.await_leader();
    REQUIRE(!next.empty());
    CHECK(all.now() - died < 1s);
  }
}
