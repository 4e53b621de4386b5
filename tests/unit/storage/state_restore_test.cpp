#include "storage/state_codec.hpp"

#include "tests/support/seed.hpp"
#include "tests/support/state_world.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::storage;

namespace {

std::string encode(const state& what) {
  state_encoder encoder(what);
  std::string bytes;
  for (auto one = encoder.next(); !one.empty(); one = encoder.next())
    bytes += one;
  return bytes;
}

state grown(std::uint64_t seed, modify_index upto) {
  prng random(seed);
  state made;
  for (modify_index at = 1; at <= upto; ++at) {
    model::change_set changes;
    (void)apply(made, at, test::random_command(random, made, at), changes);
  }
  made.restoring = {};
  return made;
}

struct world {
  state now;
  model::change_set changes;

  model::outcome run(const model::command& what) {
    changes = {};
    return apply(now, now.applied + 1, what, changes);
  }

  /// In pieces of that size; the outcome of the last.
  model::outcome restore(const state& what, std::size_t piece) {
    auto bytes = compress_state(encode(what));
    model::outcome last;
    for (std::uint64_t i = 0; i * piece < bytes.size(); ++i) {
      model::restore_part part;
      part.id = "r";
      part.number = i;
      part.bytes = bytes.substr(i * piece, piece);
      part.last = (i + 1) * piece >= bytes.size();
      last = run(part);
      REQUIRE(last.failure.text == "");
      CHECK(changes.everything == part.last);
    }
    return last;
  }

  model::kv_entry key(const std::string& name) {
    auto found = evaluate(now, {.name = name});
    auto& list = std::get<model::kv_list>(found.records);
    return list.empty() ? model::kv_entry{} : *list.front();
  }
  void put(const std::string& name, const std::string& value) {
    model::kv_operation made;
    made.key = name;
    made.value = value;
    CHECK(run(made).failure.text == "");
  }
};

} // namespace

TEST_CASE("a restored state has the records of its archive, as they were") {
  auto saved = grown(tests::seed() + 1, 150);
  world w;
  w.now = grown(tests::seed() + 2, 300);
  w.restore(saved, 100);
  CHECK(w.now.restoring.parts.empty());
  // But for the indexes of answers, which lie beyond all that were told.
  auto plain = w.now;
  CHECK(plain.restored == plain.applied);
  plain.restored = saved.restored;
  plain.applied = saved.applied;
  CHECK(test::all_answers(plain) == test::all_answers(saved));
}

TEST_CASE("indexes that clients saw never go back") {
  world w;
  w.put("a", "old");
  auto saved = w.now;
  for (int i = 0; i < 10; ++i)
    w.put("a", "new" + std::to_string(i));
  auto seen = index_of(w.now, {.name = "a"});
  auto version = version_of(w.now, {.name = "a"});
  w.restore(saved, 1 << 20);
  CHECK(w.key("a").value == "old");
  CHECK(w.key("a").modified == 1);
  CHECK(index_of(w.now, {.name = "a"}) > seen);
  CHECK(version_of(w.now, {.name = "a"}) > version);
  auto restored = index_of(w.now, {.name = "a"});
  w.put("a", "after");
  CHECK(w.key("a").modified > restored);
}

TEST_CASE("a state that had come further than this log keeps its indexes") {
  world from;
  for (int i = 0; i < 1000; ++i)
    from.put("a", std::to_string(i));
  world w;
  w.put("b", "x");
  auto done = w.restore(from.now, 1 << 20);
  CHECK(w.now.applied == 2);
  CHECK(newest_index(w.now) == 1001);
  CHECK(done.index == 1001);
  CHECK(w.key("a").modified == 1000);
  CHECK(w.key("b").key.empty());
  w.put("b", "y");
  CHECK(w.key("b").modified == 1002);
  // And so does whoever starts from a snapshot of it.
  state_decoder decoder;
  REQUIRE(decoder.feed(encode(w.now)));
  auto again = std::move(decoder).finish();
  REQUIRE(again);
  CHECK(test::all_answers(*again) == test::all_answers(w.now));
  world further;
  further.now = *again;
  further.put("c", "z");
  CHECK(further.key("c").modified == 1003);
}

TEST_CASE("a restore that is under way is in the snapshots of the log") {
  auto bytes = compress_state(encode(grown(tests::seed() + 3, 100)));
  world w;
  REQUIRE(w.run(model::restore_part{"r", 0, false, bytes.substr(0, 50)})
              .failure.text == "");
  state_decoder decoder;
  REQUIRE(decoder.feed(encode(w.now)));
  auto again = std::move(decoder).finish();
  REQUIRE(again);
  for (auto* one : {&w.now, &*again}) {
    model::change_set changes;
    auto done = apply(
        *one, 2, model::restore_part{"r", 1, true, bytes.substr(50)}, changes);
    CHECK(done.failure.text == "");
  }
  CHECK(test::all_answers(w.now) == test::all_answers(*again));
}

TEST_CASE("parts out of order, or of another restore, are refused") {
  world w;
  w.put("a", "stays");
  CHECK(w.run(model::restore_part{"r", 1, false, "x"}).failure.code ==
        errc::conflict);
  REQUIRE(w.run(model::restore_part{"r", 0, false, "x"}).failure.text == "");
  CHECK(w.run(model::restore_part{"s", 1, false, "x"}).failure.code ==
        errc::conflict);
  REQUIRE(w.run(model::restore_part{"s", 0, false, "x"}).failure.text == "");
  CHECK(w.run(model::restore_part{"r", 1, false, "x"}).failure.code ==
        errc::conflict);
  w.run(model::restore_abort{"r"});
  CHECK(w.now.restoring.id == "s");
  w.run(model::restore_abort{"s"});
  CHECK(w.now.restoring.parts.empty());
  CHECK(w.key("a").value == "stays");
}

TEST_CASE("what is no state changes nothing") {
  world w;
  w.put("a", "stays");
  auto whole = compress_state(encode(grown(tests::seed() + 4, 50)));
  for (auto& bytes : {std::string("garbage"), std::string(),
                      whole.substr(0, whole.size() - 1), whole + "x",
                      compress_state("no state")}) {
    auto done = w.run(model::restore_part{"r", 0, true, bytes});
    CHECK(done.failure.code == errc::corrupt);
    CHECK(w.changes.empty());
    CHECK(w.key("a").value == "stays");
    CHECK(w.now.restoring.parts.empty());
  }
}
