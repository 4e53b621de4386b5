#include "protocol/model/command.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

kv_operation full_operation() {
  return {kv_verb::cas, std::string("k\0y", 3), "value", UINT64_MAX, 7, "s"};
}

service full_service() {
  service made;
  made.node = "n";
  made.kind = "connect-proxy";
  made.id = "id";
  made.name = "web";
  made.tags = {"a", "", "b"};
  made.address = "10.0.0.1";
  made.tagged_addresses =
      std::map<std::string, service_address>{{"lan", {"10.0.0.2", 81}}};
  made.meta = string_map{{"k", "v"}};
  made.port = -1;
  made.socket_path = "/run/x";
  made.weights = {3, 4};
  made.enable_tag_override = true;
  made.proxy = {"dest",  "dest-id", "127.0.0.1", 8080,
                "local", "{}",      "[1]",       "{\"a\":1}"};
  made.connect_native = true;
  made.created = 5;
  made.modified = 6;
  return made;
}

check full_check() {
  check made;
  made.node = "n";
  made.id = "c";
  made.name = "name";
  made.status = "warning";
  made.notes = "notes";
  made.output = "output";
  made.service_id = "id";
  made.service_name = "web";
  made.service_tags = {"t"};
  made.type = "http";
  made.definition = {"http://x/", true,  "PUT",    {{"X", {"1", "2"}}},
                     "body",      "a:1", span(10), span(-20),
                     span::max()};
  made.created = 8;
  made.modified = 9;
  return made;
}

catalog_register full_registration() {
  catalog_register made;
  made.node = {"node-id",    "n", "10.0.0.1", "dc1", string_map{{"lan", "x"}},
               string_map{}, 3,   4};
  made.skip_node_update = true;
  made.service = full_service();
  made.checks = {full_check(), check{}};
  return made;
}

prepared_query full_query() {
  prepared_query made;
  made.id = "q";
  made.name = "name";
  made.session = "s";
  made.token = "t";
  made.pattern = {"name_prefix_match", "^a", true};
  made.wanted.service = "web";
  made.wanted.failover = {3, std::vector<std::string>{"dc2"}};
  made.wanted.only_passing = true;
  made.wanted.ignore_check_ids = std::vector<std::string>{};
  made.wanted.near = "_agent";
  made.wanted.tags = std::vector<std::string>{"a", "!b"};
  made.wanted.node_meta = string_map{{"k", "v"}};
  made.wanted.service_meta = string_map{};
  made.wanted.connect = true;
  made.dns_ttl = "10s";
  made.created = 13;
  made.modified = 14;
  return made;
}

session_create full_session() {
  session_create made;
  made.session = {"s",
                  "name",
                  "n",
                  std::chrono::seconds(3),
                  session_behavior::remove,
                  "30s",
                  {"serfHealth"},
                  {"c", "d"},
                  {"hidden"},
                  11,
                  12};
  return made;
}

autopilot_set full_autopilot() {
  autopilot_set made;
  made.config = {false, span(1), 2, 3, span(4), "zone", true, "tag", 5, 6};
  made.only_if = autopilot_set::condition::index;
  made.index = 7;
  return made;
}

transaction mixed_transaction() {
  return {{full_operation(),
           node_operation{record_verb::cas, full_registration().node},
           service_operation{record_verb::remove_cas, full_service()},
           check_operation{record_verb::remove, full_check()},
           impossible_operation{"why"}}};
}

std::vector<command> examples() {
  catalog_register bare;
  return {full_operation(),
          kv_operation{},
          transaction{{full_operation(), kv_operation{}}},
          transaction{},
          full_registration(),
          bare,
          catalog_deregister{"n", "s", "c"},
          full_session(),
          session_destroy{"s"},
          mixed_transaction(),
          transaction{{node_operation{}}},
          full_autopilot(),
          autopilot_set{},
          reap_tombstones{UINT64_MAX},
          query_put{full_query(), true},
          query_put{},
          query_remove{"q"},
          restore_part{"r", 3, true, std::string("b\0c", 3)},
          restore_abort{"r"}};
}

} // namespace

TEST_CASE("a command comes back from its bytes with every field") {
  for (auto& one : examples()) {
    CAPTURE(one.index());
    auto back = decode_command(encode(one));
    REQUIRE(back);
    CHECK(*back == one);
  }
  for (int verb = 0; verb <= static_cast<int>(kv_verb_last); ++verb) {
    kv_operation made;
    made.verb = static_cast<kv_verb>(verb);
    auto back = decode_command(encode(made));
    REQUIRE(back);
    CHECK(*back == command(made));
  }
}

TEST_CASE("a command that is cut short or too long is refused") {
  for (auto& one : examples()) {
    auto bytes = encode(one);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK_FALSE(decode_command(std::string_view(bytes).substr(0, length)));
    }
    CHECK_FALSE(decode_command(bytes + '\0'));
  }
}

TEST_CASE("any byte may be wrong, and what is then read is a command") {
  for (auto& one : examples()) {
    auto bytes = encode(one);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (int flip : {0x01, 0x80, 0xFF}) {
        auto wrong = bytes;
        wrong[i] = static_cast<char>(wrong[i] ^ flip);
        auto back = decode_command(wrong);
        if (!back)
          continue;
        auto again = decode_command(encode(*back));
        REQUIRE(again);
        CHECK(*again == *back);
      }
    }
  }
}

TEST_CASE("a transaction of keys alone has the bytes it always had") {
  kv_operation set{kv_verb::set, "k", "v", 0, 0, ""};
  auto bytes = encode(transaction{{set}});
  CHECK(bytes == std::string("\x02\x01\0\x01k\x01v\0\0\0", 10));
  // With anything else in it, it is written in the longer form.
  CHECK(encode(transaction{{set, node_operation{}}})[0] == 8);
}

TEST_CASE("the results of a transaction come back from their bytes") {
  kv_entry entry{"k", "v", 1, 2, "s", 3, 4};
  std::vector<transaction_result> all = {entry, full_registration().node,
                                         full_service(), full_check()};
  auto bytes = encode(all);
  auto back = decode_results(bytes);
  REQUIRE(back);
  CHECK(*back == all);
  CHECK(encode(std::vector<transaction_result>()).empty());
  CHECK(decode_results("")->empty());
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(decode_results(std::string_view(bytes).substr(0, length)));
  }
  CHECK_FALSE(decode_results(bytes + '\0'));
  CHECK_FALSE(decode_results("\x01\x09"));
}
