#include "actors/sim/picture.hpp"

#include "protocol/base/prng.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

namespace praetor::actors::sim {
namespace {

instant ms(std::int64_t value) {
  return instant{std::chrono::milliseconds(value)};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1))
    ++found;
  return found;
}

// A leader that dies, and the one after it.
recorded_run some_run() {
  recorded_run run;
  run.title = "killed_leader.sim, seed 1";
  run.nodes = {"a", "b", "c"};
  run.end = ms(3000);
  prng chance(7);
  auto send = [&](std::size_t from, std::size_t to, traffic type, int at) {
    drawn_message made{ms(at), ms(at + 8 + static_cast<int>(chance.below(25))),
                       from,   to,
                       type,   false,
                       false};
    made.is_lost = (at > 1000 && at < 2400 && (to == 0 || from == 0));
    made.is_duplicate = !made.is_lost && chance.below(12) == 0;
    run.messages.push_back(made);
  };
  run.roles = {{ms(0), 0, drawn_role::follower, 0},
               {ms(0), 1, drawn_role::follower, 0},
               {ms(0), 2, drawn_role::follower, 0},
               {ms(180), 0, drawn_role::candidate, 1},
               {ms(230), 0, drawn_role::leader, 1},
               {ms(240), 1, drawn_role::follower, 1},
               {ms(1000), 0, drawn_role::down, 1},
               {ms(1300), 2, drawn_role::candidate, 2},
               {ms(1350), 2, drawn_role::leader, 2},
               {ms(1700), 1, drawn_role::paused, 2},
               {ms(1950), 1, drawn_role::follower, 2},
               {ms(2400), 0, drawn_role::follower, 2}};
  for (std::size_t to : {1u, 2u}) {
    send(0, to, traffic::vote, 180);
    send(to, 0, traffic::vote, 205);
    for (int at = 240; at < 1000; at += 80) {
      send(0, to, traffic::heartbeat, at);
      send(to, 0, traffic::heartbeat, at + 30);
    }
    send(0, to, traffic::append, 620);
  }
  send(2, 1, traffic::vote, 1300);
  send(1, 2, traffic::vote, 1325);
  send(2, 0, traffic::vote, 1300);
  for (int at = 1360; at < 3000; at += 80) {
    send(2, 0, at > 2400 ? traffic::append : traffic::heartbeat, at);
    send(2, 1, traffic::heartbeat, at);
  }
  send(2, 0, traffic::snapshot, 2450);
  send(1, 2, traffic::forward, 2100);
  run.faults = {{ms(1000), 0, "crash, 3 writes lost", false},
                {ms(1700), 1, "paused", false},
                {ms(2000), {}, "cut a | b c", false},
                {ms(2300), {}, "heal", true},
                {ms(2400), 0, "restart", true}};
  run.operations = {{ms(600), ms(690), 1, "put x 1", false},
                    {ms(1010), ms(1420), 1, "get x = 1", false},
                    {ms(1020), ms(1300), 2, "put y 2 fails", true},
                    {ms(2100), {}, 2, "cas x 0 <&>", false}};
  return run;
}

TEST_CASE("a run is drawn with its nodes, messages, faults and operations") {
  auto run = some_run();
  auto picture = draw(run);
  CHECK(picture.starts_with("<svg xmlns="));
  CHECK(picture.ends_with("</svg>\n"));
  CHECK(count(picture, "class=\"name\"") == 3);
  CHECK(count(picture, "leader, term 2") == 1);
  CHECK(count(picture, "crash, 3 writes lost") == 1);
  CHECK(count(picture, "<rect class=\"open\"") == 1);
  std::size_t received = 0;
  for (auto& one : run.messages)
    received += !one.is_lost;
  CHECK(count(picture, "<polygon") == received);
  CHECK(count(picture, " drawn") == 0);
  // For those who want to look at it.
  if (auto* path = std::getenv("PRAETOR_PICTURE"))
    std::ofstream(path) << picture;
}

TEST_CASE("text in a picture cannot break out of it") {
  auto run = some_run();
  run.title = "</svg><script>\x01\"&";
  run.faults[0].text = "<b>";
  auto picture = draw(run);
  CHECK(count(picture, "<script>") == 0);
  CHECK(count(picture, "<b>") == 0);
  CHECK(count(picture, "cas x 0 &lt;&amp;&gt;") == 2);
  CHECK(count(picture, "\x01") == 0);
}

TEST_CASE("beyond its limit a picture leaves out heartbeats first, and says "
          "so") {
  auto run = some_run();
  std::size_t telling = 0;
  for (auto& one : run.messages)
    telling += one.type != traffic::heartbeat;
  picture_options options;
  options.arrows_max = telling + 5;
  auto picture = draw(run, options);
  CHECK(count(picture, "line class=\"arrow heartbeat") == 5 + 1); // and legend
  CHECK(count(picture, std::to_string(telling + 5) + " of " +
                           std::to_string(run.messages.size()) +
                           " messages drawn") == 1);
  options.arrows_max = 3;
  CHECK(count(draw(run, options), "line class=\"arrow heartbeat") == 1);
}

TEST_CASE("a picture of a part of the time holds only what happened then") {
  picture_options options;
  options.from = ms(1500);
  options.upto = ms(2200);
  auto picture = draw(some_run(), options);
  CHECK(count(picture, "crash") == 0);
  CHECK(count(picture, "cut a | b c") == 1);
  CHECK(count(picture, "put x 1") == 0);
  // The leader of before is a leader still.
  CHECK(count(picture, "class=\"life leader\"") == 2);
}

TEST_CASE("an empty run and a wrong node are no trouble") {
  recorded_run run;
  CHECK(draw(run).ends_with("</svg>\n"));
  run.nodes = {"a"};
  run.messages.push_back({ms(1), ms(2), 0, 9, traffic::vote, false, false});
  run.roles.push_back({ms(1), 9, drawn_role::leader, 1});
  run.faults.push_back({ms(1), 9, "lost", false});
  CHECK(draw(run).ends_with("</svg>\n"));
}

} // namespace
} // namespace praetor::actors::sim
