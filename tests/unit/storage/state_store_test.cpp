#include "storage/state_store.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using storage::state;

namespace {

constexpr const char* first_session = "00000000-0000-0000-0000-000000000001";
constexpr const char* second_session = "00000000-0000-0000-0000-000000000002";

// What a state answers to every question that these tests ask, as text.
std::string answers(const state& from) {
  std::string out;
  auto add = [&](const read_query& query) {
    auto answer = evaluate(from, query);
    REQUIRE(index_of(from, query) == answer.index);
    out += std::to_string(answer.index) + ":";
    if (auto* list = std::get_if<kv_list>(&answer.records))
      for (auto& one : *list)
        out += one->key + "=" + one->value + "/" + one->session + "/" +
               std::to_string(one->lock_index) + "/" +
               std::to_string(one->created) + "/" +
               std::to_string(one->modified) + " ";
    if (auto* list = std::get_if<key_list>(&answer.records))
      for (auto& one : *list)
        out += one + " ";
    if (auto* list = std::get_if<session_list>(&answer.records))
      for (auto& one : *list)
        out += one->id + " ";
    out += "\n";
  };
  for (auto* name : {"", "a", "a/", "a/b", "b", "zz"}) {
    read_query query;
    query.name = name;
    for (auto kind : {query_kind::kv_get, query_kind::kv_list}) {
      query.kind = kind;
      add(query);
    }
    query.kind = query_kind::kv_keys;
    query.separator = "/";
    add(query);
  }
  read_query sessions;
  sessions.kind = query_kind::session_list;
  add(sessions);
  return out;
}

std::string summary(const outcome& out) {
  std::string text =
      std::to_string(out.index) + (out.accepted ? "+" : "-") + out.failure.text;
  for (auto& one : out.results) {
    auto& entry = std::get<kv_entry>(one);
    text += " e" + entry.key + "=" + entry.value;
  }
  for (auto& one : out.failures)
    text += " f" + std::to_string(one.operation) + one.text;
  for (auto& one : out.ended_sessions)
    text += " s" + one;
  // Shards are walked one by one, so that locks come in no common order.
  std::vector<std::string> released;
  for (auto& one : out.released)
    released.push_back(one.key);
  std::sort(released.begin(), released.end());
  for (auto& one : released)
    text += " r" + one;
  return text;
}

kv_operation random_operation(prng& random, bool within, const state& now) {
  const std::vector<std::string> keys = {"a", "a/b", "a/b/c", "a/c", "b", ""};
  kv_operation made;
  auto verbs =
      static_cast<std::uint64_t>(within ? kv_verb_last : kv_verb::remove_tree);
  made.verb = static_cast<kv_verb>(random.below(verbs + 1));
  made.key = keys[random.below(keys.size())];
  made.value = std::to_string(random.below(3));
  made.session = random.below(2) == 0 ? first_session : second_session;
  auto& shard = now.shards[storage::shard_of(made.key, now.shards.size())];
  if (auto found = shard.get(made.key); found && random.below(2) == 0)
    made.index = found->modified;
  return made;
}

command random_command(prng& random, const state& now, modify_index at) {
  switch (random.below(8)) {
  case 0: {
    session_create made;
    made.session.id = random.below(2) == 0 ? first_session : second_session;
    made.session.node = "n";
    made.session.behavior = random.below(2) == 0 ? session_behavior::release
                                                 : session_behavior::remove;
    // An id is made but once.
    if (!now.catalog.session(made.session.id))
      return made;
    return session_destroy{made.session.id};
  }
  case 1:
    return reap_tombstones{at > 50 ? at - 50 : 0};
  case 2:
  case 3: {
    transaction made;
    for (auto count = 1 + random.below(4); count > 0; --count)
      made.operations.push_back(random_operation(random, true, now));
    return made;
  }
  default:
    return random_operation(random, false, now);
  }
}

catalog_register node_n() {
  catalog_register made;
  made.node.name = "n";
  return made;
}

} // namespace

TEST_CASE("equal commands give equal answers on any number of shards") {
  prng random(tests::seed() + 4103);
  std::vector<state> states = {state(1), state(2), state(4), state(7)};
  for (auto& one : states) {
    change_set changes;
    (void)apply(one, 1, node_n(), changes);
  }
  for (modify_index at = 2; at < 1500; ++at) {
    auto what = random_command(random, states[0], at);
    std::vector<std::string> outcomes;
    for (auto& one : states) {
      change_set changes;
      outcomes.push_back(summary(apply(one, at, what, changes)));
      for (auto& shard : one.shards)
        shard.check_invariants();
      one.catalog.check_invariants();
      REQUIRE(outcomes.back() == outcomes[0]);
    }
    if (at % 5 != 0)
      continue;
    auto expected = answers(states[0]);
    for (auto& one : states)
      REQUIRE(answers(one) == expected);
  }
}

TEST_CASE("a transaction is done as a whole or not at all, on all shards") {
  state on(4);
  change_set changes;
  transaction good;
  for (int i = 0; i < 20; ++i)
    good.operations.push_back(
        kv_operation{kv_verb::set, "k" + std::to_string(i), "1", 0, 0, ""});
  CHECK(apply(on, 1, good, changes).accepted);
  auto before = answers(on);
  auto bad = good;
  for (auto& one : bad.operations)
    std::get<kv_operation>(one).value = "2";
  bad.operations.push_back(kv_operation{kv_verb::cas, "k3", "3", 0, 99, ""});
  bad.operations.push_back(kv_operation{kv_verb::get, "gone", "", 0, 0, ""});
  changes = {};
  auto out = apply(on, 2, bad, changes);
  CHECK_FALSE(out.accepted);
  CHECK(changes.empty());
  CHECK(out.results.empty());
  REQUIRE(out.failures.size() == 2);
  CHECK(out.failures[0] ==
        operation_failure{20, "failed to set key \"k3\", index is stale"});
  CHECK(out.failures[1].operation == 21);
  CHECK(answers(on) == before);
  CHECK(on.applied == 2);
}

TEST_CASE("an operation of a transaction sees what those before it did") {
  state on;
  change_set changes;
  transaction steps;
  for (auto& one : std::initializer_list<kv_operation>{
           {kv_verb::check_not_exists, "a", "", 0, 0, ""},
           {kv_verb::set, "a", "1", 0, 0, ""},
           {kv_verb::check_index, "a", "", 0, 5, ""},
           {kv_verb::get, "a", "", 0, 0, ""},
           {kv_verb::remove_tree, "a", "", 0, 0, ""},
           {kv_verb::get_or_empty, "a", "", 0, 0, ""}})
    steps.operations.push_back(one);
  auto out = apply(on, 5, steps, changes);
  CHECK(out.accepted);
  REQUIRE(out.results.size() == 4);
  auto entry = [&](int i) { return std::get<kv_entry>(out.results[i]); };
  CHECK(entry(0).value.empty()); // a write does not repeat its value
  CHECK(entry(2).value == "1");
  CHECK(entry(3).key == "a");
  CHECK(entry(3).modified == 0);
}

TEST_CASE("the end of a session frees its locks on every shard") {
  state on(4);
  change_set changes;
  modify_index at = 0;
  (void)apply(on, ++at, node_n(), changes);
  session_create made;
  made.session.id = first_session;
  made.session.node = "n";
  (void)apply(on, ++at, made, changes);
  for (int i = 0; i < 12; ++i)
    CHECK(apply(on, ++at,
                kv_operation{kv_verb::lock, std::to_string(i), "", 0, 0,
                             first_session},
                changes)
              .accepted);
  auto snapshot = on;
  auto out = apply(on, ++at, catalog_deregister{"n", "", ""}, changes);
  CHECK(out.ended_sessions == std::vector<session_id>{first_session});
  CHECK(out.released.size() == 12);
  for (int i = 0; i < 12; ++i) {
    auto key = std::to_string(i);
    auto shard = storage::shard_of(key, 4);
    CHECK(on.shards[shard].get(key)->session.empty());
    CHECK(snapshot.shards[shard].get(key)->session == first_session);
  }
  auto refused =
      apply(on, ++at, kv_operation{kv_verb::lock, "1", "", 0, 0, first_session},
            changes);
  CHECK(refused.failure.text ==
        "invalid session \"" + std::string(first_session) + "\"");
}
