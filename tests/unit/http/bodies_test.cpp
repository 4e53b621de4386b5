#include "http/bodies.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

template <class T>
std::string trouble(const result<T>& outcome) {
  return outcome ? "" : outcome.failure().text;
}

span lock_delay(std::string_view value) {
  auto wish = read_session("{\"LockDelay\":" + std::string(value) + "}");
  return wish ? wish->session.lock_delay : span{-1};
}

} // namespace

TEST_CASE("a service needs nothing but braces to be decoded") {
  auto wish = read_agent_service("{}");
  REQUIRE(wish);
  CHECK(*wish == model::service_wish{});
  REQUIRE(read_agent_service("null"));
  CHECK(trouble(read_agent_service("")) == "EOF");
  CHECK(trouble(read_agent_service("{")) == "unexpected EOF");
}

TEST_CASE("a service is read with all its fields") {
  auto wish = read_agent_service(R"({"ID":"web1","Name":"web","Kind":"k",
    "Tags":["a","b"],"Port":80,"Address":"10.0.0.1","Meta":{"k":"v"},
    "TaggedAddresses":{"lan":{"Address":"1.1.1.1","Port":3}},"Token":"t",
    "Weights":{"Passing":5,"Warning":2},"EnableTagOverride":true,
    "SocketPath":"s","Connect":{"Native":true}})");
  REQUIRE(wish);
  auto& service = wish->service;
  CHECK(service.id == "web1");
  CHECK(service.name == "web");
  CHECK(service.kind == "k");
  CHECK(service.tags == std::vector<std::string>{"a", "b"});
  CHECK(service.port == 80);
  CHECK(service.address == "10.0.0.1");
  CHECK(service.meta == model::string_map{{"k", "v"}});
  REQUIRE(service.tagged_addresses);
  CHECK(service.tagged_addresses->at("lan") ==
        model::service_address{"1.1.1.1", 3});
  CHECK(wish->token == "t");
  CHECK(service.weights == model::service_weights{5, 2});
  CHECK(service.enable_tag_override);
  CHECK(service.socket_path == "s");
  CHECK(service.connect_native);
}

TEST_CASE("a service may be spelled with underscores") {
  auto wish = read_agent_service(R"({"name":"web","enable_tag_override":true,
    "tagged_addresses":{"wan":{"address":"1.1.1.1","port":3}},
    "check":{"ttl":"10s","deregister_critical_service_after":"2m",
             "docker_container_id":"d","tls_skip_verify":true,
             "script_args":["x"],"service_id":"other"}})");
  REQUIRE(wish);
  CHECK(wish->service.name == "web");
  CHECK(wish->service.enable_tag_override);
  REQUIRE(wish->service.tagged_addresses);
  CHECK(wish->service.tagged_addresses->at("wan").port == 3);
  REQUIRE(wish->checks.size() == 1);
  auto& check = wish->checks[0];
  CHECK(check.ttl == seconds(10));
  CHECK(check.deregister_after == seconds(120));
  CHECK(check.docker_container_id == "d");
  CHECK(check.tls_skip_verify);
  CHECK(check.args == std::vector<std::string>{"x"});
  CHECK(check.service_id == ""); // it belongs to this service anyway
}

TEST_CASE("the single check comes before the list, unless it is empty") {
  auto wish = read_agent_service(
      R"({"Checks":[{"CheckID":"b"},{}],"Check":{"CheckID":"a"}})");
  REQUIRE(wish);
  REQUIRE(wish->checks.size() == 3);
  CHECK(wish->checks[0].id == "a");
  CHECK(wish->checks[1].id == "b");
  wish = read_agent_service(R"({"Check":{}})");
  REQUIRE(wish);
  CHECK(wish->checks.empty());
}

TEST_CASE("given weights of a service are kept even if they are wrong") {
  auto wish = read_agent_service(R"({"Weights":{"Passing":-1}})");
  REQUIRE(wish);
  CHECK(wish->service.weights == model::service_weights{-1, 0});
}

TEST_CASE("a proxy keeps its free parts as canonical text") {
  auto wish = read_agent_service(R"({"Proxy":{"DestinationServiceName":"web",
    "destination_service_id":"web1","LocalServicePort":9,
    "Config":{"b":1.0,"a":"<"},"MeshGateway":{"Mode":"local"},
    "Upstreams":[{"destination_name":"db","local_bind_port":9}],
    "Expose":{"Checks":true,"Paths":[{"listener_port":1,"Path":"/x"}]}}})");
  REQUIRE(wish);
  auto& proxy = wish->service.proxy;
  CHECK(proxy.destination_name == "web");
  CHECK(proxy.destination_id == "web1");
  CHECK(proxy.local_port == 9);
  CHECK(proxy.mesh_gateway_mode == "local");
  CHECK(proxy.config_json == R"({"a":"\u003c","b":1})");
  CHECK(
      proxy.upstreams_json ==
      R"([{"DestinationType":"service","DestinationName":"db",)"
      R"("Datacenter":"","LocalBindPort":9,"Config":null,"MeshGateway":{}}])");
  CHECK(proxy.expose_json ==
        R"({"Checks":true,"Paths":[{"ListenerPort":1,"Path":"/x",)"
        R"("ParsedFromCheck":false}]})");
  wish = read_agent_service(R"({"Proxy":{"Upstreams":[],"Expose":{}}})");
  REQUIRE(wish);
  CHECK(wish->service.proxy == model::service_proxy{});
}

TEST_CASE("a sidecar is kept as text that can be read as a service") {
  auto wish = read_agent_service(
      R"({"Name":"w","Connect":{"SidecarService":{"Port":2,"Name":"s"}}})");
  REQUIRE(wish);
  CHECK(wish->sidecar_json == R"({"Name":"s","Port":2})");
  auto sidecar = read_agent_service(wish->sidecar_json);
  REQUIRE(sidecar);
  CHECK(sidecar->service.port == 2);
  wish = read_agent_service(R"({"Connect":{"SidecarService":{}}})");
  REQUIRE(wish);
  CHECK(wish->sidecar_json == "{}");
  wish = read_agent_service(R"({"Connect":{"SidecarService":null}})");
  REQUIRE(wish);
  CHECK(wish->sidecar_json == "");
}

TEST_CASE("errors of a service are worded as in Go") {
  auto of = [](std::string_view body) {
    return trouble(read_agent_service(body));
  };
  auto field = [](std::string what) {
    return "json: cannot unmarshal " + what;
  };
  CHECK(of(R"({"Bogus":1})") == R"(json: unknown field "Bogus")");
  CHECK(of(R"({"Port":"80"})") ==
        field("string into Go struct field .Port of type int"));
  CHECK(of(R"({"Tags":"x"})") ==
        field("string into Go struct field .Tags of type []string"));
  CHECK(of(R"({"Weights":{"Passing":"x"}})") ==
        field("string into Go struct field Weights.Weights.Passing of type "
              "int"));
  CHECK(of(R"({"Check":{"Header":{"a":"b"}}})") ==
        field("string into Go struct field .Check of type []string"));
  CHECK(of(R"({"Proxy":{"Upstreams":[{"Bogus":1}]}})") ==
        R"(json: unknown field "Bogus")");
  CHECK(of(R"({"Connect":{"Bogus":1}})") == "");
  CHECK(of(R"({"Connect":{"SidecarService":{"Bogus":1}}})") ==
        R"(json: unknown field "Bogus")");
  CHECK(of(R"({"Name":5,"Check":{"TTL":"zz"}})") ==
        R"(time: invalid duration "zz")");
  CHECK(of(R"({"Check":{"Script":"x"}})") == R"(json: unknown field "Script")");
  CHECK(of("[]").starts_with("json: cannot unmarshal array into Go value"));
}

TEST_CASE("a check of the agent has an ID and no CheckID") {
  auto check = read_agent_check(R"({"ID":"c","Name":"n","ServiceID":"s",
    "Notes":"x","Status":"passing","Token":"t","Args":["sh"],"Interval":"1s",
    "Timeout":500000000,"Header":{"A":["b"]},"OutputMaxSize":7,
    "SuccessBeforePassing":2,"FailuresBeforeCritical":3,"GRPCUseTLS":true})");
  REQUIRE(check);
  CHECK(check->id == "c");
  CHECK(check->service_id == "s");
  CHECK(check->args == std::vector<std::string>{"sh"});
  CHECK(check->interval == seconds(1));
  CHECK(check->timeout == milliseconds(500));
  CHECK(check->output_max_size == 7);
  CHECK(check->success_before_passing == 2);
  CHECK(check->failures_before_critical == 3);
  CHECK(check->header.at("A") == std::vector<std::string>{"b"});
  CHECK(trouble(read_agent_check(R"({"CheckID":"c"})")) ==
        R"(json: unknown field "CheckID")");
  CHECK(trouble(read_agent_check(R"({"Script":"c"})")) ==
        R"(json: unknown field "Script")");
  CHECK(trouble(read_agent_check(R"({"TTL":"5"})")) ==
        R"(time: missing unit in duration "5")");
}

TEST_CASE("a check update is a status and an output") {
  auto update = read_check_update(R"({"Status":"passing","Output":"o"})");
  REQUIRE(update);
  CHECK(*update == check_update{"passing", "o"});
  CHECK(trouble(read_check_update("")) == "EOF");
  CHECK(trouble(read_check_update(R"({"Status":5})")) ==
        "json: cannot unmarshal number into Go struct field "
        "checkUpdate.Status of type string");
}

TEST_CASE("a registration carries a node, a service and checks") {
  auto wish = read_catalog_registration(R"({"ID":"i","Node":"n",
    "Address":"1.1.1.1","Datacenter":"dc1","TaggedAddresses":{"lan":"x"},
    "NodeMeta":{},"SkipNodeUpdate":true,"Token":"t",
    "Service":{"Service":"s","Tags":["a"],"Weights":{"Passing":0,"Warning":5}},
    "Check":{"Name":"last","Definition":{"TCP":"x","Interval":5,"Bogus":1}},
    "Checks":[{"Node":"n","CheckID":"d","Status":"passing","Definition":
      {"HTTP":"h","Interval":"10s","Timeout":"3s",
       "DeregisterCriticalServiceAfter":"1m30s","Header":{"A":["b"]}}}]})");
  REQUIRE(wish);
  CHECK(wish->node.id == "i");
  CHECK(wish->node.name == "n");
  CHECK(wish->node.datacenter == "dc1");
  CHECK(wish->node.tagged_addresses == model::string_map{{"lan", "x"}});
  CHECK(wish->node.meta == model::string_map{});
  CHECK(wish->skip_node_update);
  CHECK(wish->token == "t");
  REQUIRE(wish->service);
  CHECK(wish->service->weights == model::service_weights{1, 1});
  REQUIRE(wish->checks.size() == 2);
  CHECK(wish->checks[0].status == "passing");
  CHECK(wish->checks[0].type == "http");
  CHECK(wish->checks[0].definition.deregister_after == seconds(90));
  CHECK(wish->checks[1].name == "last");
  CHECK(wish->checks[1].status == "critical");
  CHECK(wish->checks[1].type == "tcp");
  CHECK(wish->checks[1].definition.interval == nanoseconds(5));
}

TEST_CASE("errors of a registration are worded as in Go") {
  auto of = [](std::string_view body) {
    return trouble(read_catalog_registration(body));
  };
  CHECK(of(R"({"Service":{"Port":"x"}})") ==
        "json: cannot unmarshal string into Go struct field "
        "NodeService.Service.Port of type int");
  CHECK(of(R"({"Check":{"Definition":{"Interval":"x"}}})") ==
        R"(time: invalid duration "x")");
  CHECK(of(R"({"Namespace":"x"})") ==
        "json: unknown field \"Namespace\" - Namespaces are a Consul "
        "Enterprise feature");
  CHECK(of(R"({"Service":{"Name":"x"}})") == R"(json: unknown field "Name")");
}

TEST_CASE("a deregistration names a node and what is on it") {
  auto wish = read_catalog_deregistration(
      R"({"node":"n","ServiceID":"s","CheckID":"c","Datacenter":"dc1"})");
  REQUIRE(wish);
  CHECK(wish->node == "n");
  CHECK(wish->service_id == "s");
  CHECK(wish->check_id == "c");
  CHECK(wish->datacenter == "dc1");
  CHECK(trouble(read_catalog_deregistration("")) == "EOF");
}

TEST_CASE("a session without a body has all the defaults") {
  for (auto body : {"", "{}", "null", R"({"Unknown":1})"}) {
    auto wish = read_session(body);
    REQUIRE(wish);
    CHECK(wish->session.lock_delay == seconds(15));
    CHECK(wish->session.node_checks == std::vector<std::string>{"serfHealth"});
    CHECK(wish->hidden_checks.empty());
  }
  CHECK(trouble(read_session(" ")) == "EOF");
}

TEST_CASE("a small lock delay is in seconds") {
  CHECK(lock_delay("10") == seconds(10));
  CHECK(lock_delay("999") == seconds(999));
  CHECK(lock_delay("1000") == nanoseconds(1000));
  CHECK(lock_delay("100000") == nanoseconds(100000));
  CHECK(lock_delay("1.5") == seconds(1));
  CHECK(lock_delay("0") == seconds(0));
  CHECK(lock_delay("-5") == seconds(-5));
  CHECK(lock_delay("1e30") == seconds(0));
  CHECK(lock_delay("true") == seconds(0));
  CHECK(lock_delay("null") == seconds(15));
  CHECK(lock_delay("\"1500ms\"") == milliseconds(1500));
  CHECK(trouble(read_session(R"({"LockDelay":"x"})")) ==
        R"(time: invalid duration "x")");
}

TEST_CASE("the checks of a session replace or join the default") {
  auto node_checks = [](std::string_view body) {
    auto wish = read_session(body);
    REQUIRE(wish);
    std::string all;
    for (auto& one : wish->session.node_checks)
      all += one + " ";
    for (auto& one : wish->hidden_checks)
      all += "(" + one + ") ";
    return all;
  };
  CHECK(node_checks(R"({"Checks":["x"]})") == "serfHealth (x) ");
  CHECK(node_checks(R"({"NodeChecks":["x"]})") == "x ");
  CHECK(node_checks(R"({"Checks":["x"],"NodeChecks":["y"]})") == "y (x) ");
  CHECK(node_checks(R"({"Checks":[],"NodeChecks":["y"]})") == "");
  CHECK(node_checks(R"({"Checks":null})") == "");
  CHECK(node_checks(R"({"NodeChecks":[]})") == "");
  auto wish = read_session(R"({"ServiceChecks":[{"ID":"a","Bogus":1}]})");
  REQUIRE(wish);
  CHECK(wish->session.service_checks == std::vector<std::string>{"a"});
}

TEST_CASE("a transaction lists operations of four kinds") {
  auto txn = read_transaction(R"([
    {"KV":{"Verb":"cas","Key":"k","Value":"aGVsbG8=",
           "Flags":18446744073709551615,"Index":3,"Session":"s"}},
    {"Node":{"Verb":"set","Node":{"Node":"n","ModifyIndex":4}}},
    {"Service":{"Verb":"get","Node":"n","Service":{"ID":"i","Kind":"x",
                "Connect":{"Native":true},"ModifyIndex":5}}},
    {"Check":{"Verb":"delete","Check":{"Node":"n","CheckID":"c","Type":"x",
              "Definition":{"IntervalDuration":5000000000}}}},
    null, {}])");
  REQUIRE(txn);
  CHECK(txn->listed == 6);
  REQUIRE(txn->operations.size() == 4);
  auto& kv = std::get<kv_operation>(txn->operations[0]);
  CHECK(kv.value == "hello");
  CHECK(kv.flags == UINT64_MAX);
  CHECK(kv.index == 3);
  CHECK(std::get<node_operation>(txn->operations[1]).node.modified == 4);
  auto& service = std::get<service_operation>(txn->operations[2]).service;
  CHECK(service.node == "n");
  CHECK(service.kind == ""); // not taken over by transactions
  CHECK(!service.connect_native);
  CHECK(service.modified == 5);
  auto& check = std::get<check_operation>(txn->operations[3]).check;
  CHECK(check.definition.interval == seconds(5));
  CHECK(check.type == "");
}

TEST_CASE("errors of a transaction are worded as in Go") {
  auto of = [](std::string_view body) {
    return trouble(read_transaction(body));
  };
  CHECK(of("") == "EOF");
  CHECK(of("null") == "");
  CHECK(of("{}") ==
        "json: cannot unmarshal object into Go value of type api.TxnOps");
  CHECK(of("[\"x\"]") ==
        "json: cannot unmarshal string into Go value of type api.TxnOp");
  CHECK(of(R"([{"KV":{"Nope":1}}])") == R"(json: unknown field "Nope")");
  CHECK(of(R"([{"KV":{"Value":"!!"}}])") ==
        "illegal base64 data at input byte 0");
  CHECK(of(R"([{"KV":{"Flags":-1}}])") ==
        "json: cannot unmarshal number -1 into Go struct field "
        "KVTxnOp.KV.Flags of type uint64");
  CHECK(of(R"([{"Node":{"Node":{"ID":5}}}])") ==
        "json: cannot unmarshal number into Go struct field "
        "Node.Node.Node.ID of type string");
}
