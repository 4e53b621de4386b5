#include "actors/sim/watches.hpp"

#include <doctest/doctest.h>

namespace praetor::actors::sim {
namespace {

instant at(int seconds) {
  return instant{std::chrono::seconds(seconds)};
}

std::vector<applied_change> some_changes() {
  return {{5, "p/a", "1", at(1)}, {6, "q", "1", at(2)},
          {7, "p/b", "1", at(3)}, {8, "p/a", "2", at(4)},
          {8, "p/c", "1", at(4)}, {9, "p/b", std::nullopt, at(5)}};
}

watch_answer answer(modify_index asked, modify_index returned, int when,
                    std::vector<row> rows) {
  watch_answer out;
  out.asked = asked;
  out.asked_at = at(when);
  out.returned = returned;
  out.returned_at = at(when);
  out.rows = std::move(rows);
  return out;
}

watch followed() {
  watch out;
  out.key = "p/";
  out.is_prefix = true;
  out.answers = {answer(0, 5, 1, {{"p/a", "1", 5}}),
                 answer(5, 7, 3, {{"p/a", "1", 5}, {"p/b", "1", 7}}),
                 answer(7, 9, 5, {{"p/a", "2", 8}, {"p/c", "1", 8}})};
  return out;
}

std::string trouble(const watch& what, int end = 6) {
  auto found = check_watch(some_changes(), what, at(end));
  CHECK(found.is_ok == found.why.empty());
  return found.why;
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("a client that is told of every change in order is well served, "
          "and changes in between may be left out") {
  auto found = check_watch(some_changes(), followed(), at(6));
  CHECK(found.is_ok);
  CHECK(found.seen == 3);
  CHECK(found.coalesced == 2);
  CHECK(found.idle_wakes == 0);
}

TEST_CASE("an index is never 0 and never goes back") {
  auto zero = followed();
  zero.answers[0].returned = 0;
  CHECK(contains(trouble(zero), "answer 1: the index is 0"));
  auto back = followed();
  back.answers.push_back(answer(0, 7, 6, back.answers[1].rows));
  CHECK(contains(trouble(back), "went back from 9 to 7"));
  back.is_stale = true;
  CHECK(trouble(back).empty());
}

TEST_CASE("an answer is the state at its index") {
  auto torn = followed();
  torn.answers[2].rows.pop_back();
  CHECK(contains(trouble(torn), "not the state at index 9"));
  auto ahead = followed();
  ahead.answers[1].rows = ahead.answers[2].rows;
  CHECK(contains(trouble(ahead), "not the state at index 7"));
}

TEST_CASE("an index is answered twice only when the wait is over") {
  auto twice = followed();
  twice.answers.push_back(answer(9, 9, 6, twice.answers[2].rows));
  CHECK(contains(trouble(twice), "index 9 was answered again"));
  twice.answers.back().is_timeout = true;
  CHECK(trouble(twice).empty());
}

TEST_CASE("a change may not be slept through") {
  auto late = followed();
  late.answers[2].returned_at = at(60);
  CHECK(contains(trouble(late, 60), "index 8 was not told for 55s"));

  auto deaf = followed();
  deaf.waiting = deaf.answers.back();
  deaf.answers.pop_back();
  CHECK(trouble(deaf, 6).empty());
  CHECK(contains(trouble(deaf, 60), "at the end: a change of p/a"));

  auto idle = followed();
  idle.waiting = answer(9, 0, 6, {});
  CHECK(trouble(idle, 600).empty());
}

TEST_CASE("a single key is not told of its neighbours") {
  watch one;
  one.key = "p/a";
  one.answers = {answer(0, 5, 1, {{"p/a", "1", 5}}),
                 answer(5, 8, 4, {{"p/a", "2", 8}})};
  one.waiting = answer(8, 0, 4, {});
  auto found = check_watch(some_changes(), one, at(100));
  CHECK(found.is_ok);
  CHECK(found.coalesced == 0);
  one.answers.insert(one.answers.begin() + 1,
                     answer(5, 7, 3, {{"p/a", "1", 5}}));
  CHECK(check_watch(some_changes(), one, at(100)).idle_wakes == 1);
}

} // namespace
} // namespace praetor::actors::sim
