#include "protocol/model/command.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using model::kv_verb;
using model::query_kind;

namespace {

model::kv_operation written(const site& at, const char* verb,
                            const std::string& target,
                            const std::string& body = "") {
  auto made = at.wish<write_action>(verb, target, body);
  CHECK(made.reply == write_reply::boolean);
  REQUIRE(std::holds_alternative<model::kv_operation>(made.command));
  return std::get<model::kv_operation>(made.command);
}

model::kv_operation operation(kv_verb verb, const char* key,
                              const char* value = "") {
  model::kv_operation made;
  made.verb = verb;
  made.key = key;
  made.value = value;
  return made;
}

} // namespace

TEST_CASE("a key is read, plain or raw") {
  site at;
  auto plain = at.wish<read_action>("GET", "/v1/kv/a/b?pretty");
  CHECK(plain.query.kind == query_kind::kv_get);
  CHECK(plain.query.name == "a/b");
  CHECK(plain.pretty);
  CHECK_FALSE(plain.raw);
  CHECK_FALSE(plain.tells_consistency);
  CHECK(at.wish<read_action>("GET", "/v1/kv/a?raw").raw);
}

TEST_CASE("keys below a prefix are listed with or without their values") {
  site at;
  auto all = at.wish<read_action>("GET", "/v1/kv/a?recurse&raw");
  CHECK(all.query.kind == query_kind::kv_list);
  CHECK_FALSE(all.raw);
  auto keys = at.wish<read_action>("GET", "/v1/kv/a?keys&recurse");
  CHECK(keys.query.kind == query_kind::kv_keys);
  CHECK(keys.query.separator.empty());
  auto separator = [&](const char* query) {
    return at.wish<read_action>("GET", "/v1/kv/a?keys&" + std::string(query))
        .query.separator;
  };
  CHECK(separator("separator=/") == "/");
  CHECK(separator("separator=ab") == "ab");
  // Old clients misspell it.
  CHECK(separator("seperator=/") == "/");
  CHECK(separator("separator=&seperator=/") == "");
}

TEST_CASE("only a listing may go without a key") {
  site at;
  for (auto* target : {"/v1/kv/", "/v1/kv/?raw"})
    CHECK(at.reply("GET", target) == "400 Missing key name");
  CHECK(at.reply("PUT", "/v1/kv/", "v") == "400 Missing key name");
  CHECK(at.reply("DELETE", "/v1/kv/") == "400 Missing key name");
  CHECK(at.wish<read_action>("GET", "/v1/kv/?keys").query.name.empty());
  CHECK(at.wish<read_action>("GET", "/v1/kv/?recurse").query.name.empty());
  CHECK(written(at, "DELETE", "/v1/kv/?recurse") ==
        operation(kv_verb::remove_tree, ""));
}

TEST_CASE("a value is written with its flags") {
  site at;
  CHECK(written(at, "PUT", "/v1/kv/a", "v") ==
        operation(kv_verb::set, "a", "v"));
  CHECK(written(at, "PUT", "/v1/kv/a?flags=18446744073709551615", "").flags ==
        UINT64_MAX);
  CHECK(written(at, "PUT", "/v1/kv/a?flags=1&flags=2", "").flags == 1);
  auto refused = [&](const std::string& text) {
    return at.reply("PUT", "/v1/kv/a?flags=" + text, "v");
  };
  CHECK(refused("") == "500 strconv.ParseUint: parsing \"\": invalid syntax");
  CHECK(refused("x") == "500 strconv.ParseUint: parsing \"x\": invalid syntax");
  CHECK(refused("18446744073709551616") ==
        "500 strconv.ParseUint: parsing \"18446744073709551616\": value out "
        "of range");
}

TEST_CASE("a write may depend on the index of the key") {
  site at;
  auto cas = written(at, "PUT", "/v1/kv/a?cas=7", "v");
  CHECK(cas.verb == kv_verb::cas);
  CHECK(cas.index == 7);
  CHECK(written(at, "PUT", "/v1/kv/a?cas=0", "v").verb == kv_verb::cas);
  CHECK(at.reply("PUT", "/v1/kv/a?cas", "v") ==
        "500 strconv.ParseUint: parsing \"\": invalid syntax");
}

TEST_CASE("a write may take or free a lock") {
  site at;
  auto lock = written(at, "PUT", "/v1/kv/a?acquire=s&flags=3", "v");
  CHECK(lock.verb == kv_verb::lock);
  CHECK(lock.session == "s");
  CHECK(lock.flags == 3);
  auto unlock = written(at, "PUT", "/v1/kv/a?release=s", "v");
  CHECK(unlock.verb == kv_verb::unlock);
  CHECK(unlock.session == "s");
  CHECK(unlock.value == "v");
  // The state refuses it.
  CHECK(written(at, "PUT", "/v1/kv/a?acquire", "v").session.empty());
}

TEST_CASE("flags that exclude each other are listed in the refusal") {
  site at;
  CHECK(at.reply("PUT", "/v1/kv/a?cas=1&acquire=x&b=c%20d&a=%26", "v") ==
        "400 Conflicting flags: a=%26&acquire=x&b=c+d&cas=1");
  CHECK(at.reply("PUT", "/v1/kv/a?release=1&acquire=2", "v") ==
        "400 Conflicting flags: acquire=2&release=1");
  CHECK(at.reply("DELETE", "/v1/kv/a?recurse&cas=1") ==
        "400 Conflicting flags: cas=1&recurse=");
  // Told before what is wrong with one of them.
  CHECK(at.reply("PUT", "/v1/kv/a?flags=x&cas=1&acquire=2", "v") ==
        "400 Conflicting flags: acquire=2&cas=1&flags=x");
}

TEST_CASE("a value beyond the limit is refused with both numbers") {
  site at;
  at.node.kv_value_bytes_max = 4;
  CHECK(written(at, "PUT", "/v1/kv/a", "1234").value == "1234");
  CHECK(at.reply("PUT", "/v1/kv/a", "12345") ==
        "413 Request body(5 bytes) too large, max size: 4 bytes. See "
        "https://www.consul.io/docs/agent/options.html#kv_max_value_size.");
  auto cut = make_request("PUT", "/v1/kv/a");
  cut.body_too_large = true;
  cut.body_length = 999;
  auto answer = answer_of(dispatch(cut, at.node));
  CHECK(answer->status == 413);
  CHECK(answer->body->starts_with("Request body(999 bytes)"));
  // A bad number is told first, the datacenter last.
  CHECK(at.reply("PUT", "/v1/kv/a?cas=x", "12345").starts_with("500 strconv"));
  CHECK(at.reply("PUT", "/v1/kv/a?dc=dc9", "12345").starts_with("413"));
}

TEST_CASE("a key beyond the limit is refused with both numbers") {
  site at;
  std::string longest(model::kv_key_bytes_max, 'k');
  CHECK(written(at, "PUT", "/v1/kv/" + longest, "v").key == longest);
  CHECK(at.reply("PUT", "/v1/kv/" + longest + "k", "v") ==
        "400 Key of 8193 bytes is too long, max size: 8192 bytes");
}

TEST_CASE("a key is removed alone, with those below, or at its index") {
  site at;
  CHECK(written(at, "DELETE", "/v1/kv/a") == operation(kv_verb::remove, "a"));
  CHECK(written(at, "DELETE", "/v1/kv/a?recurse=") ==
        operation(kv_verb::remove_tree, "a"));
  auto cas = operation(kv_verb::remove_cas, "a");
  cas.index = 9;
  CHECK(written(at, "DELETE", "/v1/kv/a?cas=9") == cas);
  CHECK(at.reply("DELETE", "/v1/kv/a?cas=x") ==
        "500 strconv.ParseUint: parsing \"x\": invalid syntax");
  CHECK(written(at, "DELETE", "/v1/kv/a?acquire=x").verb == kv_verb::remove);
}

TEST_CASE("keys of other datacenters and namespaces are refused") {
  site at;
  for (auto* verb : {"GET", "PUT", "DELETE"}) {
    CAPTURE(verb);
    CHECK(at.reply(verb, "/v1/kv/a?dc=dc9") == "500 No path to datacenter");
    CHECK(at.reply(verb, "/v1/kv/a?ns=x").starts_with("400 Bad request"));
    CHECK(at.reply(verb, "/v1/kv/a?dc=dc1") == "an action");
    CHECK(at.reply(verb, "/v1/kv/a?ns=x&index=y") == "400 Invalid index");
  }
}

TEST_CASE("equal questions have equal keys, different ones have not") {
  site at;
  auto key = [&](const char* target) {
    return at.wish<read_action>("GET", target).cache_key;
  };
  CHECK(key("/v1/kv/a?index=3&wait=5s") == key("/v1/kv/a"));
  CHECK(key("/v1/kv/a?raw") != key("/v1/kv/a"));
  CHECK(key("/v1/kv/a?keys") != key("/v1/kv/a?recurse"));
  CHECK(key("/v1/kv/a?pretty") != key("/v1/kv/a"));
}
