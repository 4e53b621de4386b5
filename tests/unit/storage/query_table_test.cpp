#include "storage/query_run.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace praetor;
using namespace praetor::storage;

namespace {

const std::string first_id = "00000000-0000-4000-8000-000000000001";
const std::string second_id = "00000000-0000-4000-8000-000000000002";
const std::string some_session = "00000000-0000-4000-8000-00000000000a";

struct world {
  storage::state now;
  model::change_set changes;

  std::string run(const model::command& what) {
    changes = {};
    auto done = apply(now, now.applied + 1, what, changes);
    now.queries.check_invariants();
    return done.failure.text;
  }
  std::string put(const std::string& id, const std::string& name,
                  const std::string& session = "", bool must_exist = false) {
    model::query_put made;
    made.query.id = id;
    made.query.name = name;
    made.query.session = session;
    made.query.wanted.service = "web";
    made.must_exist = must_exist;
    return run(made);
  }
  void add_session() {
    model::catalog_register node;
    node.node.name = "n1";
    run(node);
    model::session_create made;
    made.session.id = some_session;
    made.session.node = "n1";
    REQUIRE(run(made) == "");
  }
  std::string resolves(const std::string& name) {
    auto found = now.queries.resolve(name);
    return found ? found->wanted.service : found.failure().text;
  }
};

} // namespace

TEST_CASE("a query is found by its id and its name, in any letter case") {
  world w;
  REQUIRE(w.put(first_id, "Best-DB") == "");
  CHECK(w.changes.topics == std::vector<std::string>{"queries:"});
  CHECK(w.resolves("best-db") == "web");
  CHECK(w.resolves(first_id) == "web");
  CHECK(w.resolves("best") == "Query not found");
  CHECK(w.resolves("") == "Missing Query ID");
  auto found = w.now.queries.get(first_id);
  REQUIRE(found);
  CHECK(found->created == 1);
  REQUIRE(w.put(first_id, "other", "", true) == "");
  CHECK(w.resolves("best-db") == "Query not found");
  found = w.now.queries.get(first_id);
  CHECK(found->created == 1);
  CHECK(found->modified == 2);
}

TEST_CASE("names are nobody else's, and no ids") {
  world w;
  REQUIRE(w.put(first_id, "a") == "");
  CHECK(w.put(second_id, "A") == "name 'A' aliases an existing query name");
  CHECK(w.changes.empty());
  CHECK(w.put(second_id, first_id) ==
        "name '" + first_id + "' aliases an existing query ID");
  CHECK(w.put(second_id, "b", "", true) ==
        "Cannot modify non-existent prepared query: '" + second_id + "'");
  CHECK(w.put(second_id, "") ==
        "Invalid prepared query: Must be bound to a session");
  CHECK(w.run(model::query_remove{second_id}) ==
        "Cannot modify non-existent prepared query: '" + second_id + "'");
}

TEST_CASE("a query that is bound to a session ends with it") {
  world w;
  CHECK(w.put(first_id, "a", "zz") ==
        "invalid session: index error: UUID must be 36 characters");
  CHECK(w.put(first_id, "a", some_session) ==
        "invalid session \"" + some_session + "\"");
  w.add_session();
  REQUIRE(w.put(first_id, "", some_session) == "");
  REQUIRE(w.put(second_id, "stays") == "");
  w.run(model::session_destroy{some_session});
  CHECK(w.now.queries.get(first_id) == nullptr);
  CHECK(w.now.queries.get(second_id));
  CHECK(w.now.queries.changed() == w.now.applied);
  CHECK(std::count(w.changes.topics.begin(), w.changes.topics.end(),
                   "queries:") == 1);
}

TEST_CASE("the longest template stands for a name, and its id for none") {
  world w;
  auto add = [&](const std::string& id, const std::string& name,
                 const std::string& service) {
    model::query_put made;
    made.query.id = id;
    made.query.name = name;
    made.query.pattern.type = model::template_by_prefix;
    made.query.wanted.service = service;
    return w.run(made);
  };
  REQUIRE(add(first_id, "", "any-${name.full}") == "");
  REQUIRE(add(second_id, "geo-", "geo-${name.suffix}") == "");
  CHECK(add(some_session, "", "x") ==
        "a query template with an empty name already exists");
  CHECK(w.resolves("db") == "any-db");
  CHECK(w.resolves("geo") == "any-geo");
  CHECK(w.resolves("geo-db") == "geo-db");
  CHECK(w.resolves(first_id) == "prepared query templates can only be "
                                "resolved up by name, not by ID");
}

namespace {

void add_instance(world& w, const std::string& node, const std::string& status,
                  std::vector<std::string> tags = {}) {
  model::catalog_register made;
  made.node.name = node;
  made.node.address = "10.0.0." + node.substr(1);
  made.node.meta = model::string_map{{"rack", "r" + node}};
  made.service.emplace();
  made.service->id = made.service->name = "web";
  made.service->tags = std::move(tags);
  made.service->meta = model::string_map{{"v", node}};
  model::check check;
  check.id = "c";
  check.service_id = "web";
  check.status = status;
  made.checks.push_back(check);
  REQUIRE(w.run(made) == "");
}

std::set<std::string> nodes(const world& w, const model::query_run& asked,
                            std::uint64_t seed = 1) {
  prng chance(seed);
  auto found = run_query(w.now, asked, chance);
  REQUIRE(found);
  std::set<std::string> out;
  for (auto& one : found->entries)
    out.insert(one.node->name);
  return out;
}

using names = std::set<std::string>;

} // namespace

TEST_CASE("an execution finds what is healthy and fits") {
  world w;
  add_instance(w, "n1", "passing", {"A", "b"});
  add_instance(w, "n2", "warning", {"a"});
  add_instance(w, "n3", "critical", {"c"});
  auto found = [&](auto change) {
    model::query_put made;
    made.query.id = first_id;
    made.query.name = "q";
    made.query.wanted.service = "web";
    change(made.query.wanted);
    REQUIRE(w.run(made) == "");
    model::query_run asked;
    asked.name = "q";
    return nodes(w, asked);
  };
  CHECK(found([](auto&) {}) == names{"n1", "n2"});
  CHECK(found([](auto& q) { q.only_passing = true; }) == names{"n1"});
  CHECK(found([](auto& q) {
          q.ignore_check_ids = std::vector<std::string>{"c"};
        }) == names{"n1", "n2", "n3"});
  CHECK(found([](auto& q) {
          q.tags = std::vector<std::string>{"a", "!B"};
        }) == names{"n2"});
  CHECK(found([](auto& q) {
          q.node_meta = model::string_map{{"rack", "rn2"}};
        }) == names{"n2"});
  CHECK(found([](auto& q) {
          q.service_meta = model::string_map{{"v", "n1"}};
        }) == names{"n1"});
  CHECK(found([](auto& q) { q.connect = true; }).empty());
}

TEST_CASE("the order is by chance but for the node that is near") {
  world w;
  for (int i = 1; i <= 6; ++i)
    add_instance(w, "n" + std::to_string(i), "passing");
  REQUIRE(w.put(first_id, "q") == "");
  model::query_run asked;
  asked.name = "q";
  names fronts;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    prng chance(seed);
    auto found = run_query(w.now, asked, chance);
    fronts.insert(found->entries.front().node->name);
  }
  CHECK(fronts.size() == 6);
  asked.limit = 1;
  asked.near = "_agent";
  asked.agent = "n3";
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    CHECK(nodes(w, asked, seed) == names{"n3"});
  asked.near = "_ip";
  asked.client_ip = "10.0.0.4";
  CHECK(nodes(w, asked) == names{"n4"});
}
