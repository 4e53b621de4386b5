#include "protocol/model/command.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using model::query_kind;

namespace {

constexpr const char* register_path = "/v1/catalog/register";

model::catalog_register registered(const site& at, const std::string& body) {
  auto made = at.wish<write_action>("PUT", register_path, body);
  CHECK(made.reply == write_reply::boolean);
  REQUIRE(std::holds_alternative<model::catalog_register>(made.command));
  return std::get<model::catalog_register>(made.command);
}

std::string refused(const std::string& body) {
  return site().reply("PUT", register_path, body);
}

std::string with_service(const std::string& service) {
  return R"({"Node":"x","Address":"1.1.1.1","Service":)" + service + "}";
}

struct read_route {
  const char* path; // "" at its end where it takes a name
  query_kind kind;
  const char* missing;
};

constexpr read_route read_routes[] = {
    {"/v1/catalog/service/", query_kind::catalog_service,
     "400 Missing service name"},
    {"/v1/catalog/connect/", query_kind::catalog_connect,
     "400 Missing service name"},
    {"/v1/catalog/node/", query_kind::catalog_node, "400 Missing node name"},
    {"/v1/catalog/node-services/", query_kind::catalog_node,
     "400 Missing node name"},
    {"/v1/health/node/", query_kind::health_node, "400 Missing node name"},
    {"/v1/health/checks/", query_kind::health_checks,
     "400 Missing service name"},
    {"/v1/health/service/", query_kind::health_service,
     "400 Missing service name"},
    {"/v1/health/connect/", query_kind::health_connect,
     "400 Missing service name"},
    {"/v1/health/state/", query_kind::health_state, "400 Missing check state"},
};

} // namespace

TEST_CASE("every read of catalogue and health asks for what its path names") {
  site at;
  for (auto& one : read_routes) {
    CAPTURE(one.path);
    auto path = std::string(one.path);
    auto asked = at.wish<read_action>(
        "GET", path + "a/B?tag=t&node-meta=k:v&filter=f&index=4&stale&pretty");
    CHECK(asked.query.kind == one.kind);
    CHECK(asked.query.name == "a/B");
    CHECK(asked.query.tags == std::vector<std::string>{"t"});
    CHECK(asked.query.node_meta.size() == 1);
    CHECK(asked.query.filter == "f");
    CHECK(asked.options.index == 4);
    CHECK(asked.options.level == consistency::stale);
    CHECK(asked.pretty);
    CHECK(asked.tells_consistency);
    CHECK(asked.as_list == path.ends_with("/node-services/"));
    CHECK(asked.cache_key.starts_with(path + "a/B"));
  }
}

TEST_CASE("a read refuses namespace, options, name, datacenter in this order") {
  site at;
  for (auto& one : read_routes) {
    CAPTURE(one.path);
    auto path = std::string(one.path);
    CHECK(at.reply("GET", path + "?ns=a&index=x").starts_with("400 Bad req"));
    CHECK(at.reply("GET", path + "?index=x&dc=dc9") == "400 Invalid index");
    CHECK(at.reply("GET", path + "?dc=dc9") == one.missing);
    CHECK(at.reply("GET", path + "a?passing=x&dc=dc9") ==
          "500 No path to datacenter");
  }
}

TEST_CASE("a read of another datacenter knows no leader") {
  site at;
  auto answer = answer_of(at.ask("GET", "/v1/catalog/nodes?dc=dc9"));
  CHECK(answer->status == 500);
  CHECK(header_of(*answer, "X-Consul-Knownleader") == "false");
  CHECK(header_of(*answer, "X-Consul-Index") == "1");
}

TEST_CASE("lists of nodes and services need no name") {
  site at;
  auto nodes = at.wish<read_action>("GET", "/v1/catalog/nodes?node-meta=a:b");
  CHECK(nodes.query.kind == query_kind::catalog_nodes);
  CHECK(nodes.query.name.empty());
  CHECK(nodes.query.node_meta.size() == 1);
  CHECK(at.wish<read_action>("GET", "/v1/catalog/services").query.kind ==
        query_kind::catalog_services);
  // Nodes have no namespace, so it is not looked at.
  CHECK(at.reply("GET", "/v1/catalog/nodes?ns=a") == "an action");
  CHECK(at.reply("GET", "/v1/catalog/services?ns=a").starts_with("400"));
}

TEST_CASE("instances may be asked for only if all their checks pass") {
  site at;
  auto passing = [&](const std::string& query) {
    return at.wish<read_action>("GET", "/v1/health/service/web?" + query)
        .query.passing_only;
  };
  CHECK_FALSE(passing(""));
  CHECK(passing("passing"));
  CHECK(passing("passing="));
  CHECK(passing("passing=true"));
  CHECK_FALSE(passing("passing=0"));
  for (auto* path : {"service", "connect"})
    CHECK(
        at.reply("GET", "/v1/health/" + std::string(path) + "/web?passing=x") ==
        "400 Invalid value for ?passing");
  CHECK_FALSE(at.wish<read_action>("GET", "/v1/catalog/service/web?passing")
                  .query.passing_only);
}

TEST_CASE("the datacenters are known without asking anybody") {
  site at;
  at.node.datacenter = "east";
  CHECK(at.reply("GET", "/v1/catalog/datacenters") == "200 [\"east\"]");
  CHECK(at.reply("GET", "/v1/catalog/datacenters?pretty") ==
        "200 [\n    \"east\"\n]\n");
  CHECK(at.reply("GET", "/v1/catalog/datacenters?dc=x&index=y&ns=z")
            .starts_with("200"));
  auto cached = answer_of(at.ask("GET", "/v1/catalog/datacenters?cached"));
  CHECK(header_of(*cached, "X-Cache") == "HIT");
  CHECK(header_of(*cached, "Age") == "0");
  CHECK(at.reply("GET", "/v1/catalog/datacenters?stale&consistent")
            .starts_with("400 Cannot specify ?stale with ?consistent"));
}

TEST_CASE("a registration becomes one command with its names filled in") {
  site at;
  auto made =
      registered(at, R"({"Node":"x","Address":"1.1.1.1","NodeMeta":{"a":"b"},
        "Service":{"Service":"web","Port":80},
        "Checks":[{"Name":"a"},{"CheckID":"b","Node":"x"}],
        "Check":{"Name":"z","ServiceID":"web"}})");
  CHECK(made.node.name == "x");
  CHECK(made.node.datacenter == "dc1");
  CHECK(made.node.meta == model::string_map{{"a", "b"}});
  REQUIRE(made.service);
  CHECK(made.service->id == "web");
  REQUIRE(made.checks.size() == 3);
  CHECK(made.checks[0].id == "a");
  CHECK(made.checks[0].node == "x");
  CHECK(made.checks[1].id == "b");
  CHECK(made.checks[2].id == "z");
  CHECK_FALSE(made.skip_node_update);
}

TEST_CASE("a node needs a name, an address and a good id") {
  CHECK(refused("{}") == "500 Must provide node");
  CHECK(refused(R"({"Address":"1.1.1.1","ID":"short"})") ==
        "500 Must provide node");
  CHECK(refused(R"({"Node":"x"})") ==
        "500 Must provide address if SkipNodeUpdate is not set");
  CHECK(refused(R"({"Node":"x","SkipNodeUpdate":true})") == "an action");
  auto with_id = [](const std::string& id) {
    return refused(R"({"Node":"x","ID":")" + id + "\"}");
  };
  // Told before the address is missed.
  CHECK(with_id("short") == "500 Bad node ID: uuid string is wrong length");
  CHECK(with_id("000000000000-0000-0000-0000-00000000") ==
        "500 Bad node ID: uuid is improperly formatted");
  CHECK(with_id("zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz") ==
        "500 Bad node ID: encoding/hex: invalid byte: U+007A 'z'");
  CHECK(with_id("0-000000-0000-0000-0000-000000000000") ==
        "500 Bad node ID: encoding/hex: invalid byte: U+002D '-'");
  CHECK(refused(R"({"Node":"x","Address":"1.1.1.1",
                    "ID":"40E4A748-2192-161A-0510-9BF59FE950B5"})") ==
        "an action");
}

TEST_CASE("a service needs a name if it has an id") {
  CHECK(refused(with_service(R"({"ID":"only"})")) ==
        "500 Must provide service name with ID");
  // One without both is for the state to refuse, which knows the node.
  CHECK(refused(with_service("{}")) == "an action");
}

TEST_CASE("a service that stands for another must say for which") {
  CHECK(refused(with_service(R"({"Kind":"connect-proxy","ID":"only"})")) ==
        "500 2 errors occurred:\n\t* Proxy.DestinationServiceName must be "
        "non-empty for Connect proxy services\n\t* Port must be set for a "
        "Connect proxy\n\n");
  CHECK(refused(with_service(
            R"({"Kind":"connect-proxy","Service":"p","Port":1,
                "Proxy":{"DestinationServiceName":"web"},
                "Connect":{"Native":true}})")) ==
        "500 1 error occurred:\n\t* A Proxy cannot also be Connect Native, "
        "only typical services\n\n");
  CHECK(refused(with_service(R"({"Kind":"mesh-gateway","Service":"g"})")) ==
        "500 1 error occurred:\n\t* Port must be non-zero for a "
        "mesh-gateway\n\n");
}

TEST_CASE("a check must name the node it comes with, letter for letter") {
  CHECK(refused(R"({"Node":"x","Address":"a","Check":{"Node":"y"}})") ==
        "500 check node \"y\" does not match node \"x\"");
  CHECK(refused(R"({"Node":"x","Address":"a","Check":{"Node":"X"}})") ==
        "500 check node \"X\" does not match node \"x\"");
}

TEST_CASE("a registration elsewhere or in no JSON is refused") {
  site at;
  CHECK(refused("") == "400 Request decode failed: EOF");
  CHECK(refused(R"({"Datacenter":"dc9"})") == "500 No path to datacenter");
  CHECK(at.reply("PUT", "/v1/catalog/register?ns=a", "{")
            .starts_with("400 Bad request: Invalid query parameter"));
  // Here the datacenter counts that the body names.
  CHECK(at.reply("PUT", "/v1/catalog/register?dc=dc9&pretty",
                 R"({"Node":"x","Address":"a"})") == "an action");
}

TEST_CASE("a deregistration names a node, and what of it") {
  site at;
  auto gone = [&](const char* body) {
    auto made = at.wish<write_action>("PUT", "/v1/catalog/deregister", body);
    REQUIRE(std::holds_alternative<model::catalog_deregister>(made.command));
    return std::get<model::catalog_deregister>(made.command);
  };
  CHECK(gone(R"({"Node":"x"})") == model::catalog_deregister{"x", "", ""});
  CHECK(gone(R"({"Node":"x","ServiceID":"s","CheckID":"c"})") ==
        model::catalog_deregister{"x", "s", "c"});
  auto no = [&](const char* body, const char* query = "") {
    return at.reply("PUT", "/v1/catalog/deregister" + std::string(query), body);
  };
  CHECK(no("{}") == "500 Must provide node");
  CHECK(no("{") == "400 Request decode failed: unexpected EOF");
  CHECK(no(R"({"Datacenter":"dc9"})") == "500 No path to datacenter");
  CHECK(no("{", "?ns=a").starts_with("400 Bad request: Invalid query"));
}

TEST_CASE("the state of the cluster is asked of the agent") {
  site at;
  CHECK(at.agent<agent::status>("GET", "/v1/status/leader").what ==
        agent::status_of::leader);
  CHECK(at.agent<agent::status>("GET", "/v1/status/peers?ns=a").what ==
        agent::status_of::peers);
  CHECK(at.wish<agent_action>("GET", "/v1/status/peers?pretty").pretty);
  CHECK(at.reply("GET", "/v1/status/leader?dc=dc9&ns=a") ==
        "500 No path to datacenter");
  CHECK(at.reply("GET", "/v1/status/leader?index=x") == "400 Invalid index");
}
