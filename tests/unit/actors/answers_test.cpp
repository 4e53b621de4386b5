#include "actors/answers.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using model::query_kind;

struct answers_fixture {
  tests::actor_world world;
  tests::fake_raft raft{world};
  answers cache{raft.readers};

  static http::read_action asks(query_kind kind, const std::string& name) {
    http::read_action made;
    made.query.kind = kind;
    made.query.name = name;
    made.cache_key = std::to_string(static_cast<int>(kind)) + name;
    return made;
  }
  http::rendered_ptr answer(query_kind kind, const std::string& name = "") {
    return cache.answer(asks(kind, name), *cache.newest());
  }
};

TEST_CASE_FIXTURE(answers_fixture, "an answer is encoded once while nothing "
                                   "changes under it") {
  raft.put(tests::register_node("n"));
  auto first = answer(query_kind::catalog_nodes);
  CHECK(first->body->find("\"n\"") != std::string::npos);
  raft.set_key("k", "v"); // elsewhere
  CHECK(answer(query_kind::catalog_nodes).get() == first.get());
}

TEST_CASE_FIXTURE(answers_fixture, "a change brings a new answer") {
  raft.put(tests::register_node("n"));
  auto first = answer(query_kind::catalog_nodes);
  raft.put(tests::register_node("m"));
  auto second = answer(query_kind::catalog_nodes);
  CHECK(second.get() != first.get());
  CHECK(second->body->find("\"m\"") != std::string::npos);
  CHECK(second->index == 2);
}

TEST_CASE_FIXTURE(answers_fixture, "answers of other keys are kept apart") {
  raft.set_key("a/1", "v");
  raft.set_key("b/1", "v");
  CHECK(answer(query_kind::kv_list, "a/")->body->find("a/1") !=
        std::string::npos);
  CHECK(answer(query_kind::kv_list, "b/")->body->find("b/1") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(answers_fixture, "single keys are not kept") {
  raft.set_key("k", "v");
  answer(query_kind::kv_get, "k");
  CHECK(cache.cached_bytes() == 0);
}

TEST_CASE_FIXTURE(answers_fixture, "a bad filter is told, not kept from the "
                                   "client") {
  auto asked = asks(query_kind::catalog_nodes, "");
  asked.query.filter = "nonsense ==";
  CHECK(cache.answer(asked, *cache.newest())->status == 500);
}

TEST_CASE_FIXTURE(answers_fixture, "the cache stays within its bytes, and "
                                   "keeps what was used last") {
  // Each listing is about one and a third mebibytes of JSON.
  raft.set_key("k", std::string(1u << 20, 'x'));
  auto first = answer(query_kind::kv_list, "k");
  std::vector<http::rendered_ptr> held;
  for (int i = 0; i < 40; ++i) {
    auto asked = asks(query_kind::kv_list, "k");
    asked.cache_key += "?" + std::to_string(i);
    held.push_back(cache.answer(asked, *cache.newest()));
    CHECK(cache.cached_bytes() <= answer_cache_bytes_max);
    CHECK(answer(query_kind::kv_list, "k").get() == first.get());
  }
  auto again = asks(query_kind::kv_list, "k");
  again.cache_key += "?39";
  CHECK(cache.answer(again, *cache.newest()).get() == held[39].get());
  again = asks(query_kind::kv_list, "k");
  again.cache_key += "?0";
  CHECK(cache.answer(again, *cache.newest()).get() != held[0].get());
}

TEST_CASE_FIXTURE(answers_fixture, "a single answer that is too large is not "
                                   "kept, nor what was there before it") {
  raft.set_key("k/1", "small");
  answer(query_kind::kv_list, "k/");
  auto small = cache.cached_bytes();
  CHECK(small > 0);
  raft.set_key("k/1", std::string(answer_cache_item_bytes_max, 'x'));
  auto first = answer(query_kind::kv_list, "k/");
  CHECK(cache.cached_bytes() == 0);
  CHECK(answer(query_kind::kv_list, "k/").get() != first.get());
}

TEST_CASE("a reader that saw a state once sees every later one") {
  auto from = std::make_shared<publication>();
  state_reader reader(from);
  CHECK(reader.newest()->applied == 0);
  auto first = reader.newest();
  CHECK(reader.newest() == first);
  auto next = std::make_shared<storage::state>();
  next->applied = 5;
  from->publish(next);
  CHECK(reader.newest()->applied == 5);
}

} // namespace
} // namespace praetor::actors
