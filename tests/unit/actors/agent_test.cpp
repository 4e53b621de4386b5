#include "actors/agent.hpp"

#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using tests::actor_world;

struct agent_fixture {
  tests::probe_log probes;
  actor_world world;
  tests::fake_raft raft{world};
  std::shared_ptr<agent_facts> facts = std::make_shared<agent_facts>();
  status reload_outcome;
  int left = 0;
  agent_actor own;

  agent_fixture() {
    facts->version = "1.8.7";
    facts->node.name = "n";
    facts->node.address = "10.0.0.1";
    facts->node.meta.emplace();
    facts->config.server = true;
    facts->config.checks_policy.update_interval = 5min;
    auto parts = std::make_shared<agent_parts>();
    parts->facts = facts;
    parts->gateway = raft.gate();
    parts->readers = raft.readers;
    parts->time = &world.time;
    parts->start_probe = probes.starter();
    parts->on_reload = [this] { return reload_outcome; };
    parts->on_leave = [this] { ++left; };
    own = world.spawn(agent, std::move(parts));
    world.tell(own, at::lead::value, true);
    raft.commands.clear();
  }
  ~agent_fixture() { world.tell(own, at::stop::value); }

  tests::reply_ptr<http::rendered_ptr> ask(http::agent::request what) {
    http::agent_action asked;
    asked.request = std::move(what);
    return world.ask<http::rendered_ptr>(own, at::call::value,
                                         std::move(asked));
  }
  http::rendered_ptr call(http::agent::request what) {
    auto reply = ask(std::move(what));
    REQUIRE(reply->value);
    return *reply->value;
  }
  std::string text_of(http::agent::request what) {
    auto answer = call(std::move(what));
    return answer->body ? *answer->body : "";
  }
  static http::agent::register_service web(int port = 80) {
    http::agent::register_service made;
    made.wish.service.name = "web";
    made.wish.service.port = port;
    return made;
  }
  static model::check_wish ttl_wish(const std::string& id) {
    model::check_wish wish;
    wish.id = wish.name = id;
    wish.ttl = 10s;
    return wish;
  }
  const storage::catalog_table& catalog() { return raft.state().catalog; }
  std::string status_of(const std::string& check) {
    auto found = catalog().check("n", check);
    return found ? found->status : "absent";
  }
};

TEST_CASE_FIXTURE(agent_fixture, "an agent registers its node as soon as "
                                 "somebody leads") {
  REQUIRE(catalog().node("n"));
  CHECK(catalog().node("n")->address == "10.0.0.1");
}

TEST_CASE_FIXTURE(agent_fixture, "what the leader left out of the node comes "
                                 "back at once") {
  raft.put(tests::register_node("n", "10.0.0.1"));
  CHECK(!catalog().node("n")->meta);
  world.pass(sync_again);
  CHECK(catalog().node("n")->meta);
}

TEST_CASE_FIXTURE(agent_fixture, "a service is in the catalogue when its "
                                 "registration is answered") {
  raft.holds = true;
  auto asked = web();
  asked.wish.checks.push_back(ttl_wish("alive"));
  auto reply = ask(asked);
  CHECK(reply->pending());
  raft.release();
  REQUIRE(reply->value);
  CHECK((*reply->value)->status == 200);
  auto known = catalog().service("n", "web");
  REQUIRE(known);
  CHECK(known->port == 80);
  CHECK(status_of("alive") == "critical");
  CHECK(catalog().check("n", "alive")->service_id == "web");
  CHECK(catalog().check("n", "alive")->type == "ttl");
}

TEST_CASE_FIXTURE(agent_fixture, "a service that goes takes its checks along, "
                                 "and its probes") {
  auto asked = web();
  model::check_wish tcp;
  tcp.id = tcp.name = "port";
  tcp.tcp = "127.0.0.1:80";
  tcp.interval = 10s;
  asked.wish.checks.push_back(tcp);
  call(asked);
  CHECK(call(http::agent::deregister_service{"web"})->status == 200);
  CHECK_FALSE(catalog().service("n", "web"));
  CHECK(status_of("port") == "absent");
  world.pass(1min);
  CHECK(probes.starts.empty());
}

TEST_CASE_FIXTURE(agent_fixture, "the first leader gives the cluster the rules "
                                 "of its files, the next keeps them") {
  REQUIRE(raft.state().autopilot);
  CHECK(raft.state().autopilot->max_trailing_logs == 250);
  auto made = raft.state().autopilot->modified;
  world.tell(own, at::lead::value, false);
  world.tell(own, at::lead::value, true);
  CHECK(raft.state().autopilot->modified == made);
}

TEST_CASE_FIXTURE(agent_fixture, "a service comes and goes with its sidecar") {
  auto asked = web();
  asked.wish.sidecar_json = R"({"Port":7})";
  CHECK(call(asked)->status == 200);
  auto sidecar = catalog().service("n", "web-sidecar-proxy");
  REQUIRE(sidecar);
  CHECK(sidecar->port == 7);
  CHECK(sidecar->proxy.destination_id == "web");
  CHECK(status_of("service:web-sidecar-proxy:1") == "critical");
  CHECK(call(http::agent::deregister_service{"web"})->status == 200);
  CHECK_FALSE(catalog().service("n", "web-sidecar-proxy"));
  CHECK(status_of("service:web-sidecar-proxy:1") == "absent");
}

TEST_CASE_FIXTURE(agent_fixture, "a proxy that was registered on its own stays "
                                 "when its service goes") {
  auto proxy = web();
  proxy.wish.service.id = proxy.wish.service.name = "web-sidecar-proxy";
  call(proxy);
  call(web());
  call(http::agent::deregister_service{"web"});
  CHECK(catalog().service("n", "web-sidecar-proxy"));
}

TEST_CASE_FIXTURE(agent_fixture,
                  "a sidecar that cannot be refuses its service") {
  auto asked = web();
  asked.wish.sidecar_json = R"({"ID":"x"})";
  CHECK(text_of(asked) ==
        "1 error occurred:\n\t* A SidecarService cannot specify an ID as this "
        "is managed by the agent\n\n");
  CHECK_FALSE(catalog().service("n", "web"));
}

TEST_CASE_FIXTURE(agent_fixture, "files may name sidecars, which get different "
                                 "ports") {
  local_definitions wanted;
  for (std::string name : {"a", "b"}) {
    auto& made = wanted.services.emplace_back();
    made.service.name = name;
    made.sidecar_json = "{}";
  }
  world.tell(own, at::reload::value, wanted);
  auto a = catalog().service("n", "a-sidecar-proxy");
  auto b = catalog().service("n", "b-sidecar-proxy");
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->port == 21000);
  CHECK(b->port == 21001);
  world.tell(own, at::reload::value, wanted);
  CHECK(catalog().service("n", "a-sidecar-proxy")->port == 21000);
  world.tell(own, at::reload::value, local_definitions{});
  CHECK_FALSE(catalog().service("n", "a-sidecar-proxy"));
}

TEST_CASE_FIXTURE(agent_fixture, "metrics are numbers with Consul's names, in "
                                 "two forms") {
  call(web());
  auto json = text_of(http::agent::metrics{});
  CHECK(
      json.find(R"({"Name":"consul.agent.services","Value":1,"Labels":{}})") !=
      json.npos);
  auto answer = call(http::agent::metrics{true});
  CHECK(answer->content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(answer->body->find("# TYPE consul_agent_services gauge\n"
                           "consul_agent_services 1\n") != std::string::npos);
}

TEST_CASE_FIXTURE(agent_fixture, "metrics that the rules block are not shown") {
  facts->config.telemetry.metrics_prefix = "mine";
  facts->config.telemetry.blocked_prefixes = {"mine.agent"};
  facts->config.telemetry.allowed_prefixes = {"mine.agent.services"};
  auto json = text_of(http::agent::metrics{});
  CHECK(json.find("mine.raft.applied_index") != json.npos);
  CHECK(json.find("mine.agent.services") != json.npos);
  CHECK(json.find("mine.agent.checks") == json.npos);
}

TEST_CASE_FIXTURE(agent_fixture, "what nobody registered is not taken away, "
                                 "and that is no error") {
  CHECK(call(http::agent::deregister_service{"none"})->status == 200);
  CHECK(call(http::agent::deregister_check{"none"})->status == 200);
  CHECK(raft.commands.empty());
}

TEST_CASE_FIXTURE(agent_fixture, "a faulty registration changes nothing") {
  CHECK(call(http::agent::register_service{})->status == 400);
  auto no_schedule = web();
  no_schedule.wish.checks.emplace_back().http = "http://127.0.0.1/";
  CHECK(call(no_schedule)->status == 400);
  auto script = web();
  auto& check = script.wish.checks.emplace_back();
  check.args = {"true"};
  check.interval = 10s;
  CHECK(call(script)->status == 500); // scripts are off unless allowed
  model::check_wish stray = ttl_wish("c");
  stray.service_id = "nobody";
  CHECK(call(http::agent::register_check{stray})->status == 500);
  CHECK(raft.commands.empty());
}

TEST_CASE_FIXTURE(agent_fixture, "a registration with replace-existing-checks "
                                 "drops the checks that it does not name") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a"), ttl_wish("b")};
  call(asked);
  asked.wish.checks = {ttl_wish("b")};
  call(asked);
  CHECK(status_of("a") == "critical"); // without it, they stay
  asked.replace_checks = true;
  call(asked);
  CHECK(status_of("a") == "absent");
  CHECK(status_of("b") == "critical");
}

TEST_CASE_FIXTURE(agent_fixture, "a check keeps its status when its service is "
                                 "registered again") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  call(asked);
  call(http::agent::update_check{"a", "passing", "fine"});
  call(asked);
  CHECK(status_of("a") == "passing");
}

TEST_CASE_FIXTURE(agent_fixture, "a TTL check follows its client's word, and "
                                 "the lack of it") {
  call(http::agent::register_check{ttl_wish("a")});
  CHECK(call(http::agent::update_check{"a", "passing", "fine"})->status == 200);
  CHECK(status_of("a") == "passing");
  CHECK(catalog().check("n", "a")->output == "fine");
  world.pass(10s + 8ms);
  CHECK(status_of("a") == "critical");
}

TEST_CASE_FIXTURE(agent_fixture, "only checks with a TTL take a client's "
                                 "word") {
  CHECK(call(http::agent::update_check{"none", "passing", ""})->status == 500);
  model::check_wish tcp;
  tcp.id = tcp.name = "port";
  tcp.tcp = "127.0.0.1:80";
  tcp.interval = 10s;
  call(http::agent::register_check{tcp});
  CHECK(call(http::agent::update_check{"port", "passing", ""})->status == 500);
}

TEST_CASE_FIXTURE(agent_fixture, "a check without a limit of its own for its "
                                 "output has the agent's") {
  auto wish = ttl_wish("a");
  wish.output_max_size = 0;
  call(http::agent::register_check{wish});
  CHECK(
      call(http::agent::update_check{"a", "passing", std::string(10'000, 'x')})
          ->status == 200);
  auto output = catalog().check("n", "a")->output;
  CHECK(output.size() > 4096);
  CHECK(output.size() < 4200);
}

TEST_CASE_FIXTURE(agent_fixture, "a probe's finding reaches the catalogue") {
  model::check_wish tcp;
  tcp.id = tcp.name = "port";
  tcp.tcp = "127.0.0.1:80";
  tcp.interval = 10s;
  call(http::agent::register_check{tcp});
  world.pass(10s);
  REQUIRE(probes.starts.size() == 1);
  probes.finish(world, "passing", "connected");
  CHECK(status_of("port") == "passing");
}

TEST_CASE_FIXTURE(agent_fixture, "output alone waits for the next comparison "
                                 "with the catalogue that takes it along") {
  model::check_wish tcp;
  tcp.id = tcp.name = "port";
  tcp.tcp = "127.0.0.1:80";
  tcp.interval = 10s;
  call(http::agent::register_check{tcp});
  world.pass(10s);
  probes.finish(world, "passing", "first");
  world.pass(10s);
  probes.finish(world, "passing", "second");
  CHECK(catalog().check("n", "port")->output == "first");
  world.pass(6min);
  CHECK(catalog().check("n", "port")->output == "second");
}

TEST_CASE_FIXTURE(agent_fixture, "an alias repeats the worst of the checks of "
                                 "its service") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  call(asked);
  model::check_wish alias;
  alias.id = alias.name = "like web";
  alias.alias_service = "web";
  call(http::agent::register_check{alias});
  CHECK(status_of("like web") == "critical");
  call(http::agent::update_check{"a", "passing", ""});
  CHECK(status_of("like web") == "passing");
  call(http::agent::update_check{"a", "warning", ""});
  CHECK(status_of("like web") == "warning");
}

TEST_CASE_FIXTURE(agent_fixture, "maintenance is a critical check of its own "
                                 "type, and its end removes it") {
  call(web());
  call(http::agent::service_maintenance{"web", true, "cleaning"});
  auto id = std::string(model::service_maintenance_prefix) + "web";
  REQUIRE(status_of(id) == "critical");
  auto check = catalog().check("n", id);
  CHECK(check->notes == "cleaning");
  CHECK(check->service_id == "web");
  CHECK(check->type == "maintenance");
  CHECK(text_of(http::agent::health_by_id{"web", true}) == "maintenance");
  call(http::agent::service_maintenance{"web", false, ""});
  CHECK(status_of(id) == "absent");
  CHECK(call(http::agent::service_maintenance{"none", true, ""})->status ==
        404);
}

TEST_CASE_FIXTURE(agent_fixture, "a node in maintenance says why, if only in "
                                 "general") {
  call(http::agent::node_maintenance{true, ""});
  REQUIRE(status_of(model::node_maintenance_id) == "critical");
  CHECK_FALSE(catalog().check("n", model::node_maintenance_id)->notes.empty());
  call(http::agent::node_maintenance{true, "another reason"}); // already so
  CHECK(catalog().check("n", model::node_maintenance_id)->notes !=
        "another reason");
  call(http::agent::node_maintenance{false, ""});
  CHECK(status_of(model::node_maintenance_id) == "absent");
}

TEST_CASE_FIXTURE(agent_fixture, "after a change is in, a comparison finds "
                                 "nothing to repair") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  call(asked);
  call(http::agent::update_check{"a", "passing", "fine"});
  call(http::agent::service_maintenance{"web", true, "x"});
  call(http::agent::node_maintenance{true, "x"});
  raft.commands.clear();
  world.tell(own, at::sync::value);
  CHECK(raft.commands.empty());
}

TEST_CASE_FIXTURE(agent_fixture, "the agent's word about its node is made good "
                                 "in the catalogue") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  call(asked);
  SUBCASE("a service that someone took away comes back") {
    raft.put(model::catalog_deregister{"n", "web", ""});
  }
  SUBCASE("a service that someone changed is changed back") {
    auto other = tests::register_node("n");
    other.service = asked.wish.service;
    other.service->id = "web";
    other.service->port = 1;
    raft.put(other);
  }
  SUBCASE("a check that someone changed is changed back") {
    auto other = tests::register_node("n");
    auto changed = *catalog().check("n", "a");
    changed.status = "passing";
    other.checks.push_back(changed);
    raft.put(other);
  }
  SUBCASE("what the agent never had goes") {
    auto other = tests::register_node("n");
    other.service.emplace();
    other.service->id = other.service->name = "stray";
    auto& check = other.checks.emplace_back();
    check.id = check.name = "stray check";
    raft.put(other);
  }
  world.pass(sync_interval + 8ms);
  REQUIRE(catalog().service("n", "web"));
  CHECK(catalog().service("n", "web")->port == 80);
  CHECK(status_of("a") == "critical");
  CHECK_FALSE(catalog().service("n", "stray"));
  CHECK(status_of("stray check") == "absent");
}

TEST_CASE_FIXTURE(agent_fixture, "without a leader registrations are kept "
                                 "here, and follow when there is one") {
  world.tell(own, at::lead::value, false);
  CHECK(call(web())->status == 200);
  CHECK(raft.commands.empty());
  world.tell(own, at::lead::value, true);
  CHECK(catalog().service("n", "web"));
}

TEST_CASE_FIXTURE(agent_fixture, "a wait on a service's hash ends when the "
                                 "service changes") {
  call(web());
  auto first = call(http::agent::get_service{"web", "", 10s});
  REQUIRE(first->headers.size() == 1);
  auto hash = first->headers[0].value;
  auto waiting = ask(http::agent::get_service{"web", hash, 10s});
  CHECK(waiting->pending());
  http::agent::register_service other;
  other.wish.service.name = "api";
  call(other);
  CHECK(waiting->pending());
  call(web(81));
  REQUIRE(waiting->value);
  CHECK((*waiting->value)->body->find("81") != std::string::npos);
  CHECK((*waiting->value)->headers[0].value != hash);
}

TEST_CASE_FIXTURE(agent_fixture, "a wait on a service's hash ends with its "
                                 "time, or with the service") {
  call(web());
  auto hash = call(http::agent::get_service{"web", "", 10s})->headers[0].value;
  auto waiting = ask(http::agent::get_service{"web", hash, 10s});
  world.pass(10s - 8ms);
  CHECK(waiting->pending());
  world.pass(16ms);
  REQUIRE(waiting->value);
  CHECK((*waiting->value)->status == 200);
  auto another = ask(http::agent::get_service{"web", hash, 10s});
  call(http::agent::deregister_service{"web"});
  REQUIRE(another->value);
  CHECK((*another->value)->status == 404);
}

TEST_CASE_FIXTURE(agent_fixture, "what comes from files is replaced by a "
                                 "reload; what clients registered stays") {
  model::service_wish file;
  file.service.name = "from-file";
  file.checks = {ttl_wish("file check")};
  auto done =
      world.ask<bool>(own, at::reload::value, local_definitions{{file}, {}});
  CHECK(done->value == true);
  call(web());
  CHECK(catalog().service("n", "from-file"));
  done = world.ask<bool>(own, at::reload::value, local_definitions{});
  CHECK(done->value == true);
  CHECK_FALSE(catalog().service("n", "from-file"));
  CHECK(status_of("file check") == "absent");
  CHECK(catalog().service("n", "web"));
}

TEST_CASE_FIXTURE(agent_fixture, "a service that is critical for too long goes "
                                 "by itself") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  asked.wish.checks[0].deregister_after = 1min;
  call(asked);
  call(http::agent::update_check{"a", "critical", "down"});
  world.pass(2min);
  CHECK_FALSE(catalog().service("n", "web"));
  CHECK(status_of("a") == "absent");
}

TEST_CASE_FIXTURE(agent_fixture, "a reload that fails is told, leaving is "
                                 "passed on") {
  CHECK(call(http::agent::reload{})->status == 200);
  reload_outcome = fail(errc::bad_input, "no");
  CHECK(call(http::agent::reload{})->status == 500);
  CHECK(call(http::agent::leave{})->status == 200);
  CHECK(left == 1);
}

TEST_CASE_FIXTURE(agent_fixture, "joining says whether the other can be "
                                 "reached") {
  auto refused = ask(http::agent::join{"10.0.0.2", false});
  CHECK(refused->pending());
  probes.finish(world, "critical",
                "dial tcp 10.0.0.2:8301: connect: connection refused");
  world.settle();
  REQUIRE(refused->value);
  CHECK((*refused->value)->status == 500);
  CHECK(*(*refused->value)->body ==
        "1 error occurred:\n\t* Failed to join 10.0.0.2: dial tcp "
        "10.0.0.2:8301: connect: connection refused\n\n");
  auto reached = ask(http::agent::join{"10.0.0.3", false});
  probes.finish(world, "passing", "TCP connect 10.0.0.3:8301: Success");
  world.settle();
  REQUIRE(reached->value);
  CHECK((*reached->value)->status == 501);
}

TEST_CASE_FIXTURE(agent_fixture, "an agent that stops ends its checkers") {
  call(http::agent::register_check{ttl_wish("a")});
  auto done = world.ask<bool>(own, at::stop::value);
  CHECK(done->value == true);
  raft.commands.clear();
  world.pass(50s);
  CHECK(raft.commands.empty());
}

TEST_CASE_FIXTURE(agent_fixture, "health is the worst of the service's checks "
                                 "and the node's") {
  auto asked = web();
  asked.wish.checks = {ttl_wish("a")};
  call(asked);
  call(http::agent::update_check{"a", "passing", ""});
  CHECK(call(http::agent::health_by_id{"web", true})->status == 200);
  call(http::agent::update_check{"a", "warning", ""});
  CHECK(call(http::agent::health_by_id{"web", true})->status == 429);
  call(http::agent::register_check{ttl_wish("node check")});
  CHECK(call(http::agent::health_by_id{"web", true})->status == 503);
  CHECK(call(http::agent::health_by_name{"web", true})->status == 503);
  CHECK(call(http::agent::health_by_id{"none", true})->status == 404);
  CHECK(call(http::agent::health_by_name{"none", false})->status == 404);
}

TEST_CASE_FIXTURE(agent_fixture, "what the agent tells of itself is JSON") {
  CHECK(text_of(http::agent::self{}).starts_with("{\"Config\":"));
  CHECK(text_of(http::agent::members{}).starts_with("[{\"Name\":\"n\""));
  CHECK(text_of(http::agent::list_services{}) == "{}");
  CHECK(text_of(http::agent::list_checks{}) == "{}");
  CHECK(call(http::agent::list_checks{"nonsense =="})->status == 500);
}

} // namespace
} // namespace praetor::actors
