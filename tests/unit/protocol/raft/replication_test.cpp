// How entries travel and are committed. The sections are those of the Raft
// paper, or of Ongaro's thesis where it says so.

#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using tests::entries_of;
using tests::lab;

namespace {

raft::settings three() {
  return tests::lab_settings({"a", "b", "c"});
}

lab leading() {
  lab one(three());
  one.lead();
  one.acknowledge("b", {1});
  one.acknowledge("c", {1});
  return one;
}

raft::append_entries_reply only_reply(const lab& one) {
  auto replies = one.all<raft::append_entries_reply>();
  REQUIRE(replies.size() == 1);
  return replies[0];
}

} // namespace

TEST_CASE("an entry is committed once a majority has it (5.3)") {
  auto one = leading();
  one.propose("x");
  one.save();
  CHECK(one.core.commit_index() == log_index{1});
  one.acknowledge("c", {2});
  CHECK(one.core.commit_index() == log_index{2});
  REQUIRE(one.out.apply.size() == 1);
  CHECK(one.out.apply[0].bytes() == "x");
}

TEST_CASE("a leader's disk works in parallel with the network, and counts "
          "only when it is done (thesis 10.2.1)") {
  auto one = leading();
  one.propose("x");
  CHECK(one.out.save.size() == 1);
  CHECK(one.all<raft::append_entries>().size() == 2);
  one.acknowledge("b", {2});
  CHECK(one.core.commit_index() == log_index{1});
  one.acknowledge("c", {2});
  CHECK(one.core.commit_index() == log_index{2});
  CHECK(one.out.apply.empty());
  one.save();
  CHECK(one.out.apply.size() == 1);
}

TEST_CASE("proposals that gather go as one message") {
  auto one = leading();
  one.step([](raft::core& c) {
    for (int i = 0; i < 5; ++i)
      CHECK(c.propose(std::make_shared<const std::string>("x")));
  });
  for (auto* id : {"b", "c"}) {
    auto appends = one.all_to<raft::append_entries>(id);
    REQUIRE(appends.size() == 1);
    CHECK(appends[0].entries.size() == 5);
  }
}

TEST_CASE("messages go without waiting for answers, up to the window") {
  auto one = leading();
  auto window = one.core.chosen().in_flight_max;
  std::size_t sent = 0;
  for (std::size_t i = 0; i < window + 10; ++i) {
    one.propose("x");
    sent += one.all_to<raft::append_entries>("b").size();
  }
  CHECK(sent == window);
  one.acknowledge("b", {2});
  auto next = one.all_to<raft::append_entries>("b");
  REQUIRE(!next.empty());
  CHECK(next[0].entries.size() == 10);
}

TEST_CASE("a message is bounded in bytes, and an entry beyond goes alone") {
  auto chosen = three();
  chosen.append_bytes_max = 300;
  lab one(chosen);
  one.lead();
  one.acknowledge("b", {1});
  one.step([](raft::core& c) {
    for (auto size : {100, 100, 900, 10})
      CHECK(c.propose(std::make_shared<const std::string>(size, 'x')));
  });
  auto appends = one.all_to<raft::append_entries>("b");
  REQUIRE(appends.size() == 4);
  CHECK(appends[2].entries.size() == 1);
}

TEST_CASE("a follower without the preceding entry refuses (5.3)") {
  lab one(three());
  one.hear(one.append({{3}, {1}}, entries_of({1}, 3), {}, 1));
  CHECK(!only_reply(one).success);
  CHECK(only_reply(one).refused == log_index{3});
  CHECK(only_reply(one).conflict.index == log_index{1});
  CHECK(one.core.last_index() == log_index{0});
}

TEST_CASE("a conflicting entry and all that follow it are deleted (5.3)") {
  lab one(three(), {{3}, ""}, tests::log_of({1, 1, 2, 2}));
  one.hear(one.append({{2}, {1}}, entries_of({3}, 2), {}, 3));
  CHECK(one.core.last_index() == log_index{3});
  CHECK(one.core.entries().last_term() == term{3});
  REQUIRE(one.out.save.size() == 1);
  CHECK(one.out.save[0].index == log_index{3});
}

TEST_CASE("entries that are there already change nothing, however old the "
          "message (5.3, 5.5)") {
  lab one(three(), {{3}, ""}, tests::log_of({1, 1, 3, 3}));
  one.hear(one.append({{1}, {1}}, entries_of({1}, 1), {}, 3));
  CHECK(one.core.last_index() == log_index{4});
  CHECK(one.out.save.empty());
  CHECK(only_reply(one).success);
}

TEST_CASE("a refusal names the term in conflict and its first entry (5.3)") {
  lab one(three(), {{5}, ""}, tests::log_of({1, 4, 4, 4, 4}));
  one.hear(one.append({{4}, {5}}, {}, {}, 5));
  CHECK(only_reply(one).conflict == raft::log_place{{2}, {4}});
}

TEST_CASE("the leader skips a whole term for each refusal (5.3)") {
  lab one(three(), {{6}, ""}, tests::log_of({1, 1, 1, 4, 4, 5, 5, 6, 6, 6}));
  one.lead();
  auto probe = one.core.followers().at("b").next;
  raft::append_entries_reply no{"b", "a", one.core.current_term()};
  no.refused = {probe.value - 1};
  // b has 1 1 1 2 2 2 3 3 3 3 and more: term 3 from 7 on.
  no.conflict = {{7}, {3}};
  one.hear(no);
  auto next = one.all_to<raft::append_entries>("b");
  REQUIRE(next.size() == 1);
  CHECK(next[0].previous.index == log_index{6});
  no.refused = {6};
  no.conflict = {{4}, {2}};
  one.hear(no);
  next = one.all_to<raft::append_entries>("b");
  REQUIRE(next.size() == 1);
  CHECK(next[0].previous == raft::log_place{{3}, {1}});
}

TEST_CASE("an old refusal does not send the leader back") {
  auto one = leading();
  raft::append_entries_reply no{"b", "a", {1}};
  no.refused = {1};
  no.conflict = {{1}, {}};
  auto before = one.core.followers().at("b").next;
  one.hear(no);
  CHECK(one.core.followers().at("b").next == before);
}

TEST_CASE("a leader repeats what is lost until all have everything (5.3)") {
  auto one = leading();
  one.propose("x");
  one.tick(20ms);
  auto beat = one.all_to<raft::append_entries>("b");
  REQUIRE(beat.size() == 1);
  CHECK(beat[0].previous.index == log_index{2});
  raft::append_entries_reply no{"b", "a", {1}};
  no.refused = {2};
  no.conflict = {{2}, {}};
  one.hear(no);
  auto again = one.all_to<raft::append_entries>("b");
  REQUIRE(again.size() == 1);
  CHECK(again[0].entries.size() == 1);
}

TEST_CASE("a follower commits what the leader has committed, but nothing "
          "that the leader has not vouched for (5.3)") {
  lab one(three(), {{2}, ""}, tests::log_of({1, 1, 1}));
  one.hear(one.append({{1}, {1}}, {}, {3}, 2));
  CHECK(one.core.commit_index() == log_index{1});
  one.hear(one.append({{3}, {1}}, {}, {2}, 2));
  CHECK(one.core.commit_index() == log_index{2});
  CHECK(one.out.apply.size() == 1);
}

TEST_CASE("a follower answers for entries when they are durable, and for a "
          "heartbeat at once (figure 2)") {
  lab one(three());
  one.hear(one.append({}, entries_of({1, 1}), {}, 1));
  CHECK(one.sent.empty());
  one.hear(one.append({{2}, {1}}, {}, {}, 1));
  CHECK(only_reply(one).match == log_index{0});
  CHECK(only_reply(one).accepted == log_index{2});
  one.save();
  CHECK(only_reply(one).match == log_index{2});
}

TEST_CASE("entries of older terms are not committed by counting (5.4.2, "
          "figure 8)") {
  lab one(three(), {{2}, ""}, tests::log_of({1, 2}));
  one.lead();
  one.acknowledge("b", {2});
  CHECK(one.core.commit_index() == log_index{0});
  one.acknowledge("b", {3});
  CHECK(one.core.commit_index() == log_index{3});
}

TEST_CASE("what is not yet saved is not replaced while the disk is at it") {
  lab one(three());
  one.hear(one.append({}, entries_of({1, 1}), {}, 1));
  one.hear(one.append({{1}, {1}}, entries_of({2}, 1), {}, 2));
  CHECK(one.core.entries().last_term() == term{1});
  one.save();
  one.hear(one.append({{1}, {1}}, entries_of({2}, 1), {}, 2));
  CHECK(one.core.entries().last_term() == term{2});
}

TEST_CASE("messages that make no sense change nothing") {
  lab one(three(), {{3}, ""}, tests::log_of({1, 2}));
  one.hear(one.append({{2}, {2}}, {}, {}, 3));
  auto last = one.core.last_index();
  auto gap = entries_of({3, 3}, 2);
  gap[1].index = {9};
  one.hear(one.append({{2}, {2}}, gap));
  one.hear(one.append({{2}, {2}}, entries_of({4}, 2)));
  one.hear(one.append({{2}, {2}}, entries_of({1}, 2)));
  one.hear(one.append({{0}, {2}}, entries_of({2}, 0)));
  one.hear(one.append({{UINT64_MAX}, {2}}, {}));
  auto odd = entries_of({3}, 2);
  odd[0].kind = raft::entry_kind::configuration;
  one.hear(one.append({{2}, {2}}, odd));
  odd[0].kind = static_cast<raft::entry_kind>(77);
  one.hear(one.append({{2}, {2}}, odd));
  CHECK(one.core.last_index() == last);
}

TEST_CASE("answers that make no sense change nothing") {
  auto one = leading();
  one.propose("x");
  raft::append_entries_reply odd{"b", "a", {1}, true};
  odd.match = {99};
  one.hear(odd);
  odd = {"x", "a", {1}, true};
  odd.match = {2};
  one.hear(odd);
  odd = {"b", "a", {1}, true};
  odd.returned = {INT64_MAX, UINT64_MAX};
  one.hear(odd);
  CHECK(one.core.followers().at("b").match == log_index{1});
  CHECK(one.core.followers().at("b").round == 0);
  CHECK(one.core.is_leader());
}
