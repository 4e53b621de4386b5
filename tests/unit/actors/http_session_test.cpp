#include "actors/http_session.hpp"

#include "actors/watch_keeper.hpp"
#include "tests/support/fake_stream.hpp"
#include "tests/support/stand_ins.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

using namespace std::chrono_literals;
using tests::actor_world;
using tests::client_side;
using tests::set_operation;

struct session_fixture {
  tests::agent_log agent;
  tests::session_log sessions;
  log_hub log;
  std::string date = "Thu, 01 Jan 1970 00:00:00 GMT";
  http_services services;
  actor_world world;
  tests::fake_raft raft{world};
  answers cache{raft.readers};

  session_fixture() {
    services.readers = &cache;
    services.time = &world.time;
    services.date = &date;
    auto surface = std::make_shared<http::surface>();
    surface->make_id = [] { return tests::uuid_of('9'); };
    services.surface = surface;
    services.gateway = tests::record_sessions(world, sessions, raft.handle);
    services.agent = tests::record_agent(world, agent);
    services.watches =
        world.spawn(watch_keeper, &cache, static_cast<clock*>(&world.time),
                    std::uint64_t{1});
    services.log = &log;
    raft.listeners.push_back(
        caf::actor_cast<state_listener_actor>(services.watches));
    world.settle();
  }
  // Sessions that still wait speak to the others as they end.
  ~session_fixture() {
    for (auto& one : open)
      world.kill(one);
  }

  struct connected {
    http_session_actor actor;
    std::shared_ptr<client_side> client;
  };
  std::vector<http_session_actor> open;

  connected connect() {
    connected made;
    made.client = std::make_shared<client_side>();
    made.actor =
        world.spawn(http_session, static_cast<const http_services*>(&services));
    auto stream = std::make_shared<std::unique_ptr<io::byte_stream>>(
        std::make_unique<tests::fake_stream>(made.client));
    world.tell(made.actor, at::adopt::value, stream_handover{stream});
    open.push_back(made.actor);
    return made;
  }
  void send(connected& to, std::string bytes) {
    world.tell(
        to.actor, at::received::value,
        received_bytes{std::make_shared<const std::string>(std::move(bytes))});
  }
  void hang_up(connected& from) { world.tell(from.actor, at::closed::value); }
  void send_get(connected& to, const std::string& target) {
    send(to, "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  void send_put(connected& to, const std::string& target,
                const std::string& body) {
    send(to, put_text(target, body));
  }
  static std::string put_text(const std::string& target,
                              const std::string& body) {
    return "PUT " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  const watch_keeper_state& watches() {
    return static_cast<watch_keeper_ptr>(
               caf::actor_cast<caf::abstract_actor*>(services.watches))
        ->state;
  }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++found;
  return found;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE_FIXTURE(session_fixture, "a prepared query is executed on the newest "
                                   "state, and explained") {
  auto web = tests::register_node("n");
  web.service.emplace();
  web.service->id = web.service->name = "web";
  raft.put(web);
  auto one = connect();
  send(one, "POST /v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 43\r\n\r\n"
            R"({"Name":"find","Service":{"Service":"web"}})");
  CHECK(has(one.client->got, tests::uuid_of('9')));
  one.client->got.clear();
  send_get(one, "/v1/query/find/execute");
  CHECK(has(one.client->got, "X-Consul-Effective-Consistency: leader"));
  CHECK(has(one.client->got, R"("Datacenter":"dc1")"));
  CHECK(has(one.client->got, R"("Service":"web","Nodes":[{)"));
  one.client->got.clear();
  send_get(one, "/v1/query/find/explain");
  CHECK(has(one.client->got, R"({"Query":{"ID":")"));
  one.client->got.clear();
  send_get(one, "/v1/query/nobody/execute");
  CHECK(has(one.client->got, "404"));
  CHECK_FALSE(has(one.client->got, "X-Consul-Index"));
}

TEST_CASE_FIXTURE(session_fixture, "a query that does not exist is not waited "
                                   "for") {
  auto one = connect();
  send_get(one, "/v1/query/f47dd2aa-038f-ca37-1304-e876980b565b?index=100");
  CHECK(has(one.client->got, "Query not found"));
}

TEST_CASE_FIXTURE(session_fixture, "a write goes to raft and is answered when "
                                   "raft has it; a read sees it") {
  auto one = connect();
  raft.holds = true;
  send_put(one, "/v1/kv/k", "value");
  CHECK(one.client->got.empty());
  raft.release();
  CHECK(has(one.client->got, "200 OK"));
  CHECK(one.client->got.ends_with("true"));
  one.client->got.clear();
  send_get(one, "/v1/kv/k?raw");
  CHECK(has(one.client->got, "X-Consul-Index: 1\r\n"));
  CHECK(one.client->got.ends_with("value"));
}

TEST_CASE_FIXTURE(session_fixture, "a transaction that only reads takes no "
                                   "place in the log") {
  auto one = connect();
  raft.set_key("k", "v");
  auto before = raft.commands.size();
  send_put(one, "/v1/txn", R"([{"KV":{"Verb":"get","Key":"k"}}])");
  CHECK(raft.commands.size() == before);
  CHECK(has(one.client->got, "200 OK"));
  CHECK(has(one.client->got, R"("Value":"dg==")"));
  one.client->got.clear();
  send_put(one, "/v1/txn", R"([{"KV":{"Verb":"get","Key":"gone"}}])");
  CHECK(has(one.client->got, "409 Conflict"));
  one.client->got.clear();
  send_put(one, "/v1/txn", R"([{"KV":{"Verb":"delete","Key":"k"}}])");
  CHECK(raft.commands.size() == before + 1);
}

TEST_CASE_FIXTURE(session_fixture, "a transaction that reads asks for leave as "
                                   "other reads do") {
  raft.readers->set_lease(std::nullopt, {});
  auto one = connect();
  send_put(one, "/v1/txn?consistent", "[]");
  CHECK(sessions.reads == std::vector<read_proof>{read_proof::quorum});
  send_put(one, "/v1/txn?stale", "[]");
  CHECK(sessions.reads.size() == 1);
  sessions.read_failure = fail(errc::no_leader, "No cluster leader");
  one.client->got.clear();
  send_put(one, "/v1/txn", "[]");
  CHECK(has(one.client->got, "500 "));
  CHECK(one.client->got.ends_with("No cluster leader"));
}

TEST_CASE_FIXTURE(session_fixture, "a server is removed by what the leader "
                                   "knows it by") {
  sessions.view.servers.push_back({"a", "", "10.0.0.1:8300"});
  sessions.view.servers.push_back({"b", "", "10.0.0.2:8300"});
  auto one = connect();
  auto remove = [&](const std::string& query) {
    one.client->got.clear();
    send(one, "DELETE /v1/operator/raft/peer?" + query +
                  " HTTP/1.1\r\nHost: x\r\n\r\n");
    return one.client->got;
  };
  CHECK(has(remove("address=10.0.0.2:8300"), "200 OK"));
  CHECK(has(remove("id=a"), "200 OK"));
  CHECK(sessions.removed == std::vector<node_id>{"b", "a"});
  CHECK(remove("id=c").ends_with(
      "id \"c\" was not found in the Raft configuration"));
  CHECK(remove("address=c:1")
            .ends_with(
                "address \"c:1\" was not found in the Raft configuration"));
  CHECK(sessions.removed.size() == 2);
}

TEST_CASE_FIXTURE(session_fixture,
                  "the Raft configuration is told as the "
                  "leader or, stale, as this server knows it") {
  sessions.view.servers.push_back({"a", "", "10.0.0.1:8300"});
  auto one = connect();
  send_get(one, "/v1/operator/raft/configuration");
  CHECK(has(one.client->got, R"("Address":"10.0.0.1:8300")"));
  CHECK_FALSE(has(one.client->got, "X-Consul-Index"));
  send_get(one, "/v1/operator/raft/configuration?stale");
  CHECK(sessions.stale == std::vector<bool>{false, true});
}

TEST_CASE_FIXTURE(session_fixture, "a key that is absent is a 404 with an "
                                   "index") {
  auto one = connect();
  send_get(one, "/v1/kv/none");
  CHECK(one.client->got.starts_with("HTTP/1.1 404"));
  CHECK(has(one.client->got, "X-Consul-Index: 1\r\n"));
}

TEST_CASE_FIXTURE(session_fixture, "what may take a lock goes by the session "
                                   "keeper, all else does not") {
  auto one = connect();
  send_put(one, "/v1/kv/k", "v");
  CHECK(sessions.proposals.empty());
  send_put(one, "/v1/kv/k?acquire=" + tests::uuid_of('1'), "v");
  CHECK(sessions.proposals.size() == 1);
}

TEST_CASE_FIXTURE(session_fixture, "a renewal answers with the session, or "
                                   "that there is none") {
  raft.put(tests::register_node("n"));
  raft.put(tests::create_session(tests::uuid_of('1'), "10s"));
  auto one = connect();
  send_put(one, "/v1/session/renew/" + tests::uuid_of('1'), "");
  CHECK(sessions.renewals == std::vector<session_id>{tests::uuid_of('1')});
  CHECK(has(one.client->got, "\"TTL\":\"10s\""));
  one.client->got.clear();
  sessions.lives = false;
  send_put(one, "/v1/session/renew/" + tests::uuid_of('1'), "");
  CHECK(one.client->got.starts_with("HTTP/1.1 404"));
}

TEST_CASE_FIXTURE(session_fixture, "a failure of raft is told to the client") {
  auto one = connect();
  raft.refusal = fail(errc::no_leader, "No cluster leader");
  send_put(one, "/v1/kv/k", "v");
  CHECK(one.client->got.starts_with("HTTP/1.1 500"));
  CHECK(one.client->got.ends_with("No cluster leader"));
}

TEST_CASE_FIXTURE(session_fixture, "without a leader only stale reads are "
                                   "answered") {
  raft.readers->set_leadership({});
  raft.readers->set_lease(std::nullopt, {});
  sessions.read_failure = fail(errc::no_leader, "No cluster leader");
  auto one = connect();
  send_get(one, "/v1/catalog/nodes");
  CHECK(one.client->got.starts_with("HTTP/1.1 500"));
  CHECK(one.client->got.ends_with("No cluster leader"));
  one.client->got.clear();
  send_get(one, "/v1/catalog/nodes?stale");
  CHECK(one.client->got.starts_with("HTTP/1.1 200"));
  CHECK(has(one.client->got, "X-Consul-Knownleader: false\r\n"));
}

TEST_CASE_FIXTURE(session_fixture, "what is the agent's goes to the agent") {
  auto one = connect();
  send_get(one, "/v1/agent/services");
  REQUIRE(agent.calls.size() == 1);
  CHECK(std::holds_alternative<http::agent::list_services>(
      agent.calls[0].request));
  CHECK(one.client->got.ends_with("from the agent"));
}

TEST_CASE_FIXTURE(session_fixture, "status is answered from what raft said") {
  auto one = connect();
  send_get(one, "/v1/status/leader");
  CHECK(one.client->got.ends_with("\"127.0.0.1:8300\""));
  send_get(one, "/v1/status/peers");
  CHECK(one.client->got.ends_with("[\"127.0.0.1:8300\"]"));
}

TEST_CASE_FIXTURE(session_fixture, "pipelined requests are answered in order, "
                                   "slow ones first where they came first") {
  raft.set_key("k", "first");
  auto one = connect();
  raft.holds = true;
  send(one, put_text("/v1/kv/k", "second") +
                "GET /v1/kv/k?raw HTTP/1.1\r\nHost: x\r\n\r\n" +
                "GET /v1/agent/services HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(one.client->got.empty());
  CHECK(agent.calls.empty());
  raft.release();
  auto& got = one.client->got;
  CHECK(count(got, "HTTP/1.1 200") == 3);
  CHECK(got.find("true") < got.find("second"));
  CHECK(got.find("second") < got.find("from the agent"));
}

TEST_CASE_FIXTURE(session_fixture, "a blocking query is answered by the "
                                   "publication that it waits for") {
  raft.set_key("k", "old");
  auto one = connect();
  send_get(one, "/v1/kv/k?raw&index=1");
  CHECK(one.client->got.empty());
  CHECK(watches().watchers == 1);
  raft.set_key("other", "x");
  CHECK(one.client->got.empty());
  raft.set_key("k", "new");
  CHECK(has(one.client->got, "X-Consul-Index: 3\r\n"));
  CHECK(one.client->got.ends_with("new"));
  // And the connection goes on.
  one.client->got.clear();
  send_get(one, "/v1/kv/other?raw");
  CHECK(one.client->got.ends_with("x"));
}

TEST_CASE_FIXTURE(session_fixture, "a blocking query is answered when its "
                                   "wait is over") {
  raft.set_key("k", "old");
  auto one = connect();
  send_get(one, "/v1/kv/k?raw&index=1&wait=2s");
  world.pass(2s - 8ms);
  CHECK(one.client->got.empty());
  world.pass(1s);
  CHECK(one.client->got.ends_with("old"));
}

TEST_CASE_FIXTURE(session_fixture,
                  "a blocking query may wait longer than a request may take "
                  "to arrive") {
  raft.set_key("k", "old");
  auto one = connect();
  send_get(one, "/v1/kv/k?raw&index=1&wait=5m");
  send(one, "GET /v1/kv/k?r"); // the next one has begun to arrive
  world.pass(4min);
  CHECK_FALSE(one.client->closed);
  raft.set_key("k", "new");
  CHECK(one.client->got.ends_with("new"));
}

TEST_CASE_FIXTURE(session_fixture, "a client that goes while it waits is "
                                   "forgotten by the watch keeper") {
  raft.set_key("k", "old");
  auto one = connect();
  send_get(one, "/v1/kv/k?index=1");
  REQUIRE(watches().watchers == 1);
  hang_up(one);
  CHECK(watches().watchers == 0);
  CHECK(one.client->closed);
  CHECK_FALSE(world.is_alive(one.actor));
}

TEST_CASE_FIXTURE(session_fixture, "a late answer to a client that is gone "
                                   "harms nobody") {
  auto one = connect();
  raft.holds = true;
  send_put(one, "/v1/kv/k", "v");
  hang_up(one);
  raft.release();
  CHECK(one.client->got.empty());
  CHECK(raft.state().applied == 1);
}

TEST_CASE_FIXTURE(session_fixture, "who may not write may read all the same") {
  services.may_write = [](const std::string& address) {
    return address == "192.0.2.77";
  };
  auto one = connect();
  send_put(one, "/v1/kv/k", "v");
  CHECK(one.client->got.starts_with("HTTP/1.1 403"));
  CHECK(raft.commands.empty());
  one.client->got.clear();
  send_get(one, "/v1/catalog/nodes");
  CHECK(one.client->got.starts_with("HTTP/1.1 200"));
  auto two = connect();
  two.client->address = "192.0.2.77";
  send_put(two, "/v1/kv/k", "v");
  CHECK(two.client->got.starts_with("HTTP/1.1 200"));
}

// -- limits
// --------------------------------------------------------------------

TEST_CASE_FIXTURE(session_fixture, "a request must arrive in its time") {
  auto one = connect();
  for (int i = 0; i < 12; ++i) {
    send(one, i == 0 ? "GET /v1/kv/k HTTP/1.1\r\n" : "X: y\r\n");
    world.pass(request_time_max / 12 - 1ms);
  }
  CHECK_FALSE(one.client->closed);
  world.pass(1s);
  CHECK(one.client->closed);
  CHECK_FALSE(world.is_alive(one.actor));
}

TEST_CASE_FIXTURE(session_fixture, "an idle connection has no end") {
  auto one = connect();
  send_get(one, "/v1/status/leader");
  world.pass(24h);
  CHECK_FALSE(one.client->closed);
  CHECK(world.time.timers() == 0);
}

TEST_CASE_FIXTURE(session_fixture, "each pipelined request has the whole time "
                                   "to arrive") {
  auto one = connect();
  send(one, "GET /v1/status/leader HTTP/1.1\r\n");
  world.pass(request_time_max - 1s);
  send(one, "Host: x\r\n\r\nGET /v1/status/leader HTTP/1.1\r\n");
  CHECK(count(one.client->got, "200 OK") == 1);
  world.pass(request_time_max - 1s);
  CHECK_FALSE(one.client->closed);
  send(one, "Host: x\r\n\r\n");
  CHECK(count(one.client->got, "200 OK") == 2);
}

TEST_CASE_FIXTURE(session_fixture, "a client that does not read is served no "
                                   "more, and closed in the end") {
  raft.set_key("k", std::string(100'000, 'x'));
  auto one = connect();
  one.client->reads = false;
  std::string many;
  for (int i = 0; i < 10; ++i)
    many += "GET /v1/kv/k?raw HTTP/1.1\r\nHost: x\r\n\r\n";
  send(one, many);
  CHECK(count(one.client->got, "HTTP/1.1 200") == 3);
  world.pass(answer_stall_max - 8ms);
  CHECK_FALSE(one.client->closed);
  world.pass(16ms);
  CHECK(one.client->closed);
}

TEST_CASE_FIXTURE(session_fixture, "a client that reads again is served "
                                   "again") {
  raft.set_key("k", std::string(100'000, 'x'));
  auto one = connect();
  one.client->reads = false;
  std::string many;
  for (int i = 0; i < 4; ++i)
    many += "GET /v1/kv/k?raw HTTP/1.1\r\nHost: x\r\n\r\n";
  send(one, many);
  CHECK(count(one.client->got, "HTTP/1.1 200") == 3);
  world.pass(answer_stall_max - 1s);
  one.client->reads = true;
  one.client->queued = 0;
  world.tell(one.actor, at::written::value);
  CHECK(count(one.client->got, "HTTP/1.1 200") == 4);
  world.pass(10min);
  CHECK_FALSE(one.client->closed);
}

TEST_CASE_FIXTURE(session_fixture, "a client that reads slowly, but reads, is "
                                   "not closed") {
  raft.set_key("k", std::string(500'000, 'x'));
  auto one = connect();
  one.client->reads = false;
  send_get(one, "/v1/kv/k?raw");
  for (int i = 0; i < 5; ++i) {
    world.pass(answer_stall_max - 1s);
    one.client->queued -= 20'000;
  }
  CHECK_FALSE(one.client->closed);
  world.pass(2 * answer_stall_max);
  CHECK(one.client->closed);
}

TEST_CASE_FIXTURE(session_fixture, "an answer that ends the connection lingers "
                                   "before it closes") {
  auto one = connect();
  send(one, "GET /v1/status/leader HTTP/1.1\r\nHost: x\r\n"
            "Connection: close\r\n\r\n");
  CHECK(has(one.client->got, "Connection: close"));
  CHECK(one.client->finished);
  CHECK_FALSE(one.client->closed);
  world.pass(linger - 8ms);
  CHECK_FALSE(one.client->closed);
  send(one, "more that nobody asked for"); // does not prolong it
  world.pass(16ms);
  CHECK(one.client->closed);
  CHECK_FALSE(world.is_alive(one.actor));
}

TEST_CASE_FIXTURE(session_fixture, "nonsense is refused, and the connection "
                                   "ended") {
  auto one = connect();
  send(one, "\x16\x03\x01 nonsense\r\n\r\n");
  CHECK(one.client->got.starts_with("HTTP/1.1 400"));
  CHECK(one.client->finished);
  world.pass(linger + 8ms);
  CHECK(one.client->closed);
}

TEST_CASE_FIXTURE(session_fixture, "a session that is told to stop closes its "
                                   "stream and leaves nothing behind") {
  raft.set_key("k", "v");
  auto one = connect();
  send_get(one, "/v1/kv/k?index=1");
  world.tell(one.actor, at::stop::value);
  CHECK(one.client->closed);
  CHECK(watches().watchers == 0);
  CHECK(world.time.timers() == 0);
}

// -- following the log
// -----------------------------------------------------------

TEST_CASE_FIXTURE(session_fixture, "a follower of the log gets lines of its "
                                   "level until it goes") {
  auto one = connect();
  send_get(one, "/v1/agent/monitor?loglevel=warn");
  CHECK(has(one.client->got, "Transfer-Encoding: chunked"));
  CHECK_FALSE(log.empty());
  log.publish(level_number("WARN"), "look out");
  log.publish(level_number("INFO"), "all is well");
  world.settle();
  CHECK(has(one.client->got, "look out\n"));
  CHECK_FALSE(has(one.client->got, "all is well"));
  hang_up(one);
  CHECK(log.empty());
}

TEST_CASE_FIXTURE(session_fixture, "a follower that does not read loses lines, "
                                   "and costs no memory") {
  auto one = connect();
  one.client->reads = false;
  send_get(one, "/v1/agent/monitor?loglevel=info");
  std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) {
    log.publish(level_number("INFO"), line);
    world.settle();
  }
  CHECK(one.client->queued < unread_answer_bytes_max + 2000);
}

} // namespace
} // namespace praetor::actors
