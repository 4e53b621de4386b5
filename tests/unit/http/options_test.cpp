#include "http/options.hpp"

#include "protocol/base/uuid.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const std::string namespaces_refused =
    "400 Bad request: Invalid query parameter: \"ns\" - Namespaces are a "
    "Consul Enterprise feature";

request asking(const std::string& query) {
  return make_request("GET", "/v1/catalog/services?" + query);
}

parsed_options read(const std::string& query, const surface& node = {}) {
  auto options = parse_options(asking(query), node);
  REQUIRE(std::holds_alternative<parsed_options>(options));
  return std::get<parsed_options>(options);
}

std::string refusal(const std::string& query) {
  auto options = parse_options(asking(query), {});
  auto* refused = std::get_if<rendered_ptr>(&options);
  if (!refused)
    return "accepted";
  return std::to_string((*refused)->status) + " " + *(*refused)->body;
}

} // namespace

TEST_CASE("without options a read is the leader's and does not wait") {
  auto options = read("");
  CHECK(options.read.level == consistency::leader);
  CHECK(options.read.index == 0);
  CHECK(options.read.wait == wait_default);
  CHECK_FALSE(options.read.cached);
  CHECK_FALSE(options.pretty);
  CHECK(options.datacenter.empty());
}

TEST_CASE("an index is a number of 64 bits") {
  CHECK(read("index=18446744073709551615").read.index == UINT64_MAX);
  CHECK(read("index=").read.index == 0);
  CHECK(read("index=007").read.index == 7);
  for (auto* text : {"x", "-1", "+1", "1.5", "18446744073709551616", "0x1"}) {
    CAPTURE(text);
    CHECK(refusal("index=" + std::string(text)) == "400 Invalid index");
  }
}

TEST_CASE("a wait is a duration, at least something and at most ten minutes") {
  CHECK(read("wait=1ms").read.wait == milliseconds(1));
  CHECK(read("wait=90s").read.wait == seconds(90));
  CHECK(read("wait=10m").read.wait == wait_max);
  CHECK(read("wait=11m").read.wait == wait_max);
  CHECK(read("wait=2000h").read.wait == wait_max);
  CHECK(read("wait=0s").read.wait == wait_default);
  CHECK(read("wait=-5s").read.wait == wait_default);
  CHECK(read("wait=").read.wait == wait_default);
  for (auto* text : {"5", "x", "1d", "s"}) {
    CAPTURE(text);
    CHECK(refusal("wait=" + std::string(text)) == "400 Invalid wait time");
  }
}

TEST_CASE("a read is stale or consistent or neither, but not both") {
  CHECK(read("stale").read.level == consistency::stale);
  CHECK(read("stale=false").read.level == consistency::stale);
  CHECK(read("consistent").read.level == consistency::consistent);
  CHECK(refusal("stale&consistent") ==
        "400 Cannot specify ?stale with ?consistent, conflicting semantics.");
}

TEST_CASE("a longest staleness above zero allows stale reads") {
  CHECK(read("max_stale=5s").read.level == consistency::stale);
  CHECK(read("max_stale=0s").read.level == consistency::leader);
  CHECK(read("max_stale=-5s").read.level == consistency::leader);
  CHECK(read("max_stale=0s&consistent").read.level == consistency::consistent);
  CHECK(read("max-stale=5s").read.level == consistency::leader);
  CHECK(refusal("max_stale=5s&consistent") ==
        "400 Cannot specify ?stale with ?consistent, conflicting semantics.");
  CHECK(refusal("max_stale=x") == "400 Invalid max_stale value \"x\"");
}

TEST_CASE("an answer from the cache cannot be consistent") {
  CHECK(read("cached").read.cached);
  CHECK(read("cached&stale").read.level == consistency::stale);
  CHECK(refusal("cached&consistent") ==
        "400 Cannot specify ?cached with ?consistent, conflicting semantics.");
}

TEST_CASE("of several faults the first in a fixed order is told") {
  CHECK(refusal("ns=a&index=x&wait=y&stale&consistent") ==
        "400 Invalid wait time");
  CHECK(refusal("ns=a&index=x&stale&consistent") == "400 Invalid index");
  CHECK(refusal("ns=a&max_stale=x&stale&consistent") ==
        "400 Invalid max_stale value \"x\"");
  CHECK(refusal("ns=a") == namespaces_refused);
  CHECK(refusal("ns=") == "accepted");
}

TEST_CASE("some routes do not look at the namespace") {
  auto options = parse_options_any_namespace(asking("ns=a&index=5"), {});
  REQUIRE(std::holds_alternative<parsed_options>(options));
  CHECK(std::get<parsed_options>(options).read.index == 5);
  CHECK_FALSE(refused_namespace(asking("ns=")));
  REQUIRE(refused_namespace(asking("ns=default")));
}

TEST_CASE("answers are pretty when asked for, or always on such a node") {
  CHECK(read("pretty").pretty);
  CHECK(read("pretty=0").pretty);
  surface node;
  node.always_pretty = true;
  CHECK(read("", node).pretty);
}

TEST_CASE("only our own datacenter is known") {
  surface node;
  CHECK(read("dc=dc9").datacenter == "dc9");
  CHECK_FALSE(wrong_datacenter("", node));
  CHECK_FALSE(wrong_datacenter("dc1", node));
  for (auto* name : {"dc9", "DC1"}) {
    auto refused = wrong_datacenter(name, node);
    REQUIRE(refused);
    auto& answer = std::get<reply_action>(*refused).answer;
    CHECK(answer->status == 500);
    CHECK(*answer->body == "No path to datacenter");
  }
}

TEST_CASE("selectors are read in the client's order, the last filter counts") {
  model::read_query query;
  read_selectors(asking("tag=b&tag=a&node-meta=k:v:w&node-meta=bare&filter=x"
                        "&filter=y"),
                 query);
  CHECK(query.tag_filter);
  CHECK(query.tags == std::vector<std::string>{"b", "a"});
  REQUIRE(query.node_meta.size() == 2);
  CHECK(query.node_meta[0] == std::pair<std::string, std::string>("k", "v:w"));
  CHECK(query.node_meta[1] == std::pair<std::string, std::string>("bare", ""));
  CHECK(query.filter == "y");
  model::read_query empty;
  read_selectors(asking("tag="), empty);
  CHECK(empty.tag_filter);
  CHECK(empty.tags == std::vector<std::string>{""});
}

TEST_CASE("a number is refused in the words of Go") {
  auto trouble = [](const char* text) {
    auto number = parse_uint(text);
    return number ? "a number" : number.failure().text;
  };
  CHECK(*parse_uint("18446744073709551615") == UINT64_MAX);
  CHECK(trouble("18446744073709551616") ==
        "strconv.ParseUint: parsing \"18446744073709551616\": value out of "
        "range");
  for (auto* text : {"", "x", "-1", "+1", "1x", "1_0", "99999999999999999999x"})
    CHECK(trouble(text) == "strconv.ParseUint: parsing \"" + std::string(text) +
                               "\": invalid syntax");
}

TEST_CASE("a truth value has the six spellings of Go, each way") {
  for (auto* text : {"1", "t", "T", "true", "TRUE", "True"})
    CHECK(parse_bool(text) == true);
  for (auto* text : {"0", "f", "F", "false", "FALSE", "False"})
    CHECK(parse_bool(text) == false);
  for (auto* text : {"", "yes", "tRUE", " 1", "2"})
    CHECK_FALSE(parse_bool(text).has_value());
}

TEST_CASE("a byte that is no hexadecimal digit is shown as Go shows it") {
  CHECK(hex_fault("0123456789abcdefABCDEF").empty());
  CHECK(hex_fault("").empty());
  auto words = [](const std::string& rest) {
    return "encoding/hex: invalid byte: " + rest;
  };
  CHECK(hex_fault("0zy") == words("U+007A 'z'"));
  CHECK(hex_fault("-") == words("U+002D '-'"));
  CHECK(hex_fault("\x01") == words("U+0001"));
  CHECK(hex_fault("\x7F") == words("U+007F"));
  CHECK(hex_fault("\xE9") == words("U+00E9 '\xC3\xA9'"));
  CHECK(hex_fault("\xAD") == words("U+00AD"));
}

TEST_CASE("the key of an answer leaves out what only says how to wait") {
  auto key = [](const std::string& query, bool pretty = false) {
    return cache_key(asking(query), pretty);
  };
  CHECK(key("") == key("index=4&wait=1s&stale&token=x&cached&max_stale=1s"));
  CHECK(key("pretty") == key(""));
  CHECK(key("", true) != key("", false));
  CHECK(key("tag=a") != key("tag=b"));
  CHECK(key("tag=a&tag=b") != key("tag=a"));
  CHECK(key("tag=a&filter=b") != key("tag=a%26filter=b"));
}
