#include "actors/config_definitions.hpp"

#include "actors/config_draft.hpp"
#include "actors/config_files.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;
using namespace std::chrono_literals;

namespace {

/// What a file of that JSON text gives; `why` receives the error.
agent_config read(std::string_view text, std::string* why = nullptr) {
  auto parsed = parse_json_object(text);
  REQUIRE(parsed.has_value());
  config_draft draft;
  auto done = read_settings(*parsed, draft);
  if (!done && why != nullptr)
    *why = done.failure().text;
  else
    CHECK(done.has_value());
  return draft.config;
}

} // namespace

TEST_CASE("every field of a service is read") {
  auto config = read(R"({"service":{
    "id":"w1","name":"web","tags":["a","b"],"address":"127.9.9.9",
    "port":8080,"meta":{"k":"v"},"enable_tag_override":true,"token":"t",
    "weights":{"passing":7,"warning":2},"kind":"",
    "tagged_addresses":{"lan":{"address":"10.0.0.1","port":1}}}})");
  REQUIRE(config.services.size() == 1);
  auto& wish = config.services[0];
  CHECK(wish.token == "t");
  CHECK(wish.service.id == "w1");
  CHECK(wish.service.name == "web");
  CHECK(wish.service.tags == std::vector<std::string>{"a", "b"});
  CHECK(wish.service.address == "127.9.9.9");
  CHECK(wish.service.port == 8080);
  CHECK(wish.service.meta == model::string_map{{"k", "v"}});
  CHECK(wish.service.enable_tag_override);
  CHECK(wish.service.weights == model::service_weights{7, 2});
  REQUIRE(wish.service.tagged_addresses.has_value());
  CHECK(wish.service.tagged_addresses->at("lan") ==
        model::service_address{"10.0.0.1", 1});
}

TEST_CASE("every field of a check is read") {
  auto config = read(R"({"check":{"id":"i","name":"n","notes":"o",
    "service_id":"s","token":"t","status":"passing","args":["x","y"],
    "http":"http://h","method":"PUT","header":{"A":["b"]},"body":"y",
    "tls_skip_verify":true,"tcp":"t:1","grpc":"g:1","grpc_use_tls":true,
    "docker_container_id":"d","shell":"sh","alias_node":"an",
    "alias_service":"as","ttl":"1s","interval":"2s","timeout":"3s",
    "deregister_critical_service_after":"4s","success_before_passing":5,
    "failures_before_critical":6,"output_max_size":7}})");
  REQUIRE(config.checks.size() == 1);
  model::check_wish want;
  want.id = "i";
  want.name = "n";
  want.notes = "o";
  want.service_id = "s";
  want.token = "t";
  want.status = "passing";
  want.args = {"x", "y"};
  want.http = "http://h";
  want.method = "PUT";
  want.header = {{"A", {"b"}}};
  want.body = "y";
  want.tls_skip_verify = true;
  want.tcp = "t:1";
  want.grpc = "g:1";
  want.grpc_use_tls = true;
  want.docker_container_id = "d";
  want.shell = "sh";
  want.alias_node = "an";
  want.alias_service = "as";
  want.ttl = 1s;
  want.interval = 2s;
  want.timeout = 3s;
  want.deregister_after = 4s;
  want.success_before_passing = 5;
  want.failures_before_critical = 6;
  want.output_max_size = 7;
  CHECK(config.checks[0] == want);
}

TEST_CASE("older spellings of a check's keys are understood") {
  auto config = read(R"({"check":{"ScriptArgs":["x"],"TLSSkipVerify":true,
    "DockerContainerID":"d","ServiceID":"s",
    "DeregisterCriticalServiceAfter":"90m"}})");
  REQUIRE(config.checks.size() == 1);
  CHECK(config.checks[0].args == std::vector<std::string>{"x"});
  CHECK(config.checks[0].tls_skip_verify);
  CHECK(config.checks[0].docker_container_id == "d");
  CHECK(config.checks[0].service_id == "s");
  CHECK(config.checks[0].deregister_after == 90min);
}

TEST_CASE("service and services, check and checks add up") {
  auto config = read(R"({"service":{"name":"a"},
    "services":[{"name":"b"},{"name":"c"}],
    "check":{"id":"x"},"checks":[{"id":"y"}]})");
  CHECK(config.services.size() == 3);
  CHECK(config.checks.size() == 2);
}

TEST_CASE("a service takes check and checks, the list first") {
  auto config = read(R"({"service":{"name":"a","check":{"id":"x"},
    "checks":[{"id":"y"},{"id":"z"}]}})");
  REQUIRE(config.services.size() == 1);
  auto& checks = config.services[0].checks;
  REQUIRE(checks.size() == 3);
  CHECK(checks[0].id == "y");
  CHECK(checks[2].id == "x");
}

TEST_CASE("service may be a list of one, not of two") {
  CHECK(read(R"({"service":[{"name":"a"}]})").services.size() == 1);
  std::string why;
  read(R"({"service":[{"name":"a"},{"name":"b"}]})", &why);
  CHECK(why == "1 error(s) decoding:\n\n* 'service' expected a map, got "
               "'slice'");
}

TEST_CASE("unknown keys of definitions are told with their paths") {
  std::string why;
  read(R"({"service":{"name":"r","checks":[{"script":"x"}]},
           "services":[{"name":"a"},{"EnableTagOverride":true}]})",
       &why);
  CHECK(why == "2 errors occurred:\n"
               "\t* invalid config key service.checks[0].script\n"
               "\t* invalid config key services[1].EnableTagOverride\n\n");
}

TEST_CASE("weights not given stay at one") {
  auto config = read(R"({"service":{"name":"a","weights":{"warning":5}}})");
  CHECK(config.services[0].service.weights == model::service_weights{1, 5});
}

TEST_CASE("proxies keep what only proxies read in the API's spelling") {
  auto config = read(R"({"service":{"name":"p","kind":"connect-proxy",
    "port":1,"proxy":{"destination_service_name":"web",
    "local_service_port":9,"config":{"my_key":1},
    "upstreams":[{"destination_name":"db","local_bind_port":5,
                  "config":{"k_k":2}}],
    "mesh_gateway":{"mode":"local"}}}})");
  auto& proxy = config.services[0].service.proxy;
  CHECK(proxy.destination_name == "web");
  CHECK(proxy.local_port == 9);
  CHECK(proxy.config_json == R"({"my_key":1})");
  CHECK(proxy.upstreams_json ==
        R"([{"DestinationName":"db","LocalBindPort":5,"Config":{"k_k":2}}])");
  CHECK(proxy.mesh_gateway_mode == "local");
  CHECK(proxy.expose_json.empty());
}

TEST_CASE("a sidecar is kept as JSON text and its keys are judged") {
  auto config = read(R"({"service":{"name":"a","connect":{
    "sidecar_service":{"port":5,"check":{"tcp":"x","ttl":"1s"}}}}})");
  CHECK(config.services[0].sidecar_json ==
        R"({"Port":5,"Check":{"TCP":"x","TTL":"1s"}})");
  std::string why;
  read(R"({"service":{"connect":{"sidecar_service":{"x":1}}}})", &why);
  CHECK(why.find("service.connect.sidecar_service.x") != why.npos);
}

TEST_CASE("watches and config entries are kept as JSON text") {
  auto config = read(R"({"watches":[{"type":"key","key":"k"}],
    "config_entries":{"bootstrap":[{"kind":"proxy-defaults"}]}})");
  CHECK(config.watches ==
        std::vector<std::string>{R"({"type":"key","key":"k"})"});
  CHECK(config.config_entries.size() == 1);
}
