#include "http/router.hpp"

#include "tests/unit/http/routing.hpp"

#include <algorithm>
#include <set>

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;

namespace {

// Method, status and Location of the answer to a path that is not clean.
std::string moved(const site& at, const char* verb, const char* target) {
  auto answer = answer_of(at.ask(verb, target));
  return std::to_string(answer->status) + " " + header_of(*answer, "Location");
}

// Every pattern with something behind it where it takes a name.
std::string example_of(const route& one) {
  std::string path(one.pattern);
  return path.ends_with('/') && path.starts_with("/v1/") ? path + "x" : path;
}

std::vector<std::string> methods_of(const route& one) {
  std::vector<std::string> methods(1);
  for (auto letter : one.methods)
    if (letter == ',')
      methods.emplace_back();
    else
      methods.back() += letter;
  return methods;
}

} // namespace

TEST_CASE("the table is sorted by pattern and has each but once") {
  auto table = all_routes();
  REQUIRE(table.size() > 100);
  for (std::size_t i = 1; i < table.size(); ++i) {
    CAPTURE(table[i].pattern);
    CHECK(table[i - 1].pattern < table[i].pattern);
  }
}

TEST_CASE("every route has a handler and methods that are known") {
  for (auto& one : all_routes()) {
    CAPTURE(one.pattern);
    CHECK(one.pattern.starts_with("/"));
    bool handled = one.handle != nullptr;
    CHECK(handled);
    auto methods = methods_of(one);
    CHECK(std::set(methods.begin(), methods.end()).size() == methods.size());
    for (auto& verb : methods)
      CHECK((method_of(verb) != method::other && verb != "OPTIONS"));
  }
}

TEST_CASE("every route answers each of its methods, and says so") {
  site at;
  at.node.ui = true;
  at.node.debug = true;
  for (auto& one : all_routes()) {
    CAPTURE(one.pattern);
    for (auto& verb : methods_of(one)) {
      auto routed = at.ask(verb, example_of(one), "{}");
      CHECK(routed.matched);
      CHECK(routed.writes == (verb != "GET" && verb != "HEAD"));
    }
    if (one.knows_its_methods)
      continue; // its own test says what it allows
    auto allow = "OPTIONS," + std::string(one.methods);
    auto options = answer_of(at.ask("OPTIONS", example_of(one)));
    CHECK(options->status == 200);
    CHECK_FALSE(options->body);
    CHECK(header_of(*options, "Allow") == allow);
    auto refused = answer_of(at.ask("PATCH", example_of(one)));
    CHECK(refused->status == 405);
    CHECK(header_of(*refused, "Allow") == allow);
    CHECK(*refused->body == "method PATCH not allowed");
  }
}

TEST_CASE("what is for debugging is there when it is wanted") {
  site at;
  CHECK(at.reply("GET", "/debug/pprof/") == "404");
  CHECK(at.reply("GET", "/debug/pprof") == "404");
  at.node.debug = true;
  at.node.command_line = std::string("praetor\0agent\0", 14);
  CHECK(moved(at, "GET", "/debug/pprof") == "301 /debug/pprof/");
  CHECK(at.reply("GET", "/debug/pprof/").starts_with("200 <html>"));
  CHECK(at.reply("GET", "/debug/pprof/cmdline") ==
        "200 " + at.node.command_line);
  CHECK(at.reply("GET", "/debug/pprof/heap") == "404 Unknown profile\n");
}

TEST_CASE("the longest pattern wins, and an exact one before all") {
  site at;
  auto by_id =
      at.agent<agent::health_by_id>("GET", "/v1/agent/health/service/id/web/1");
  CHECK(by_id.id == "web/1");
  CHECK(
      at.agent<agent::get_service>("GET", "/v1/agent/service/maintenance").id ==
      "maintenance");
  CHECK(at.agent<agent::deregister_service>("PUT",
                                            "/v1/agent/service/deregister/a/b")
            .id == "a/b");
  // Known below /v1/agent/service/ as well, with other methods.
  CHECK(at.reply("GET", "/v1/agent/service/register") ==
        "405 method GET not allowed");
  CHECK(at.wish<read_action>("GET", "/v1/kv/a/b/").query.name == "a/b/");
}

TEST_CASE("a name is what stands behind the pattern, decoded once") {
  site at;
  CHECK(at.wish<read_action>("GET", "/v1/kv/a%20b%2Fc%2525").query.name ==
        "a b/c%25");
  CHECK(at.wish<read_action>("GET", "/v1/kv/\xC3\xA4").query.name ==
        "\xC3\xA4");
}

TEST_CASE("a path that is not clean is redirected with its query") {
  site at;
  CHECK(moved(at, "GET", "/v1//kv/a?x=1&y") == "301 /v1/kv/a?x=1&y");
  CHECK(moved(at, "PUT", "/v1/kv/../kv/a") == "301 /v1/kv/a");
  CHECK(moved(at, "GET", "/v1/kv/a/./b%20c") == "301 /v1/kv/a/b%20c");
  CHECK_FALSE(at.ask("GET", "/v1//kv/a").matched);
}

TEST_CASE("a path that lacks only its last slash is redirected to it") {
  site at;
  CHECK(moved(at, "GET", "/v1/kv?keys") == "301 /v1/kv/?keys");
  CHECK(moved(at, "PUT", "/v1/health/service") == "301 /v1/health/service/");
  auto get = answer_of(at.ask("GET", "/v1/kv"));
  CHECK(*get->body == "<a href=\"/v1/kv/\">Moved Permanently</a>.\n\n");
  CHECK(get->content_type == "text/html; charset=utf-8");
  auto put = answer_of(at.ask("PUT", "/v1/kv"));
  CHECK_FALSE(put->body);
  CHECK(put->content_type.empty());
}

TEST_CASE("an exact path with a slash too many is not known") {
  site at;
  CHECK(at.reply("GET", "/v1/agent/self/") == "404");
  CHECK(at.reply("PUT", "/v1/txn/") == "404");
}

TEST_CASE("an unknown path is answered without a body and without Vary") {
  site at;
  for (auto* path : {"/v1", "/v1/", "/nope", "/v1/nothing?x=1", "/v2/kv/a"}) {
    CAPTURE(path);
    auto routed = at.ask("GET", path);
    CHECK_FALSE(routed.matched);
    CHECK_FALSE(routed.writes);
    CHECK(answer_of(routed)->status == 404);
    CHECK_FALSE(answer_of(routed)->body);
  }
}

TEST_CASE("the root tells who answers, or leads to the web view") {
  site at;
  CHECK(at.reply("GET", "/") == "200 Praetor Agent");
  CHECK(at.reply("GET", "/ui/") == "404");
  CHECK(at.reply("GET", "/robots.txt") == "404");
  at.node.ui = true;
  CHECK(moved(at, "GET", "/") == "301 /ui/");
  auto page = answer_of(at.ask("GET", "/ui/any/thing"));
  CHECK(page->status == 200);
  CHECK(page->content_type == "text/html; charset=utf-8");
  CHECK(header_of(*page, "Content-Security-Policy")
            .starts_with("default-src 'none'"));
  CHECK(at.reply("GET", "/robots.txt").starts_with("200 User-agent: *"));
}

TEST_CASE("a path with characters that cannot be printed is refused") {
  site at;
  for (auto* path : {"/v1/kv/a%00", "/v1/kv/a%07b", "/v1/kv/%E2%80%8B",
                     "/v1/kv/%7F", "/%0A"}) {
    CAPTURE(path);
    CHECK(at.reply("GET", path) == "400");
    CHECK_FALSE(at.ask("PUT", path).matched);
  }
}

TEST_CASE("a blocked endpoint is refused before all else about it") {
  site at;
  at.node.blocked = {"/v1/agent/", "/v1/catalog/nodes"};
  auto refusal = "403 Endpoint is blocked by agent configuration";
  CHECK(at.reply("GET", "/v1/agent/self") == refusal);
  CHECK(at.reply("DELETE", "/v1/agent/self") == refusal);
  CHECK(at.reply("OPTIONS", "/v1/catalog/nodes") == refusal);
  CHECK(at.reply("GET", "/v1/catalog/services") == "an action");
  CHECK(at.reply("GET", "/v1/nothing") == "404");
}

TEST_CASE("a query with a broken escape is refused, whatever the method") {
  site at;
  CHECK(at.reply("GET", "/v1/kv/a?x=%zz") == "500");
  CHECK(at.reply("PATCH", "/v1/kv/a?x=%zz") == "500");
  CHECK(at.reply("GET", "/nope?x=%zz") == "404");
}

TEST_CASE("methods are compared with their letter case") {
  site at;
  CHECK(at.reply("get", "/v1/kv/a") == "405 method get not allowed");
  CHECK(at.reply("HEAD", "/v1/kv/a") == "405 method HEAD not allowed");
}

TEST_CASE("what is not done yet says so, and access control is off") {
  site at;
  CHECK(at.reply("GET", "/v1/connect/ca/roots") ==
        "501 praetor does not support /v1/connect/ca/roots yet");
  CHECK(at.reply("PUT", "/v1/acl/bootstrap") == "401 ACL support disabled");
}
