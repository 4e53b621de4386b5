#include "protocol/raft/quorum.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using raft::ballot;

TEST_CASE("a majority is more than half") {
  CHECK(raft::majority(1) == 1);
  CHECK(raft::majority(2) == 2);
  CHECK(raft::majority(3) == 2);
  CHECK(raft::majority(4) == 3);
  CHECK(raft::majority(5) == 3);
}

TEST_CASE("any two majorities have a server in common") {
  for (std::size_t n = 1; n <= 15; ++n)
    CHECK(2 * raft::majority(n) > n);
}

TEST_CASE("a sole voter wins by its own vote") {
  CHECK(raft::count_votes({"a"}, {}) == ballot::open);
  CHECK(raft::count_votes({"a"}, {{"a", true}}) == ballot::won);
  CHECK(raft::count_votes({"a"}, {{"a", false}}) == ballot::lost);
}

TEST_CASE("an election is won by a majority of votes (section 5.2)") {
  std::vector<node_id> three{"a", "b", "c"};
  CHECK(raft::count_votes(three, {{"a", true}}) == ballot::open);
  CHECK(raft::count_votes(three, {{"a", true}, {"c", true}}) == ballot::won);
  CHECK(raft::count_votes(three, {{"a", true}, {"c", false}}) == ballot::open);
  CHECK(raft::count_votes(three, {{"a", true}, {"b", false}, {"c", false}}) ==
        ballot::lost);
}

TEST_CASE("of four voters two refusals decide") {
  std::vector<node_id> four{"a", "b", "c", "d"};
  CHECK(raft::count_votes(four, {{"a", true}, {"b", false}}) == ballot::open);
  CHECK(raft::count_votes(four, {{"c", false}, {"b", false}}) == ballot::lost);
}

TEST_CASE("the vote of a server that does not vote is not counted") {
  CHECK(raft::count_votes({"a", "b", "c"}, {{"a", true}, {"x", true}}) ==
        ballot::open);
}

TEST_CASE("what a majority has saved is the middle (section 5.3)") {
  std::vector<node_id> three{"a", "b", "c"};
  using map = std::map<node_id, log_index>;
  CHECK(raft::majority_index({"a"}, map{{"a", {5}}}) == log_index{5});
  CHECK(raft::majority_index({"a"}, {}) == log_index{0});
  CHECK(raft::majority_index(three, map{{"a", {5}}}) == log_index{0});
  CHECK(raft::majority_index(three, map{{"a", {5}}, {"b", {3}}}) ==
        log_index{3});
  CHECK(raft::majority_index(three, map{{"a", {5}}, {"b", {3}}, {"c", {4}}}) ==
        log_index{4});
  CHECK(raft::majority_index({"a", "b"}, map{{"a", {5}}, {"b", {3}}}) ==
        log_index{3});
}

TEST_CASE("a server that does not vote commits nothing") {
  std::map<node_id, log_index> saved{{"a", {5}}, {"x", {9}}, {"y", {9}}};
  CHECK(raft::majority_index({"a", "b", "c"}, saved) == log_index{0});
}
