// Servers come and go. The sections are those of Ongaro's thesis, chapter 4.

#include "tests/support/cluster.hpp"
#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using raft::change_kind;
using raft::configuration;
using tests::cluster;
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

result<log_index> change(lab& one, change_kind kind, const node_id& who) {
  auto made = result<log_index>(fail(errc::internal, "not asked"));
  one.step([&](raft::core& c) { made = c.change_membership({kind, who}); });
  return made;
}

} // namespace

TEST_CASE("a configuration rules as soon as it is appended (4.1)") {
  auto one = leading();
  REQUIRE(change(one, change_kind::add_nonvoter, "d"));
  CHECK(one.core.members().is_nonvoter("d"));
  CHECK(!one.core.committed_members().has("d"));
  CHECK(one.all_to<raft::append_entries>("d").size() == 1);
  one.save();
  one.acknowledge("b", {2});
  CHECK(one.core.committed_members().has("d"));
}

TEST_CASE("a follower uses the newest configuration of its log, and the one "
          "before when that is deleted (4.1)") {
  lab one(three());
  configuration wider{{"a", "b", "c", "d"}, {}};
  one.hear(one.append({}, {tests::configuration_entry(1, 1, wider)}, {}, 1));
  one.save();
  CHECK(one.core.members() == wider);
  one.hear(one.append({}, tests::entries_of({2}), {}, 2));
  CHECK(one.core.members() == configuration{{"a", "b", "c"}, {}});
}

TEST_CASE("a change waits until the last one is committed (4.1)") {
  auto one = leading();
  REQUIRE(change(one, change_kind::add_nonvoter, "d"));
  auto refused = change(one, change_kind::add_nonvoter, "e");
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::unavailable);
  one.save();
  one.acknowledge("b", {2});
  CHECK(change(one, change_kind::add_nonvoter, "e"));
}

TEST_CASE("a change waits until the no-op of the term is committed (raft-dev, "
          "2015)") {
  lab one(three());
  one.lead();
  auto refused = change(one, change_kind::add_nonvoter, "d");
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::unavailable);
  one.acknowledge("b", {1});
  CHECK(change(one, change_kind::add_nonvoter, "d"));
}

TEST_CASE("non-voters get the log and do not count (4.2.1)") {
  auto one = leading();
  REQUIRE(change(one, change_kind::add_nonvoter, "d"));
  one.save();
  one.acknowledge("d", {2});
  CHECK(one.core.commit_index() == log_index{1});
  one.acknowledge("b", {2});
  CHECK(one.core.commit_index() == log_index{2});
}

TEST_CASE("a non-voter that lags is not promoted (4.2.1)") {
  auto chosen = three();
  chosen.promotion_lag_max = 0;
  lab one(chosen);
  one.lead();
  one.acknowledge("b", {1});
  REQUIRE(change(one, change_kind::add_nonvoter, "d"));
  one.save();
  one.acknowledge("b", {2});
  CHECK(change(one, change_kind::promote, "d").failure().code ==
        errc::unavailable);
  one.acknowledge("d", {2});
  CHECK(change(one, change_kind::promote, "d"));
  CHECK(one.core.members().is_voter("d"));
}

TEST_CASE("a leader that removes itself leads until that is committed, and is "
          "not counted (4.2.2)") {
  auto one = leading();
  REQUIRE(change(one, change_kind::remove, "a"));
  one.save();
  one.acknowledge("b", {2});
  CHECK(one.core.is_leader());
  one.acknowledge("c", {2});
  CHECK(!one.core.is_leader());
  CHECK(one.all<raft::timeout_now>().size() == 1);
}

TEST_CASE("a server outside its newest configuration stands as long as that "
          "is not committed (4.2.2)") {
  lab one(three());
  configuration without{{"b", "c"}, {}};
  one.hear(one.append({}, {tests::configuration_entry(1, 1, without)}, {}, 1));
  one.tick(400ms);
  CHECK(one.core.current_role() == raft::role::pre_candidate);
  one.hear(one.append({{1}, {1}}, {}, {1}, 1));
  one.save();
  one.tick(400ms);
  one.tick(400ms);
  CHECK(one.core.current_role() == raft::role::follower);
}

TEST_CASE("changes that make no sense are refused") {
  configuration now{{"a", "b"}, {"c"}};
  auto refused = [&](change_kind kind, const node_id& who) {
    return !raft::changed(now, {kind, who});
  };
  CHECK(refused(change_kind::add_nonvoter, "a"));
  CHECK(refused(change_kind::add_nonvoter, "c"));
  CHECK(refused(change_kind::add_nonvoter, ""));
  CHECK(refused(change_kind::promote, "a"));
  CHECK(refused(change_kind::promote, "x"));
  CHECK(refused(change_kind::demote, "c"));
  CHECK(refused(change_kind::remove, "x"));
  now = {{"a"}, {"c"}};
  CHECK(refused(change_kind::remove, "a"));
  CHECK(refused(change_kind::demote, "a"));
}

TEST_CASE("a configuration survives its bytes, and no bytes break it") {
  configuration now{{"a", "b"}, {"c", "d"}};
  auto bytes = raft::encode(now);
  auto read = raft::decode_configuration(bytes);
  REQUIRE(read);
  CHECK(*read == now);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(!raft::decode_configuration(bytes.substr(0, size)));
  prng chance(5);
  for (int i = 0; i < 5000; ++i) {
    auto broken = bytes;
    broken[chance.below(broken.size())] = static_cast<char>(chance.next());
    if (auto other = raft::decode_configuration(broken))
      CHECK(raft::check_configuration(*other));
  }
}

TEST_CASE("a cluster grows from one to three and shrinks again") {
  cluster all({.seed = 3, .servers = 3, .voters = 1});
  auto leader = all.await_leader();
  REQUIRE(leader == "a");
  for (auto* id : {"b", "c"}) {
    REQUIRE(all.change("a", change_kind::add_nonvoter, id));
    all.run_for(500ms);
    REQUIRE(all.change("a", change_kind::promote, id));
    all.run_for(500ms);
  }
  CHECK(all.core("c").members().voters.size() == 3);
  all.crash("a");
  leader = all.await_leader();
  REQUIRE(!leader.empty());
  REQUIRE(all.change(leader, change_kind::remove, "a"));
  CHECK(all.settles(2s));
  all.heal();
  all.run_for(2s);
  CHECK(all.leader() == leader);
}

TEST_CASE("two leaders, each with a change of its own, lose nothing") {
  // The first leader's change reaches only itself; the next leader may not
  // begin one before its no-op has reached a majority of the old members.
  cluster all({.seed = 9, .servers = 4});
  auto first = all.await_leader();
  auto rest = all.core(first).members().voters;
  std::erase(rest, first);
  all.isolate(first);
  REQUIRE(all.change(first, change_kind::demote, rest[0]));
  all.run_for(600ms);
  auto second = all.await_leader();
  REQUIRE(second != first);
  REQUIRE(all.change(second, change_kind::demote, first));
  all.run_for(300ms);
  all.mend();
  CHECK(all.settles(3s));
  CHECK(all.core(all.leader()).members().is_nonvoter(first));
}

TEST_CASE("who begins a cluster puts its members into the first entry, and "
          "leads in the next term at the earliest") {
  auto blank = three();
  blank.voters.clear();
  blank.nonvoters = {"a"};
  lab one(blank);
  status begun = fail(errc::internal, "not asked");
  one.step([&](raft::core& c) { begun = c.bootstrap({{"a", "b", "c"}, {}}); });
  CHECK(begun);
  CHECK(one.core.members() == configuration{{"a", "b", "c"}, {}});
  CHECK(one.core.current_term() == term{1});
  CHECK(one.core.voted_for().empty());
  one.save();
  one.step([&](raft::core& c) { begun = c.bootstrap({{"a"}, {}}); });
  CHECK(begun.failure().code == errc::conflict);
}

TEST_CASE("nobody begins a cluster of others, and none with a history") {
  auto blank = three();
  blank.voters.clear();
  blank.nonvoters = {"a"};
  lab stranger(blank);
  status begun;
  stranger.step([&](raft::core& c) { begun = c.bootstrap({{"b", "c"}, {}}); });
  CHECK(begun.failure().code == errc::bad_input);
  auto old = leading();
  old.step([&](raft::core& c) { begun = c.bootstrap({{"a"}, {}}); });
  CHECK(begun.failure().code == errc::conflict);
}
