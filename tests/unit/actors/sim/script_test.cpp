#include "actors/sim/script.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace praetor::actors::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Step>
Step only(const std::string& text) {
  auto steps = parse_script(text);
  REQUIRE_MESSAGE(steps.has_value(),
                  (steps ? std::string() : steps.failure().text));
  REQUIRE(!steps->empty());
  REQUIRE(std::holds_alternative<Step>(steps->back().what));
  return std::get<Step>(steps->back().what);
}

template <class Expectation>
Expectation expected(const std::string& text) {
  auto made = only<expect_step>("expect " + text);
  REQUIRE(std::holds_alternative<Expectation>(made.what));
  return std::get<Expectation>(made.what);
}

std::string trouble(const std::string& text) {
  auto steps = parse_script(text);
  return steps ? "" : steps.failure().text;
}

TEST_CASE("a script sets up the cluster first") {
  CHECK(only<nodes_step>("nodes 5").count == 5);
  CHECK(only<seed_step>("seed 7").seed == 7);
  CHECK(only<profile_step>("profile calm").name == "calm");
  CHECK(trouble("heal\nnodes 5") ==
        "line 2: nodes, seed and profile come before all other steps");
  CHECK(trouble("nodes 10") == "line 1, column 7: \"10\" where a number from "
                               "1 to 9 is allowed");
}

TEST_CASE("comments and empty lines are no steps, and each step keeps its "
          "line and text") {
  auto steps = parse_script("# a story\n\n  heal  # at last\n");
  REQUIRE(steps);
  REQUIRE(steps->size() == 1);
  CHECK(steps->front().line == 3);
  CHECK(steps->front().text == "heal  # at last");
}

TEST_CASE("time passes, or until there is a leader") {
  CHECK(only<wait_step>("wait 2s").time == seconds(2));
  CHECK(only<wait_leader_step>("wait leader").time_max == seconds(10));
  CHECK(only<wait_leader_step>("wait leader 3s").time_max == seconds(3));
}

TEST_CASE("a network is cut into groups, or in one direction") {
  auto groups = only<cut_step>("cut a | b c").groups;
  REQUIRE(groups.size() == 2);
  CHECK(groups[1] == std::vector<node_name>{"b", "c"});
  CHECK(only<cut_step>("cut a|b|c").groups.size() == 3);
  auto one_way = only<cut_one_way_step>("cut a -> leader");
  CHECK(one_way.from == "a");
  CHECK(one_way.to == "leader");
  CHECK(only<isolate_step>("isolate leader").node == "leader");
  CHECK(trouble("cut a b") == "line 1, column 8: the line ends where -> and a "
                              "node, or | and another group is allowed");
}

TEST_CASE("a network loses, doubles and delays") {
  CHECK(only<loss_step>("loss 10%").share == doctest::Approx(0.1));
  CHECK(only<duplicate_step>("duplicate 20%").share == doctest::Approx(0.2));
  auto delay = only<delay_step>("delay 5ms 200ms");
  CHECK(delay.least == milliseconds(5));
  CHECK(delay.most == milliseconds(200));
  CHECK(only<slow_step>("slow a -> b 500ms").time == milliseconds(500));
  CHECK_FALSE(trouble("delay 5ms 2ms").empty());
  CHECK_FALSE(trouble("loss 101%").empty());
  CHECK_FALSE(trouble("loss nan%").empty());
  CHECK_FALSE(trouble("loss 10").empty());
}

TEST_CASE("nodes crash and pause, clocks and disks go wrong") {
  CHECK(only<crash_step>("crash leader").node == "leader");
  CHECK(only<pause_step>("pause b 3s").time == seconds(3));
  CHECK_FALSE(only<pause_step>("pause b").time.has_value());
  CHECK(only<clock_step>("clock a +2s").by == seconds(2));
  CHECK(only<clock_step>("clock a -2s").by == -seconds(2));
  CHECK(only<drift_step>("drift a -5%").share == doctest::Approx(-0.05));
  CHECK(only<disk_step>("disk a ok").state == disk_state::ok);
  CHECK(only<disk_step>("disk a full").state == disk_state::full);
  CHECK(only<disk_step>("disk a failing-sync").state ==
        disk_state::failing_sync);
  CHECK(only<disk_step>("disk a rot").state == disk_state::rot);
  CHECK(only<transfer_step>("transfer to b").to == "b");
  CHECK_FALSE(only<transfer_step>("transfer").to.has_value());
  CHECK(trouble("disk a wet") == "line 1, column 8: \"wet\" where one of ok, "
                                 "full, failing-sync, rot is allowed");
}

TEST_CASE("a node is a letter of the cluster, leader, or remembered") {
  CHECK(trouble("crash d") == "line 1, column 7: \"d\" where a node (a to c, "
                              "leader) is allowed");
  CHECK(trouble("nodes 4\ncrash d").empty());
  CHECK(trouble("remember leader as old\ncrash old").empty());
  CHECK_FALSE(trouble("crash old\nremember leader as old").empty());
  CHECK_FALSE(trouble("remember a as leader").empty());
  CHECK_FALSE(trouble("remember a as b").empty());
}

TEST_CASE("clients read and write") {
  auto put = only<client_step>("put x \"1 2\" on a");
  CHECK(put.what == client_verb::put);
  CHECK(put.value == "1 2");
  CHECK(put.on == "a");
  CHECK(only<client_step>("cas x 12 v").index == 12);
  CHECK(only<client_step>("delete x").what == client_verb::remove);
  CHECK(only<client_step>("list p/").key == "p/");
  CHECK(only<client_step>("get x stale on b").is_stale);
}

TEST_CASE("expectations are about answers, leaders, terms and states") {
  CHECK(*expected<expect_client_step>("get x = 1").value == "1");
  CHECK(expected<expect_client_step>("get x = nothing").is_nothing);
  CHECK(*expected<expect_client_step>("get x = \"nothing\"").value ==
        "nothing");
  auto asked = expected<expect_client_step>("get x = 1 stale on b");
  CHECK(asked.what.is_stale);
  CHECK(asked.what.on == "b");
  CHECK(expected<expect_client_step>("put x 1 fails").fails);
  CHECK(expected<expect_leader_step>("leader").exists);
  CHECK_FALSE(expected<expect_leader_step>("no leader").exists);
  CHECK_FALSE(expected<expect_leader_is_step>("leader is not a").is);
  CHECK(expected<expect_terms_step>("terms <= 3").most == 3);
  expected<expect_same_leader_step>("same leader");
  expected<expect_state_equal_step>("state equal");
  CHECK_FALSE(expected<expect_up_step>("c is down").is);
  auto within = only<expect_step>("expect within 5s put y 2");
  CHECK(within.within == seconds(5));
}

TEST_CASE("repeat writes its lines out, within limits") {
  auto steps = parse_script("repeat 3\n repeat 2\n heal\n end\n wait 1s\nend");
  REQUIRE(steps);
  CHECK(steps->size() == 9);
  CHECK(steps->at(2).line == 5);
  CHECK(trouble("repeat 2\nheal") == "line 1: repeat without end");
  CHECK(trouble("heal\nend") == "line 2: end without repeat");
  CHECK(trouble("repeat 1000\nrepeat 11\nheal\nend\nend") ==
        "line 5: more than 10000 steps, repeats written out");
  CHECK_FALSE(trouble("repeat 0\nend").empty());
}

TEST_CASE("a word that fits nowhere is shown with its place and what was "
          "allowed") {
  CHECK(trouble("heal\n  heal now") ==
        "line 2, column 8: \"now\" where nothing more is allowed");
  CHECK(trouble("put \"x").starts_with("line 1, column 5: \"\"x\" where a "
                                       "closing quote"));
  CHECK(trouble("dance").find("one of nodes seed") != std::string::npos);
  CHECK(trouble(std::string(70'000, ' ')).find("at most 65536") !=
        std::string::npos);
}

TEST_CASE("every story that is shipped can be read") {
  auto here = std::filesystem::path(__FILE__);
  auto root = here.parent_path();
  while (!std::filesystem::exists(root / "tests/sim/scripts") &&
         root != root.parent_path())
    root = root.parent_path();
  std::size_t stories = 0;
  if (!std::filesystem::exists(root / "tests/sim/scripts"))
    root = std::filesystem::current_path();
  for (auto& file :
       std::filesystem::directory_iterator(root / "tests/sim/scripts")) {
    if (file.path().extension() != ".sim")
      continue;
    ++stories;
    std::ifstream in(file.path());
    std::string text{std::istreambuf_iterator<char>(in), {}};
    CAPTURE(file.path().string());
    CHECK(text.starts_with("# "));
    CHECK(trouble(text) == "");
  }
  CHECK(stories >= 10);
}

} // namespace
} // namespace praetor::actors::sim
