#include "protocol/model/command.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using model::query_kind;
using std::chrono::seconds;

namespace {

constexpr const char* create_path = "/v1/session/create";

model::session created(const site& at, const std::string& body) {
  auto made = at.wish<write_action>("PUT", create_path, body);
  REQUIRE(std::holds_alternative<model::session_create>(made.command));
  return std::get<model::session_create>(made.command).session;
}

std::string refused(const std::string& body, const std::string& query = "") {
  return site().reply("PUT", create_path + query, body);
}

} // namespace

TEST_CASE("a session gets its id here and is answered with it") {
  site at;
  auto made = at.wish<write_action>("PUT", "/v1/session/create?pretty", "");
  CHECK(made.reply == write_reply::session);
  CHECK(made.session_id == at.node.make_id());
  CHECK(made.pretty);
  auto session = created(at, R"({"ID":"mine"})");
  CHECK(session.id == at.node.make_id());
}

TEST_CASE("a session without wishes is of our node and dies with it") {
  auto session = created(site(), "");
  CHECK(session.node == "n1");
  CHECK(session.lock_delay == seconds(15));
  CHECK(session.behavior == model::session_behavior::release);
  CHECK(session.ttl.empty());
  CHECK(session.node_checks == std::vector<std::string>{"serfHealth"});
}

TEST_CASE("a session is made as wished") {
  auto session =
      created(site(), R"({"Node":"x","Name":"n","TTL":"30s","Behavior":"delete",
                  "LockDelay":"20s","NodeChecks":["c"]})");
  CHECK(session.node == "x");
  CHECK(session.name == "n");
  CHECK(session.ttl == "30s");
  CHECK(session.behavior == model::session_behavior::remove);
  CHECK(session.lock_delay == seconds(20));
  CHECK(session.node_checks == std::vector<std::string>{"c"});
}

TEST_CASE("checks of the old kind are kept, though clients don't see them") {
  auto session = created(site(), R"({"Checks":["a"]})");
  CHECK(session.hidden_checks == std::vector<std::string>{"a"});
}

TEST_CASE("a lock delay is kept as it is given, as Consul keeps it") {
  CHECK(created(site(), R"({"LockDelay":"60s"})").lock_delay == seconds(60));
  CHECK(created(site(), R"({"LockDelay":"61s"})").lock_delay == seconds(61));
  CHECK(created(site(), R"({"LockDelay":70})").lock_delay == seconds(70));
}

TEST_CASE("a time to live is between the node's least and a day") {
  for (auto* ttl : {"10s", "86400s", "24h", "0s", "-0s", ""})
    CHECK(created(site(), R"({"TTL":")" + std::string(ttl) + "\"}").ttl == ttl);
  auto outside = [](const char* ttl) {
    return refused(R"({"TTL":")" + std::string(ttl) + "\"}");
  };
  CHECK(outside("9999ms") == "500 Invalid Session TTL '9999000000', must be "
                             "between [10s=24h0m0s]");
  CHECK(outside("86401s") == "500 Invalid Session TTL '86401000000000', must "
                             "be between [10s=24h0m0s]");
  CHECK(outside("-5s") == "500 Invalid Session TTL '-5000000000', must be "
                          "between [10s=24h0m0s]");
  CHECK(outside("x").starts_with("500 Session TTL 'x' invalid: "));
  site quick;
  quick.node.session_ttl_min = seconds(1);
  CHECK(created(quick, R"({"TTL":"1s"})").ttl == "1s");
}

TEST_CASE("an unknown behaviour is told before a bad time to live") {
  CHECK(refused(R"({"Behavior":"Release"})") ==
        "500 Invalid Behavior setting 'Release'");
  CHECK(refused(R"({"Behavior":"x","TTL":"y"})") ==
        "500 Invalid Behavior setting 'x'");
  CHECK(refused(R"({"Behavior":"release"})") == "an action");
}

TEST_CASE("a session's faults are told in order") {
  CHECK(refused("{", "?ns=a&dc=dc9").starts_with("400 Bad request"));
  CHECK(refused("{", "?dc=dc9") == "400 Request decode failed: unexpected EOF");
  CHECK(refused(R"({"Behavior":"x"})", "?dc=dc9") ==
        "500 No path to datacenter");
  // A session is not read, so how to read is not looked at.
  CHECK(refused("{}", "?index=x&stale&consistent") == "an action");
}

TEST_CASE("a session is destroyed by its id") {
  site at;
  auto made = at.wish<write_action>(
      "PUT", "/v1/session/destroy/" + std::string(no_session) + "?index=x");
  CHECK(made.reply == write_reply::boolean);
  REQUIRE(std::holds_alternative<model::session_destroy>(made.command));
  CHECK(std::get<model::session_destroy>(made.command).id == no_session);
}

TEST_CASE("a session is renewed by its id, which asks the agent") {
  site at;
  auto path = "/v1/session/renew/" + std::string(no_session);
  CHECK(at.agent<agent::renew_session>("PUT", path).id == no_session);
  CHECK(at.wish<agent_action>("PUT", path + "?pretty").pretty);
  CHECK(at.reply("PUT", path + "?index=x") == "400 Invalid index");
}

TEST_CASE("what cannot be an id is refused as Consul's index refuses it") {
  site at;
  const std::pair<std::string, std::string> wrong[] = {
      {"x", "UUID must be 36 characters"},
      {"00000000-0000-0000-0000-00000000000-",
       "UUID should have maximum of 4 \"-\"; got 5"},
      {"00000000-0000-0000-000000000000000000", "UUID must be 36 characters"},
      {"00000000-0000-0000-0000000000000000a",
       "Input (without hyphens) must be even length"},
      {"zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
       "Invalid UUID: encoding/hex: invalid byte: U+007A 'z'"},
  };
  for (auto& [id, why] : wrong) {
    CAPTURE(id);
    auto expected = "500 failed session lookup: index error: " + why;
    CHECK(at.reply("PUT", "/v1/session/destroy/" + id) == expected);
    CHECK(at.reply("PUT", "/v1/session/renew/" + id) == expected);
    CHECK(at.reply("GET", "/v1/session/info/" + id) == expected);
  }
}

TEST_CASE("a change of a session refuses datacenter before id") {
  site at;
  for (std::string path : {"/v1/session/destroy/", "/v1/session/renew/"}) {
    CAPTURE(path);
    CHECK(at.reply("PUT", path + "?dc=dc9") == "400 Missing session");
    CHECK(at.reply("PUT", path + "?ns=a").starts_with("400 Bad request"));
    CHECK(at.reply("PUT", path + "x?dc=dc9") == "500 No path to datacenter");
    CHECK(at.reply("PUT", path + "x?ns=a").starts_with("400 Bad request"));
  }
}

TEST_CASE("sessions are read one by one, by node, or all") {
  site at;
  auto one = at.wish<read_action>("GET", "/v1/session/info/" +
                                             std::string(no_session));
  CHECK(one.query.kind == query_kind::session_info);
  CHECK(one.query.name == no_session);
  CHECK_FALSE(one.tells_consistency);
  auto of_node = at.wish<read_action>("GET", "/v1/session/node/n?index=3");
  CHECK(of_node.query.kind == query_kind::session_node);
  CHECK(of_node.query.name == "n");
  CHECK(of_node.options.index == 3);
  CHECK(at.wish<read_action>("GET", "/v1/session/list").query.kind ==
        query_kind::session_list);
}

TEST_CASE("a read of sessions refuses options, namespace, name, datacenter") {
  site at;
  for (auto [path, missing] :
       {std::pair{"/v1/session/info/", "400 Missing session"},
        std::pair{"/v1/session/node/", "400 Missing node name"}}) {
    CAPTURE(path);
    auto at_path = std::string(path);
    CHECK(at.reply("GET", at_path + "?ns=a&index=x") == "400 Invalid index");
    CHECK(at.reply("GET", at_path + "?ns=a").starts_with("400 Bad request"));
    CHECK(at.reply("GET", at_path + "?dc=dc9") == missing);
    CHECK(at.reply("GET", at_path + "x?dc=dc9") == "500 No path to datacenter");
  }
  CHECK(at.reply("GET", "/v1/session/list?dc=dc9") ==
        "500 No path to datacenter");
}
