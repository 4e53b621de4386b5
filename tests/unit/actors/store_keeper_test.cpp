#include "actors/kv_shard.hpp"
#include "actors/store_keeper.hpp"
#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using tests::actor_world;
using tests::create_session;
using tests::lock_operation;
using tests::register_node;
using tests::set_operation;

raft::entry entry_of(std::uint64_t index, const model::command& command) {
  return {{index},
          {1},
          raft::entry_kind::command,
          std::make_shared<const std::string>(model::encode(command))};
}

struct keeper_fixture {
  std::vector<publication_note> heard;
  std::shared_ptr<publication> readers = std::make_shared<publication>();
  actor_world world;
  store_keeper_actor keeper;

  keeper_fixture() {
    std::vector<kv_shard_actor> shards;
    for (std::size_t i = 0; i < storage::kv_shards_default; ++i)
      shards.push_back(world.spawn(kv_shard));
    keeper = world.spawn(store_keeper, std::move(shards), readers);
    world.tell(keeper, at::subscribe::value,
               tests::record_publications(world, heard));
  }

  tests::reply_ptr<applied> apply(std::vector<raft::entry> entries) {
    return world.ask<applied>(keeper, at::apply::value,
                              committed{std::move(entries)});
  }
  std::string value_of(const std::string& key) {
    auto newest = readers->newest();
    auto& shard = newest->shards[storage::shard_of(key, newest->shards.size())];
    auto entry = shard.get(key);
    return entry ? entry->value : "absent";
  }
};

const session_id session_s = tests::uuid_of('5');
const session_id session_t = tests::uuid_of('7');

TEST_CASE("a shard applies its items in order and hands back its table") {
  actor_world world;
  auto shard = world.spawn(kv_shard);
  auto cas = set_operation("k", "second");
  cas.verb = model::kv_verb::cas;
  cas.index = 4;
  shard_batch batch;
  batch.items.push_back({{4}, 4, set_operation("k", "first"), false});
  batch.items.push_back({{5}, 5, cas, false});
  batch.items.push_back({{6}, 6, cas, false});
  auto done = world.ask<shard_done>(shard, at::apply::value, batch);
  REQUIRE(done->value);
  REQUIRE(done->value->outcomes.size() == 3);
  CHECK(done->value->outcomes[0].first == log_index{4});
  CHECK(done->value->outcomes[1].second.accepted);
  CHECK_FALSE(done->value->outcomes[2].second.accepted);
  CHECK(done->value->table.get("k")->value == "second");
  CHECK(done->value->table.get("k")->modified == 5);
  CHECK(done->value->changes.keys == std::vector<std::string>{"k", "k"});
}

TEST_CASE("a shard goes on from a table that it adopts") {
  actor_world world;
  auto shard = world.spawn(kv_shard);
  storage::kv_table table;
  model::change_set changes;
  REQUIRE(table.apply(7, set_operation("k", "elsewhere"), false, changes));
  world.tell(shard, at::adopt::value, table);
  shard_batch batch;
  batch.items.push_back({{8}, 8, set_operation("other", "x"), false});
  auto done = world.ask<shard_done>(shard, at::apply::value, batch);
  REQUIRE(done->value);
  CHECK(done->value->table.size() == 2);
  CHECK(done->value->table.get("k")->value == "elsewhere");
}

TEST_CASE("a shard refuses a lock of a session that does not live") {
  actor_world world;
  auto shard = world.spawn(kv_shard);
  shard_batch batch;
  batch.items.push_back({{1}, 1, lock_operation("k", session_s), false});
  auto done = world.ask<shard_done>(shard, at::apply::value, batch);
  REQUIRE(done->value);
  CHECK(done->value->outcomes[0].second.failure.code != errc::ok);
  CHECK(done->value->table.size() == 0);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a batch over all shards is published once, at one index") {
  std::vector<raft::entry> entries;
  for (std::uint64_t i = 1; i <= 20; ++i)
    entries.push_back(entry_of(i, set_operation("k" + std::to_string(i), "v")));
  auto done = apply(entries);
  REQUIRE(done->value);
  REQUIRE(done->value->outcomes.size() == 20);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    CHECK(done->value->outcomes[i - 1].first == log_index{i});
    CHECK(done->value->outcomes[i - 1].second.index == i);
  }
  CHECK(readers->version() == 1);
  CHECK(readers->newest()->applied == 20);
  for (auto& shard : readers->newest()->shards)
    CHECK(shard.size() > 0);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].state == readers->newest());
  CHECK(heard[0].changes->keys.size() == 20);
}

TEST_CASE_FIXTURE(keeper_fixture, "writers hear of their write after readers "
                                  "can see it") {
  auto seen_at_answer = std::make_shared<std::string>("no answer");
  auto target = caf::actor_cast<caf::actor>(keeper);
  world.stand_in<caf::actor>([&](caf::event_based_actor* self) {
    self->request(target, caf::infinite, at::apply::value,
                  committed{{entry_of(1, set_operation("k", "new"))}})
        .then([=, this](const applied&) { *seen_at_answer = value_of("k"); });
    return caf::message_handler{};
  });
  world.settle();
  CHECK(*seen_at_answer == "new");
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "batches are applied in the order in which they came") {
  auto first = world.post_request<applied>(
      keeper, at::apply::value,
      committed{{entry_of(1, set_operation("k", "first")),
                 entry_of(2, set_operation("other", "x"))}});
  auto second = world.post_request<applied>(
      keeper, at::apply::value,
      committed{{entry_of(3, set_operation("k", "second"))}});
  world.settle();
  REQUIRE(first->value);
  REQUIRE(second->value);
  CHECK(value_of("k") == "second");
  CHECK(readers->newest()->applied == 3);
  CHECK(heard.size() == 2);
  CHECK(heard[0].state->applied == 2);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a transaction sees the writes before it in its batch, and "
                  "those after it see the transaction") {
  model::transaction both;
  both.operations = {set_operation("a", "txn"), set_operation("b", "txn")};
  auto& first = std::get<model::kv_operation>(both.operations[0]);
  first.verb = model::kv_verb::cas;
  first.index = 1;
  auto cas = set_operation("b", "after");
  cas.verb = model::kv_verb::cas;
  cas.index = 2;
  auto done = apply({entry_of(1, set_operation("a", "before")),
                     entry_of(2, both), entry_of(3, cas)});
  REQUIRE(done->value);
  for (auto& [index, outcome] : done->value->outcomes)
    CHECK(outcome.accepted);
  CHECK(value_of("a") == "txn");
  CHECK(value_of("b") == "after");
  CHECK(readers->version() == 1);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a transaction that is refused leaves no trace") {
  model::transaction both;
  both.operations = {set_operation("a", "txn"), set_operation("b", "txn")};
  auto& second = std::get<model::kv_operation>(both.operations[1]);
  second.verb = model::kv_verb::cas;
  second.index = 77;
  auto done =
      apply({entry_of(1, set_operation("b", "kept")), entry_of(2, both)});
  REQUIRE(done->value);
  CHECK_FALSE(done->value->outcomes[1].second.accepted);
  CHECK(value_of("a") == "absent");
  CHECK(value_of("b") == "kept");
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a session ends its locks in all shards, and listeners hear "
                  "which locks were set free") {
  std::vector<raft::entry> entries{entry_of(1, register_node("n")),
                                   entry_of(2, create_session(session_s))};
  for (std::uint64_t i = 3; i <= 12; ++i)
    entries.push_back(
        entry_of(i, lock_operation("k" + std::to_string(i), session_s)));
  auto done = apply(entries);
  REQUIRE(done->value);
  for (auto& [index, outcome] : done->value->outcomes)
    CHECK(outcome.failure.text == "");
  apply({entry_of(13, model::session_destroy{session_s})});
  REQUIRE(heard.size() == 2);
  CHECK(heard[1].released.size() == 10);
  // The shards know it too: the key is free for the next write.
  apply({entry_of(14, create_session(session_t)),
         entry_of(15, lock_operation("k3", session_t))});
  auto newest = readers->newest();
  auto entry =
      newest->shards[storage::shard_of("k3", newest->shards.size())].get("k3");
  REQUIRE(entry);
  CHECK(entry->session == session_t);
  CHECK(entry->lock_index == 2);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a lock in the batch of its session's end comes too late") {
  apply({entry_of(1, register_node("n")),
         entry_of(2, create_session(session_s))});
  auto done = apply({entry_of(3, model::session_destroy{session_s}),
                     entry_of(4, lock_operation("k", session_s))});
  REQUIRE(done->value);
  CHECK(done->value->outcomes[1].second.failure.code != errc::ok);
  CHECK(value_of("k") == "absent");
}

TEST_CASE_FIXTURE(keeper_fixture, "a deleted tree is gone from every shard") {
  std::vector<raft::entry> entries;
  for (std::uint64_t i = 1; i <= 10; ++i)
    entries.push_back(
        entry_of(i, set_operation("t/" + std::to_string(i), "v")));
  auto tree = set_operation("t/", "");
  tree.verb = model::kv_verb::remove_tree;
  entries.push_back(entry_of(11, tree));
  entries.push_back(entry_of(12, set_operation("t/new", "v")));
  apply(entries);
  std::size_t left = 0;
  for (auto& shard : readers->newest()->shards)
    left += shard.size();
  CHECK(left == 1);
  // Shards that went on with their old tables would bring keys back.
  apply({entry_of(13, set_operation("x1", "")),
         entry_of(14, set_operation("x2", "")),
         entry_of(15, set_operation("x3", "")),
         entry_of(16, set_operation("x4", ""))});
  CHECK(value_of("t/1") == "absent");
  CHECK(value_of("t/7") == "absent");
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "reaped tombstones stay away when a shard goes on") {
  auto remove = set_operation("k", "");
  remove.verb = model::kv_verb::remove;
  apply({entry_of(1, set_operation("k", "v")), entry_of(2, remove)});
  apply({entry_of(3, model::reap_tombstones{2})});
  apply({entry_of(4, set_operation("k", "v"))});
  for (auto& shard : readers->newest()->shards)
    CHECK(shard.tombstones() == 0);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "an entry that nobody can read is skipped, yet it counts") {
  auto bad = entry_of(2, set_operation("k", "v"));
  bad.data = std::make_shared<const std::string>("\xff nonsense");
  auto done = apply({entry_of(1, set_operation("k", "v")), bad});
  REQUIRE(done->value);
  REQUIRE(done->value->outcomes.size() == 2);
  CHECK(done->value->outcomes[0].second.accepted);
  CHECK(done->value->outcomes[1].second.failure.code != errc::ok);
  CHECK(value_of("k") == "v");
  CHECK(readers->newest()->applied == 2);
}

TEST_CASE_FIXTURE(
    keeper_fixture,
    "entries without a command move the index and change nothing") {
  auto done = apply({{{1}, {1}, raft::entry_kind::noop, nullptr}});
  REQUIRE(done->value);
  CHECK(done->value->outcomes.empty());
  CHECK(readers->newest()->applied == 1);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].changes->empty());
}

TEST_CASE_FIXTURE(keeper_fixture, "when a shard fails, nobody waits for ever") {
  // A keeper whose only shard is gone.
  auto shard = world.spawn(kv_shard);
  auto alone =
      world.spawn(store_keeper, std::vector<kv_shard_actor>{shard}, readers);
  world.kill(shard);
  auto first = world.post_request<applied>(
      alone, at::apply::value,
      committed{{entry_of(1, set_operation("k", "v"))}});
  auto second = world.post_request<applied>(
      alone, at::apply::value,
      committed{{entry_of(2, set_operation("k", "v"))}});
  world.settle();
  CHECK(first->failure);
  CHECK(second->failure);
  CHECK_FALSE(world.is_alive(alone));
}

} // namespace
} // namespace praetor::actors
