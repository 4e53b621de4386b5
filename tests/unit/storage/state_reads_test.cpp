// Every kind of query over states that random commands made: what it is told
// by its index, its version and the topics it watches must fit its answer.

#include "protocol/base/prng.hpp"
#include "storage/state_store.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace praetor;
using namespace praetor::model;
using storage::state;

namespace {

const std::string sessions[] = {"00000000-0000-0000-0000-00000000000a",
                                "00000000-0000-0000-0000-00000000000b"};
const std::string node_uuid = "AAAAAAAA-0000-0000-0000-000000000001";
constexpr const char* node_names[] = {"n1", "N1", "n2", "n3"};
constexpr const char* service_names[] = {"web", "WEB", "db"};
constexpr const char* statuses[] = {"passing", "warning", "critical"};
constexpr const char* keys[] = {"a", "a/b", "a/b/c", "b"};

template <std::size_t n>
const char* one_of(prng& random, const char* const (&list)[n]) {
  return list[random.below(n)];
}

model::service random_service(prng& random) {
  model::service made;
  made.id = random.below(2) == 0 ? "s1" : "s2";
  made.name = one_of(random, service_names);
  if (random.below(2) == 0)
    made.tags = {"T1"};
  made.port = static_cast<int>(random.below(2));
  if (random.below(3) == 0) {
    made.kind = "connect-proxy";
    made.proxy.destination_name = one_of(random, service_names);
  }
  made.connect_native = random.below(4) == 0;
  return made;
}

check random_check(prng& random) {
  check made;
  made.id = random.below(2) == 0 ? "serfHealth" : "c1";
  made.status = one_of(random, statuses);
  if (random.below(2) == 0)
    made.service_id = random.below(2) == 0 ? "s1" : "s2";
  return made;
}

catalog_register random_registration(prng& random) {
  catalog_register made;
  made.node.name = one_of(random, node_names);
  made.node.address = random.below(2) == 0 ? "10.0.0.1" : "10.0.0.2";
  if (random.below(4) == 0)
    made.node.id = random.below(2) == 0 ? node_uuid : fold(node_uuid);
  if (random.below(2) == 0)
    made.node.meta = string_map{{"k", random.below(2) == 0 ? "v" : "w"}};
  made.skip_node_update = random.below(3) == 0;
  if (random.below(2) == 0)
    made.service = random_service(random);
  for (auto count = random.below(3); count > 0; --count)
    made.checks.push_back(random_check(random));
  return made;
}

kv_operation random_operation(prng& random) {
  constexpr kv_verb verbs[] = {kv_verb::set,    kv_verb::lock,
                               kv_verb::unlock, kv_verb::remove,
                               kv_verb::set,    kv_verb::remove_tree};
  kv_operation made;
  made.verb = verbs[random.below(std::size(verbs))];
  made.key = one_of(random, keys);
  made.value = std::to_string(random.below(2));
  made.session = sessions[random.below(2)];
  return made;
}

const std::string query_id = "f47dd2aa-038f-ca37-1304-e876980b565b";

command random_query(prng& random) {
  if (random.below(3) == 0)
    return query_remove{query_id};
  query_put made;
  made.query.id = query_id;
  made.query.name = "q";
  made.query.wanted.service = random.below(2) == 0 ? "web" : "";
  if (random.below(2) == 0)
    made.query.session = sessions[random.below(2)];
  return made;
}

operation random_part(prng& random) {
  constexpr record_verb verbs[] = {record_verb::get, record_verb::set,
                                   record_verb::set, record_verb::remove};
  auto verb = verbs[random.below(std::size(verbs))];
  auto node = random_registration(random).node;
  switch (random.below(6)) {
  case 0:
    return node_operation{verb, node};
  case 1: {
    auto made = random_service(random);
    made.node = node.name;
    return service_operation{verb, made};
  }
  case 2: {
    auto made = random_check(random);
    made.node = node.name;
    return check_operation{verb, made};
  }
  default:
    return random_operation(random);
  }
}

command random_command(prng& random, const state& now) {
  switch (random.below(9)) {
  case 0: {
    session_create made;
    made.session.id = sessions[random.below(2)];
    made.session.node = one_of(random, node_names);
    if (random.below(2) == 0)
      made.session.node_checks = {"c1"};
    if (random.below(2) == 0)
      made.session.behavior = session_behavior::remove;
    if (now.catalog.session(made.session.id))
      return session_destroy{made.session.id};
    return made;
  }
  case 1: {
    catalog_deregister made{one_of(random, node_names), "", ""};
    if (auto part = random.below(4); part < 2)
      made.service_id = part == 0 ? "s1" : "s2";
    else if (part == 2)
      made.check_id = "c1";
    return made;
  }
  case 2:
  case 3:
    return random_operation(random);
  case 4: {
    transaction made;
    for (auto count = random.below(4); count > 0; --count)
      made.operations.push_back(random_part(random));
    return made;
  }
  case 5: {
    autopilot_set made;
    made.config.max_trailing_logs = random.below(2);
    made.only_if = static_cast<autopilot_set::condition>(random.below(3));
    return made;
  }
  case 6:
    return random_query(random);
  default:
    return random_registration(random);
  }
}

std::vector<read_query> every_query() {
  std::vector<read_query> all;
  auto add = [&](query_kind kind, const std::string& name) {
    read_query made;
    made.kind = kind;
    made.name = name;
    all.push_back(made);
    made.node_meta = {{"k", "v"}};
    if (kind > query_kind::kv_keys && kind < query_kind::session_info)
      all.push_back(made);
    return made;
  };
  for (auto* key : {"a", "a/b", "b", "gone", ""}) {
    add(query_kind::kv_get, key);
    add(query_kind::kv_list, key);
    add(query_kind::kv_keys, key);
    all.back().separator = "/";
  }
  add(query_kind::catalog_nodes, "");
  add(query_kind::catalog_services, "");
  for (auto* name : {"web", "db", "gone"})
    for (auto kind : {query_kind::catalog_service, query_kind::catalog_connect,
                      query_kind::health_checks, query_kind::health_service,
                      query_kind::health_connect}) {
      add(kind, name);
      auto narrow = add(kind, name);
      narrow.tag_filter = true;
      narrow.tags = {"t1"};
      narrow.passing_only = true;
      all.push_back(narrow);
    }
  for (auto* name : {"n1", "n2", "n3", "gone", node_uuid.c_str()})
    for (auto kind : {query_kind::catalog_node, query_kind::health_node,
                      query_kind::session_node})
      add(kind, name);
  for (auto* name : {"n1", "n2", "gone"})
    add(query_kind::node_info, name);
  for (auto kind :
       {query_kind::node_dump, query_kind::service_dump, query_kind::usage,
        query_kind::autopilot, query_kind::gateway_services})
    add(kind, "");
  for (auto* name : {"any", "passing", "critical"})
    add(query_kind::health_state, name);
  add(query_kind::session_list, "");
  for (auto& id : sessions)
    add(query_kind::session_info, id);
  add(query_kind::prepared_list, "");
  add(query_kind::prepared_get, query_id);
  return all;
}

// The records of an answer as values that can be compared.
struct flattened {
  std::vector<kv_entry> entries;
  key_list keys;
  std::vector<model::node> nodes;
  tags_by_service tags;
  std::vector<model::service> services;
  std::vector<check> checks;
  std::vector<model::session> sessions;
  std::vector<prepared_query> queries;
  std::vector<std::uint64_t> counts;
  friend bool operator==(const flattened&, const flattened&) = default;
};

struct flatten {
  flattened out;

  void operator()(const kv_list& list) {
    for (auto& one : list)
      out.entries.push_back(*one);
  }
  void operator()(const key_list& list) { out.keys = list; }
  void operator()(const node_list& list) {
    for (auto& one : list)
      out.nodes.push_back(*one);
  }
  void operator()(const tags_by_service& tags) { out.tags = tags; }
  void operator()(const entry_list& list) {
    for (auto& one : list) {
      out.nodes.push_back(*one.node);
      out.services.push_back(*one.service);
      (*this)(one.checks);
    }
  }
  void operator()(const node_services& found) {
    if (found.node)
      out.nodes.push_back(*found.node);
    for (auto& one : found.services)
      out.services.push_back(*one);
  }
  void operator()(const check_list& list) {
    for (auto& one : list)
      out.checks.push_back(*one);
  }
  void operator()(const session_list& list) {
    for (auto& one : list)
      out.sessions.push_back(*one);
  }
  void operator()(const prepared_list& list) {
    for (auto& one : list)
      out.queries.push_back(*one);
  }
  void operator()(const node_info_list& list) {
    for (auto& one : list) {
      (*this)(node_services{one.node, one.services});
      (*this)(one.checks);
    }
  }
  void operator()(const usage_counts& found) {
    if (found.nodes > 0)
      out.counts = {found.nodes, found.names, found.instances, found.billable,
                    found.mesh_instances.size()};
  }
  void operator()(const autopilot_ptr& config) {
    if (config)
      out.counts = {config->max_trailing_logs, config->created,
                    config->modified};
  }
};

flattened records_of(const read_answer& answer) {
  flatten visitor;
  std::visit(visitor, answer.records);
  return visitor.out;
}

bool is_told(const interest& watched, const change_set& changes) {
  switch (watched.what) {
  case interest::shape::key:
    return std::find(changes.keys.begin(), changes.keys.end(), watched.key) !=
           changes.keys.end();
  case interest::shape::key_prefix:
    return std::any_of(changes.keys.begin(), changes.keys.end(),
                       [&](auto& key) { return key.starts_with(watched.key); });
  case interest::shape::topics:
    return std::any_of(
        watched.topics.begin(), watched.topics.end(), [&](auto& topic) {
          return std::find(changes.topics.begin(), changes.topics.end(),
                           topic) != changes.topics.end();
        });
  }
  return false;
}

// A query with what it gave last and all that it ever gave by its version.
struct follower {
  read_query query;
  flattened last;
  modify_index last_index = 0;
  modify_index last_version = 0;
};

void check_step(follower& one, const state& now, const change_set& changes) {
  CAPTURE(static_cast<int>(one.query.kind));
  CAPTURE(one.query.name);
  CAPTURE(one.query.node_meta.size());
  CAPTURE(now.applied);
  auto answer = evaluate(now, one.query);
  auto records = records_of(answer);
  auto version = version_of(now, one.query);
  REQUIRE(answer.index >= 1);
  REQUIRE(answer.index <= std::max<modify_index>(now.applied, 1));
  REQUIRE(index_of(now, one.query) == answer.index);
  bool changed = !(records == one.last);
  if (changed) {
    REQUIRE(is_told(watched_by(one.query), changes));
    REQUIRE(version > one.last_version);
    // Who waits with the old index must be woken.
    REQUIRE(answer.index > one.last_index);
  }
  one.last = std::move(records);
  one.last_index = answer.index;
  one.last_version = version;
}

} // namespace

TEST_CASE("a changed answer has a newer index and version, and is told of") {
  for (std::uint64_t run = 0; run < 4; ++run) {
    prng random(tests::seed() + 5200 + 1000 * run);
    state on(3);
    std::vector<follower> followers;
    for (auto& query : every_query())
      followers.push_back({query, {}, 0, 0});
    for (modify_index at = 1; at <= 250; ++at) {
      change_set changes;
      (void)apply(on, at, random_command(random, on), changes);
      on.catalog.check_invariants();
      for (auto& shard : on.shards)
        shard.check_invariants();
      for (auto& one : followers)
        check_step(one, on, changes);
    }
  }
}

TEST_CASE("what is refused changes nothing and wakes nobody") {
  prng random(tests::seed() + 5300);
  state on(3);
  auto queries = every_query();
  std::size_t refused = 0;
  for (modify_index at = 1; at <= 400; ++at) {
    auto before = on;
    change_set changes;
    auto out = apply(on, at, random_command(random, on), changes);
    if (out.failure.code == errc::ok && out.accepted)
      continue;
    ++refused;
    CHECK(changes.empty());
    for (auto& query : queries) {
      auto was = evaluate(before, query);
      auto is = evaluate(on, query);
      REQUIRE(was.index == is.index);
      REQUIRE(records_of(was) == records_of(is));
    }
  }
  CHECK(refused > 20);
}

TEST_CASE("an empty state answers every query with index one") {
  state on;
  for (auto& query : every_query()) {
    CHECK(evaluate(on, query).index == 1);
    CHECK(version_of(on, query) <= 1);
    CHECK(records_of(evaluate(on, query)) == flattened{});
  }
}

TEST_CASE("a node is found by its id in any letter case") {
  state on;
  change_set changes;
  catalog_register made;
  made.node.name = "n";
  made.node.id = node_uuid;
  (void)apply(on, 1, made, changes);
  CHECK(on.catalog.node_by_id(fold(node_uuid)));
  CHECK(on.catalog.node_by_id(node_uuid)->id == node_uuid);
  // The same id in other letters is the same node, also under a new name.
  made.node.name = "m";
  made.node.id = fold(node_uuid);
  (void)apply(on, 2, made, changes);
  on.catalog.check_invariants();
  CHECK_FALSE(on.catalog.node("n"));
  CHECK(on.catalog.node_by_id(node_uuid)->name == "m");
}

TEST_CASE("a record without an id is refused") {
  state on;
  change_set changes;
  catalog_register made;
  made.node.name = "n";
  made.service.emplace();
  CHECK(apply(on, 1, made, changes).failure.text ==
        "failed inserting service: failed inserting service: object missing "
        "primary index");
  made.service.reset();
  made.checks.resize(1);
  CHECK(apply(on, 2, made, changes).failure.text ==
        "failed inserting check: failed inserting check: object missing "
        "primary index on node \"n\"");
  CHECK_FALSE(on.catalog.node("n"));
  CHECK(changes.empty());
}

TEST_CASE("a check within a transaction does not repeat the value") {
  state on;
  change_set changes;
  (void)apply(on, 1, kv_operation{kv_verb::set, "k", "v", 0, 0, ""}, changes);
  transaction steps;
  steps.operations = {kv_operation{kv_verb::check_index, "k", "", 0, 1, ""},
                      kv_operation{kv_verb::check_session, "k", "", 0, 0, ""},
                      kv_operation{kv_verb::get, "k", "", 0, 0, ""}};
  auto out = apply(on, 2, steps, changes);
  REQUIRE(out.results.size() == 3);
  auto entry = [&](int i) { return std::get<kv_entry>(out.results[i]); };
  CHECK(entry(0).value.empty());
  CHECK(entry(0).modified == 1);
  CHECK(entry(1).value.empty());
  CHECK(entry(2).value == "v");
}

TEST_CASE("keys are folded at the first separator behind the prefix") {
  state on(4);
  change_set changes;
  modify_index at = 0;
  for (auto* key : {"a", "a/b/c", "a/b/d", "a/e", "b//c", "b/d"})
    (void)apply(on, ++at, kv_operation{kv_verb::set, key, "", 0, 0, ""},
                changes);
  auto keys_of = [&](const char* prefix, const char* separator) {
    read_query query;
    query.kind = query_kind::kv_keys;
    query.name = prefix;
    query.separator = separator;
    return std::get<key_list>(evaluate(on, query).records);
  };
  CHECK(keys_of("", "/") == key_list{"a", "a/", "b/"});
  CHECK(keys_of("a/", "/") == key_list{"a/b/", "a/e"});
  CHECK(keys_of("a", "/") == key_list{"a", "a/"});
  CHECK(keys_of("b/", "/") == key_list{"b//", "b/d"});
  CHECK(keys_of("", "/b") == key_list{"a", "a/b", "a/e", "b//c", "b/d"});
  CHECK(keys_of("a/b", "") == key_list{"a/b/c", "a/b/d"});
  CHECK(keys_of("zz", "/").empty());
}
