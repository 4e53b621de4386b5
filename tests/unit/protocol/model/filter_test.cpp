#include "protocol/model/filter.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

const std::string prefix = "Failed to create boolean expression evaluator: ";

std::string refusal(std::string_view text,
                    record_kind kind = record_kind::node) {
  auto by = parse_filter(text, kind);
  CAPTURE(text);
  REQUIRE_FALSE(by);
  REQUIRE(by.failure().text.starts_with(prefix));
  return by.failure().text.substr(prefix.size());
}

node web_node() {
  node made;
  made.id = "7d9e";
  made.name = "web-1";
  made.address = "10.0.0.1";
  made.datacenter = "dc1";
  made.tagged_addresses = string_map{{"lan", "10.0.0.1"}};
  made.meta = string_map{{"k", "v"}, {"a key", "x"}, {"none", ""}};
  return made;
}

service web_service() {
  service made;
  made.id = "s1";
  made.name = "web";
  made.tags = {"v1", "Prod"};
  made.port = 80;
  made.address = "10.1.1.1";
  made.meta = string_map{{"m", "1"}};
  made.weights = {3, 2};
  made.tagged_addresses =
      std::map<std::string, service_address>{{"lan", {"10.5.5.5", 81}}};
  made.enable_tag_override = true;
  return made;
}

service proxy_service() {
  service made;
  made.id = "p1";
  made.name = "web-proxy";
  made.kind = "connect-proxy";
  made.proxy.destination_name = "web";
  made.proxy.local_port = 77;
  made.proxy.mesh_gateway_mode = "local";
  made.proxy.upstreams_json = R"([{"DestinationName":"db","LocalBindPort":5},)"
                              R"({"LocalBindPort":6,"Config":{"x":["]"]},)"
                              R"("DestinationName":"a\u00e9"}])";
  made.proxy.expose_json =
      R"({"Checks":true,"Paths":[{"Path":"/x","ListenerPort":4}]})";
  return made;
}

check probe(const char* id, const char* state) {
  check made;
  made.node = "web-1";
  made.id = id;
  made.name = id;
  made.status = state;
  made.service_tags = {"v1"};
  made.output = "first\nsecond";
  return made;
}

service_entry entry(const service& instance, const std::vector<check>& checks) {
  service_entry made{std::make_shared<const node>(web_node()),
                     std::make_shared<const service>(instance),
                     {}};
  for (auto& one : checks)
    made.checks.push_back(std::make_shared<const check>(one));
  return made;
}

template <class Record>
bool holds(std::string_view text, record_kind kind, const Record& about) {
  auto by = parse_filter(text, kind);
  CAPTURE(text);
  if (!by)
    CAPTURE(by.failure().text);
  REQUIRE(by);
  return matches(*by, about);
}

bool of_node(std::string_view text) {
  return holds(text, record_kind::node, web_node());
}
bool of_service(std::string_view text, const service& about = web_service()) {
  return holds(text, record_kind::node_service, about);
}
bool of_catalog(std::string_view text, const service& about = web_service()) {
  return holds(text, record_kind::catalog_service, entry(about, {}));
}
bool of_entry(std::string_view text) {
  auto about =
      entry(proxy_service(), {probe("c1", "passing"), probe("c2", "critical")});
  return holds(text, record_kind::service_entry, about);
}

} // namespace

TEST_CASE("an empty filter matches everything") {
  CHECK(of_node(""));
  CHECK(of_entry(""));
}

TEST_CASE("equality compares texts as they are, in their letter case") {
  CHECK(of_node("Node == \"web-1\""));
  CHECK(of_node("Node==`web-1`"));
  CHECK_FALSE(of_node("Node == \"Web-1\""));
  CHECK(of_node("Node != \"Web-1\""));
  CHECK(of_node("Datacenter == dc1"));
  CHECK(of_node("Meta.none == \"\""));
  CHECK(of_node(" \n\tNode\n==\n`web-1`\n "));
}

TEST_CASE("a text contains its parts, by either of two operators") {
  CHECK(of_node("eb in Node"));
  CHECK_FALSE(of_node("eb not in Node"));
  CHECK(of_node("Node contains eb"));
  CHECK(of_node("Node not contains \"EB\""));
  CHECK(of_node("Node contains \"\""));
  CHECK(of_node("1 in Node"));
}

TEST_CASE("a text matches a pattern anywhere") {
  CHECK(of_node("Node matches \"w.b\""));
  CHECK_FALSE(of_node("Node matches \"^eb\""));
  CHECK(of_node("Node not matches \"^eb\""));
  CHECK(of_node("Node matches `-\\d$`"));
  CHECK(of_node("Node matches \"-\\\\d$\""));
}

TEST_CASE("a list has members, all or nothing") {
  CHECK(of_service("v1 in Tags"));
  CHECK_FALSE(of_service("v in Tags"));
  CHECK_FALSE(of_service("prod in Tags"));
  CHECK(of_service("v2 not in Tags"));
  CHECK(of_service("Tags contains Prod"));
  CHECK(of_service("Tags is not empty"));
  CHECK_FALSE(of_service("Tags is empty"));
  CHECK(of_service("Tags is empty", {}));
}

TEST_CASE("a map has keys, and the values below them") {
  CHECK(of_node("k in Meta"));
  CHECK(of_node("Meta contains \"a key\""));
  CHECK(of_node("v not in Meta"));
  CHECK(of_node("Meta is not empty"));
  CHECK(of_node("Meta.k == v"));
  CHECK(of_node("Meta[\"a key\"] == x"));
  CHECK(of_node("Meta[ `a key` ] == x"));
  CHECK(of_node("TaggedAddresses.lan == \"10.0.0.1\""));
  CHECK(of_service("TaggedAddresses.lan.Port == 81"));
  CHECK(of_service("TaggedAddresses[\"lan\"].Address contains \"10.5\""));
  CHECK(of_service("lan in TaggedAddresses"));
  CHECK(of_service("TaggedAddresses is empty", {}));
  CHECK(of_service("Meta is empty", {}));
}

TEST_CASE("a key that is missing equals nothing and contains nothing") {
  CHECK_FALSE(of_node("Meta.gone == v"));
  CHECK_FALSE(of_node("Meta.gone == \"\""));
  CHECK(of_node("Meta.gone != v"));
  CHECK_FALSE(of_node("\"\" in Meta.gone"));
  CHECK(of_node("\"\" not in Meta.gone"));
  CHECK(of_service("TaggedAddresses.wan.Port != 81"));
  CHECK_FALSE(of_service("TaggedAddresses.wan.Port == 0", {}));
  // Consul's answer, odd as it is.
  CHECK(of_node("Meta.gone matches x"));
  CHECK(of_node("Meta.gone not matches x"));
}

TEST_CASE("numbers and truths are compared as such") {
  CHECK(of_service("Port == 80"));
  CHECK(of_service("Port == \"0x50\""));
  CHECK(of_service("Port == \"0120\""));
  CHECK(of_service("Port == \"8_0\""));
  CHECK(of_service("Port != -80"));
  CHECK(of_service("Port != \"-9223372036854775808\""));
  CHECK(of_service("Weights.Passing == 3 and Weights.Warning == 2"));
  CHECK(of_service("EnableTagOverride == true"));
  CHECK(of_service("EnableTagOverride == T"));
  CHECK(of_service("EnableTagOverride != 0"));
  CHECK(of_service("Connect.Native == false"));
}

TEST_CASE("and binds stronger than or, not stronger than both") {
  CHECK(of_node("Node == a or Node == b or Datacenter == dc1"));
  CHECK(of_node("Datacenter == dc1 or Node == a and Node == b"));
  CHECK_FALSE(of_node("(Datacenter == dc1 or Node == a) and Node == b"));
  CHECK(of_node("not Node == a and Datacenter == dc1"));
  CHECK_FALSE(of_node("not (not Node == a and Datacenter == dc1)"));
  CHECK(of_node("not not ((Datacenter == dc1))"));
}

TEST_CASE("words of the language may be values and selectors") {
  CHECK_FALSE(of_node("Node == not"));
  CHECK_FALSE(of_node("not in Node"));
  CHECK_FALSE(of_node("or in Node"));
  CHECK(refusal("not == 1") == "Selector \"not\" is not valid");
  CHECK(refusal("is is empty") == "Selector \"is\" is not valid");
}

TEST_CASE("a bare word with an index is a dotted text") {
  auto about = web_node();
  about.name = "a.b";
  CHECK(holds("Node == a.b", record_kind::node, about));
  CHECK(holds("Node == a[\"b\"]", record_kind::node, about));
}

TEST_CASE("escapes of strings are undone") {
  CHECK(of_node("Node == \"w\\x65b\\u002d\\061\""));
  CHECK_FALSE(of_node("Node == `w\\x65b-1`"));
  CHECK(refusal("Node == \"\\q\"") ==
        "1:9 (8): rule \"string\": invalid syntax");
  CHECK(refusal("\"\\q\" in Meta[\"\\z\"]") ==
        "1:1 (0): rule \"string\": invalid syntax\n"
        "1:14 (13): rule \"string\": invalid syntax");
}

TEST_CASE("a service of the catalogue is one flat record") {
  CHECK(of_catalog("Node == \"web-1\" and ServiceID == s1"));
  CHECK(of_catalog("ServiceName == web and ServicePort == 80"));
  CHECK(of_catalog("NodeMeta.k == v and ServiceMeta.m == 1"));
  CHECK(of_catalog("v1 in ServiceTags"));
  CHECK(of_catalog("ServiceTaggedAddresses.lan.Port == 81"));
  CHECK(of_catalog("ServiceKind == \"\""));
  CHECK(of_catalog("ServiceProxy.LocalServicePort == 77", proxy_service()));
  for (auto* name : {"Port", "Meta", "Service", "ServiceService", "Name",
                     "ServiceNode", "CreateIndex", "ServiceProxyDestination"})
    CHECK(refusal(std::string(name) + " == 1", record_kind::catalog_service) ==
          "Selector \"" + std::string(name) + "\" is not valid");
}

TEST_CASE("a list of records is asked about any of its items") {
  CHECK(of_entry("Checks.Status == passing and Checks.Status == critical"));
  CHECK(of_entry("Checks.Status != passing"));
  CHECK_FALSE(of_entry("Checks.CheckID == zz"));
  CHECK(of_entry("not Checks.CheckID == zz"));
  CHECK(of_entry("Checks is not empty"));
  CHECK(of_entry("Checks[\"ServiceTags\"] contains v1"));
  auto bare = entry(web_service(), {});
  auto kind = record_kind::service_entry;
  CHECK(holds("Checks is empty", kind, bare));
  CHECK_FALSE(holds("Checks.Status != passing", kind, bare));
  CHECK(holds("not Checks.Status == passing", kind, bare));
}

TEST_CASE("what a proxy stands for can be asked about") {
  CHECK(of_entry("Service.Proxy.DestinationServiceName == web"));
  CHECK(of_entry("Service.Proxy.MeshGateway.Mode == local"));
  CHECK(of_entry("Service.Proxy.Upstreams.DestinationName == db"));
  CHECK(of_entry("Service.Proxy.Upstreams.DestinationName == \"aé\""));
  CHECK(of_entry("Service.Proxy.Upstreams.LocalBindPort == 6"));
  CHECK_FALSE(of_entry("Service.Proxy.Upstreams.LocalBindPort == 7"));
  CHECK(of_entry("Service.Proxy.Upstreams.Datacenter == \"\""));
  CHECK(of_entry("Service.Proxy.Expose.Checks == true"));
  CHECK(of_entry("Service.Proxy.Expose.Paths.Path == \"/x\""));
  CHECK(of_entry("Service.Proxy.Expose.Paths.ParsedFromCheck == false"));
  service plain = web_service();
  CHECK(of_service("Proxy.Upstreams is empty", plain));
  CHECK_FALSE(of_service("Proxy.Upstreams.DestinationName != db", plain));
  CHECK(of_service("Proxy.Expose.Checks == false", plain));
  CHECK(of_service("Proxy.Expose.Paths is empty", plain));
}

TEST_CASE("proxies' texts that are not JSON are survived") {
  auto about = proxy_service();
  auto whole = about.proxy.upstreams_json;
  for (std::size_t i = 0; i <= whole.size(); ++i) {
    about.proxy.upstreams_json = whole.substr(0, i);
    about.proxy.expose_json = whole.substr(whole.size() - i);
    (void)of_service("Proxy.Upstreams.DestinationName == db or "
                     "Proxy.Expose.Paths.Path == x or "
                     "Proxy.Expose.Checks == true",
                     about);
  }
}

TEST_CASE("a selector that leads nowhere is named up to where it fails") {
  CHECK(refusal("Foo == bar") == "Selector \"Foo\" is not valid");
  CHECK(refusal("node == a") == "Selector \"node\" is not valid");
  CHECK(refusal("Foo[\"x\"].y == 1") == "Selector \"Foo\" is not valid");
  CHECK(refusal("Meta.k.j == v") == "Selector \"Meta.k.j\" is not valid");
  CHECK(refusal("a in Foo") == "Selector \"Foo\" is not valid");
  CHECK(refusal("ServiceProxy.Config.k == v", record_kind::catalog_service) ==
        "Selector \"ServiceProxy.Config\" is not valid");
  CHECK(refusal("Checks.Definition.HTTP == v", record_kind::service_entry) ==
        "Selector \"Checks.Definition\" is not valid");
  CHECK(refusal("Port == 80", record_kind::service_entry) ==
        "Selector \"Port\" is not valid");
  CHECK(refusal("ID == a", record_kind::service_name) ==
        "Selector \"ID\" is not valid");
}

TEST_CASE("operators must suit the field") {
  auto catalog = record_kind::catalog_service;
  CHECK(refusal("Node is empty") ==
        "Invalid match operator \"Is Empty\" for selector \"Node\"");
  CHECK(refusal("Meta == k") ==
        "Invalid match operator \"Equal\" for selector \"Meta\"");
  CHECK(refusal("1 not in ServicePort", catalog) ==
        "Invalid match operator \"Not In\" for selector \"ServicePort\"");
  CHECK(refusal("ServiceWeights is not empty", catalog) ==
        "Invalid match operator \"Is Not Empty\" for selector "
        "\"ServiceWeights\"");
  CHECK(refusal("ServiceTags not matches x", catalog) ==
        "Invalid match operator \"Not Matches\" for selector "
        "\"ServiceTags\"");
  CHECK(refusal("Checks != x", record_kind::service_entry) ==
        "Invalid match operator \"Not Equal\" for selector \"Checks\"");
}

TEST_CASE("values must be what the field is") {
  auto kind = record_kind::node_service;
  CHECK(refusal("Port == x", kind) ==
        "Failed to coerce value \"x\" for selector \"Port\": "
        "strconv.ParseInt: parsing \"x\": invalid syntax");
  CHECK(refusal("Port == 9223372036854775808", kind) ==
        "Failed to coerce value \"9223372036854775808\" for selector "
        "\"Port\": strconv.ParseInt: parsing \"9223372036854775808\": "
        "value out of range");
  for (auto* bad : {"", "+", "0x", "08", "8__0", "_80", "80_", "1.5", " 80"})
    CHECK(refusal("Port == \"" + std::string(bad) + "\"", kind)
              .ends_with("invalid syntax"));
  CHECK(refusal("EnableTagOverride == yes", kind) ==
        "Failed to coerce value \"yes\" for selector \"EnableTagOverride\": "
        "strconv.ParseBool: parsing \"yes\": invalid syntax");
  CHECK(refusal("Kind matches \"a{2,1}\"", kind) ==
        "Failed to compile regular expression \"a{2,1}\": error parsing "
        "regexp: invalid repeat count: `{2,1}`");
}

TEST_CASE("a mistake of syntax is told with its place and what could stand") {
  CHECK(refusal("Node ==") ==
        "1:8 (7): no match found, expected: \"-\", \"0\", \"\\\"\", \"`\", "
        "[ \\t\\r\\n], [1-9] or [a-zA-Z]");
  CHECK(refusal("Node = a") ==
        "1:6 (5): no match found, expected: \"!=\", \"==\", \"contains\", "
        "\"in\", \"is\", \"matches\", \"not\" or [ \\t\\r\\n]");
  CHECK(refusal("Node == a b") == "1:11 (10): no match found, expected: "
                                  "\"and\", \"or\", [ \\t\\r\\n] or EOF");
  CHECK(refusal("Node == a)") ==
        "1:10 (9): no match found, expected: \".\", \"[\", [ \\t\\r\\n], "
        "[a-zA-Z0-9_] or EOF");
  CHECK(refusal("Node == a and") ==
        "1:14 (13): no match found, expected: [ \\t\\r\\n]");
  CHECK(refusal("Node\n== a\n and é") ==
        "3:6 (15): no match found, expected: \"(\", \"-\", \"0\", \"\\\"\", "
        "\"`\", \"not\", [ \\t\\r\\n], [1-9] or [a-zA-Z]");
  CHECK(refusal("(Node == a") ==
        "1:11 (10): rule \"grouping\": Unmatched parentheses");
  CHECK(refusal("Node == \"a") ==
        "1:11 (10): rule \"string\": Unterminated string literal");
  CHECK(refusal("Node == 01") ==
        "1:10 (9): rule \"number\": Invalid number literal");
  CHECK(refusal("Meta[k] == v") == "1:6 (5): rule \"index\": Invalid index");
  CHECK(refusal("Meta[\"k\" == v") ==
        "1:10 (9): rule \"index\": Unclosed index expression");
  CHECK(refusal("1 in \"a\"") == "1:6 (5): rule \"match\": Invalid selector");
}

TEST_CASE("an expression has limits in length and depth") {
  auto nested = [](std::size_t n) {
    return std::string(n, '(') + "Node == a" + std::string(n, ')');
  };
  auto kind = record_kind::node;
  std::size_t deep = filter_nesting_max;
  CHECK(parse_filter(nested(deep), kind));
  CHECK(refusal(nested(deep + 1)).find("deeper") != std::string::npos);
  std::string nots;
  while (nots.size() + 20 < filter_bytes_max)
    nots += "not ";
  CHECK(refusal(nots + "Node == a").find("deeper") != std::string::npos);
  std::string many = "Node == a";
  while (many.size() + 14 < filter_bytes_max)
    many += " or Node == a";
  CHECK_FALSE(of_node(many));
  many.resize(filter_bytes_max + 1, ' ');
  CHECK(refusal(many) == "the expression has 8193 bytes, allowed are 8192");
}
