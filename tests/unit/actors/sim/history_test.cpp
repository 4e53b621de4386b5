#include "actors/sim/history.hpp"

#include "tests/unit/actors/sim/history_run.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

namespace praetor::actors::sim {
namespace {

// One operation after the other, unless a test says otherwise.
struct story {
  history seen;
  int ms = 0;

  instant now() { return instant{std::chrono::milliseconds(++ms)}; }
  history::id begin(std::uint32_t client, operation what) {
    return seen.invoke(client, now(), std::move(what));
  }
  void end(history::id which, std::vector<row> rows = {},
           modify_index index = 0) {
    seen.accept(which, now(), {std::move(rows)}, index);
  }
  void does(std::uint32_t client, operation what, std::vector<row> rows = {},
            modify_index index = 0) {
    end(begin(client, std::move(what)), std::move(rows), index);
  }
  void refused(std::uint32_t client, operation what) {
    seen.refuse(begin(client, std::move(what)), now());
  }
  verdict check() { return check_linearizable(seen.operations()); }
  bool holds() {
    auto found = check();
    INFO(found.why);
    return found.is == verdict::ok;
  }
  bool breaks() {
    auto found = check();
    CHECK_FALSE(found.why.empty());
    return found.is == verdict::violated;
  }
};

bool mentions(const verdict& what, const std::string& text) {
  INFO(what.why);
  return what.why.find(text) != std::string::npos;
}

part part_of(operation what) {
  return what.parts[0];
}

TEST_CASE("an empty history and one of reads of nothing are linearizable") {
  story told;
  CHECK(told.holds());
  told.does(1, get("x"));
  told.does(1, list(""));
  CHECK(told.holds());
}

TEST_CASE("a read sees the write that was acknowledged before it") {
  story told;
  told.does(1, put("x", "1"));
  told.does(2, get("x"), {{"x", "1", 5}});
  told.does(1, put("x", "2"));
  told.does(2, get("x"), {{"x", "2", 6}});
  CHECK(told.holds());
}

TEST_CASE("a stale read after an acknowledged write is refused, in words") {
  story told;
  told.does(1, put("x", "1"));
  told.does(1, put("x", "2"));
  told.does(2, get("x"), {{"x", "1", 0}});
  told.does(2, put("y", "9"));
  auto found = told.check();
  REQUIRE(found.is == verdict::violated);
  CHECK(mentions(found, "client 2: get x -> \"1\""));
  CHECK(mentions(found, "x was \"2\""));
  CHECK(mentions(found, "client 1: put x = \"2\""));
  CHECK_FALSE(mentions(found, "put y"));
  REQUIRE(!found.operations.empty());
  CHECK(found.operations[0] == 2);
}

TEST_CASE("a lost write is found, also by a client that sees nothing") {
  story told;
  told.does(1, put("x", "1"));
  told.does(2, get("x"));
  CHECK(told.breaks());
}

TEST_CASE("reads beside a write may see either, but not first the new and "
          "then the old value") {
  for (bool back : {false, true}) {
    story told;
    told.does(1, put("x", "1"));
    auto write = told.begin(1, put("x", "2"));
    told.does(2, get("x"), {{"x", back ? "2" : "1", 0}});
    told.does(2, get("x"), {{"x", back ? "1" : "2", 0}});
    told.end(write);
    CHECK((back ? told.breaks() : told.holds()));
  }
}

TEST_CASE("one of two cas with the same index is refused") {
  story told;
  told.does(1, put("x", "0"));
  told.does(1, get("x"), {{"x", "0", 4}});
  told.does(1, cas("x", 4, "1"));
  SUBCASE("as it should be") {
    told.refused(2, cas("x", 4, "2"));
    told.does(2, get("x"), {{"x", "1", 5}});
    CHECK(told.holds());
  }
  SUBCASE("but both succeeded") {
    told.does(2, cas("x", 4, "2"));
    CHECK(told.breaks());
  }
}

TEST_CASE("two cas that create the same key cannot both succeed") {
  story told;
  auto first = told.begin(1, cas("x", 0, "1"));
  auto second = told.begin(2, cas("x", 0, "2"));
  told.end(first);
  told.end(second);
  CHECK(told.breaks());
}

TEST_CASE("a cas is refused only when its condition may not hold") {
  story told;
  told.does(1, put("x", "1"));
  told.does(1, get("x"), {{"x", "1", 3}});
  told.refused(2, cas("x", 3, "2"));
  CHECK(told.breaks());
}

TEST_CASE("a write without an answer may have taken effect late or never") {
  story told;
  told.does(1, put("x", "1"));
  told.begin(2, put("x", "2"));
  told.does(1, get("x"), {{"x", "1", 0}});
  SUBCASE("never") {
    told.does(1, get("x"), {{"x", "1", 0}});
    CHECK(told.holds());
  }
  SUBCASE("late") {
    told.does(1, get("x"), {{"x", "2", 0}});
    CHECK(told.holds());
  }
  SUBCASE("but not twice") {
    told.does(1, get("x"), {{"x", "2", 0}});
    told.does(1, put("x", "3"));
    told.does(1, get("x"), {{"x", "2", 0}});
    CHECK(told.breaks());
  }
  SUBCASE("but not before it was asked for") {
    story early;
    early.does(1, get("x"), {{"x", "2", 0}});
    early.begin(2, put("x", "2"));
    CHECK(early.breaks());
  }
}

TEST_CASE("a delete without an answer explains a missing key") {
  story told;
  told.does(1, put("x", "1"));
  told.begin(2, remove("x"));
  told.does(1, get("x"));
  CHECK(told.holds());
  told.does(1, get("x"), {{"x", "1", 0}});
  CHECK(told.breaks());
}

TEST_CASE("a write that certainly failed is seen by nobody") {
  story told;
  told.seen.withdraw(told.begin(1, put("x", "1")), told.now());
  CHECK(told.holds());
  told.does(2, get("x"), {{"x", "1", 7}});
  auto found = told.check();
  CHECK(found.is == verdict::violated);
  CHECK(mentions(found, "nobody wrote x = \"1\""));
}

TEST_CASE("a write applied twice shows by its second index") {
  story told;
  told.does(1, put("x", "1"));
  told.does(2, get("x"), {{"x", "1", 5}});
  told.does(2, get("x"), {{"x", "1", 9}});
  auto found = told.check();
  CHECK(found.is == verdict::violated);
  CHECK(mentions(found, "applied twice"));
}

TEST_CASE("a transaction is seen whole or not at all") {
  story told;
  told.does(1, transaction({part_of(put("a", "1")), part_of(put("b", "1"))}));
  SUBCASE("whole") {
    told.does(2, list(""), {{"a", "1", 4}, {"b", "1", 4}});
    CHECK(told.holds());
  }
  SUBCASE("torn between keys") {
    auto other = told.begin(
        1, transaction({part_of(put("a", "2")), part_of(put("b", "2"))}));
    told.does(2, list(""), {{"a", "2", 0}, {"b", "1", 0}});
    told.end(other);
    CHECK(told.breaks());
  }
  SUBCASE("torn between indexes") {
    told.does(2, list(""), {{"a", "1", 4}, {"b", "1", 5}});
    CHECK(told.breaks());
  }
}

TEST_CASE("a transaction is refused if one of its checks fails, and only "
          "then") {
  story told;
  told.does(1, put("a", "1"));
  told.does(1, get("a"), {{"a", "1", 3}});
  auto checked = [](modify_index index) {
    part check{verb::check_index, "a", "", index, {}};
    return transaction({check, part_of(put("b", "1"))});
  };
  SUBCASE("rightly") {
    told.refused(2, checked(2));
    told.does(2, get("b"));
    CHECK(told.holds());
  }
  SUBCASE("for no reason") {
    told.refused(2, checked(3));
    CHECK(told.breaks());
  }
  SUBCASE("and yet half of it happened") {
    told.refused(2, checked(2));
    told.does(2, get("b"), {{"b", "1", 4}});
    CHECK(told.breaks());
  }
}

TEST_CASE("what a transaction without an answer must have found, a write "
          "without an answer may have made") {
  story told;
  // The transaction happened, as its own write is seen: so there was an x.
  told.begin(1, put("x", "1"));
  told.begin(2, transaction({part_of(put("y", "2")), part_of(get("x"))}));
  told.does(3, get("y"), {{"y", "2", 7}});
  CHECK(told.holds());

  story nobody;
  nobody.begin(2, transaction({part_of(put("y", "2")), part_of(get("x"))}));
  nobody.does(3, get("y"), {{"y", "2", 7}});
  CHECK(nobody.breaks());

  // The same without a need of whoever wrote it.
  story gone;
  gone.does(1, put("x", "1"));
  gone.does(1, remove("x"));
  gone.begin(1, put("x", "3"));
  gone.begin(2, transaction({part_of(get("x")), part_of(put("y", "2"))}));
  gone.does(3, list("y"), {{"y", "2", 7}});
  CHECK(gone.holds());
}

TEST_CASE("a list shows the keys below its prefix at one moment") {
  story told;
  told.does(1, put("p/a", "1"));
  told.does(1, put("p/b", "1"));
  told.does(1, put("q", "1"));
  told.does(2, list("p/"), {{"p/a", "1", 0}, {"p/b", "1", 0}});
  CHECK(told.holds());
  SUBCASE("no key is missing") {
    told.does(2, list("p/"), {{"p/b", "1", 0}});
    CHECK(told.breaks());
  }
  SUBCASE("two writes in a row are not seen in the other order") {
    auto first = told.begin(1, put("p/a", "2"));
    told.end(first);
    auto second = told.begin(1, put("p/b", "2"));
    told.does(2, list("p/"), {{"p/a", "1", 0}, {"p/b", "2", 0}});
    told.end(second);
    CHECK(told.breaks());
  }
}

TEST_CASE("values need not be unique") {
  story told;
  told.does(1, put("x", "1"));
  told.does(1, put("x", "2"));
  told.begin(3, put("x", "1"));
  told.does(2, get("x"), {{"x", "1", 0}});
  told.does(1, put("x", "2"));
  told.does(2, get("x"), {{"x", "2", 0}});
  CHECK(told.holds());
  told.does(2, get("x"), {{"x", "1", 0}});
  CHECK(told.breaks());
}

TEST_CASE("indexes must grow as time does") {
  story told;
  told.does(1, put("x", "1"), {}, 8);
  told.does(1, put("y", "1"), {}, 7);
  auto found = check_index_order(told.seen.operations());
  CHECK(found.is == verdict::violated);
  CHECK(mentions(found, "index 8 was known"));

  story beside;
  auto first = beside.begin(1, put("x", "1"));
  auto second = beside.begin(2, put("y", "1"));
  beside.end(second, {}, 7);
  beside.end(first, {}, 8);
  CHECK(check_index_order(beside.seen.operations()).is == verdict::ok);

  story same;
  same.end(same.begin(1, put("x", "1")), {}, 7);
  same.does(1, put("y", "1"), {}, 7);
  CHECK(check_index_order(same.seen.operations()).is == verdict::violated);
}

TEST_CASE("a stale read may show the past but nothing that never was") {
  story told;
  told.does(1, put("x", "1"));
  told.does(1, put("x", "2"));
  told.does(2, stale(get("x")), {{"x", "1", 4}});
  told.does(2, stale(get("x")));
  CHECK(told.holds());
  CHECK(check_stale(told.seen.operations()).is == verdict::ok);
  told.does(2, stale(get("x")), {{"x", "3", 6}});
  told.does(1, put("x", "3"));
  auto found = check_stale(told.seen.operations());
  CHECK(found.is == verdict::violated);
  CHECK(mentions(found, "before it was written"));
}

TEST_CASE("a search beyond its limit is undecided") {
  story told;
  check_limits limits;
  limits.states_max = 5;
  for (int i = 0; i < 3; ++i) {
    told.does(1, put("x", std::to_string(i)));
    told.does(2, get("x"), {{"x", std::to_string(i), 0}});
  }
  CHECK(told.holds());
  auto found = check_linearizable(told.seen.operations(), limits);
  CHECK(found.is == verdict::undecided);
  CHECK(mentions(found, "within 5 states"));
}

TEST_CASE("what an execution in some order showed is linearizable") {
  for (std::uint64_t i = 0; i < 60; ++i) {
    run_options options;
    options.seed = tests::seed() * 1000 + i;
    options.operations = 300;
    options.unique_values = i % 3 != 0;
    options.shows_indexes = i % 2 == 0;
    options.lost_percent = i % 5 == 0 ? 10 : 2;
    auto run = make_run(options);
    CAPTURE(options.seed);
    // Many lost writes of equal values may be too much for the search.
    check_limits limits;
    limits.states_max = 100'000;
    auto found = check_linearizable(run.seen.operations(), limits);
    CAPTURE(found.why);
    CHECK(found.is != verdict::violated);
    CHECK((found.is == verdict::ok || !options.unique_values));
    CHECK(check_index_order(run.seen.operations()).is == verdict::ok);
  }
}

TEST_CASE("one read of a value that was overwritten spoils the history") {
  int spoilt = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    run_options options;
    options.seed = tests::seed() * 2000 + i;
    options.operations = 300;
    options.shows_indexes = i % 2 == 0;
    auto run = make_run(options);
    CAPTURE(options.seed);
    prng chance(options.seed);
    auto operations = run.seen.operations();
    auto which = spoil(run, operations, chance);
    if (!which)
      continue;
    ++spoilt;
    auto found = check_linearizable(operations);
    CAPTURE(describe(operations[*which]));
    CHECK(found.is == verdict::violated);
  }
  CHECK(spoilt > 50);
}

TEST_CASE("a long history takes about one state for each operation") {
  run_options options;
  options.seed = 3; // a count, so always the same history
  options.operations = 2000;
  auto run = make_run(options);
  auto found = check_linearizable(run.seen.operations());
  CAPTURE(found.why);
  CHECK(found.is == verdict::ok);
  CHECK(found.states < 20'000);
}

} // namespace
} // namespace praetor::actors::sim
