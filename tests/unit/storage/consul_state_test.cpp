#include "storage/consul_state.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::storage;

namespace {

// MessagePack as Consul's library writes it: raw texts, no bytes of their own.
std::string text(const std::string& x) {
  REQUIRE(x.size() < 65536);
  if (x.size() < 32)
    return static_cast<char>(0xa0 | x.size()) + x;
  return std::string("\xda") + static_cast<char>(x.size() >> 8) +
         static_cast<char>(x.size()) + x;
}

std::string number(std::uint64_t x) {
  std::string out = "\xcf";
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(x >> shift);
  return out;
}

const std::string nil = "\xc0";
const std::string yes = "\xc3";

using members = std::vector<std::pair<std::string, std::string>>;

std::string map(const members& all) {
  REQUIRE(all.size() < 65536);
  auto out = std::string("\xde") + static_cast<char>(all.size() >> 8) +
             static_cast<char>(all.size());
  for (auto& [key, value] : all)
    out += text(key) + value;
  return out;
}

std::string list(const std::vector<std::string>& all) {
  std::string out(1, static_cast<char>(0x90 | all.size()));
  for (auto& one : all)
    out += one;
  return out;
}

std::string record(char kind, const members& all) {
  return kind + map(all);
}

std::string header() {
  return map({{"LastIndex", number(500)}});
}

std::string a_node() {
  return record(0, {{"Node", text("ext")},
                    {"Address", text("10.1.1.1")},
                    {"Datacenter", text("dc1")},
                    {"TaggedAddresses", nil},
                    {"NodeMeta", map({{"rack", text("r1")}})},
                    {"Service", nil},
                    {"Check", nil},
                    {"CreateIndex", number(10)},
                    {"ModifyIndex", number(11)}});
}

} // namespace

TEST_CASE("nodes, services and checks come over with their indexes") {
  auto service =
      map({{"ID", text("db1")},
           {"Service", text("db")},
           {"Tags", list({text("a"), text("b")})},
           {"Port", number(5432)},
           {"Weights", map({{"Passing", number(3)}, {"Warning", number(2)}})},
           {"Proxy", map({{"Config", map({{"b", yes}, {"a", number(1)}})}})},
           {"CreateIndex", number(20)},
           {"ModifyIndex", number(21)}});
  auto check = map({{"CheckID", text("c1")},
                    {"Node", text("ext")},
                    {"Status", text("passing")},
                    {"ServiceID", text("db1")},
                    {"ServiceName", text("db")},
                    {"Definition", map({{"Interval", number(10)}})},
                    {"ModifyIndex", number(30)}});
  auto found = read_consul_state(
      header() + a_node() +
      record(0, {{"Node", text("ext")}, {"Service", service}}) +
      record(0, {{"Node", text("ext")}, {"Check", check}}) +
      record(16, {{"Key", text("service.db")}, {"Value", number(30)}}));
  REQUIRE(found);
  CHECK(found->left_out.empty());
  auto& catalog = found->made.catalog;
  catalog.check_invariants();
  CHECK(found->made.applied == 500);
  CHECK(catalog.node("EXT")->meta->at("rack") == "r1");
  CHECK(catalog.node("ext")->created == 10);
  auto db = catalog.service("ext", "db1");
  REQUIRE(db);
  CHECK(db->tags == std::vector<std::string>{"a", "b"});
  CHECK(db->weights.passing == 3);
  CHECK(db->proxy.config_json == R"({"a":1,"b":true})");
  CHECK(db->modified == 21);
  CHECK(catalog.check("ext", "c1")->definition.interval == span(10));
  CHECK(catalog.service_changed("db", true) == 30);
}

TEST_CASE("keys, tombstones, sessions and queries come over") {
  const std::string id = "b8d7835c-dfa9-7799-c8c6-bb496b476860";
  auto found = read_consul_state(
      header() + a_node() +
      record(3, {{"ID", text(id)},
                 {"Node", text("ext")},
                 {"Behavior", text("delete")},
                 {"LockDelay", number(7'000'000'000)},
                 {"ServiceChecks", list({map({{"ID", text("c1")}})})},
                 {"ModifyIndex", number(40)}}) +
      record(2, {{"Key", text("lock")},
                 {"Value", text(std::string("a\0b", 3))},
                 {"Flags", number(UINT64_MAX)},
                 {"LockIndex", number(2)},
                 {"Session", text(id)},
                 {"ModifyIndex", number(50)}}) +
      record(2, {{"Key", text("empty")},
                 {"Value", nil},
                 {"ModifyIndex", number(51)}}) +
      record(5, {{"Key", text("gone")}, {"ModifyIndex", number(60)}}) +
      record(7,
             {{"ID", text(id)},
              {"Name", text("q")},
              {"Session", text(id)},
              {"Service", map({{"Service", text("db")}, {"Tags", list({})}})},
              {"DNS", map({{"TTL", text("9s")}})},
              {"ModifyIndex", number(70)}}));
  REQUIRE(found);
  auto& made = found->made;
  auto key = [&](const std::string& name) {
    return made.shards[shard_of(name, made.shards.size())].get(name);
  };
  CHECK(key("lock")->value == std::string("a\0b", 3));
  CHECK(key("lock")->flags == UINT64_MAX);
  CHECK(key("lock")->session == id);
  CHECK(key("empty")->value.empty());
  CHECK(index_of(made, {.kind = model::query_kind::kv_list, .name = "gone"}) ==
        60);
  auto session = made.catalog.session(id);
  REQUIRE(session);
  CHECK(session->behavior == model::session_behavior::remove);
  CHECK(session->lock_delay == std::chrono::seconds(7));
  CHECK(session->service_checks == std::vector<std::string>{"c1"});
  auto query = made.queries.get(id);
  REQUIRE(query);
  CHECK(query->wanted.service == "db");
  CHECK(query->wanted.tags->empty());
  CHECK_FALSE(query->wanted.node_meta);
  CHECK(query->dns_ttl == "9s");
}

TEST_CASE("what has no place here is named, and what is unknown refused") {
  auto found = read_consul_state(header() + '\x06' + list({}) + '\x06' +
                                 list({}) + record(12, {}) + '\x16' +
                                 text("an entry") + record('\xc8', {}));
  REQUIRE(found);
  CHECK(found->left_out.at("coordinates") == 2);
  CHECK(found->left_out.at("intentions") == 1);
  CHECK(found->left_out.at("config entries") == 1);
  CHECK(found->left_out.at("records of kind 200") == 1);
  CHECK(read_consul_state(header() + record(99, {})).failure().text ==
        "Consul's state: a record of unknown kind 99");
}

TEST_CASE("a state that is cut off or contradicts itself is refused") {
  CHECK_FALSE(read_consul_state(""));
  auto whole = header() + a_node();
  for (auto size = header().size() + 1; size < whole.size(); ++size)
    CHECK_FALSE(read_consul_state(whole.substr(0, size)));
  CHECK_FALSE(read_consul_state(whole + a_node()));
  CHECK_FALSE(read_consul_state(
      header() + record(3, {{"ID", text("s")}, {"Node", text("nobody")}})));
}
