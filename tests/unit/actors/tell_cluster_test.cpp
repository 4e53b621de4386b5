#include "actors/tell_cluster.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;
using namespace std::chrono_literals;

namespace {

constexpr const char* first = "00000000-0000-0000-0000-00000000000a";

server_view server(node_id id, bool healthy, bool leads = false) {
  server_view made;
  made.id = std::move(id);
  made.address = "10.0.0.1:8300";
  made.votes = true;
  made.leads = leads;
  made.healthy = healthy;
  made.silent_for = 12'400us;
  made.stable_for = 90s;
  made.last_term = {2};
  made.last_index = {7};
  return made;
}

storage::state state_with_first() {
  storage::state made;
  model::change_set changes;
  model::catalog_register one;
  one.node.id = first;
  one.node.name = "n1";
  one.service.emplace();
  one.service->id = one.service->name = "consul";
  one.service->meta = model::string_map{{"version", "1.9.9"}};
  (void)apply(made, 1, one, changes);
  return made;
}

struct scene {
  storage::state state = state_with_first();
  cluster_view seen;
  std::chrono::system_clock::time_point now{1'000'000s};

  http::rendered_ptr health(
      http::agent::health_form form = http::agent::health_form::health) const {
    return tell_server_health(seen, state, form, now, false);
  }
};

} // namespace

TEST_CASE_FIXTURE(scene, "the Raft configuration names the servers that the "
                         "catalogue knows") {
  seen.servers = {server(first, true, true), server("b", true)};
  CHECK(*tell_raft_configuration(seen, state, false)->body ==
        R"({"Servers":[{"ID":"00000000-0000-0000-0000-00000000000a",)"
        R"("Node":"n1","Address":"10.0.0.1:8300","Leader":true,)"
        R"("ProtocolVersion":"3","Voter":true},{"ID":"b",)"
        R"~("Node":"(unknown)","Address":"10.0.0.1:8300","Leader":false,)~"
        R"("ProtocolVersion":"3","Voter":true}],"Index":0})");
}

TEST_CASE_FIXTURE(scene, "health tells when each server became as it is") {
  seen.servers = {server(first, true, true)};
  auto answer = health();
  CHECK(answer->status == 200);
  CHECK(answer->content_type == "application/json");
  CHECK(*answer->body ==
        R"({"Healthy":true,"FailureTolerance":0,"Servers":[{)"
        R"("ID":"00000000-0000-0000-0000-00000000000a","Name":"n1",)"
        R"("Address":"10.0.0.1:8300","SerfStatus":"alive",)"
        R"("Version":"1.9.9","Leader":true,"LastContact":"0s",)"
        R"("LastTerm":2,"LastIndex":7,"Healthy":true,"Voter":true,)"
        R"("StableSince":"1970-01-12T13:45:10Z"}]})");
}

TEST_CASE_FIXTURE(scene,
                  "an unhealthy cluster is told by the status, as text") {
  seen.servers = {server(first, true, true), server("b", true),
                  server("c", false)};
  auto answer = health();
  CHECK(answer->status == 429);
  CHECK(answer->content_type == "text/plain; charset=utf-8");
  CHECK(answer->body->find(R"("FailureTolerance":0)") != std::string::npos);
  CHECK(answer->body->find(R"("LastContact":"12ms")") != std::string::npos);
}

TEST_CASE_FIXTURE(scene, "what may fail is what a quorum can spare") {
  seen.servers = {server(first, true, true), server("b", true),
                  server("c", true)};
  CHECK(health()->body->find(R"("FailureTolerance":1)") != std::string::npos);
  seen.servers[2].votes = false;
  CHECK(health()->body->find(R"("FailureTolerance":0)") != std::string::npos);
}

TEST_CASE_FIXTURE(scene,
                  "a server that was never heard of has no last contact") {
  seen.servers = {server(first, true, true), server("b", false)};
  seen.servers[1].silent_for = span::max();
  CHECK(health()->body->find(R"("LastContact":"-1ns")") != std::string::npos);
}

TEST_CASE_FIXTURE(scene, "the state names the leader, the voters and each "
                         "server by its id") {
  seen.servers = {server(first, true, true), server("b", false)};
  auto answer = health(http::agent::health_form::state);
  CHECK(answer->status == 200);
  auto& text = *answer->body;
  CHECK(text.find(R"("Servers":{"00000000-0000-0000-0000-00000000000a":{)") !=
        text.npos);
  CHECK(text.find(R"("Status":"leader","Meta":{"version":"1.9.9"})") !=
        text.npos);
  CHECK(text.find(R"("Status":"voter")") != text.npos);
  CHECK(
      text.find(R"("Leader":"00000000-0000-0000-0000-00000000000a",)"
                R"("Voters":["00000000-0000-0000-0000-00000000000a","b"]})") !=
      text.npos);
}
