#include "http/json_write.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace praetor;
using http::json_writer;

namespace {

template <class Fn>
std::string written(Fn fn, bool pretty = false) {
  std::string out;
  json_writer json(out, pretty);
  fn(json);
  return out;
}

std::string quoted(std::string_view text) {
  return written([&](json_writer& json) { json.string(text); });
}

std::string printed(double value) {
  return written([&](json_writer& json) { json.number(value); });
}

std::string encoded(std::string_view bytes) {
  return written([&](json_writer& json) { json.base64(bytes); });
}

template <class T>
std::string compact(const T& record) {
  return written([&](json_writer& json) { write(json, record); });
}

} // namespace

TEST_CASE("a compact document has no blanks") {
  CHECK(written([](json_writer& json) {
          json.begin_object();
          json.field("A", 1);
          json.key("B");
          json.begin_array();
          json.null();
          json.boolean(true);
          json.begin_object();
          json.end_object();
          json.end_array();
          json.key_text("C\n");
          json.string("x");
          json.end_object();
        }) == R"({"A":1,"B":[null,true,{}],"C\n":"x"})");
}

TEST_CASE("a pretty document is indented by four blanks") {
  auto fill = [](json_writer& json) {
    json.begin_array();
    json.begin_object();
    json.field("A", "x");
    json.key("B");
    json.begin_array();
    json.end_array();
    json.key("C");
    json.begin_object();
    json.field("D", false);
    json.end_object();
    json.end_object();
    json.number(7);
    json.end_array();
  };
  CHECK(written(fill, true) == "[\n    {\n        \"A\": \"x\",\n"
                               "        \"B\": [],\n        \"C\": {\n"
                               "            \"D\": false\n        }\n    },\n"
                               "    7\n]");
}

TEST_CASE("strings are escaped as in Go") {
  CHECK(quoted("plain/\x7f") == "\"plain/\x7f\"");
  CHECK(quoted("\"\\\n\r\t\b\f\x01") == R"("\"\\\n\r\t\u0008\u000c\u0001")");
  CHECK(quoted(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(quoted("<a>&") == R"("\u003ca\u003e\u0026")");
  CHECK(quoted("\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA") ==
        "\"\\u2028\\u2029\xE2\x80\xAA\"");
  CHECK(quoted("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
}

TEST_CASE("each byte that is not UTF-8 becomes a replacement character") {
  CHECK(quoted("a\xff") == R"("a\ufffd")");
  CHECK(quoted("\xC3") == R"("\ufffd")");
  CHECK(quoted("\xC0\xAF") == R"("\ufffd\ufffd")");           // overlong
  CHECK(quoted("\xED\xA0\x80") == R"("\ufffd\ufffd\ufffd")"); // surrogate
  CHECK(quoted("\xF4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");
  CHECK(quoted("\xE2\x28\xA1") == R"("\ufffd(\ufffd")");
}

TEST_CASE("doubles are printed as in Go") {
  CHECK(printed(0) == "0");
  CHECK(printed(-0.0) == "-0");
  CHECK(printed(1) == "1");
  CHECK(printed(0.1) == "0.1");
  CHECK(printed(0.000001) == "0.000001");
  CHECK(printed(1e-7) == "1e-7");
  CHECK(printed(3.25e-9) == "3.25e-9");
  CHECK(printed(1e-10) == "1e-10");
  CHECK(printed(1e20) == "100000000000000000000");
  CHECK(printed(123456789012345678.0) == "123456789012345680");
  CHECK(printed(123456789012345678901.0) == "123456789012345680000");
  CHECK(printed(-9007199254740993.0) == "-9007199254740992");
  CHECK(printed(1e21) == "1e+21");
  CHECK(printed(-1.5e300) == "-1.5e+300");
  CHECK(printed(1.2345678901234567e-6) == "0.0000012345678901234567");
  CHECK(printed(std::numeric_limits<double>::denorm_min()) == "5e-324");
  CHECK(printed(std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("integers keep all their digits") {
  auto text = written([](json_writer& json) {
    json.begin_array();
    json.number(UINT64_MAX);
    json.number(INT64_MIN);
    json.end_array();
  });
  CHECK(text == "[18446744073709551615,-9223372036854775808]");
}

TEST_CASE("bytes become padded base64") {
  CHECK(encoded("") == "\"\"");
  CHECK(encoded("f") == "\"Zg==\"");
  CHECK(encoded("fo") == "\"Zm8=\"");
  CHECK(encoded("foo") == "\"Zm9v\"");
  CHECK(encoded("foob") == "\"Zm9vYg==\"");
  CHECK(encoded("\xff\xfe\xfd") == "\"//79\"");
}

TEST_CASE("raw JSON is indented in pretty text only") {
  auto fill = [](json_writer& json) {
    json.begin_object();
    json.key("A");
    json.raw(R"({"b":[1,{},"x,{\"}"],"c":[]})");
    json.field("Z", 1);
    json.end_object();
  };
  CHECK(written(fill) == R"({"A":{"b":[1,{},"x,{\"}"],"c":[]},"Z":1})");
  CHECK(written(fill, true) ==
        "{\n    \"A\": {\n        \"b\": [\n            1,\n            {},\n"
        "            \"x,{\\\"}\"\n        ],\n        \"c\": []\n    },\n"
        "    \"Z\": 1\n}");
}

TEST_CASE("a key shows its session only while it is held") {
  model::kv_entry entry;
  entry.key = "a<b";
  entry.value = "hello";
  entry.flags = 7;
  entry.lock_index = 1;
  entry.created = 3;
  entry.modified = 4;
  CHECK(compact(entry) ==
        R"({"LockIndex":1,"Key":"a\u003cb","Flags":7,"Value":"aGVsbG8=",)"
        R"("CreateIndex":3,"ModifyIndex":4})");
  entry.session = "s";
  entry.value.clear();
  CHECK(compact(entry) ==
        R"({"LockIndex":1,"Key":"a\u003cb","Flags":7,"Value":null,)"
        R"("Session":"s","CreateIndex":3,"ModifyIndex":4})");
}

TEST_CASE("a node tells absent maps from empty ones") {
  model::node node;
  node.name = "n";
  node.address = "1.1.1.1";
  node.datacenter = "dc1";
  node.meta.emplace();
  node.created = node.modified = 5;
  CHECK(compact(node) == R"({"ID":"","Node":"n","Address":"1.1.1.1",)"
                         R"("Datacenter":"dc1","TaggedAddresses":null,)"
                         R"("Meta":{},"CreateIndex":5,"ModifyIndex":5})");
}

TEST_CASE("a check leaves out what its definition does not set") {
  model::check check;
  check.node = "n3";
  check.id = check.name = "d";
  check.status = "passing";
  check.type = "http";
  check.service_tags = {"a"};
  check.created = check.modified = 66;
  auto head = std::string(
      R"({"Node":"n3","CheckID":"d","Name":"d","Status":"passing","Notes":"",)"
      R"("Output":"","ServiceID":"","ServiceName":"","ServiceTags":["a"],)"
      R"("Type":"http","Definition":)");
  auto tail = std::string(R"(,"CreateIndex":66,"ModifyIndex":66})");
  CHECK(compact(check) == head + "{}" + tail);
  auto& what = check.definition;
  what.interval = std::chrono::seconds(10);
  what.timeout = std::chrono::seconds(3);
  what.deregister_after = std::chrono::seconds(90);
  what.http = "h";
  what.tls_skip_verify = true;
  what.header = {{"A", {}}, {"B", {"b", "c"}}};
  what.method = "POST";
  what.body = "bb";
  what.tcp = "tcp";
  CHECK(compact(check) ==
        head +
            R"({"Interval":"10s","Timeout":"3s",)"
            R"("DeregisterCriticalServiceAfter":"1m30s","HTTP":"h",)"
            R"("TLSSkipVerify":true,"Header":{"A":[],"B":["b","c"]},)"
            R"("Method":"POST","Body":"bb","TCP":"tcp"})" +
            tail);
}

TEST_CASE("a session lists its checks and counts its delay in nanoseconds") {
  model::session session;
  session.id = "e7";
  session.node = "n3";
  session.created = session.modified = 70;
  CHECK(compact(session) ==
        R"({"ID":"e7","Name":"","Node":"n3","LockDelay":15000000000,)"
        R"("Behavior":"release","TTL":"","NodeChecks":[],)"
        R"("ServiceChecks":null,"CreateIndex":70,"ModifyIndex":70})");
  session.behavior = model::session_behavior::remove;
  session.node_checks = {"serfHealth"};
  session.service_checks = {"d"};
  CHECK(compact(session) ==
        R"({"ID":"e7","Name":"","Node":"n3","LockDelay":15000000000,)"
        R"("Behavior":"delete","TTL":"","NodeChecks":["serfHealth"],)"
        R"("ServiceChecks":[{"ID":"d","Namespace":""}],)"
        R"("CreateIndex":70,"ModifyIndex":70})");
}

TEST_CASE("a service looks different in every place") {
  model::service service;
  service.id = "s3-1";
  service.name = "s3";
  service.created = service.modified = 66;
  auto of = [&](auto fn) {
    return written([&](json_writer& json) { fn(json); });
  };
  CHECK(of([&](json_writer& json) { write_node_service(json, service); }) ==
        R"({"ID":"s3-1","Service":"s3","Tags":[],"Address":"","Meta":null,)"
        R"("Port":0,"Weights":{"Passing":1,"Warning":1},)"
        R"("EnableTagOverride":false,"Proxy":{"MeshGateway":{},"Expose":{}},)"
        R"("Connect":{},"CreateIndex":66,"ModifyIndex":66})");
  CHECK(of([&](json_writer& json) { write_agent_service(json, service); }) ==
        R"({"ID":"s3-1","Service":"s3","Tags":[],"Meta":{},"Port":0,)"
        R"("Address":"","Weights":{"Passing":1,"Warning":1},)"
        R"("EnableTagOverride":false})");
  CHECK(of([&](json_writer& json) {
          write_transaction_service(json, service);
        }) ==
        R"({"ID":"s3-1","Service":"s3","Tags":null,"Address":"","Meta":null,)"
        R"("Port":0,"Weights":{"Passing":1,"Warning":1},)"
        R"("EnableTagOverride":false,"Proxy":{"MeshGateway":{},"Expose":{}},)"
        R"("Connect":{},"CreateIndex":66,"ModifyIndex":66})");
  service.tags = {"a"};
  service.meta = model::string_map{{"z", "1"}, {"a", "2"}};
  service.port = 80;
  service.address = "9.9.9.9";
  service.tagged_addresses.emplace();
  (*service.tagged_addresses)["wan"] = {"x", 3};
  service.weights = {3, 2};
  service.enable_tag_override = true;
  service.connect_native = true;
  CHECK(of([&](json_writer& json) {
          write_catalog_service(json, model::node{}, service);
        }) == R"({"ID":"","Node":"","Address":"","Datacenter":"",)"
              R"("TaggedAddresses":null,"NodeMeta":null,"ServiceKind":"",)"
              R"("ServiceID":"s3-1","ServiceName":"s3","ServiceTags":["a"],)"
              R"("ServiceAddress":"9.9.9.9","ServiceTaggedAddresses":)"
              R"({"wan":{"Address":"x","Port":3}},"ServiceWeights":)"
              R"({"Passing":3,"Warning":2},"ServiceMeta":{"a":"2","z":"1"},)"
              R"("ServicePort":80,"ServiceEnableTagOverride":true,)"
              R"("ServiceProxy":{"MeshGateway":{},"Expose":{}},)"
              R"("ServiceConnect":{"Native":true},)"
              R"("CreateIndex":66,"ModifyIndex":66})");
  CHECK(of([&](json_writer& json) {
          write_agent_service(json, service, "d5ba");
        }) == R"({"ID":"s3-1","Service":"s3","Tags":["a"],"Meta":)"
              R"({"a":"2","z":"1"},"Port":80,"Address":"9.9.9.9",)"
              R"("TaggedAddresses":{"wan":{"Address":"x","Port":3}},)"
              R"("Weights":{"Passing":3,"Warning":2},"EnableTagOverride":true,)"
              R"("ContentHash":"d5ba","Connect":{"Native":true}})");
}

TEST_CASE("the agent leaves out empty parts of an upstream") {
  model::service service;
  service.kind = "connect-proxy";
  service.proxy.destination_name = "web";
  service.proxy.upstreams_json =
      R"([{"DestinationType":"service","DestinationName":"db",)"
      R"("Datacenter":"","LocalBindPort":99,"Config":null,"MeshGateway":{}}])";
  auto text =
      written([&](json_writer& json) { write_agent_service(json, service); });
  CHECK(text.find(R"("Proxy":{"DestinationServiceName":"web","Upstreams":)"
                  R"([{"DestinationType":"service","DestinationName":"db",)"
                  R"("LocalBindPort":99,"MeshGateway":{}}],"MeshGateway":{},)"
                  R"("Expose":{}})") != text.npos);
  text = written([&](json_writer& json) { write_node_service(json, service); });
  CHECK(text.find(R"("Datacenter":"","LocalBindPort":99,"Config":null)") !=
        text.npos);
}

TEST_CASE("a health entry is node, service and checks") {
  model::service_entry entry;
  entry.node = std::make_shared<model::node>();
  entry.service = std::make_shared<model::service>();
  auto text = compact(entry);
  CHECK(text.starts_with(R"({"Node":{"ID":"")"));
  CHECK(text.find(R"(},"Service":{"ID":"")") != text.npos);
  CHECK(text.ends_with(R"(},"Checks":[]})"));
}

TEST_CASE("local health answers show blank definitions") {
  model::check check;
  check.type = "ttl";
  auto text = written(
      [&](json_writer& json) { write_agent_health_check(json, check); });
  CHECK(text.find(R"("ServiceTags":null,"Type":"","Definition":)"
                  R"({"Interval":"0s","Timeout":"0s",)") != text.npos);
}
