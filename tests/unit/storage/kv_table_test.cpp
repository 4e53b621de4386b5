#include "storage/kv_table.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using storage::kv_table;

namespace {

constexpr const char* first_session = "00000000-0000-0000-0000-000000000001";
constexpr const char* second_session = "00000000-0000-0000-0000-000000000002";
constexpr const char* dead_session = "00000000-0000-0000-0000-000000000003";

struct bench {
  kv_table table;
  modify_index at = 10;
  change_set changes;

  result<bool> run(kv_verb verb, const std::string& key,
                   const std::string& value = "", modify_index index = 0,
                   const std::string& session = "", bool lives = true) {
    kv_operation operation{verb, key, value, 7, index, session};
    auto done = table.apply(++at, operation, lives, changes);
    table.check_invariants();
    return done;
  }
  bool ok(kv_verb verb, const std::string& key, const std::string& value = "",
          modify_index index = 0, const std::string& session = "") {
    auto done = run(verb, key, value, index, session);
    REQUIRE(done);
    return *done;
  }
  kv_entry entry(const std::string& key) {
    auto found = table.get(key);
    REQUIRE(found);
    return *found;
  }
  // What a client sees as the index of a listing.
  modify_index prefix_index(std::string_view prefix) {
    auto newest = table.newest_tombstone(prefix);
    table.each(prefix, [&](auto& one) {
      newest = std::max(newest, one->modified);
      return true;
    });
    return newest;
  }
};

} // namespace

TEST_CASE("a write makes an entry, and the next one changes it") {
  bench b;
  CHECK(b.ok(kv_verb::set, "a", "1"));
  CHECK(b.entry("a") == kv_entry{"a", "1", 7, 0, "", 11, 11});
  CHECK(b.ok(kv_verb::set, "a", "2"));
  CHECK(b.entry("a") == kv_entry{"a", "2", 7, 0, "", 11, 12});
  CHECK(b.changes.keys == std::vector<std::string>{"a", "a"});
  CHECK(b.ok(kv_verb::set, "a", "2"));
  CHECK(b.entry("a").modified == 12); // the same again changes nothing
  CHECK(b.table.last_changed() == 12);
}

TEST_CASE("check-and-set writes only over the index it names") {
  bench b;
  CHECK_FALSE(b.ok(kv_verb::cas, "a", "1", 5));
  CHECK_FALSE(b.table.get("a"));
  CHECK(b.ok(kv_verb::cas, "a", "1", 0));
  auto made = b.at;
  CHECK_FALSE(b.ok(kv_verb::cas, "a", "2", 0));
  CHECK_FALSE(b.ok(kv_verb::cas, "a", "2", made + 1));
  CHECK(b.ok(kv_verb::cas, "a", "2", made));
  CHECK(b.entry("a").value == "2");
  CHECK(b.entry("a").created == made);
}

TEST_CASE("check-and-delete removes only the index it names") {
  bench b;
  CHECK(b.ok(kv_verb::remove_cas, "a", "", 3)); // not there is good enough
  b.ok(kv_verb::set, "a", "1");
  auto made = b.at;
  CHECK_FALSE(b.ok(kv_verb::remove_cas, "a", "", made + 1));
  CHECK(b.table.get("a"));
  CHECK(b.ok(kv_verb::remove_cas, "a", "", made));
  CHECK_FALSE(b.table.get("a"));
}

TEST_CASE("a lock has one holder at a time and counts its holders") {
  bench b;
  CHECK(b.ok(kv_verb::lock, "a", "1", 0, first_session));
  CHECK(b.entry("a").lock_index == 1);
  CHECK(b.entry("a").session == first_session);
  CHECK_FALSE(b.ok(kv_verb::lock, "a", "2", 0, second_session));
  CHECK(
      b.ok(kv_verb::lock, "a", "3", 0, first_session)); // again: no new holder
  CHECK(b.entry("a").lock_index == 1);
  CHECK(b.entry("a").value == "3");
  CHECK_FALSE(b.ok(kv_verb::unlock, "a", "4", 0, second_session));
  CHECK(b.ok(kv_verb::unlock, "a", "5", 0, first_session));
  CHECK(b.entry("a").session.empty());
  CHECK(b.entry("a").lock_index == 1);
  CHECK(b.entry("a").value == "5");
  CHECK(b.ok(kv_verb::lock, "a", "6", 0, second_session));
  CHECK(b.entry("a").lock_index == 2);
  CHECK_FALSE(b.ok(kv_verb::unlock, "gone", "", 0, first_session));
}

TEST_CASE("a lock is refused without a session that lives") {
  bench b;
  CHECK_FALSE(b.run(kv_verb::lock, "a", "1"));
  CHECK_FALSE(b.run(kv_verb::unlock, "a", "1"));
  auto done = b.run(kv_verb::lock, "a", "1", 0, dead_session, false);
  REQUIRE_FALSE(done);
  CHECK(done.failure().text ==
        "invalid session \"" + std::string(dead_session) + "\"");
  CHECK(b.table.size() == 0);
}

TEST_CASE("a plain write leaves the lock with its holder") {
  bench b;
  b.ok(kv_verb::lock, "a", "1", 0, first_session);
  CHECK(b.ok(kv_verb::set, "a", "2"));
  CHECK(b.entry("a").session == first_session);
}

TEST_CASE("reads do not enter a table as writes") {
  bench b;
  for (auto verb : {kv_verb::get, kv_verb::get_tree, kv_verb::get_or_empty,
                    kv_verb::check_index, kv_verb::check_session,
                    kv_verb::check_not_exists})
    CHECK_FALSE(b.run(verb, "a"));
}

TEST_CASE("the end of a session releases or removes what it holds") {
  for (auto behavior : {session_behavior::release, session_behavior::remove}) {
    bench b;
    b.ok(kv_verb::lock, "a", "1", 0, first_session);
    b.ok(kv_verb::lock, "b", "1", 0, second_session);
    b.ok(kv_verb::lock, "c", "1", 0, first_session);
    session ending;
    ending.id = first_session;
    ending.behavior = behavior;
    auto keys = b.table.end_session(++b.at, ending, b.changes);
    b.table.check_invariants();
    CHECK(keys == std::vector<std::string>{"a", "c"});
    CHECK(b.entry("b").session == second_session);
    if (behavior == session_behavior::remove) {
      CHECK(b.table.size() == 1);
      CHECK(b.table.newest_tombstone("a") == b.at);
    } else {
      CHECK(b.entry("a").session.empty());
      CHECK(b.entry("a").lock_index == 1);
      CHECK(b.entry("a").modified == b.at);
    }
    CHECK(b.table.end_session(++b.at, ending, b.changes).empty());
  }
}

TEST_CASE("a removed tree leaves a tombstone for each key, and no others") {
  bench b;
  for (auto* key : {"a/1", "a/2", "ab", "b"})
    b.ok(kv_verb::set, key, "x");
  CHECK(b.ok(kv_verb::remove_tree, "a/"));
  CHECK(b.table.size() == 2);
  CHECK(b.table.tombstones() == 2);
  CHECK(b.table.newest_tombstone("a/") == b.at);
  CHECK(b.table.newest_tombstone("b") == 0);
  auto before = b.table.last_changed();
  CHECK(b.ok(kv_verb::remove_tree, "nothing"));
  CHECK(b.table.last_changed() == before);
  b.table.reap_tombstones(before - 1);
  CHECK(b.table.tombstones() == 2);
  b.table.reap_tombstones(before);
  CHECK(b.table.tombstones() == 0);
}

TEST_CASE("the index of a prefix never goes back") {
  prng random(tests::seed() + 4102);
  bench b;
  const std::vector<std::string> keys = {"", "a", "a/b", "a/b/c", "b", "b/c"};
  std::map<std::string, modify_index> newest;
  for (int i = 0; i < 3000; ++i) {
    auto& key = keys[random.below(keys.size())];
    auto verb = static_cast<kv_verb>(random.below(7));
    auto found = b.table.get(key);
    auto session =
        std::string(random.below(2) == 0 ? first_session : second_session);
    auto index = found && random.below(2) == 0 ? found->modified : 0;
    (void)b.run(verb, key, std::to_string(random.below(3)), index, session);
    for (auto& prefix : keys) {
      auto now = b.prefix_index(prefix);
      REQUIRE(now >= newest[prefix]);
      newest[prefix] = now;
    }
    REQUIRE(b.prefix_index("") == b.table.last_changed());
  }
}
