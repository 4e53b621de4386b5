#include "storage/transaction.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using storage::state;

namespace {

struct site {
  state on{4};
  modify_index at = 0;
  change_set changes;

  outcome run(std::vector<operation> operations) {
    changes = {};
    return apply(on, ++at, transaction{std::move(operations)}, changes);
  }
};

node_operation on_node(record_verb verb, modify_index index = 0) {
  node made;
  made.name = "n";
  made.address = "10.0.0.1";
  made.modified = index;
  return {verb, made};
}

service_operation on_service(record_verb verb, modify_index index = 0) {
  service made;
  made.node = "n";
  made.id = made.name = "web";
  made.modified = index;
  return {verb, made};
}

check_operation on_check(record_verb verb, std::string status = "passing") {
  check made;
  made.node = "n";
  made.id = "c";
  made.status = std::move(status);
  return {verb, made};
}

std::string only_failure(const outcome& out) {
  REQUIRE(out.failures.size() == 1);
  CHECK_FALSE(out.accepted);
  CHECK(out.results.empty());
  return out.failures[0].text;
}

} // namespace

TEST_CASE_FIXTURE(site, "a node, its service and its check enter at once") {
  auto out = run({on_node(record_verb::set), on_service(record_verb::set),
                  on_check(record_verb::set)});
  REQUIRE(out.results.size() == 3);
  CHECK(std::get<node>(out.results[0]).created == 1);
  CHECK(std::get<service>(out.results[1]).node == "n");
  CHECK(std::get<check>(out.results[2]).status == "passing");
  CHECK(on.catalog.instances("web").size() == 1);
  on.catalog.check_invariants();
  CHECK_FALSE(changes.topics.empty());
}

TEST_CASE_FIXTURE(site, "what is not there can be neither read nor renewed") {
  CHECK(only_failure(run({on_node(record_verb::get)})) ==
        "node \"n\" doesn't exist");
  CHECK(only_failure(run({on_service(record_verb::get)})) ==
        "service \"web\" on node \"n\" doesn't exist");
  CHECK(only_failure(run({on_check(record_verb::get)})) ==
        "check \"c\" on node \"n\" doesn't exist");
  CHECK(only_failure(run({on_node(record_verb::cas, 3)})) ==
        "failed to set node \"n\", index is stale");
  CHECK(only_failure(run({on_service(record_verb::set)})) ==
        "Missing node registration");
  CHECK(changes.empty());
}

TEST_CASE_FIXTURE(site, "check-and-set compares with the last change, and 0 "
                        "means that there is none") {
  CHECK(run({on_node(record_verb::cas, 0)}).accepted);
  CHECK(only_failure(run({on_node(record_verb::cas, 0)})) ==
        "failed to set node \"n\", index is stale");
  CHECK(run({on_node(record_verb::cas, 1)}).accepted);
  CHECK(run({on_service(record_verb::cas, 0)}).accepted);
  CHECK(only_failure(run({on_service(record_verb::remove_cas, 9)})) ==
        "failed to delete service \"web\" on node \"n\", index is stale");
  CHECK(run({on_service(record_verb::remove_cas, 4)}).accepted);
  CHECK(only_failure(run({on_service(record_verb::remove_cas, 4)})) ==
        "failed to delete service \"web\" on node \"n\", index is stale");
  CHECK(run({on_check(record_verb::set)}).accepted);
}

TEST_CASE_FIXTURE(site, "removing what is not there is no failure") {
  auto out = run({on_node(record_verb::remove), on_service(record_verb::remove),
                  on_check(record_verb::remove)});
  CHECK(out.accepted);
  CHECK(out.results.empty());
}

TEST_CASE_FIXTURE(site, "removing a service or a check without an id removes "
                        "nothing, least of all their node") {
  run({on_node(record_verb::set), on_service(record_verb::set)});
  auto nameless = on_service(record_verb::remove);
  nameless.service.id.clear();
  auto idless = on_check(record_verb::remove);
  idless.check.id.clear();
  CHECK(run({nameless, idless}).accepted);
  CHECK(on.catalog.node("n"));
  CHECK(on.catalog.service("n", "web"));
}

TEST_CASE_FIXTURE(site, "a node is read by its id, and removed by its name") {
  auto made = on_node(record_verb::set);
  made.node.id = "00000000-0000-0000-0000-00000000000a";
  run({made});
  auto by_id = on_node(record_verb::get);
  by_id.node.id = made.node.id;
  by_id.node.name = "other";
  CHECK(std::get<node>(run({by_id}).results.at(0)).name == "n");
  by_id.verb = record_verb::remove;
  CHECK(run({by_id}).accepted);
  CHECK(on.catalog.node("n"));
}

TEST_CASE_FIXTURE(site, "a failure takes back what was done to the catalogue, "
                        "and every fault is told") {
  run({on_node(record_verb::set), on_service(record_verb::set)});
  auto before = on;
  auto out = run({on_node(record_verb::remove), on_check(record_verb::set),
                  impossible_operation{"why"},
                  kv_operation{kv_verb::set, "k", "v", 0, 0, ""}});
  REQUIRE(out.failures.size() == 2);
  CHECK(out.failures[0] == operation_failure{1, "Missing node registration"});
  CHECK(out.failures[1] == operation_failure{2, "why"});
  CHECK(on.catalog.instances("web").size() == 1);
  CHECK(on.catalog.indexes() == before.catalog.indexes());
  CHECK(on.catalog.node("n"));
  CHECK(evaluate(on, {.kind = query_kind::kv_get, .name = "k"}).index == 1);
  CHECK(changes.empty());
}

TEST_CASE_FIXTURE(site, "a check that turns critical frees the locks of its "
                        "sessions before the next operation") {
  run({on_node(record_verb::set), on_check(record_verb::set)});
  session_create made;
  const session_id id(36, '5');
  made.session.id = id;
  made.session.node = "n";
  made.session.node_checks = {"c"};
  (void)apply(on, ++at, made, changes);
  run({kv_operation{kv_verb::lock, "k", "v", 0, 0, id}});
  auto out = run({on_check(record_verb::set, "critical"),
                  kv_operation{kv_verb::get, "k", "", 0, 0, ""}});
  CHECK(out.accepted);
  CHECK(std::get<kv_entry>(out.results[1]).session.empty());
  CHECK(out.ended_sessions == std::vector<session_id>{id});
  REQUIRE(out.released.size() == 1);
  CHECK(out.released[0].key == "k");
}

TEST_CASE_FIXTURE(site, "reads alone need no place in the log") {
  run({on_node(record_verb::set),
       kv_operation{kv_verb::set, "a/b", "v", 0, 0, ""}});
  auto before = on.applied;
  auto out = read_transaction(
      on, {{on_node(record_verb::get),
            kv_operation{kv_verb::get_tree, "a/", "", 0, 0, ""}}});
  CHECK(out.results.size() == 2);
  CHECK(out.index == before);
  CHECK(on.applied == before);
  CHECK(
      only_failure(read_transaction(
          on, {{kv_operation{kv_verb::check_index, "gone", "", 0, 1, ""}}})) ==
      "failed to check index, key \"gone\" doesn't exist");
  CHECK(only_failure(read_transaction(
            on,
            {{kv_operation{kv_verb::check_session, "gone", "", 0, 1, ""}}})) ==
        "failed to check session, key \"gone\" doesn't exist");
}

TEST_CASE_FIXTURE(site, "autopilot's configuration is made once and then "
                        "changed by whoever knows it") {
  using condition = autopilot_set::condition;
  autopilot_set given;
  given.config.max_trailing_logs = 1;
  auto put = [&](condition only_if, modify_index index = 0) {
    given.only_if = only_if;
    given.index = index;
    changes = {};
    return apply(on, ++at, given, changes).accepted;
  };
  CHECK_FALSE(put(condition::index, 0));
  CHECK(changes.empty());
  CHECK(put(condition::absent));
  CHECK_FALSE(put(condition::absent));
  CHECK_FALSE(put(condition::index, 1));
  CHECK(put(condition::index, 2));
  CHECK(put(condition::always));
  CHECK(on.autopilot->created == 2);
  CHECK(on.autopilot->modified == 6);
  CHECK(changes.topics == std::vector<std::string>{topic::autopilot});
}
