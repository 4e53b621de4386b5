#include "http/options.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using std::chrono::seconds;

namespace {

const std::string namespaces_refused =
    "400 Bad request: Invalid query parameter: \"ns\" - Namespaces are a "
    "Consul Enterprise feature";

} // namespace

TEST_CASE("what an agent tells of itself is asked for without ado") {
  site at;
  (void)at.agent<agent::self>("GET", "/v1/agent/self?ns=a");
  (void)at.agent<agent::host>("GET", "/v1/agent/host");
  (void)at.agent<agent::metrics>("GET", "/v1/agent/metrics");
  (void)at.agent<agent::reload>("PUT", "/v1/agent/reload");
  (void)at.agent<agent::leave>("PUT", "/v1/agent/leave");
  CHECK(at.wish<agent_action>("GET", "/v1/agent/self?pretty").pretty);
  at.node.always_pretty = true;
  CHECK(at.wish<agent_action>("GET", "/v1/agent/self").pretty);
}

TEST_CASE("members are those of the datacenter unless a value says wan") {
  site at;
  CHECK_FALSE(at.agent<agent::members>("GET", "/v1/agent/members").wan);
  CHECK_FALSE(at.agent<agent::members>("GET", "/v1/agent/members?wan").wan);
  CHECK(at.agent<agent::members>("GET", "/v1/agent/members?wan=1").wan);
  auto join = at.agent<agent::join>("PUT", "/v1/agent/join/10.0.0.1?wan=1");
  CHECK(join.address == "10.0.0.1");
  CHECK(join.wan);
}

TEST_CASE("the format of Prometheus is refused, however it is asked for") {
  site at;
  auto refusal = "415 Prometheus is not enabled since its retention time is "
                 "not positive";
  CHECK(at.reply("GET", "/v1/agent/metrics?format=prometheus") == refusal);
  for (auto* accept : {"application/openmetrics-text; version=0.0.1",
                       "text/plain; version=0.4.0; charset=utf-8"})
    CHECK(at.reply("GET", "/v1/agent/metrics", "", {{"Accept", accept}}) ==
          refusal);
  CHECK(at.reply("GET", "/v1/agent/metrics", "", {{"accept", "text/plain"}}) ==
        "an action");
}

TEST_CASE("the log is followed from a level in any letter case") {
  site at;
  CHECK(at.wish<monitor_action>("GET", "/v1/agent/monitor").level == "INFO");
  for (auto [asked, level] :
       {std::pair{"trace", "TRACE"}, std::pair{"Debug", "DEBUG"},
        std::pair{"WARN", "WARN"}, std::pair{"err", "ERR"},
        std::pair{"error", "ERROR"}})
    CHECK(at.wish<monitor_action>("GET", "/v1/agent/monitor?loglevel=" +
                                             std::string(asked))
              .level == level);
  CHECK(at.reply("GET", "/v1/agent/monitor?loglevel=loud") ==
        "400 Bad request: Unknown log level: loud");
}

TEST_CASE("services and checks are listed through a filter") {
  site at;
  CHECK(at.agent<agent::list_services>("GET", "/v1/agent/services").filter ==
        "");
  CHECK(at.agent<agent::list_services>("GET", "/v1/agent/services?filter=a==b")
            .filter == "a==b");
  CHECK(
      at.agent<agent::list_checks>("GET", "/v1/agent/checks?filter=x").filter ==
      "x");
}

TEST_CASE("a service may be waited for by its hash") {
  site at;
  auto plain = at.agent<agent::get_service>("GET", "/v1/agent/service/a/b");
  CHECK(plain.id == "a/b");
  CHECK(plain.hash.empty());
  CHECK(plain.wait == wait_default);
  auto waits = at.agent<agent::get_service>(
      "GET", "/v1/agent/service/a?hash=f00&wait=3s");
  CHECK(waits.hash == "f00");
  CHECK(waits.wait == seconds(3));
  CHECK(
      at.agent<agent::get_service>("GET", "/v1/agent/service/a?wait=9h").wait ==
      wait_max);
  CHECK(at.reply("GET", "/v1/agent/service/a?wait=x") ==
        "400 Invalid wait time");
}

TEST_CASE("a service is registered as its body says") {
  site at;
  auto replace = [&](const std::string& query) {
    auto made = at.agent<agent::register_service>(
        "PUT", "/v1/agent/service/register" + query, R"({"Name":"web"})");
    CHECK(made.wish.service.name == "web");
    return made.replace_checks;
  };
  CHECK_FALSE(replace(""));
  CHECK(replace("?replace-existing-checks"));
  CHECK(replace("?replace-existing-checks=true"));
  CHECK_FALSE(replace("?replace-existing-checks=false"));
  CHECK_FALSE(replace("?replace-existing-checks=maybe"));
  CHECK(at.reply("PUT", "/v1/agent/service/register", "{") ==
        "400 Request decode failed: unexpected EOF");
}

TEST_CASE("a service is deregistered by its id, which must be there") {
  site at;
  CHECK(at.agent<agent::deregister_service>(
              "PUT", "/v1/agent/service/deregister/a%20b")
            .id == "a b");
  CHECK(at.reply("PUT", "/v1/agent/service/deregister/") ==
        "500 ServiceID missing");
  CHECK(at.agent<agent::deregister_check>("PUT", "/v1/agent/check/deregister/c")
            .id == "c");
  CHECK(at.reply("PUT", "/v1/agent/check/deregister/") ==
        "500 CheckID missing");
}

TEST_CASE("a check is registered as its body says") {
  site at;
  auto made = at.agent<agent::register_check>("PUT", "/v1/agent/check/register",
                                              R"({"Name":"c","TTL":"10s"})");
  CHECK(made.wish.name == "c");
  CHECK(made.wish.ttl == seconds(10));
  CHECK(at.reply("PUT", "/v1/agent/check/register", "") ==
        "400 Request decode failed: EOF");
}

TEST_CASE("a client tells how its check stands, with a note") {
  site at;
  for (auto [word, status] :
       {std::pair{"pass", "passing"}, std::pair{"warn", "warning"},
        std::pair{"fail", "critical"}}) {
    auto made = at.agent<agent::update_check>(
        "PUT", "/v1/agent/check/" + std::string(word) + "/c?note=a%20b");
    CHECK(made.id == "c");
    CHECK(made.status == status);
    CHECK(made.output == "a b");
  }
}

TEST_CASE("an update of a check needs a status that is known") {
  site at;
  auto path = "/v1/agent/check/update/c";
  auto made = at.agent<agent::update_check>(
      "PUT", path, R"({"Status":"warning","Output":"o"})");
  CHECK(made.id == "c");
  CHECK(made.status == "warning");
  CHECK(made.output == "o");
  CHECK(at.reply("PUT", path, "{}") == "400 Invalid check status: ''");
  CHECK(at.reply("PUT", path, R"({"Status":"maintenance"})") ==
        "400 Invalid check status: 'maintenance'");
  CHECK(at.reply("PUT", path, "{") ==
        "400 Request decode failed: unexpected EOF");
  // Told before the namespace is refused.
  CHECK(at.reply("PUT", std::string(path) + "?ns=a", "{}") ==
        "400 Invalid check status: ''");
}

TEST_CASE("maintenance of the node is switched on and off with a reason") {
  site at;
  auto on = at.agent<agent::node_maintenance>(
      "PUT", "/v1/agent/maintenance?enable=true&reason=why%20not");
  CHECK(on.enable);
  CHECK(on.reason == "why not");
  CHECK_FALSE(
      at.agent<agent::node_maintenance>("PUT", "/v1/agent/maintenance?enable=0")
          .enable);
  CHECK(at.reply("PUT", "/v1/agent/maintenance") ==
        "400 Missing value for enable");
  CHECK(at.reply("PUT", "/v1/agent/maintenance?enable=") ==
        "400 Invalid value for enable: \"\"");
}

TEST_CASE("maintenance of a service names it, then says on or off") {
  site at;
  auto path = std::string("/v1/agent/service/maintenance/");
  auto on = at.agent<agent::service_maintenance>(
      "PUT", path + "web?enable=t&reason=r");
  CHECK(on.id == "web");
  CHECK(on.enable);
  CHECK(on.reason == "r");
  CHECK(at.reply("PUT", path + "?enable=x") == "400 Missing service ID");
  CHECK(at.reply("PUT", path + "web") == "400 Missing value for enable");
  CHECK(at.reply("PUT", path + "web?enable=y&ns=a") ==
        "400 Invalid value for enable: \"y\"");
}

TEST_CASE("the health of a service is told as JSON or as one word") {
  site at;
  auto by_id = [&](const std::string& query, std::vector<header> headers) {
    return at
        .agent<agent::health_by_id>(
            "GET", "/v1/agent/health/service/id/web" + query, "", headers)
        .text;
  };
  CHECK_FALSE(by_id("", {}));
  CHECK(by_id("?format=text", {}));
  CHECK(by_id("", {{"accept", "text/plain"}}));
  CHECK_FALSE(by_id("?format=json", {}));
  auto by_name = at.agent<agent::health_by_name>(
      "GET", "/v1/agent/health/service/name/web?format=text");
  CHECK(by_name.name == "web");
  CHECK(by_name.text);
  CHECK(at.reply("GET", "/v1/agent/health/service/id/?ns=a") ==
        "500 Bad request: Missing serviceID");
  CHECK(at.reply("GET", "/v1/agent/health/service/name/") ==
        "500 Bad request: Missing service Name");
}

TEST_CASE("services and checks of a namespace are refused") {
  site at;
  for (auto* path : {"services", "checks", "service/x", "health/service/id/x",
                     "health/service/name/x"}) {
    CAPTURE(path);
    CHECK(at.reply("GET", "/v1/agent/" + std::string(path) + "?ns=a") ==
          namespaces_refused);
  }
  for (auto* path :
       {"service/register?", "check/register?", "service/deregister/?",
        "check/deregister/?", "check/pass/x?", "check/warn/x?", "check/fail/x?",
        "service/maintenance/x?enable=true&"}) {
    CAPTURE(path);
    CHECK(at.reply("PUT", "/v1/agent/" + std::string(path) + "ns=a", "{") ==
          namespaces_refused);
  }
}
