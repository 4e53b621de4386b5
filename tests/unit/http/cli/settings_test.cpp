#include "http/client/client.hpp"

#include <doctest/doctest.h>

using namespace praetor::http::client;

namespace {

environment made_of(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    auto found = values.find(name);
    if (found == values.end())
      return std::nullopt;
    return found->second;
  };
}

settings resolved(const overrides& flags,
                  std::map<std::string, std::string> values) {
  auto out = resolve(flags, made_of(std::move(values)));
  REQUIRE(out);
  return *out;
}

} // namespace

TEST_CASE("an address may have a scheme, and a socket a path") {
  auto with = [](const char* address) {
    return resolved({}, {{"CONSUL_HTTP_ADDR", address}});
  };
  CHECK(resolved({}, {}).host == "127.0.0.1:8500");
  CHECK(with("a:1").host == "a:1");
  CHECK(with("a:1").scheme == "http");
  CHECK(with("https://a:1/").scheme == "https");
  CHECK(with("https://a:1/").host == "a:1");
  CHECK(with("unix:///tmp/s").socket_path == "/tmp/s");
  auto bad = resolve({}, made_of({{"CONSUL_HTTP_ADDR", "ftp://a"}}));
  CHECK(bad.failure().text == "Unknown protocol scheme: ftp");
}

TEST_CASE("a flag beats our variable, and ours beats the other") {
  std::map<std::string, std::string> both{{"CONSUL_HTTP_TOKEN", "theirs"},
                                          {"PRAETOR_HTTP_TOKEN", "ours"}};
  CHECK(resolved({}, both).token == "ours");
  overrides flags;
  flags.token = "flag";
  CHECK(resolved(flags, both).token == "flag");
  both.erase("PRAETOR_HTTP_TOKEN");
  CHECK(resolved({}, both).token == "theirs");
}

TEST_CASE("a token file that is missing is an error, even with a token") {
  overrides flags;
  flags.token = "x";
  flags.token_file = "/nonexistent";
  CHECK(resolve(flags, made_of({})).failure().text ==
        "Error loading token file: open /nonexistent: no such file or "
        "directory");
}

TEST_CASE("TLS is switched by variables; an unreadable one is reported") {
  auto s = resolved(
      {}, {{"CONSUL_HTTP_SSL", "true"}, {"CONSUL_HTTP_SSL_VERIFY", "0"}});
  CHECK(s.scheme == "https");
  CHECK_FALSE(s.verify);
  auto odd = resolved({}, {{"CONSUL_HTTP_SSL", "maybe"}});
  CHECK(odd.scheme == "http");
  CHECK(odd.warnings.size() == 1);
}

TEST_CASE("URLs are escaped as Go escapes them, queries sorted by name") {
  CHECK(escape_path("a b/c?d%e#f+g&h=i,j;k:l@m$n") ==
        "a%20b/c%3Fd%25e%23f+g&h=i,j;k:l@m$n");
  CHECK(escape_query("x y+z/~") == "x+y%2Bz%2F~");
  settings how;
  how.datacenter = "dc2";
  how.stale = true;
  client api(how);
  auto ask = api.read("/v1/kv/k");
  ask.query.emplace_back("keys", "");
  CHECK(api.url(ask) == "http://127.0.0.1:8500/v1/kv/k?dc=dc2&keys=&stale=");
  CHECK(api.write("PUT", "/v1/kv/k").query.size() == 1);
}
