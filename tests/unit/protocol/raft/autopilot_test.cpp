#include "protocol/raft/autopilot.hpp"

#include <doctest/doctest.h>

namespace praetor::raft {
namespace {

using namespace std::chrono_literals;
using presence = seen_server::presence;

const std::vector<known_server> three = {
    {"a", true, true, true, 1min},
    {"b", true, false, true, 1min},
    {"c", true, false, true, 1min},
};
const std::vector<seen_server> all_alive = {{"a"}, {"b"}, {"c"}};

TEST_CASE("a cluster that is as its members are changes nothing") {
  CHECK(!next_change({}, three, all_alive));
}

TEST_CASE("a newcomer follows first and votes when it was well for a while") {
  auto seen = all_alive;
  seen.push_back({"d"});
  auto change = next_change({}, three, seen);
  REQUIRE(change);
  CHECK(change->kind == change_kind::add_nonvoter);
  CHECK(change->who == "d");
  auto known = three;
  known.push_back({"d", false, false, true, 9s});
  CHECK(!next_change({}, known, seen));
  known.back().stable_for = 10s;
  change = next_change({}, known, seen);
  REQUIRE(change);
  CHECK(change->kind == change_kind::promote);
  known.back().healthy = false;
  CHECK(!next_change({}, known, seen));
  known.back().healthy = true;
  seen.back().never_votes = true;
  CHECK(!next_change({}, known, seen));
}

TEST_CASE("whoever has left goes at once, the leader itself excepted") {
  auto seen = all_alive;
  seen[0].state = seen[1].state = presence::left;
  auto change = next_change({}, three, seen);
  REQUIRE(change);
  CHECK(change->kind == change_kind::remove);
  CHECK(change->who == "b");
}

TEST_CASE("the failed go only when they are fewer than half") {
  auto seen = all_alive;
  seen[1].state = presence::failed;
  CHECK(!next_change({}, three, seen)); // one of three
  auto known = three;
  known.push_back({"d", false, false, true, 1s});
  seen.push_back({"d"});
  auto change = next_change({}, known, seen); // one of four
  REQUIRE(change);
  CHECK(change->kind == change_kind::remove);
  CHECK(change->who == "b");
  autopilot_rules keep;
  keep.removes_failed = false;
  CHECK(!next_change(keep, known, seen));
}

TEST_CASE("a server that no member detector knows is left alone") {
  CHECK(!next_change({}, three, {{"a"}}));
}

} // namespace
} // namespace praetor::raft
