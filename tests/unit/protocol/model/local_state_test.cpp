#include "protocol/model/local_state.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using std::chrono::seconds;

namespace {

using texts = std::vector<std::string>;

check_wish ttl_check(const char* id = "", const char* name = "") {
  check_wish made;
  made.id = id;
  made.name = name;
  made.ttl = seconds(10);
  return made;
}

service_wish service_named(const char* name,
                           std::vector<check_wish> checks = {}) {
  service_wish made;
  made.service.name = name;
  made.checks = std::move(checks);
  return made;
}

texts check_ids(const local_state& of) {
  texts ids;
  for (auto& [id, one] : of.checks)
    ids.push_back(id);
  return ids;
}

texts service_ids(const local_state& of) {
  texts ids;
  for (auto& [id, one] : of.services)
    ids.push_back(id);
  return ids;
}

probe_changes add(local_state& to, service_wish wish, bool replace = false) {
  auto done = to.add_service(std::move(wish), replace, false);
  REQUIRE(done);
  return *done;
}

probe_changes add(local_state& to, check_wish wish) {
  auto done = to.add_check(std::move(wish), false);
  REQUIRE(done);
  return *done;
}

probe_changes define(local_state& to, std::vector<service_wish> services,
                     std::vector<check_wish> checks = {}) {
  auto done = to.set_definitions(std::move(services), std::move(checks));
  REQUIRE(done);
  return *done;
}

// The names of the addresses that the agent adds, with their address.
std::string tagged(const char* address) {
  service made;
  made.name = "web";
  made.address = address;
  made.port = 80;
  complete(made);
  if (!made.tagged_addresses)
    return "none";
  std::string text;
  for (auto& [name, one] : *made.tagged_addresses)
    text += name + "=" + one.address + ":" + std::to_string(one.port) + " ";
  return text;
}

} // namespace

TEST_CASE("a service without an id takes its name, and it has metadata") {
  service made;
  made.name = "web";
  complete(made);
  CHECK(made.id == "web");
  CHECK(made.meta == string_map{});
  made.id = "own";
  made.meta = string_map{{"k", "v"}};
  complete(made);
  CHECK(made.id == "own");
  CHECK(made.meta == string_map{{"k", "v"}});
}

TEST_CASE("an address is repeated by its family") {
  CHECK(tagged("10.0.0.1") == "lan_ipv4=10.0.0.1:80 wan_ipv4=10.0.0.1:80 ");
  CHECK(tagged("::1") == "lan_ipv6=::1:80 wan_ipv6=::1:80 ");
  CHECK(tagged("::1.2.3.4").starts_with("lan_ipv6="));
  CHECK(tagged("::").starts_with("lan_ipv6="));
  CHECK(tagged("1:2:3:4:5:6:7:8").starts_with("lan_ipv6="));
  CHECK(tagged("1:2:3:4:5:6:1.2.3.4").starts_with("lan_ipv6="));
  CHECK(tagged("1::").starts_with("lan_ipv6="));
  CHECK(tagged("010.0.0.1").starts_with("lan_ipv4=010.0.0.1"));
  CHECK(tagged("::ffff:10.0.0.1").starts_with("lan_ipv4=::ffff:10.0.0.1"));
  CHECK(tagged("::FFFF:10.0.0.1").starts_with("lan_ipv4="));
}

TEST_CASE("what is no address is not repeated") {
  for (auto* address : {"",
                        "host",
                        "1.2.3",
                        "1.2.3.4.5",
                        "999.1.1.1",
                        "1.2.3.",
                        ".1.2.3",
                        "1..2.3",
                        "1.2.3.4x",
                        ":",
                        ":::",
                        "1:::2",
                        "1::2::3",
                        "12345::1",
                        "1:2:3:4:5:6:7",
                        "1:2:3:4:5:6:7:8:9",
                        "1:2:3:4:5:6:7::8",
                        "1:",
                        ":1",
                        "g::1",
                        "fe80::1%eth0",
                        "1.2.3.4::",
                        "::1.2.3.400",
                        "99999999999999999999.0.0.1"}) {
    CAPTURE(address);
    CHECK(tagged(address) == "none");
  }
}

TEST_CASE("an address that was given is not written over") {
  service made;
  made.address = "10.0.0.1";
  made.port = 1;
  made.tagged_addresses = {{"lan_ipv4", {"1.1.1.1", 9}}, {"x", {"h", 2}}};
  complete(made);
  CHECK(*made.tagged_addresses ==
        std::map<std::string, service_address>{{"lan_ipv4", {"1.1.1.1", 9}},
                                               {"wan_ipv4", {"10.0.0.1", 1}},
                                               {"x", {"h", 2}}});
}

TEST_CASE("a wish that cannot be is refused in a fixed order") {
  auto wish = service_named("web");
  CHECK(fault_of(wish).empty());
  wish.checks = {ttl_check()};
  wish.checks[0].status = "odd";
  CHECK(fault_of(wish) ==
        "Status for checks must 'passing', 'warning', 'critical'");
  wish.service.weights.warning = -1;
  CHECK(fault_of(wish) ==
        "Invalid Weights: Warning must be greater or equal than 0");
  wish.service.weights.passing = 0;
  CHECK(fault_of(wish) == "Invalid Weights: Passing must be greater than 0");
  for (auto* address : {"0.0.0.0", "::", "[::]"}) {
    wish.service.address = address;
    CHECK(fault_of(wish) == "Invalid service address");
  }
  wish.service.name = "";
  CHECK(fault_of(wish) == "Missing service name");
}

TEST_CASE("proxies and gateways have faults of their own") {
  service made;
  made.name = "p";
  CHECK(proxy_faults(made).empty());
  made.kind = "connect-proxy";
  made.connect_native = true;
  CHECK(joined_faults(proxy_faults(made))
            .starts_with("3 errors occurred:\n\t* Proxy.Dest"));
  made.connect_native = false;
  made.proxy.destination_name = "web";
  made.socket_path = "/run/p";
  CHECK(proxy_faults(made).empty());
  made.kind = "mesh-gateway";
  made.proxy = {"a", "b", "c", 1, "", "", "[{}]", ""};
  CHECK(joined_faults(proxy_faults(made)) ==
        joined_faults(
            {"Port must be non-zero for a mesh-gateway",
             "The Proxy.DestinationServiceName configuration is invalid for a "
             "mesh-gateway",
             "The Proxy.DestinationServiceID configuration is invalid for a "
             "mesh-gateway",
             "The Proxy.LocalServiceAddress configuration is invalid for a "
             "mesh-gateway",
             "The Proxy.LocalServicePort configuration is invalid for a "
             "mesh-gateway",
             "The Proxy.Upstreams configuration is invalid for a "
             "mesh-gateway"}));
  made.kind = "ingress-gateway";
  made.proxy = {};
  CHECK(proxy_faults(made).empty()); // its listeners are configured elsewhere
}

TEST_CASE("faults are joined as clients know them") {
  CHECK(joined_faults({"a"}) == "1 error occurred:\n\t* a\n\n");
  CHECK(joined_faults({"a", "b"}) == "2 errors occurred:\n\t* a\n\t* b\n\n");
}

TEST_CASE("a check of a service gets an id and a name") {
  local_state state("n1");
  auto changes = add(state, service_named("web", {ttl_check()}));
  CHECK(changes.start == texts{"service:web"});
  CHECK(changes.stop.empty());
  auto& record = state.checks.at("service:web").record;
  CHECK(record.name == "Service 'web' check");
  CHECK(record.node == "n1");
  CHECK(record.service_id == "web");
  CHECK(record.service_name == "web");
  CHECK(record.status == check_status::critical);
  CHECK(record.type == "ttl");
  CHECK(state.services.at("web").wish.service.node == "n1");
}

TEST_CASE("several checks of a service are numbered by their places") {
  local_state state("n1");
  add(state, service_named(
                 "web", {ttl_check(), ttl_check("own", "Own"), ttl_check()}));
  CHECK(check_ids(state) == texts{"own", "service:web:1", "service:web:3"});
  CHECK(state.checks.at("own").record.name == "Own");
  CHECK(state.checks_of("web").size() == 3);
  CHECK(state.checks_of("other").empty());
}

TEST_CASE("a check starts with the status of its wish") {
  local_state state;
  auto wish = ttl_check("c", "c");
  wish.status = check_status::passing;
  add(state, wish);
  CHECK(state.checks.at("c").record.status == check_status::passing);
}

TEST_CASE("a service that is registered again keeps how its checks stand") {
  local_state state("n1");
  add(state, service_named("web", {ttl_check()}));
  CHECK(state.set_status("service:web", check_status::passing, "fine"));
  auto again = service_named("web", {ttl_check()});
  again.service.tags = {"new"};
  auto changes = add(state, again);
  CHECK(changes.start == texts{"service:web"}); // its probe may be another
  auto& record = state.checks.at("service:web").record;
  CHECK(record.status == check_status::passing);
  CHECK(record.output == "fine");
  CHECK(record.service_tags == texts{"new"});
}

TEST_CASE("checks that are not named again stay, with what they repeat") {
  local_state state("n1");
  add(state, service_named("web", {ttl_check("a", "a"), ttl_check("b", "b")}));
  auto again = service_named("web", {ttl_check("b", "b")});
  again.service.tags = {"t"};
  auto changes = add(state, again);
  CHECK(changes.start == texts{"b"});
  CHECK(changes.stop.empty());
  CHECK(check_ids(state) == texts{"a", "b"});
  CHECK(state.checks.at("a").record.service_tags == texts{"t"});
}

TEST_CASE("checks that are not named again go when all are replaced") {
  local_state state("n1");
  add(state, service_named("web", {ttl_check("a", "a"), ttl_check("b", "b")}));
  add(state, service_named("other", {ttl_check("o", "o")}));
  auto changes = add(state, service_named("web", {ttl_check("b", "b")}), true);
  CHECK(changes.start == texts{"b"});
  CHECK(changes.stop == texts{"a"});
  CHECK(check_ids(state) == texts{"b", "o"});
}

TEST_CASE("a service leaves with its checks") {
  local_state state("n1");
  add(state, service_named("web", {ttl_check("a", "a"), ttl_check("b", "b")}));
  add(state, ttl_check("own", "own"));
  probe_changes changes;
  CHECK(state.remove_service("web", changes));
  CHECK(changes.stop == texts{"a", "b"});
  CHECK(check_ids(state) == texts{"own"});
  CHECK_FALSE(state.remove_service("web", changes));
  CHECK(changes.stop.size() == 2);
}

TEST_CASE("a check takes its name as its id and may belong to a service") {
  local_state state("n1");
  auto wish = ttl_check("", "mine");
  wish.service_id = "web";
  auto refused = state.add_check(wish, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure() ==
        error{errc::not_found, "ServiceID \"web\" does not exist"});
  auto owner = service_named("web");
  owner.service.tags = {"t"};
  add(state, owner);
  CHECK(add(state, wish).start == texts{"mine"});
  auto& record = state.checks.at("mine").record;
  CHECK(record.service_name == "web");
  CHECK(record.service_tags == texts{"t"});
}

TEST_CASE("a check that is registered on its own starts anew") {
  local_state state;
  add(state, ttl_check("c", "c"));
  CHECK(state.set_status("c", check_status::passing, "fine"));
  add(state, ttl_check("c", "c"));
  CHECK(state.checks.at("c").record.status == check_status::critical);
  CHECK(state.checks.at("c").record.output.empty());
}

TEST_CASE("a status is news only if something changed") {
  local_state state;
  add(state, ttl_check("c", "c"));
  CHECK(state.set_status("c", check_status::passing, ""));
  CHECK_FALSE(state.set_status("c", check_status::passing, ""));
  CHECK(state.set_status("c", check_status::passing, "output"));
  CHECK_FALSE(state.set_status("gone", check_status::passing, ""));
}

TEST_CASE("a check is removed once") {
  local_state state;
  add(state, ttl_check("c", "c"));
  probe_changes changes;
  CHECK(state.remove_check("c", changes));
  CHECK_FALSE(state.remove_check("c", changes));
  CHECK(changes.stop == texts{"c"});
}

TEST_CASE("definitions add, change and drop what came from files") {
  local_state state("n1");
  define(state, {service_named("a", {ttl_check()}), service_named("b")},
         {ttl_check("c", "c"), ttl_check("", "d")});
  CHECK(service_ids(state) == texts{"a", "b"});
  CHECK(check_ids(state) == texts{"c", "d", "service:a"});
  state.set_status("c", check_status::passing, "fine");
  state.set_status("service:a", check_status::warning, "hm");

  auto changed = service_named("a", {ttl_check("x", "x")});
  changed.service.port = 80;
  auto changes = define(state, {changed}, {ttl_check("c", "c")});
  CHECK(service_ids(state) == texts{"a"});
  CHECK(check_ids(state) == texts{"c", "x"});
  CHECK(state.services.at("a").wish.service.port == 80);
  CHECK(state.checks.at("c").record.status == check_status::passing);
  CHECK(state.checks.at("c").record.output == "fine");
  CHECK(changes.start == texts{"x", "c"});
  CHECK(changes.stop == texts{"d", "service:a"});
}

TEST_CASE("definitions leave alone what came by the API") {
  local_state state("n1");
  add(state, service_named("api", {ttl_check()}));
  add(state, ttl_check("own", "own"));
  define(state, {service_named("file")}, {ttl_check("f", "f")});
  auto changes = define(state, {});
  CHECK(service_ids(state) == texts{"api"});
  CHECK(check_ids(state) == texts{"own", "service:api"});
  CHECK(changes.stop == texts{"f"});
}

TEST_CASE("a fault in the definitions refuses all of them") {
  local_state state("n1");
  define(state, {service_named("a")}, {ttl_check("c", "c")});
  auto orphan = ttl_check("o", "o");
  orphan.service_id = "nobody";
  auto refused = state.set_definitions({service_named("b")}, {orphan});
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().code == errc::not_found);
  CHECK(service_ids(state) == texts{"a"});
  CHECK(check_ids(state) == texts{"c"});
}

TEST_CASE("an agent has at most so many services and checks") {
  local_state state;
  auto service = service_named("x");
  for (std::size_t i = 0; i < local_services_max; ++i) {
    state.services["s" + std::to_string(i)];
    state.checks["c" + std::to_string(i)];
  }
  static_assert(local_services_max == local_checks_max);
  auto one_more = state.add_service(service, false, false);
  REQUIRE_FALSE(one_more);
  CHECK(one_more.failure().code == errc::unavailable);
  CHECK(one_more.failure().text == "this agent has 65536 services already, "
                                   "which is the limit");
  // One that is there already may be changed.
  service.service.id = "s7";
  CHECK(state.add_service(service, false, false));
  service.checks = {ttl_check("new", "new")};
  CHECK_FALSE(state.add_service(service, false, false));
  CHECK_FALSE(state.add_check(ttl_check("new", "new"), false));
  CHECK(state.add_check(ttl_check("c7", "c7"), false));
  service.checks = {ttl_check("c7", "c7")};
  CHECK(state.add_service(service, false, false));
}

TEST_CASE("the ids of maintenance are those that clients know") {
  CHECK(std::string(node_maintenance_id) == "_node_maintenance");
  CHECK(std::string(service_maintenance_prefix) + "web" ==
        "_service_maintenance:web");
}
