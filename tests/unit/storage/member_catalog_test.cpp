#include "storage/member_catalog.hpp"

#include <doctest/doctest.h>

namespace praetor::storage {
namespace {

struct catalog_fixture {
  catalog_table table;
  modify_index at = 0;

  static member_view web() { return {"web1", "id-1", "10.0.0.1", "dc1"}; }
  static member_view server() {
    auto one = web();
    one.is_server = true;
    one.server_port = 8300;
    one.server_meta = {{"version", "1.8.7"}};
    return one;
  }
  void apply(const model::command& what) {
    model::change_set changes;
    std::vector<model::session> ended;
    if (auto* put = std::get_if<model::catalog_register>(&what))
      REQUIRE(table.apply(++at, *put, changes, ended));
    else
      REQUIRE(table.apply(++at, std::get<model::catalog_deregister>(what),
                          changes, ended));
  }
  bool show(const member_view& member) {
    auto command = to_show(table, member);
    if (command)
      apply(*command);
    return command.has_value();
  }
};

TEST_CASE_FIXTURE(catalog_fixture, "a member that lives gets its node and its "
                                   "health, once") {
  CHECK(show(web()));
  auto node = table.node("web1");
  REQUIRE(node);
  CHECK(node->address == "10.0.0.1");
  CHECK(node->id == "id-1");
  auto check = table.check("web1", "serfHealth");
  REQUIRE(check);
  CHECK(check->status == "passing");
  CHECK(check->output == "Agent alive and reachable");
  CHECK(!show(web()));
}

TEST_CASE_FIXTURE(catalog_fixture, "a server is an instance of the service "
                                   "consul") {
  CHECK(show(server()));
  auto service = table.service("web1", "consul");
  REQUIRE(service);
  CHECK(service->port == 8300);
  CHECK(!show(server()));
  auto newer = server();
  newer.server_meta["version"] = "1.9.0";
  CHECK(show(newer));
}

TEST_CASE_FIXTURE(catalog_fixture, "a member that failed is critical until it "
                                   "lives again") {
  auto failed = web();
  failed.state = presence::failed;
  CHECK(!show(failed)); // never seen alive
  show(web());
  CHECK(show(failed));
  CHECK(table.check("web1", "serfHealth")->status == "critical");
  CHECK(!show(failed));
  CHECK(show(web()));
  CHECK(table.check("web1", "serfHealth")->status == "passing");
}

TEST_CASE_FIXTURE(catalog_fixture, "what a node says of itself stays when its "
                                   "health changes") {
  model::catalog_register own;
  own.node.name = "web1";
  own.node.id = "id-1";
  own.node.address = "10.0.0.1";
  own.node.meta = model::string_map{{"rack", "7"}};
  apply(own);
  show(web());
  CHECK(table.node("web1")->meta->at("rack") == "7");
}

TEST_CASE_FIXTURE(catalog_fixture, "a member that left goes with all it had") {
  show(server());
  auto left = server();
  left.state = presence::gone;
  CHECK(show(left));
  CHECK(!table.node("web1"));
  CHECK(!show(left));
}

TEST_CASE_FIXTURE(catalog_fixture, "a node that once was a member and is none "
                                   "is forgotten, others are not") {
  show(web());
  auto other = web();
  other.name = "Web2";
  other.id = "id-2";
  show(other);
  model::catalog_register foreign;
  foreign.node.name = "router";
  foreign.node.address = "10.0.0.9";
  apply(foreign);
  auto commands = to_forget(table, {"web2"});
  REQUIRE(commands.size() == 1);
  CHECK(std::get<model::catalog_deregister>(commands[0]).node == "web1");
}

} // namespace
} // namespace praetor::storage
