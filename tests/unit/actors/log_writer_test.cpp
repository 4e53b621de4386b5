#include "actors/log_writer.hpp"

#include "storage/simulated_disk.hpp"
#include "tests/support/actor_world.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

raft::entry made(std::uint64_t index) {
  return {{index},
          {1},
          raft::entry_kind::command,
          std::make_shared<const std::string>(100, 'x')};
}

save_request entries(std::uint64_t from, std::uint64_t upto) {
  save_request what;
  for (auto i = from; i <= upto; ++i)
    what.entries.push_back(made(i));
  return what;
}

struct writer_fixture {
  std::shared_ptr<log_files> files = std::make_shared<log_files>();
  storage::simulated_disk* disk = nullptr;
  tests::actor_world world;
  log_writer_actor writer;

  writer_fixture() {
    auto made = std::make_unique<storage::simulated_disk>();
    disk = made.get();
    files->disk = std::move(made);
    auto state = storage::hard_state_files::open(*disk, "raft");
    REQUIRE(state);
    files->state.emplace(std::move(state->files));
    auto log = storage::wal::open(*disk, "raft/log", {400, 200});
    REQUIRE(log);
    files->log.emplace(std::move(log->log));
    writer = world.system().spawn(log_writer, files);
  }
  tests::reply_ptr<saved> save(const save_request& what) {
    return world.ask<saved>(writer, at::save::value, what);
  }
  std::size_t on_disk() {
    auto found = storage::wal::open(*disk, "raft/log", {400, 200});
    REQUIRE(found);
    return found->entries.size();
  }
};

} // namespace

TEST_CASE_FIXTURE(writer_fixture,
                  "a save on a full disk takes nothing, and the same request "
                  "succeeds when there is room") {
  REQUIRE(save(entries(1, 2))->value);
  disk->set_room(10);
  auto what = entries(3, 9);
  what.state = raft::hard_state{{4}, "a"};
  for (int i = 0; i < 2; ++i) {
    auto refused = save(what);
    REQUIRE(refused->failure);
    CHECK(is_disk_full(*refused->failure));
    CHECK(on_disk() == 2);
  }
  disk->set_room(std::nullopt);
  auto done = save(what);
  REQUIRE(done->value);
  CHECK(done->value->upto == log_index{9});
  CHECK(on_disk() == 9);
}

TEST_CASE_FIXTURE(writer_fixture,
                  "what a snapshot has made useless goes first when the disk "
                  "is full") {
  for (std::uint64_t i = 1; i < 9; ++i)
    REQUIRE(save(entries(i, i))->value);
  disk->set_room(0);
  auto what = entries(9, 9);
  REQUIRE(save(what)->failure);
  what.drop_upto = {6};
  CHECK(save(what)->value);
}

TEST_CASE_FIXTURE(writer_fixture, "term and vote are saved on a full disk") {
  disk->set_room(0);
  save_request what;
  what.state = raft::hard_state{{4}, "a"};
  CHECK(save(what)->value);
}

TEST_CASE_FIXTURE(writer_fixture,
                  "a failed sync is another error, and ends the writer") {
  disk->fail_syncs(true);
  auto failed = save(entries(1, 1));
  REQUIRE(failed->failure);
  CHECK(!is_disk_full(*failed->failure));
  disk->fail_syncs(false);
  auto late = save(entries(1, 1));
  REQUIRE(late->failure);
  CHECK(!is_disk_full(*late->failure));
}

} // namespace praetor::actors
