#include "storage/catalog_table.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using storage::catalog_table;

namespace {

struct bench {
  catalog_table table;
  modify_index at = 10;
  change_set changes;
  std::vector<session> ended;

  template <class Command>
  status run(const Command& command) {
    changes = {};
    ended.clear();
    auto done = table.apply(++at, command, changes, ended);
    table.check_invariants();
    return done;
  }
  status open(const session& made) {
    return table.apply(++at, session_create{made}, changes);
  }
};

catalog_register of_node(const char* name, const char* address = "10.0.0.1") {
  catalog_register made;
  made.node.name = name;
  made.node.address = address;
  return made;
}

catalog_register with_service(const char* node, const char* id,
                              const char* name) {
  auto made = of_node(node);
  made.service.emplace();
  made.service->id = id;
  made.service->name = name;
  return made;
}

check probe(const char* id, const char* service_id = "",
            const char* state = "passing") {
  check made;
  made.id = id;
  made.name = id;
  made.service_id = service_id;
  made.status = state;
  return made;
}

session held_by(const char* id, const char* node,
                std::vector<std::string> checks = {}) {
  session made;
  made.id = id;
  made.node = node;
  made.node_checks = std::move(checks);
  return made;
}

} // namespace

TEST_CASE("names of nodes and services ignore letter case") {
  bench b;
  REQUIRE(b.run(with_service("Alpha", "s1", "Web")));
  CHECK(b.table.node("aLPHA"));
  CHECK(b.table.instances("wEB").size() == 1);
  CHECK(b.table.service("ALPHA", "s1"));
  CHECK_FALSE(b.table.service("alpha", "S1")); // ids do not
}

TEST_CASE("the same registration again changes nothing") {
  bench b;
  auto command = with_service("n", "s1", "web");
  command.checks = {probe("c"), probe("sc", "s1")};
  REQUIRE(b.run(command));
  auto services = b.table.services_changed();
  auto of_web = b.table.service_changed("web", true);
  REQUIRE(b.run(command));
  CHECK(b.changes.empty());
  CHECK(b.table.services_changed() == services);
  CHECK(b.table.service_changed("web", true) == of_web);
}

TEST_CASE("each service has an index of its own") {
  bench b;
  REQUIRE(b.run(with_service("n", "s1", "web")));
  auto first = b.at;
  REQUIRE(b.run(with_service("n", "s2", "db")));
  CHECK(b.table.service_changed("web", false) == first);
  CHECK(b.table.service_changed("db", false) == b.at);
  auto check_of_web = of_node("n");
  check_of_web.checks = {probe("sc", "s1")};
  REQUIRE(b.run(check_of_web));
  CHECK(b.table.service_changed("web", true) == b.at);
  CHECK(b.table.service_changed("db", true) < b.at);
  auto check_of_node = of_node("n");
  check_of_node.checks = {probe("c")};
  REQUIRE(b.run(check_of_node)); // says something of both
  CHECK(b.table.service_changed("web", true) == b.at);
  CHECK(b.table.service_changed("db", true) == b.at);
}

TEST_CASE("a service that is no more keeps its index moving forward") {
  bench b;
  REQUIRE(b.run(with_service("n", "s1", "web")));
  REQUIRE(b.run(catalog_deregister{"n", "s1", ""}));
  auto gone = b.at;
  CHECK(b.table.instances("web").empty());
  CHECK(b.table.service_changed("web", true) >= gone);
  REQUIRE(b.run(with_service("n", "s2", "db")));
  CHECK(b.table.service_changed("web", true) >= gone);
}

TEST_CASE("a node leaves with its services, checks and sessions") {
  bench b;
  auto command = with_service("n", "s1", "web");
  command.checks = {probe("c"), probe("sc", "s1")};
  REQUIRE(b.run(command));
  REQUIRE(b.open(held_by("z1", "n")));
  REQUIRE(b.run(of_node("other")));
  REQUIRE(b.run(catalog_deregister{"N", "", ""}));
  CHECK_FALSE(b.table.node("n"));
  CHECK(b.table.instances("web").empty());
  CHECK(b.table.checks_in_state("").empty());
  CHECK(b.table.checks_of_service("web").empty());
  REQUIRE(b.ended.size() == 1);
  CHECK(b.ended[0].id == "z1");
  CHECK(b.table.sessions().empty());
  CHECK(b.table.nodes().size() == 1);
}

TEST_CASE("a session ends when one of its checks turns critical or goes") {
  for (bool goes : {false, true}) {
    bench b;
    auto command = of_node("n");
    command.checks = {probe("c"), probe("other")};
    REQUIRE(b.run(command));
    REQUIRE(b.open(held_by("z1", "n", {"c"})));
    command.checks = {probe("other", "", "critical")};
    REQUIRE(b.run(command));
    CHECK(b.ended.empty());
    command.checks = {probe("c", "", "critical")};
    REQUIRE((goes ? b.run(catalog_deregister{"n", "", "c"}) : b.run(command)));
    REQUIRE(b.ended.size() == 1);
    CHECK_FALSE(b.table.session("z1"));
    CHECK(b.table.sessions_changed() == b.at);
  }
}

TEST_CASE("a session needs its node, and checks that are not critical") {
  bench b;
  auto command = of_node("n");
  command.checks = {probe("bad", "", "critical")};
  REQUIRE(b.run(command));
  CHECK(b.open(held_by("z", "gone")).failure().text ==
        "Missing node registration");
  CHECK(b.open(held_by("z", "n", {"no"})).failure().text ==
        "Missing check 'no' registration");
  CHECK(b.open(held_by("z", "n", {"bad"})).failure().text ==
        "Check 'bad' is in critical state");
  CHECK(b.table.sessions().empty());
}

TEST_CASE("a refused registration leaves no trace") {
  bench b;
  auto command = with_service("n", "s1", "web");
  command.checks = {probe("c"), probe("sc", "nowhere")};
  CHECK_FALSE(b.run(command));
  CHECK_FALSE(b.table.node("n"));
  CHECK(b.table.instances("web").empty());
  CHECK(b.table.checks_in_state("").empty());
  CHECK(b.table.nodes_changed() == 0);
  CHECK(b.table.services_changed() == 0);
  CHECK(b.changes.empty());
}

TEST_CASE("a node with a known id moves to its new name") {
  bench b;
  auto command = of_node("old");
  command.node.id = "id-1";
  REQUIRE(b.run(command));
  command.node.name = "new";
  REQUIRE(b.run(command));
  CHECK_FALSE(b.table.node("old"));
  REQUIRE(b.table.node_by_id("id-1"));
  CHECK(b.table.node_by_id("id-1")->name == "new");
}

TEST_CASE("the name of a node that is alive cannot be taken") {
  bench b;
  auto command = of_node("n");
  command.node.id = "id-1";
  command.checks = {probe("serfHealth")};
  REQUIRE(b.run(command));
  command.node.id = "id-2";
  CHECK_FALSE(b.run(command));
  CHECK(b.table.node("n")->id == "id-1");
  CHECK_FALSE(b.table.node_by_id("id-2"));
}

TEST_CASE("proxies answer for the service they stand for") {
  bench b;
  auto command = with_service("n", "p", "web-proxy");
  command.service->kind = "connect-proxy";
  command.service->proxy.destination_name = "web";
  REQUIRE(b.run(command));
  CHECK(b.table.connect_instances("WEB").size() == 1);
  CHECK(b.table.connect_changed("web") == b.at);
  command.service->proxy.destination_name = "db";
  REQUIRE(b.run(command));
  CHECK(b.table.connect_instances("web").empty());
  CHECK(b.table.connect_changed("web") == b.at);
  CHECK(b.table.connect_instances("db").size() == 1);
}

TEST_CASE("a check follows its service to another name") {
  bench b;
  auto command = with_service("n", "s1", "web");
  command.checks = {probe("sc", "s1")};
  REQUIRE(b.run(command));
  command.service->name = "db";
  REQUIRE(b.run(command));
  CHECK(b.table.checks_of_service("db").size() == 1);
  CHECK(b.table.checks_of_service("web").empty());
  REQUIRE(b.run(catalog_deregister{"n", "", ""}));
  CHECK(b.table.checks_of_service("web").empty());
}
