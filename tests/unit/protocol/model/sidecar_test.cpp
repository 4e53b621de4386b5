#include "protocol/model/sidecar.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

service_wish web() {
  service_wish made;
  made.service.name = "web";
  made.service.port = 8080;
  made.service.tags = {"t"};
  made.service.meta = string_map{{"m", "1"}};
  made.token = "secret";
  return made;
}

constexpr sidecar_ports some{21000, 21001};

service_wish made_of(const service_wish& owner, service_wish given = {},
                     const local_state& known = local_state("n")) {
  auto made = make_sidecar(owner, std::move(given), some, known);
  REQUIRE(made);
  return *made;
}

void take(local_state& known, const std::string& id, int port) {
  service_wish other;
  other.service.id = other.service.name = id;
  other.service.port = port;
  REQUIRE(known.add_service(other, false, false));
}

} // namespace

TEST_CASE("a sidecar of which nothing is said is like its service") {
  auto made = made_of(web());
  CHECK(made.service.id == "web-sidecar-proxy");
  CHECK(made.service.name == "web-sidecar-proxy");
  CHECK(made.service.kind == "connect-proxy");
  CHECK(made.service.tags == std::vector<std::string>{"t"});
  CHECK(made.service.meta == string_map{{"m", "1"}});
  CHECK(made.service.port == 21000);
  CHECK(made.service.proxy.destination_name == "web");
  CHECK(made.service.proxy.destination_id == "web");
  CHECK(made.service.proxy.local_address == "127.0.0.1");
  CHECK(made.service.proxy.local_port == 8080);
  CHECK(made.token == "secret");
  REQUIRE(made.checks.size() == 2);
  CHECK(made.checks[0].tcp == "127.0.0.1:21000");
  CHECK(made.checks[1].alias_service == "web");
}

TEST_CASE("what is said of a sidecar stands") {
  service_wish given;
  given.service.port = 5;
  given.service.name = "mine";
  given.service.tags = {"q"};
  given.checks.emplace_back().ttl = std::chrono::seconds(5);
  given.service.proxy.local_address = "::1";
  auto made = made_of(web(), given);
  CHECK(made.service.id == "web-sidecar-proxy");
  CHECK(made.service.name == "mine");
  CHECK(made.service.port == 5);
  CHECK(made.service.tags == std::vector<std::string>{"q"});
  CHECK(made.checks.size() == 1);
  given.checks.clear();
  CHECK(made_of(web(), given).checks[0].tcp == "[::1]:5");
}

TEST_CASE("a sidecar gets the first port that is free, and keeps it") {
  local_state known("n");
  take(known, "other", 21000);
  CHECK(made_of(web(), {}, known).service.port == 21001);
  take(known, "web-sidecar-proxy", 21001);
  CHECK(made_of(web(), {}, known).service.port == 21001);
}

TEST_CASE("without a port that is free there is no sidecar") {
  local_state known("n");
  take(known, "one", 21000);
  take(known, "two", 21001);
  auto none = make_sidecar(web(), {}, some, known);
  REQUIRE_FALSE(none);
  CHECK(none.failure().text == "no port provided for sidecar_service and none "
                               "left in the configured range [21000, 21001]");
  CHECK_FALSE(make_sidecar(web(), {}, {}, known));
}

TEST_CASE("a sidecar has neither an id of its own nor a sidecar") {
  service_wish given;
  CHECK(sidecar_faults(given).empty());
  given.service.id = "x";
  given.sidecar_json = "{}";
  CHECK(sidecar_faults(given).size() == 2);
}
