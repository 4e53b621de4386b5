#include "actors/kv_shard.hpp"
#include "actors/log_writer.hpp"
#include "actors/raft_peer.hpp"
#include "actors/store_keeper.hpp"
#include "storage/simulated_disk.hpp"
#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using tests::actor_world;
using tests::encoded;
using tests::reply_ptr;
using tests::set_operation;

struct peer_fixture {
  std::vector<bool> leads;
  tests::writer_log saves;
  std::shared_ptr<publication> readers = std::make_shared<publication>();
  actor_world world;
  log_writer_actor writer = tests::record_saves(world, saves);
  raft_peer_actor peer;

  void start(std::unique_ptr<raft::core> core = tests::make_sole_core()) {
    std::vector<kv_shard_actor> shards{world.spawn(kv_shard),
                                       world.spawn(kv_shard)};
    auto parts = std::make_shared<raft_peer_parts>();
    parts->core = std::move(core);
    parts->writer = writer;
    parts->keeper = world.spawn(store_keeper, std::move(shards), readers);
    parts->readers = readers;
    parts->time = &world.time;
    parts->own_address = "10.0.0.1:8300";
    peer = world.spawn(raft_peer, std::move(parts));
    world.post(peer, at::subscribe::value,
               tests::record_leadership(world, leads));
    world.settle();
  }
  /// Carries out whatever the peer asks of its disk.
  void save_all() {
    for (int i = 0; i < 100 && !saves.requests.empty(); ++i)
      tests::finish_save(world, writer, saves);
  }
  void start_and_lead() {
    start();
    save_all();
    REQUIRE(readers->who_leads()->is_leader);
  }
  reply_ptr<model::outcome> post(const std::string& key) {
    return world.post_request<model::outcome>(peer, at::propose::value,
                                              encoded(set_operation(key, "v")));
  }
};

TEST_CASE_FIXTURE(peer_fixture, "a peer saves its vote and its first entry "
                                "before it leads") {
  start();
  REQUIRE(saves.requests.size() == 1);
  auto& first = saves.requests.front().what;
  REQUIRE(first.state);
  CHECK(first.state->voted_for == "a");
  REQUIRE(first.entries.size() == 1);
  CHECK(first.entries[0].kind == raft::entry_kind::noop);
  CHECK_FALSE(readers->who_leads()->is_leader);
  save_all();
  auto now = readers->who_leads();
  CHECK(now->is_leader);
  CHECK(now->leader_known);
  CHECK(now->leader_address == "10.0.0.1:8300");
  CHECK(now->peer_addresses == std::vector<std::string>{"10.0.0.1:8300"});
  CHECK(leads.back());
}

TEST_CASE_FIXTURE(peer_fixture,
                  "after a restart, the peer leads once readers see what the "
                  "log held") {
  raft::entry old{{1},
                  {1},
                  raft::entry_kind::command,
                  encoded(set_operation("old", "v")).data};
  auto log = raft::log::recover({}, {}, {old});
  REQUIRE(log);
  start(std::make_unique<raft::core>(tests::make_sole_core()->chosen(),
                                     raft::hard_state{{1}, "a"},
                                     *std::move(log), log_index{}, prng(1)));
  CHECK_FALSE(readers->who_leads()->is_leader);
  save_all();
  CHECK(readers->who_leads()->is_leader);
  CHECK(readers->newest()->applied == 2);
  std::size_t keys = 0;
  for (auto& shard : readers->newest()->shards)
    keys += shard.size();
  CHECK(keys == 1);
}

TEST_CASE_FIXTURE(peer_fixture, "whoever subscribes later hears who leads") {
  start_and_lead();
  leads.clear();
  world.tell(peer, at::subscribe::value,
             tests::record_leadership(world, leads));
  CHECK(leads == std::vector<bool>{true});
}

TEST_CASE_FIXTURE(peer_fixture, "a leader tells how its servers are") {
  start_and_lead();
  world.pass(std::chrono::seconds(2));
  auto seen = world.ask<cluster_view>(peer, at::members::value, false);
  REQUIRE(seen->value);
  CHECK(seen->value->failure.code == errc::ok);
  REQUIRE(seen->value->servers.size() == 1);
  auto& own = seen->value->servers[0];
  CHECK(own.id == "a");
  CHECK(own.address == "10.0.0.1:8300");
  CHECK(own.leads);
  CHECK(own.votes);
  CHECK(own.healthy);
  CHECK(own.stable_for > span{});
  CHECK(own.last_index == log_index{1});
  CHECK(own.last_term == term{1});
}

TEST_CASE_FIXTURE(peer_fixture, "who does not lead tells of servers only when "
                                "that is enough") {
  start(); // its vote is not saved yet
  auto sure = world.ask<cluster_view>(peer, at::members::value, false);
  REQUIRE(sure->value);
  auto stale = world.ask<cluster_view>(peer, at::members::value, true);
  REQUIRE(stale->value);
  CHECK(stale->value->failure.code == errc::ok);
  CHECK(stale->value->servers.size() == 1);
}

TEST_CASE_FIXTURE(peer_fixture, "the last voter cannot be removed, nor can a "
                                "stranger") {
  start_and_lead();
  for (node_id id : {"a", "stranger"}) {
    auto done = world.ask<error>(peer, at::remove::value, id);
    REQUIRE(done->value);
    CHECK(done->value->code != errc::ok);
    CHECK(done->value->code != errc::no_leader);
  }
}

TEST_CASE_FIXTURE(peer_fixture, "proposals of one turn are saved together") {
  start_and_lead();
  auto before = saves.seen;
  std::vector<reply_ptr<model::outcome>> replies;
  for (int i = 0; i < 10; ++i)
    replies.push_back(post("k" + std::to_string(i)));
  world.settle();
  CHECK(saves.seen == before + 1);
  REQUIRE(saves.requests.size() == 1);
  CHECK(saves.requests[0].what.entries.size() == 10);
  for (auto& one : replies)
    CHECK(one->pending());
  save_all();
  for (auto& one : replies) {
    REQUIRE(one->value);
    CHECK(one->value->accepted);
  }
  CHECK(readers->newest()->applied == 11);
}

TEST_CASE_FIXTURE(peer_fixture, "only one save is under way; what comes "
                                "meanwhile goes with the next") {
  start_and_lead();
  auto first = post("first");
  world.settle();
  auto second = post("second");
  world.settle();
  auto third = post("third");
  world.pass(std::chrono::seconds(1)); // ticks do not save either
  REQUIRE(saves.requests.size() == 1);
  CHECK(saves.requests[0].what.entries.size() == 1);
  tests::finish_save(world, writer, saves);
  CHECK(first->value);
  CHECK(second->pending());
  REQUIRE(saves.requests.size() == 1);
  CHECK(saves.requests[0].what.entries.size() == 2);
  tests::finish_save(world, writer, saves);
  CHECK(second->value);
  CHECK(third->value);
}

TEST_CASE_FIXTURE(peer_fixture,
                  "a proposal is answered with what became of it") {
  start_and_lead();
  auto cas = set_operation("k", "v");
  cas.verb = model::kv_verb::cas;
  cas.index = 99;
  auto refused =
      world.ask<model::outcome>(peer, at::propose::value, encoded(cas));
  save_all();
  REQUIRE(refused->value);
  CHECK_FALSE(refused->value->accepted);
  CHECK(refused->value->index == 2);
}

TEST_CASE_FIXTURE(peer_fixture, "a proposal beyond the limit is refused") {
  start_and_lead();
  auto reply = world.ask<model::outcome>(
      peer, at::propose::value,
      encoded(set_operation("k", std::string(1u << 17, 'x'))));
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::too_large);
  CHECK(saves.requests.empty());
}

TEST_CASE_FIXTURE(peer_fixture, "a peer whose log fails stops, fails those "
                                "who wait, and leads no more") {
  start_and_lead();
  auto waiting = post("k");
  world.settle();
  auto later = post("l");
  world.settle();
  auto doomed = saves.requests.front().promise;
  world.inside(writer, [&] {
    doomed.deliver(caf::make_error(caf::sec::runtime_error, "disk"));
  });
  for (auto& one : {waiting, later}) {
    REQUIRE(one->value);
    CHECK(one->value->failure.code == errc::in_doubt);
  }
  CHECK_FALSE(world.is_alive(peer));
  CHECK_FALSE(readers->who_leads()->is_leader);
  CHECK_FALSE(leads.back());
  auto after = post("m");
  world.settle();
  CHECK(after->failure);
}

TEST_CASE_FIXTURE(peer_fixture, "a peer whose log writer is gone stops") {
  start_and_lead();
  world.kill(writer);
  auto reply = post("k");
  world.settle();
  REQUIRE(reply->value);
  CHECK(reply->value->failure.code == errc::in_doubt);
  CHECK_FALSE(world.is_alive(peer));
}

TEST_CASE_FIXTURE(peer_fixture, "applied entries do not stay in memory") {
  start_and_lead();
  for (std::uint64_t i = 0; i < 3 * forget_step; ++i) {
    auto reply = post("k");
    world.settle();
    save_all();
    REQUIRE(reply->value);
  }
  auto* self =
      static_cast<raft_peer_ptr>(caf::actor_cast<caf::abstract_actor*>(peer));
  auto& core = *self->state.core;
  CHECK(core.last_index().value - core.entries().base_index().value <=
        forget_step);
  CHECK(self->state.proposers.empty());
}

// -- the writers
// ---------------------------------------------------------------

save_request request_of(std::uint64_t first, std::uint64_t last,
                        std::uint64_t in_term) {
  save_request made;
  for (auto i = first; i <= last; ++i)
    made.entries.push_back({{i},
                            {in_term},
                            raft::entry_kind::command,
                            std::make_shared<const std::string>("x")});
  return made;
}

TEST_CASE("the writer that keeps nothing answers with the end of what it got") {
  actor_world world;
  auto writer = world.spawn(no_log_writer);
  auto done = world.ask<saved>(writer, at::save::value, request_of(4, 6, 2));
  REQUIRE(done->value);
  CHECK(done->value->upto == log_index{6});
  CHECK(done->value->in_term == term{2});
  auto nothing = world.ask<saved>(writer, at::save::value, save_request{});
  REQUIRE(nothing->value);
  CHECK(nothing->value->upto == log_index{0});
}

struct writer_fixture {
  // Outlives the writer, so that its disk can be looked at.
  std::shared_ptr<log_files> files = std::make_shared<log_files>();
  actor_world world;
  storage::simulated_disk* disk = nullptr;
  log_writer_actor writer;

  writer_fixture() {
    auto made = std::make_unique<storage::simulated_disk>();
    disk = made.get();
    files->disk = std::move(made);
    auto state = storage::hard_state_files::open(*disk, "raft");
    auto log = storage::wal::open(*disk, "raft/log");
    REQUIRE(state);
    REQUIRE(log);
    files->state.emplace(std::move(state->files));
    files->log.emplace(std::move(log->log));
    // As in production, but on the scheduler's one thread.
    writer = world.system().spawn(log_writer, files);
    world.settle();
  }
  ~writer_fixture() { world.kill(writer); }

  std::vector<raft::entry> reopened() {
    disk->crash();
    auto log = storage::wal::open(*disk, "raft/log");
    REQUIRE(log);
    return log->entries;
  }
};

TEST_CASE_FIXTURE(writer_fixture,
                  "what the writer answered for survives a crash") {
  auto what = request_of(1, 3, 1);
  what.state = raft::hard_state{{1}, "a"};
  auto done = world.ask<saved>(writer, at::save::value, what);
  REQUIRE(done->value);
  CHECK(done->value->upto == log_index{3});
  CHECK(reopened() == what.entries);
  auto state = storage::hard_state_files::open(*disk, "raft");
  REQUIRE(state);
  CHECK(state->state == raft::hard_state{{1}, "a"});
}

TEST_CASE_FIXTURE(writer_fixture, "entries of one request share one sync") {
  world.ask<saved>(writer, at::save::value, request_of(1, 1, 1));
  auto before = disk->syncs();
  world.ask<saved>(writer, at::save::value, request_of(2, 100, 1));
  CHECK(disk->syncs() == before + 1);
}

TEST_CASE_FIXTURE(writer_fixture,
                  "newer entries replace those at their places") {
  world.ask<saved>(writer, at::save::value, request_of(1, 5, 1));
  auto newer = request_of(3, 4, 2);
  auto done = world.ask<saved>(writer, at::save::value, newer);
  REQUIRE(done->value);
  auto kept = reopened();
  REQUIRE(kept.size() == 4);
  CHECK(kept[1].in_term == term{1});
  CHECK(kept[2] == newer.entries[0]);
  CHECK(kept[3] == newer.entries[1]);
}

TEST_CASE_FIXTURE(writer_fixture,
                  "a writer whose sync fails says so once and is gone") {
  disk->fail_syncs(true);
  auto done = world.ask<saved>(writer, at::save::value, request_of(1, 1, 1));
  CHECK(done->failure);
  CHECK_FALSE(world.is_alive(writer));
  disk->fail_syncs(false);
  auto again = world.ask<saved>(writer, at::save::value, request_of(1, 1, 1));
  CHECK(again->failure);
}

TEST_CASE_FIXTURE(writer_fixture, "a vote that cannot be saved is not given") {
  disk->fail_call(0, true);
  save_request vote;
  vote.state = raft::hard_state{{2}, "b"};
  auto done = world.ask<saved>(writer, at::save::value, vote);
  CHECK(done->failure);
  CHECK_FALSE(world.is_alive(writer));
}

} // namespace
} // namespace praetor::actors
