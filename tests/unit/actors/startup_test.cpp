#include "actors/startup.hpp"

#include "actors/kv_shard.hpp"
#include "actors/raft_peer.hpp"
#include "actors/store_keeper.hpp"
#include "storage/posix_disk.hpp"
#include "storage/snapshot_file.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace praetor;
using namespace praetor::actors;

namespace {

/// A directory of its own, gone with the test.
struct place {
  std::string path;

  place() {
    auto pattern =
        (std::filesystem::temp_directory_path() / "praetor_XXXXXX").string();
    auto* made = ::mkdtemp(pattern.data());
    REQUIRE(made != nullptr);
    path = made;
  }
  ~place() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

class hand_clock final : public clock {
public:
  instant now() const override { return now_; }
  timer_id after(span delay, caf::strong_actor_ptr to,
                 caf::message what) override {
    waiting_.push_back({now_ + delay, std::move(to), std::move(what)});
    return {};
  }
  void cancel(timer_id) override {}

  void advance(span by) {
    now_ += by;
    auto due = std::exchange(waiting_, {});
    for (auto& one : due)
      if (one.at <= now_)
        caf::anon_send(caf::actor_cast<caf::actor>(one.to), one.what);
      else
        waiting_.push_back(std::move(one));
  }
  void forget() { waiting_.clear(); }

private:
  struct timer {
    instant at;
    caf::strong_actor_ptr to;
    caf::message what;
  };
  instant now_{};
  std::vector<timer> waiting_;
};

struct test_config : caf::actor_system_config {
  test_config() { set("scheduler.policy", caf::atom("testing")); }
};

/// The durable half of a server on one thread, from start to stop.
class server {
public:
  explicit server(recovered_server from)
      : actors_(static_cast<caf::scheduler::test_coordinator&>(
            system_.scheduler())) {
    entries = from.entries;
    readers->publish(from.state);
    std::vector<kv_shard_actor> shards;
    for (std::size_t i = 0; i < storage::kv_shards_default; ++i)
      shards.push_back(io::spawn_on(system_, nullptr, kv_shard));
    auto parts = std::make_shared<raft_peer_parts>();
    parts->core = std::move(from.core);
    parts->writer = system_.spawn(log_writer, from.files);
    parts->snapshots = system_.spawn(snapshot_writer, from.snapshots);
    parts->rules = from.rules;
    parts->keeper = io::spawn_on(system_, nullptr, store_keeper,
                                 std::move(shards), readers);
    parts->readers = readers;
    parts->time = &time_;
    parts->own_address = "127.0.0.1:8300";
    all_ = {caf::actor_cast<caf::actor>(parts->writer),
            caf::actor_cast<caf::actor>(parts->snapshots),
            caf::actor_cast<caf::actor>(parts->keeper)};
    raft_ = io::spawn_on(system_, nullptr, raft_peer, parts);
    all_.push_back(caf::actor_cast<caf::actor>(raft_));
    actors_.run();
    for (int i = 0; i < 100; ++i)
      pass(std::chrono::milliseconds(20));
    REQUIRE(readers->who_leads()->is_leader);
  }

  ~server() {
    time_.forget();
    for (auto& one : all_)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    actors_.run();
  }

  void pass(span time) {
    time_.advance(time);
    actors_.run();
  }

  void propose(const model::command& what) {
    auto data = std::make_shared<const std::string>(encode(what));
    self_->send(raft_, at::propose::value, proposal{std::move(data)});
  }

  void settle() { actors_.run(); }

  const storage::state& state() const {
    newest_ = readers->newest();
    return *newest_;
  }

  std::shared_ptr<publication> readers = std::make_shared<publication>();
  std::size_t entries = 0;

private:
  test_config config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& actors_;
  caf::scoped_actor self_{system_};
  hand_clock time_;
  raft_peer_actor raft_;
  std::vector<caf::actor> all_;
  mutable state_ptr newest_;
};

model::kv_operation put(int i, std::size_t size) {
  model::kv_operation made;
  made.key = "k/" + std::to_string(i);
  made.value = std::to_string(i) + std::string(size, 'v');
  return made;
}

agent_config durable(const place& here) {
  agent_config config;
  config.data_dir = here.path;
  config.bootstrap = true;
  config.raft_snapshot_threshold = 4000;
  config.raft_snapshot_interval = std::chrono::milliseconds(1);
  config.raft_trailing_logs = 100;
  return config;
}

recovered_server start(const agent_config& config) {
  auto found = recover(config, "n");
  if (!found)
    FAIL(found.failure().text);
  return *std::move(found);
}

std::vector<storage::snapshot_name> snapshots(const agent_config& config) {
  storage::posix_disk disk;
  auto found =
      storage::list_snapshots(disk, config.data_dir + "/raft/snapshots");
  REQUIRE(found);
  return *found;
}

void damage(const std::string& path) {
  storage::posix_disk disk;
  auto bytes = disk.read_all(path, 1u << 30);
  REQUIRE(bytes);
  (*bytes)[bytes->size() / 2] ^= 1;
  auto to = disk.open(path, storage::open_mode::existing);
  REQUIRE(to);
  REQUIRE((*to)->truncate(0));
  REQUIRE((*to)->append(*bytes));
}

void check_keys(const storage::state& of, int count, std::size_t size) {
  for (int i = 0; i < count; ++i) {
    auto expected = put(i, size);
    auto& shard = of.shards[storage::shard_of(expected.key, of.shards.size())];
    auto found = shard.get(expected.key);
    REQUIRE(found);
    REQUIRE(found->value == expected.value);
  }
}

constexpr int keys = 20'000;
constexpr std::size_t value_size = 1500; // several segments of the log

/// Writes the keys, a batch between two turns of the clock.
modify_index fill(const agent_config& config) {
  server one(start(config));
  model::catalog_register node;
  node.node.name = "n";
  one.propose(node);
  model::session_create session;
  session.session.id = "00000000-0000-4000-8000-000000000001";
  session.session.node = "n";
  one.propose(session);
  auto lock = put(0, value_size);
  lock.verb = model::kv_verb::lock;
  lock.session = session.session.id;
  one.propose(lock);
  for (int i = 1; i < keys; ++i) {
    one.propose(put(i, value_size));
    if (i % 500 == 0)
      one.pass(std::chrono::milliseconds(20));
  }
  one.pass(std::chrono::milliseconds(20));
  check_keys(one.state(), keys, value_size);
  return one.state().applied;
}

} // namespace

TEST_CASE("a server that has written snapshots starts from the newest one and "
          "the short log behind it") {
  place here;
  auto config = durable(here);
  auto applied = fill(config);
  auto written = snapshots(config);
  REQUIRE(written.size() == storage::snapshots_kept);
  CHECK(written[0].index.value > applied - 5000);

  auto found = start(config);
  CHECK(found.state->applied == written[0].index.value);
  CHECK(found.core->applied_index() == written[0].index);
  // What came before the older snapshot is gone, but for the segment in which
  // it ends.
  CHECK(found.entries < applied - 4000);
  CHECK(found.core->last_index().value == applied);
  for (int again = 0; again < 2; ++again) {
    server one(again == 0 ? std::move(found) : start(config));
    check_keys(one.state(), keys, value_size);
    auto held = one.state().shards[storage::shard_of("k/0", 4)].get("k/0");
    // A plain write leaves the lock with its holder but forgets its count.
    CHECK(held->lock_index == (again == 0 ? 1 : 0));
    CHECK(one.state().catalog.session(held->session));
    CHECK(one.state().applied > applied);
    // And it goes on: shards, log and numbers continue where they were.
    auto before = one.state().applied;
    one.propose(put(0, 5));
    one.settle();
    CHECK(one.state().applied == before + 1);
    one.propose(put(0, value_size));
    one.settle();
  }
}

TEST_CASE("a damaged newest snapshot costs nothing: the older one is there and "
          "the log reaches back to it") {
  place here;
  auto config = durable(here);
  auto applied = fill(config);
  auto written = snapshots(config);
  REQUIRE(written.size() == 2);
  auto directory = config.data_dir + "/raft/snapshots/";
  damage(directory + storage::to_text(written[0]));
  auto found = start(config);
  CHECK(found.state->applied == written[1].index.value);
  CHECK(found.core->last_index().value == applied);
  server one(std::move(found));
  check_keys(one.state(), keys, value_size);
}

TEST_CASE(
    "with both snapshots damaged a server refuses to start and says why") {
  place here;
  auto config = durable(here);
  fill(config);
  for (auto& one : snapshots(config))
    damage(config.data_dir + "/raft/snapshots/" + storage::to_text(one));
  auto found = recover(config, "n");
  REQUIRE_FALSE(found);
  CHECK(found.failure().code == errc::corrupt);
  CHECK(found.failure().text.starts_with("raft snapshot: "));
}

TEST_CASE("few entries, or entries too soon after the last snapshot, make no "
          "snapshot") {
  place here;
  auto config = durable(here);
  config.raft_snapshot_interval = std::chrono::hours(1);
  server one(start(config));
  for (int i = 0; i < 3000; ++i)
    one.propose(put(i, 1));
  one.pass(std::chrono::milliseconds(20));
  CHECK(snapshots(config).empty());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i)
      one.propose(put(i, 1));
    one.pass(std::chrono::milliseconds(20));
    CHECK(snapshots(config).size() == 1);
  }
  one.pass(std::chrono::hours(1));
  CHECK(snapshots(config).size() == 2);
}

TEST_CASE("a log of many bytes makes a snapshot before its time") {
  place here;
  auto config = durable(here);
  auto from = start(config);
  from.rules.interval = std::chrono::hours(1);
  from.rules.entries = 1'000'000;
  from.rules.log_bytes_max = 1'000'000;
  server one(std::move(from));
  for (int i = 0; i < 9; ++i)
    one.propose(put(0, 100'000));
  one.settle();
  CHECK(snapshots(config).empty());
  for (int i = 0; i < 15; ++i) {
    one.propose(put(0, 100'000));
    one.settle();
  }
  CHECK(snapshots(config).size() == 2);
}
