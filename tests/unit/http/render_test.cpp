#include "http/render.hpp"

#include "http/gzip.hpp"
#include "http/replies.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http;
using model::query_kind;

namespace {

template <class T>
std::shared_ptr<const T> shared(T record) {
  return std::make_shared<const T>(std::move(record));
}

model::kv_entry entry(const char* key, const char* value) {
  model::kv_entry made;
  made.key = key;
  made.value = value;
  made.created = 3;
  made.modified = 4;
  return made;
}

model::read_answer answer_of(decltype(model::read_answer::records) records) {
  model::read_answer made;
  made.index = 7;
  made.records = std::move(records);
  return made;
}

read_action asking(query_kind kind) {
  read_action made;
  made.query.kind = kind;
  return made;
}

std::string body_of(const read_action& asked,
                    decltype(model::read_answer::records) records) {
  auto answer = render(asked, answer_of(std::move(records)));
  CHECK(answer->status == 200);
  CHECK(answer->content_type == "application/json");
  CHECK(answer->index == 7);
  REQUIRE(answer->body);
  return *answer->body;
}

model::node node_n() {
  model::node made;
  made.name = "n";
  made.address = "10.0.0.1";
  made.datacenter = "dc1";
  return made;
}

model::service service_web() {
  model::service made;
  made.node = "n";
  made.id = "web1";
  made.name = "web";
  return made;
}

std::string rendered_text(const write_action& asked,
                          const model::outcome& outcome) {
  auto answer = render(asked, outcome);
  REQUIRE(answer->body);
  return std::to_string(answer->status) + " " + *answer->body;
}

// "Name: value" of all headers, in order.
std::vector<std::string> lines(const response& from) {
  std::vector<std::string> all;
  for (auto& [name, value] : from.headers)
    all.push_back(name + ": " + value);
  return all;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("keys that are not there are a 404 with the index of the read") {
  for (auto kind : {query_kind::kv_get, query_kind::kv_list}) {
    auto answer = render(asking(kind), answer_of(model::kv_list{}));
    CHECK(answer->status == 404);
    CHECK_FALSE(answer->body);
    CHECK(answer->content_type.empty());
    CHECK(answer->index == 7);
  }
  auto below = asking(query_kind::kv_keys);
  below.query.name = "a/";
  auto names = render(below, answer_of(model::key_list{}));
  CHECK(names->status == 404);
  CHECK_FALSE(names->body);
}

TEST_CASE("the keys of the whole store are a list even when it is empty") {
  auto whole = asking(query_kind::kv_keys);
  whole.query.name.clear();
  auto names = render(whole, answer_of(model::key_list{}));
  CHECK(names->status == 200);
  REQUIRE(names->body);
  CHECK(*names->body == "[]");
}

TEST_CASE("all other lists may be empty") {
  CHECK(body_of(asking(query_kind::catalog_nodes), model::node_list{}) == "[]");
  CHECK(body_of(asking(query_kind::catalog_services),
                model::tags_by_service{}) == "{}");
  CHECK(body_of(asking(query_kind::health_service), model::entry_list{}) ==
        "[]");
  CHECK(body_of(asking(query_kind::health_state), model::check_list{}) == "[]");
  CHECK(body_of(asking(query_kind::session_list), model::session_list{}) ==
        "[]");
}

TEST_CASE("entries and keys are lists in the order of the state") {
  auto asked = asking(query_kind::kv_list);
  CHECK(body_of(asked, model::kv_list{shared(entry("a", "v"))}) ==
        R"([{"LockIndex":0,"Key":"a","Flags":0,"Value":"dg==",)"
        R"("CreateIndex":3,"ModifyIndex":4}])");
  CHECK(body_of(asking(query_kind::kv_keys), model::key_list{"b", "a/"}) ==
        R"(["b","a/"])");
}

TEST_CASE("a pretty answer is indented and ends with a line feed") {
  auto asked = asking(query_kind::kv_keys);
  asked.pretty = true;
  CHECK(body_of(asked, model::key_list{"a"}) == "[\n    \"a\"\n]\n");
}

TEST_CASE("a raw value is its bytes, and no browser may run them") {
  auto asked = asking(query_kind::kv_get);
  asked.raw = true;
  auto answer =
      render(asked, answer_of(model::kv_list{shared(entry("a", "<script>"))}));
  CHECK(answer->status == 200);
  CHECK(*answer->body == "<script>");
  CHECK(answer->content_type == "text/plain");
  CHECK(answer->headers ==
        std::vector<header>{{"X-Content-Type-Options", "nosniff"},
                            {"Content-Security-Policy", "sandbox"}});
  CHECK(answer->index == 7);
}

TEST_CASE("services are named with their tags") {
  CHECK(body_of(asking(query_kind::catalog_services),
                model::tags_by_service{{"db", {}}, {"web", {"b", "a"}}}) ==
        R"({"db":[],"web":["b","a"]})");
}

TEST_CASE("an instance is flat for the catalogue and nested for health") {
  model::service_entry one;
  one.node = shared(node_n());
  one.service = shared(service_web());
  for (auto kind : {query_kind::catalog_service, query_kind::catalog_connect})
    CHECK(body_of(asking(kind), model::entry_list{one})
              .starts_with(R"([{"ID":"","Node":"n","Address":"10.0.0.1",)"));
  for (auto kind : {query_kind::health_service, query_kind::health_connect})
    CHECK(body_of(asking(kind), model::entry_list{one})
              .starts_with(R"([{"Node":{"ID":"","Node":"n",)"));
}

TEST_CASE("a node comes with its services as a map or as a list") {
  model::node_services found;
  found.node = shared(node_n());
  found.services = {shared(service_web())};
  auto asked = asking(query_kind::catalog_node);
  auto map = body_of(asked, found);
  CHECK(map.starts_with(R"({"Node":{"ID":"","Node":"n",)"));
  CHECK(map.find(R"("Services":{"web1":{"ID":"web1",)") != std::string::npos);
  asked.as_list = true;
  CHECK(body_of(asked, found).find(R"("Services":[{"ID":"web1",)") !=
        std::string::npos);
}

TEST_CASE("an unknown node is null, and as a list two nulls") {
  auto asked = asking(query_kind::catalog_node);
  CHECK(body_of(asked, model::node_services{}) == "null");
  asked.as_list = true;
  CHECK(body_of(asked, model::node_services{}) ==
        R"({"Node":null,"Services":null})");
}

TEST_CASE("a write is answered with whether it was done") {
  model::outcome outcome;
  CHECK(rendered_text({}, outcome) == "200 true");
  outcome.accepted = false;
  CHECK(rendered_text({}, outcome) == "200 false");
  write_action pretty;
  pretty.pretty = true;
  CHECK(rendered_text(pretty, outcome) == "200 false\n");
}

TEST_CASE("a write that failed tells why, whatever its answer would be") {
  model::outcome outcome;
  outcome.failure = fail(errc::not_found, "Missing node registration");
  for (auto form :
       {write_reply::boolean, write_reply::transaction, write_reply::session}) {
    write_action asked;
    asked.reply = form;
    CHECK(rendered_text(asked, outcome) == "500 Missing node registration");
  }
  outcome.failure = fail(errc::unavailable, "busy");
  CHECK(rendered_text({}, outcome) == "503 busy");
}

TEST_CASE("a new session is answered with its id") {
  write_action asked;
  asked.reply = write_reply::session;
  asked.session_id = "s";
  CHECK(rendered_text(asked, {}) == R"(200 {"ID":"s"})");
}

TEST_CASE("a transaction is answered with its results or its errors") {
  write_action asked;
  asked.reply = write_reply::transaction;
  model::outcome outcome;
  CHECK(rendered_text(asked, outcome) == R"(200 {"Results":[],"Errors":null})");
  outcome.results = {entry("k", "")};
  CHECK(rendered_text(asked, outcome) ==
        R"(200 {"Results":[{"KV":{"LockIndex":0,"Key":"k","Flags":0,)"
        R"("Value":null,"CreateIndex":3,"ModifyIndex":4}}],"Errors":null})");
  outcome.failures = {{0, "a"}, {2, "b"}};
  CHECK(rendered_text(asked, outcome) ==
        R"(409 {"Results":null,"Errors":[{"OpIndex":0,"What":"a"},)"
        R"({"OpIndex":2,"What":"b"}]})");
}

TEST_CASE("records of the catalogue come back from a transaction") {
  write_action asked;
  asked.reply = write_reply::transaction;
  model::outcome outcome;
  model::node node;
  node.name = "n";
  model::service service;
  service.id = service.name = "s";
  model::check check;
  check.id = "c";
  outcome.results = {node, service, check};
  auto text = rendered_text(asked, outcome);
  CHECK(text.starts_with(R"(200 {"Results":[{"Node":{"ID":"","Node":"n",)"));
  CHECK(text.find(R"(},{"Service":{"ID":"s","Service":"s","Tags":null,)") !=
        text.npos);
  CHECK(text.find(R"(},{"Check":{"Node":"","CheckID":"c",)") != text.npos);
}

TEST_CASE("autopilot's configuration is shown with its durations as text") {
  read_action asked;
  asked.query.kind = model::query_kind::autopilot;
  model::autopilot_config config;
  config.server_stabilization_time = std::chrono::seconds(65);
  config.created = 3;
  config.modified = 4;
  model::read_answer answer;
  answer.records = std::make_shared<const model::autopilot_config>(config);
  CHECK(*render(asked, answer)->body ==
        R"({"CleanupDeadServers":true,"LastContactThreshold":"200ms",)"
        R"("MaxTrailingLogs":250,"MinQuorum":0,)"
        R"("ServerStabilizationTime":"1m5s","RedundancyZoneTag":"",)"
        R"("DisableUpgradeMigration":false,"UpgradeVersionTag":"",)"
        R"("CreateIndex":3,"ModifyIndex":4})");
}

TEST_CASE("usage names our datacenter and every kind of mesh instance") {
  read_action asked;
  asked.query.kind = model::query_kind::usage;
  asked.datacenter = "dc7";
  model::read_answer answer;
  answer.records = model::usage_counts{1, 2, 3, 1, {{"connect-proxy", 2}}};
  CHECK(*render(asked, answer)->body ==
        R"({"Usage":{"dc7":{"Nodes":1,"Services":2,"ServiceInstances":3,)"
        R"("ConnectServiceInstances":{"connect-native":0,"connect-proxy":2,)"
        R"("ingress-gateway":0,"mesh-gateway":0,"terminating-gateway":0},)"
        R"("BillableServiceInstances":1}}})");
}

TEST_CASE("services are summed up by name, with their nodes and checks") {
  auto instance = [](std::string node, std::string id,
                     std::vector<std::string> tags) {
    auto at = std::make_shared<model::node>();
    at->name = std::move(node);
    auto service = std::make_shared<model::service>();
    service->id = std::move(id);
    service->name = "web";
    service->tags = std::move(tags);
    service->meta = model::string_map{{"external-source", "k8s"}};
    auto check = std::make_shared<model::check>();
    check->status = "warning";
    return model::service_entry{at, service, {check}};
  };
  read_action asked;
  asked.query.kind = model::query_kind::service_dump;
  asked.form = read_form::summaries;
  model::read_answer answer;
  answer.records =
      model::entry_list{instance("b", "1", {"z", "a"}),
                        instance("a", "2", {"a"}), instance("a", "3", {})};
  CHECK(*render(asked, answer)->body ==
        R"([{"Name":"web","Tags":["a","z"],"Nodes":["a","a","b"],)"
        R"("InstanceCount":3,"ChecksPassing":0,"ChecksWarning":3,)"
        R"("ChecksCritical":0,"ExternalSources":["k8s"],)"
        R"("GatewayConfig":{}}])");
}

TEST_CASE("the overview counts a service by the worst of its checks") {
  auto node = std::make_shared<model::node>();
  auto service = std::make_shared<model::service>();
  service->id = service->name = "web";
  auto check = std::make_shared<model::check>();
  check->name = "up";
  check->service_id = "web";
  check->status = "critical";
  read_action asked;
  asked.query.kind = model::query_kind::node_dump;
  asked.form = read_form::overview;
  model::read_answer answer;
  answer.records = model::node_info_list{{node, {service}, {check}}};
  auto text = *render(asked, answer)->body;
  CHECK(text.starts_with(R"({"Nodes":[{"Total":1,"Passing":1,"Warning":0,)"));
  CHECK(text.find(R"({"Name":"web","Total":1,"Passing":0,"Warning":0,)"
                  R"("Critical":1,)") != text.npos);
  CHECK(text.find(R"({"Name":"up","Total":1,"Passing":0,)") != text.npos);
}

TEST_CASE("a node that is not there is missing, a known one is one object") {
  read_action asked;
  asked.query.kind = model::query_kind::node_info;
  model::read_answer answer;
  answer.records = model::node_info_list{};
  CHECK(render(asked, answer)->status == 404);
  auto node = std::make_shared<model::node>();
  node->name = "n";
  answer.records = model::node_info_list{{node, {}, {}}};
  CHECK(*render(asked, answer)->body ==
        R"({"ID":"","Node":"n","Address":"","TaggedAddresses":null,)"
        R"("Meta":null,"Services":[],"Checks":[]})");
}

TEST_CASE("a transaction that only reads tells of its source as well") {
  transaction_read asked;
  auto answer = render(asked, model::outcome{});
  CHECK(*answer->body ==
        R"({"Results":[],"Errors":null,"Index":0,"LastContact":0,)"
        R"("KnownLeader":true,"ConsistencyLevel":""})");
  CHECK(answer->headers == std::vector<header>{{"X-Consul-Knownleader", "true"},
                                               {"X-Consul-Lastcontact", "0"}});
}

TEST_CASE("the answer of a route varies with the coding, others do not") {
  auto answer = text_reply("x");
  CHECK(lines(finish({}, {}, answer, nullptr, true)) ==
        texts{"Vary: Accept-Encoding", "Content-Type: text/plain"});
  CHECK(lines(finish({}, {}, answer, nullptr, false)) ==
        texts{"Content-Type: text/plain"});
  CHECK(lines(finish({}, {}, empty_reply(404), nullptr, false)).empty());
}

TEST_CASE("a read tells the index, the leader and how fresh it is") {
  read_source source;
  source.index = UINT64_MAX;
  source.leader_known = false;
  source.last_contact_ms = 12;
  CHECK(lines(finish({}, {}, empty_reply(404), &source, false)) ==
        texts{"X-Consul-Index: 18446744073709551615",
              "X-Consul-Knownleader: false", "X-Consul-Lastcontact: 12"});
  source.tells_consistency = true;
  for (auto [level, name] :
       {std::pair{consistency::leader, "leader"},
        std::pair{consistency::stale, "stale"},
        std::pair{consistency::consistent, "consistent"}}) {
    source.level = level;
    CHECK(lines(finish({}, {}, empty_reply(404), &source, false)).back() ==
          "X-Consul-Effective-Consistency: " + std::string(name));
  }
}

TEST_CASE("configured headers follow those of a route's answer") {
  surface node;
  node.extra_headers = {{"X-A", "1"}, {"X-B", "2"}};
  node.translate_wan_addresses = true;
  CHECK(lines(finish({}, node, empty_reply(200), nullptr, true)) ==
        texts{"Vary: Accept-Encoding", "X-A: 1", "X-B: 2",
              "X-Consul-Translate-Addresses: true"});
  CHECK(lines(finish({}, node, empty_reply(404), nullptr, false)).empty());
}

TEST_CASE("an answer is compressed for those who accept it") {
  request asked;
  asked.headers = {{"accept-encoding", "deflate, gzip"}};
  auto answer = text_reply("some text");
  auto sent = finish(asked, {}, answer, nullptr, true);
  CHECK(lines(sent).back() == "Content-Encoding: gzip");
  CHECK(*sent.body == gzip("some text"));
  CHECK(*finish({}, {}, answer, nullptr, true).body == "some text");
  // Not where nobody looked for a route, and not for nothing.
  CHECK(*finish(asked, {}, answer, nullptr, false).body == "some text");
  CHECK(lines(finish(asked, {}, text_reply(""), nullptr, true)).size() == 2);
  CHECK_FALSE(finish(asked, {}, empty_reply(404), nullptr, true).body);
}

TEST_CASE("the answer's own headers and status are sent") {
  auto answer = std::make_shared<rendered>(*empty_reply(301));
  answer->headers = {{"Location", "/ui/"}};
  auto sent = finish({}, {}, answer, nullptr, false);
  CHECK(sent.status == 301);
  CHECK(lines(sent) == texts{"Location: /ui/"});
}
