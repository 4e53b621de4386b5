#include "actors/watch_keeper.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using model::query_kind;
using tests::actor_world;
using tests::register_node;
using tests::set_operation;

constexpr span wait = 16s;
constexpr span wait_with_jitter = 17s; // one sixteenth more

struct keeper_fixture {
  std::vector<watch_answer> heard;
  actor_world world;
  tests::fake_raft raft{world};
  answers cache{raft.readers};
  watcher_actor session = tests::record_watch_answers(world, heard);
  watch_keeper_actor keeper = world.spawn(
      watch_keeper, &cache, static_cast<clock*>(&world.time), std::uint64_t{7});

  keeper_fixture() {
    raft.listeners.push_back(caf::actor_cast<state_listener_actor>(keeper));
    world.settle();
  }

  static std::shared_ptr<http::read_action> asks(query_kind kind,
                                                 const std::string& name) {
    auto made = std::make_shared<http::read_action>();
    made->query.kind = kind;
    made->query.name = name;
    made->options.wait = wait;
    made->cache_key = std::to_string(static_cast<int>(kind)) + name;
    return made;
  }
  void watch(std::uint64_t number, std::shared_ptr<http::read_action> asked,
             modify_index index) {
    asked->options.index = index;
    world.tell(keeper, at::watch::value,
               watch_request{session, number, std::move(asked)});
  }
  void watch(std::uint64_t number, query_kind kind, const std::string& name) {
    auto asked = asks(kind, name);
    auto index = storage::index_of(*raft.readers->newest(), asked->query);
    watch(number, std::move(asked), index);
  }
  std::vector<std::uint64_t> answered() const {
    std::vector<std::uint64_t> numbers;
    for (auto& one : heard)
      numbers.push_back(one.number);
    return numbers;
  }
  using numbers = std::vector<std::uint64_t>;
};

TEST_CASE_FIXTURE(keeper_fixture, "a write wakes who watches its key, and "
                                  "nobody else") {
  raft.set_key("mine", "1");
  raft.set_key("other", "1");
  watch(1, query_kind::kv_get, "mine");
  watch(2, query_kind::kv_get, "other");
  watch(3, query_kind::kv_get, "min");
  raft.set_key("mine", "2");
  REQUIRE(answered() == numbers{1});
  CHECK(heard[0].answer->index == 3);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a prefix is woken by keys below it, at any depth, and by "
                  "no sibling") {
  raft.set_key("a/x", "1");
  raft.set_key("b/x", "1");
  watch(1, query_kind::kv_list, "a/");
  watch(2, query_kind::kv_list, "b/");
  watch(3, query_kind::kv_keys, "a/x/");
  watch(4, query_kind::kv_list, "");
  raft.set_key("a/y/z", "1");
  CHECK(answered() == numbers{1, 4});
}

TEST_CASE_FIXTURE(keeper_fixture, "a deletion wakes who watches the prefix") {
  raft.set_key("a/x", "1");
  watch(1, query_kind::kv_list, "a/");
  auto remove = set_operation("a/x", "");
  remove.verb = model::kv_verb::remove;
  raft.put(remove);
  REQUIRE(answered() == numbers{1});
  CHECK(heard[0].answer->status == 404);
  CHECK(heard[0].answer->index == 2);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a service wakes who watches it, not who watches another") {
  auto web = register_node("n");
  web.service.emplace();
  web.service->id = web.service->name = "web";
  auto api = register_node("n");
  api.service.emplace();
  api.service->id = api.service->name = "api";
  raft.put(web);
  raft.put(api);
  watch(1, query_kind::health_service, "web");
  watch(2, query_kind::health_service, "api");
  watch(3, query_kind::catalog_services, "");
  web.service->port = 80;
  raft.put(web);
  CHECK(answered() == numbers{1, 3});
}

TEST_CASE_FIXTURE(keeper_fixture, "a key does not wake the catalogue's "
                                  "watchers") {
  raft.put(register_node("n"));
  watch(1, query_kind::catalog_nodes, "");
  watch(2, query_kind::session_list, "");
  raft.set_key("k", "v");
  CHECK(heard.empty());
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "who has not seen the newest state is answered at once") {
  raft.set_key("k", "1");
  raft.set_key("k", "2");
  watch(1, asks(query_kind::kv_get, "k"), 1);
  REQUIRE(answered() == numbers{1});
  CHECK(heard[0].answer->index == 2);
  CHECK(world.time.timers() == 0);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "an index from the future waits until its time is over") {
  raft.set_key("k", "1");
  watch(1, asks(query_kind::kv_get, "k"), 1000);
  raft.set_key("k", "2");
  CHECK(heard.empty());
  world.pass(wait_with_jitter);
  REQUIRE(answered() == numbers{1});
  CHECK(heard[0].answer->index == 2);
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "a wait that ends answers with the state of now, between "
                  "its time and a sixteenth more") {
  raft.set_key("k", "1");
  for (std::uint64_t i = 1; i <= 50; ++i)
    watch(i, query_kind::kv_get, "k");
  world.pass(wait - 4ms);
  CHECK(heard.empty());
  world.pass(500ms);
  CHECK(heard.size() > 0);
  CHECK(heard.size() < 50); // not all together
  world.pass(500ms + 8ms);
  CHECK(heard.size() == 50);
  CHECK(heard[0].answer->index == 1);
  CHECK(heard[0].answer->status == 200);
  CHECK(world.time.timers() == 0);
}

TEST_CASE_FIXTURE(keeper_fixture, "nobody is answered twice") {
  raft.set_key("k", "1");
  watch(1, query_kind::kv_get, "k");
  raft.set_key("k", "2");
  raft.set_key("k", "3");
  world.pass(wait_with_jitter);
  CHECK(answered() == numbers{1});
}

TEST_CASE_FIXTURE(keeper_fixture, "who does not wait any more is left alone") {
  raft.set_key("k", "1");
  watch(1, query_kind::kv_get, "k");
  watch(2, query_kind::kv_get, "k");
  world.tell(keeper, at::unwatch::value, session, std::uint64_t{1});
  world.tell(keeper, at::unwatch::value, session, std::uint64_t{77});
  CHECK(world.time.timers() == 1);
  raft.set_key("k", "2");
  CHECK(answered() == numbers{2});
  world.tell(keeper, at::unwatch::value, session, std::uint64_t{2});
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "all who asked the same get the very same answer") {
  std::vector<watch_answer> others;
  raft.set_key("k/1", "1");
  watch(1, query_kind::kv_list, "k/");
  watch(2, query_kind::kv_list, "k/");
  watch(3, query_kind::kv_list, "k/");
  raft.set_key("k/2", "2");
  REQUIRE(answered() == numbers{1, 2, 3});
  CHECK(heard[0].answer.get() == heard[1].answer.get());
  CHECK(heard[0].answer.get() == heard[2].answer.get());
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "of one group, those who saw less are woken first") {
  raft.set_key("k", "1");
  watch(1, asks(query_kind::kv_get, "k"), 1);
  watch(2, asks(query_kind::kv_get, "k"), 2); // a later index, same question
  raft.set_key("k", "2");
  CHECK(answered() == numbers{1});
  raft.set_key("k", "3");
  CHECK(answered() == numbers{1, 2});
}

TEST_CASE_FIXTURE(keeper_fixture,
                  "watchers of many groups are answered in the order of "
                  "their coming") {
  raft.set_key("k", "1");
  watch(1, query_kind::kv_list, "");
  watch(2, query_kind::kv_get, "k");
  watch(3, query_kind::kv_keys, "k");
  raft.set_key("k", "2");
  CHECK(answered() == numbers{1, 2, 3});
}

TEST_CASE_FIXTURE(keeper_fixture, "beyond the limit a client is told to come "
                                  "back, and the others wait on") {
  raft.set_key("k", "1");
  auto asked = asks(query_kind::kv_get, "k");
  asked->options.index = 1;
  for (std::uint64_t i = 1; i <= watchers_max; ++i)
    world.post(keeper, at::watch::value, watch_request{session, i, asked});
  world.settle();
  CHECK(heard.empty());
  watch(watchers_max + 1, asked, 1);
  REQUIRE(answered() == numbers{watchers_max + 1});
  CHECK(heard[0].answer->status == 429);
  raft.set_key("k", "2");
  CHECK(heard.size() == watchers_max + 1);
  watch(watchers_max + 2, query_kind::kv_get, "k"); // there is room again
  CHECK(heard.size() == watchers_max + 1);
}

TEST_CASE_FIXTURE(keeper_fixture, "what nobody waits for is forgotten") {
  raft.set_key("k", "1");
  for (std::uint64_t i = 1; i <= 100; ++i)
    watch(i, query_kind::kv_list, "p" + std::to_string(i));
  for (std::uint64_t i = 1; i <= 50; ++i)
    world.tell(keeper, at::unwatch::value, session, i);
  world.pass(wait_with_jitter);
  CHECK(heard.size() == 50);
  auto& state = static_cast<watch_keeper_ptr>(
                    caf::actor_cast<caf::abstract_actor*>(keeper))
                    ->state;
  CHECK(state.watchers == 0);
  CHECK(state.groups.empty());
  CHECK(state.by_prefix.empty());
  CHECK(state.prefix_lengths.empty());
  CHECK(state.tickets.empty());
  CHECK(state.numbers.empty());
}

} // namespace
} // namespace praetor::actors
