// Log compaction and snapshots: section 7 of the Raft paper.

#include "tests/support/cluster.hpp"
#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using tests::cluster;
using tests::lab;

namespace {

/// A leader whose log begins after entry 4, and b needs what is before.
lab with_snapshot() {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.lead();
  one.acknowledge("c", {1});
  for (int i = 0; i < 4; ++i)
    one.propose("x");
  one.save();
  one.acknowledge("c", {5});
  one.step([](raft::core& c) { c.compact({4}); });
  raft::append_entries_reply no{"b", "a", {1}};
  no.refused = {one.core.followers().at("b").next.value - 1};
  no.conflict = {{1}, {}};
  no.returned.sent_at = one.now.time_since_epoch().count();
  one.hear(no);
  return one;
}

raft::install_snapshot piece(std::uint64_t offset, const std::string& bytes,
                             bool last) {
  return {"b",    "a",   {2}, {{{9}, {2}}, {{"a", "b", "d"}, {}}},
          offset, bytes, last};
}

} // namespace

TEST_CASE("a follower that needs what was discarded gets the snapshot, piece "
          "by piece") {
  auto one = with_snapshot();
  auto sent = one.all_to<raft::install_snapshot>("b");
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].mark.last == raft::log_place{{4}, {1}});
  CHECK(sent[0].mark.members.voters.size() == 3);
  CHECK(sent[0].offset == 0);
  one.hear(raft::install_snapshot_reply{"b", "a", {1}, {4}, 100, false});
  sent = one.all_to<raft::install_snapshot>("b");
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].offset == 100);
  // The same answer again is not answered again.
  one.hear(raft::install_snapshot_reply{"b", "a", {1}, {4}, 100, false});
  CHECK(one.sent.empty());
  // It fell over and begins anew.
  one.hear(raft::install_snapshot_reply{"b", "a", {1}, {4}, 0, false});
  CHECK(one.all_to<raft::install_snapshot>("b").size() == 1);
  one.hear(raft::install_snapshot_reply{"b", "a", {1}, {4}, 200, true});
  auto entries = one.all_to<raft::append_entries>("b");
  REQUIRE(!entries.empty());
  CHECK(entries[0].previous.index == log_index{4});
}

TEST_CASE("a piece that got lost is sent again, but only to who is there") {
  auto one = with_snapshot();
  one.tick(100ms);
  one.acknowledge("b", {});
  one.acknowledge("c", {5});
  one.tick(60ms);
  CHECK(one.all_to<raft::install_snapshot>("b").size() == 1);
  one.acknowledge("c", {5});
  one.tick(100ms);
  one.acknowledge("c", {5});
  one.tick(140ms);
  CHECK(one.all_to<raft::install_snapshot>("b").empty());
}

TEST_CASE("the log after a snapshot that is under way is kept") {
  auto one = with_snapshot();
  for (int i = 0; i < 50; ++i)
    one.propose("y");
  one.save();
  one.acknowledge("c", one.core.last_index());
  one.step([](raft::core& c) { c.compact(c.applied_index()); });
  CHECK(one.core.newest_snapshot().last.index == log_index{55});
  CHECK(one.core.entries().base_index() == log_index{4});
  CHECK(one.core.oldest_snapshot_in_use() == log_index{4});
  one.hear(raft::install_snapshot_reply{"b", "a", {1}, {4}, 200, true});
  CHECK(one.core.oldest_snapshot_in_use() == log_index{55});
}

TEST_CASE("entries that trail the snapshot stay for who is a little late") {
  auto chosen = tests::lab_settings({"a"});
  chosen.trailing_entries = 3;
  lab one(chosen);
  one.tick(1ms);
  for (int i = 0; i < 9; ++i)
    one.propose("x");
  one.save();
  one.step([](raft::core& c) { c.compact({10}); });
  CHECK(one.core.entries().base_index() == log_index{7});
  CHECK(one.core.newest_snapshot().last.index == log_index{10});
}

TEST_CASE("a whole snapshot replaces the log, the state and the members") {
  lab one(tests::lab_settings({"a", "b", "c"}), {{1}, ""},
          tests::log_of({1, 1}));
  one.hear(piece(0, "abc", false));
  CHECK(one.out.chunks == std::vector<raft::snapshot_chunk>{{{9}, 0, "abc"}});
  auto replies = one.all<raft::install_snapshot_reply>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].offset == 3);
  one.hear(piece(3, "def", true));
  REQUIRE(one.out.install);
  CHECK(one.out.install->mark.last == raft::log_place{{9}, {2}});
  CHECK(one.sent.empty());
  one.step([](raft::core& c) { c.snapshot_installed(); });
  CHECK(one.core.last_index() == log_index{9});
  CHECK(one.core.applied_index() == log_index{9});
  CHECK(one.core.members().is_voter("d"));
  replies = one.all<raft::install_snapshot_reply>();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].installed);
}

TEST_CASE("pieces out of order or twice do no harm") {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.hear(piece(3, "def", true));
  CHECK(one.out.chunks.empty());
  CHECK(one.all<raft::install_snapshot_reply>().at(0).offset == 0);
  one.hear(piece(0, "abc", false));
  one.hear(piece(0, "abc", false));
  CHECK(one.out.chunks.empty());
  CHECK(one.all<raft::install_snapshot_reply>().at(0).offset == 3);
  one.hear(piece(3, "def", true));
  CHECK(one.out.install);
  one.hear(piece(3, "def", true));
  CHECK(!one.out.install);
}

TEST_CASE("a snapshot of what the log already has retains the entries after "
          "it") {
  lab one(tests::lab_settings({"a", "b", "c"}), {{2}, ""},
          tests::log_of({1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2}));
  one.hear(piece(0, "abcdef", true));
  CHECK(!one.out.install);
  CHECK(one.core.last_index() == log_index{11});
  CHECK(one.core.commit_index() == log_index{9});
  CHECK(one.all<raft::append_entries_reply>().at(0).match == log_index{9});
}

TEST_CASE("while a snapshot is installed nothing is applied and nobody "
          "stands") {
  lab one(tests::lab_settings({"a", "b", "c"}));
  one.hear(piece(0, "abcdef", true));
  one.hear(one.append({}, tests::entries_of({1, 1}), {2}, 2));
  one.save();
  CHECK(one.out.apply.empty());
  one.tick(10s);
  CHECK(one.core.current_role() == raft::role::follower);
  one.step([](raft::core& c) { c.snapshot_refused(); });
  one.hear(piece(0, "abcdef", true));
  CHECK(one.out.install);
}

TEST_CASE("snapshots that make no sense change nothing") {
  lab one(tests::lab_settings({"a", "b", "c"}));
  auto odd = piece(0, "abc", true);
  odd.mark.members.voters.clear();
  one.hear(odd);
  odd = piece(0, "abc", true);
  odd.mark.last = {{0}, {1}};
  one.hear(odd);
  odd = piece(0, "abc", true);
  odd.mark.last = {{9}, {3}};
  one.hear(odd);
  odd = piece(0, "abc", true);
  odd.mark.members.nonvoters = {"a"};
  one.hear(odd);
  CHECK(one.core.leader().empty());
  one.hear(piece(0, "", false));
  CHECK(one.out.chunks.empty());
}

TEST_CASE("a follower catches up although the log is cut all the time") {
  cluster all({.seed = 6, .servers = 3, .chunk_bytes = 4});
  auto leader = all.await_leader();
  auto late = leader == "a" ? "b" : "a";
  all.crash(late);
  auto storm = [&](int writes) {
    for (int i = 0; i < writes; ++i) {
      (void)all.write(leader, "x");
      all.run_for(5ms);
      if (i % 5 == 0)
        all.compact(leader);
    }
  };
  storm(100);
  all.start(late);
  storm(200);
  CHECK(all.snapshots_installed() > 0);
  CHECK(all.snapshots_installed() < 4);
  all.run_for(200ms);
  CHECK(all.applied(late) == all.applied(leader));
}
