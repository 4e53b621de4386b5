#include "actors/log.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace praetor::actors {
namespace {

TEST_CASE("levels have the numbers of their names, in any letter case, and "
          "info stands for what is unknown") {
  CHECK(level_number("trace") < level_number("DEBUG"));
  CHECK(level_number("debug") < level_number("info"));
  CHECK(level_number("Info") < level_number("WARN"));
  CHECK(level_number("warn") == level_number("warning"));
  CHECK(level_number("WARN") < level_number("ERR"));
  CHECK(level_number("err") == level_number("ERROR"));
  CHECK(level_number("") == level_number("INFO"));
}

TEST_CASE("a follower gets the lines of its level and above") {
  log_hub hub;
  std::vector<std::string> lines;
  hub.follow(level_number("WARN"),
             [&](const std::string& line) { lines.push_back(line); });
  hub.publish(level_number("INFO"), "quiet");
  hub.publish(level_number("WARN"), "loud");
  hub.publish(level_number("ERR"), "louder");
  CHECK(lines == std::vector<std::string>{"loud", "louder"});
}

TEST_CASE("each follower has its own level, and leaves alone") {
  log_hub hub;
  int coarse = 0;
  int fine = 0;
  auto first =
      hub.follow(level_number("ERR"), [&](const std::string&) { ++coarse; });
  auto second =
      hub.follow(level_number("TRACE"), [&](const std::string&) { ++fine; });
  CHECK(first != second);
  hub.publish(level_number("DEBUG"), "x");
  hub.publish(level_number("ERR"), "x");
  CHECK(coarse == 1);
  CHECK(fine == 2);
  hub.unfollow(second);
  hub.unfollow(second);
  CHECK_FALSE(hub.empty());
  hub.publish(level_number("ERR"), "x");
  CHECK(coarse == 2);
  CHECK(fine == 2);
  hub.unfollow(first);
  CHECK(hub.empty());
}

} // namespace
} // namespace praetor::actors
