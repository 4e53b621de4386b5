#include "protocol/model/command.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;
using model::kv_verb;

namespace {

std::string operation(const std::string& verb, const std::string& key = "k") {
  return R"({"KV":{"Verb":")" + verb + R"(","Key":")" + key +
         R"(","Value":"dg=="}})";
}

std::string listed(const std::string& one, std::size_t times) {
  std::string all = "[";
  for (std::size_t i = 0; i < times; ++i)
    all += (i > 0 ? "," : "") + one;
  return all + "]";
}

// What a transaction of either sort asks for.
struct wish {
  bool reads = false;
  bool pretty = false;
  std::vector<model::operation> operations;
};

wish asked(const site& at, const std::string& body,
           const std::string& query = "") {
  auto routed = at.ask("PUT", "/v1/txn" + query, body);
  if (auto* read = std::get_if<transaction_read>(&routed.what))
    return {true, read->pretty, read->what.operations};
  auto* write = std::get_if<write_action>(&routed.what);
  REQUIRE(write);
  CHECK(write->reply == write_reply::transaction);
  return {false, write->pretty,
          std::get<model::transaction>(write->command).operations};
}

model::kv_operation first_key(const wish& made) {
  REQUIRE(!made.operations.empty());
  return std::get<model::kv_operation>(made.operations[0]);
}

std::string refused(const site& at, const std::string& body,
                    const std::string& query = "") {
  return at.reply("PUT", "/v1/txn" + query, body);
}

} // namespace

TEST_CASE("every verb of a transaction is known, and whether it only reads") {
  site at;
  struct row {
    const char* name;
    kv_verb verb;
    bool reads;
  };
  constexpr row rows[] = {
      {"set", kv_verb::set, false},
      {"cas", kv_verb::cas, false},
      {"lock", kv_verb::lock, false},
      {"unlock", kv_verb::unlock, false},
      {"get", kv_verb::get, true},
      {"get-tree", kv_verb::get_tree, true},
      {"get-or-empty", kv_verb::get_or_empty, true},
      {"check-index", kv_verb::check_index, true},
      {"check-session", kv_verb::check_session, true},
      {"check-not-exists", kv_verb::check_not_exists, true},
      {"delete", kv_verb::remove, false},
      {"delete-tree", kv_verb::remove_tree, false},
      {"delete-cas", kv_verb::remove_cas, false},
  };
  CHECK(std::size(rows) == static_cast<std::size_t>(model::kv_verb_last) + 1);
  for (auto& one : rows) {
    CAPTURE(one.name);
    auto made = asked(at, "[" + operation(one.name) + "]");
    CHECK(made.reads == one.reads);
    REQUIRE(made.operations.size() == 1);
    CHECK(first_key(made).verb == one.verb);
  }
}

TEST_CASE("an operation carries all that it was given") {
  auto made = asked(site(), R"([{"KV":{"Verb":"cas","Key":"k","Value":"dmFs",
      "Flags":5,"Index":7,"Session":"s"}}])");
  REQUIRE(made.operations.size() == 1);
  CHECK(first_key(made) ==
        model::kv_operation{kv_verb::cas, "k", "val", 5, 7, "s"});
}

TEST_CASE("one write makes the whole transaction a write") {
  site at;
  CHECK_FALSE(
      asked(at, "[" + operation("get") + "," + operation("set") + "]").reads);
  CHECK(asked(at, "[]").reads);
  CHECK(asked(at, "[{}]").reads);
  CHECK(asked(at, R"([{"Check":{"Verb":"get","Check":{}}}])").reads);
  CHECK_FALSE(asked(at, R"([{"Check":{"Verb":"nope","Check":{}}}])").reads);
}

TEST_CASE("a transaction that reads may be stale, or consistent, not both") {
  site at;
  auto body = "[" + operation("get") + "]";
  auto read = [&](const std::string& query) {
    return at.wish<transaction_read>("PUT", "/v1/txn" + query, body)
        .options.level;
  };
  CHECK(read("") == consistency::leader);
  CHECK(read("?stale") == consistency::stale);
  CHECK(read("?consistent") == consistency::consistent);
  CHECK(refused(at, body, "?stale&consistent").starts_with("400 Cannot"));
}

TEST_CASE("what only reads look at is not looked at for a write") {
  site at;
  auto body = "[" + operation("set") + "]";
  CHECK_FALSE(asked(at, body, "?index=x&stale&consistent").reads);
  CHECK(refused(at, body, "?dc=dc9") == "500 No path to datacenter");
}

TEST_CASE("a transaction has at most so many operations") {
  site at;
  auto most = model::txn_operations_max;
  CHECK(asked(at, listed(operation("set"), most)).operations.size() == most);
  CHECK(refused(at, listed(operation("set"), most + 1)) ==
        "413 Transaction contains too many operations (65 > 64)");
  // Those without a content count as well.
  CHECK(refused(at, listed("{}", most + 1)).starts_with("413"));
}

TEST_CASE("a body or a value beyond its limit is refused") {
  site at;
  at.node.txn_bytes_max = 100;
  at.node.kv_value_bytes_max = 3;
  CHECK(refused(at, std::string(101, ' ')) ==
        "413 Request body(101 bytes) too large, max size: 100 bytes. See "
        "https://www.consul.io/docs/agent/options.html#txn_max_req_len.");
  CHECK(
      refused(at, R"([{"KV":{"Verb":"set","Key":"k","Value":"dmFsdQ=="}}])") ==
      "413 Value for key \"k\" is too large (4 > 3 bytes)");
  auto cut = make_request("PUT", "/v1/txn");
  cut.body_too_large = true;
  cut.body_length = 7;
  CHECK(answer_of(dispatch(cut, at.node))->status == 413);
}

TEST_CASE("a key beyond the limit is refused with both numbers") {
  CHECK(refused(site(), "[" + operation("get", std::string(8193, 'k')) + "]") ==
        "400 Key of 8193 bytes is too long, max size: 8192 bytes");
}

TEST_CASE("a body that is no list of operations is refused") {
  site at;
  CHECK(refused(at, "") == "400 Failed to parse body: EOF");
  CHECK(refused(at, "[") == "400 Failed to parse body: unexpected EOF");
  CHECK(refused(at, R"([{"KV":{"Verb":"set","Value":"x"}}])")
            .starts_with("400 Failed to parse body: "));
}

TEST_CASE("what is wrong with single operations is told for each") {
  auto answer =
      answer_of(site().ask("PUT", "/v1/txn",
                           "[" + operation("set", "") + "," + operation("set") +
                               "," + operation("get", "") + "]"));
  CHECK(answer->status == 409);
  CHECK(*answer->body ==
        R"({"Results":null,"Errors":[{"OpIndex":0,"What":"Must provide key"},)"
        R"({"OpIndex":2,"What":"Must provide key"}]})");
}

TEST_CASE("an unknown verb is told with what is wrong with the others") {
  struct row {
    std::string body;
    const char* why;
    bool reads;
  };
  const row rows[] = {
      {operation("SET"), "unknown KV verb \"SET\"", true},
      {operation(""), "unknown KV verb \"\"", true},
      {R"({"Node":{"Verb":"zap","Node":{"Node":"n"}}})",
       "unknown Node verb \"zap\"", false},
      {R"({"Service":{"Verb":"zap","Node":"n","Service":{}}})",
       "unknown Service verb \"zap\"", false},
      {R"({"Check":{"Verb":"zap","Check":{"Node":"n"}}})",
       "unknown Check verb \"zap\"", false},
  };
  for (auto& one : rows) {
    CAPTURE(one.body);
    auto made = asked(site(), "[" + one.body + "]");
    CHECK(made.reads == one.reads);
    REQUIRE(made.operations.size() == 1);
    CHECK(std::get<model::impossible_operation>(made.operations[0]).why ==
          one.why);
  }
}

TEST_CASE("operations on the catalogue carry their records and verbs") {
  auto made = asked(site(), R"([
      {"Node":{"Verb":"cas","Node":{"Node":"n","Address":"a",
          "ModifyIndex":7}}},
      {"Service":{"Verb":"delete-cas","Node":"n","Service":{"Service":"s",
          "ModifyIndex":8}}},
      {"Check":{"Verb":"delete","Check":{"Node":"n","Name":"c"}}},
      {"Service":{"Verb":"get","Node":"n","Service":{"Service":"s"}}}])");
  REQUIRE(made.operations.size() == 4);
  auto& node = std::get<model::node_operation>(made.operations[0]);
  CHECK(node.verb == model::record_verb::cas);
  CHECK(node.node.modified == 7);
  CHECK(node.node.datacenter == "dc1");
  auto& service = std::get<model::service_operation>(made.operations[1]);
  CHECK(service.verb == model::record_verb::remove_cas);
  CHECK(service.service.node == "n");
  CHECK(service.service.id == "s"); // that of its name
  CHECK(service.service.modified == 8);
  auto& check = std::get<model::check_operation>(made.operations[2]);
  CHECK(check.verb == model::record_verb::remove);
  CHECK(check.check.id == "c");
  // A read looks for what it was told, and for nothing else.
  auto& read = std::get<model::service_operation>(made.operations[3]);
  CHECK(read.service.id.empty());
}

TEST_CASE("records that no catalogue takes are faults of their operations") {
  struct row {
    const char* operation;
    const char* fault;
  };
  constexpr row rows[] = {
      {R"("Node":{"Verb":"set","Node":{}})", "Must provide node"},
      {R"("Node":{"Verb":"set","Node":{"Node":"n","ID":"x"}})",
       "Bad node ID: uuid string is wrong length"},
      {R"("Service":{"Verb":"set","Node":"n","Service":{"ID":"s"}})",
       "Must provide service name with ID"},
      {R"("Service":{"Verb":"set","Node":"n","Service":{"Service":"s",)"
       R"("Address":"::"}})",
       "Invalid service address"},
  };
  for (auto& one : rows) {
    CAPTURE(one.operation);
    auto answer = site().reply("PUT", "/v1/txn",
                               "[{" + std::string(one.operation) + "}]");
    CHECK(answer == R"(409 {"Results":null,"Errors":[{"OpIndex":0,"What":")" +
                        std::string(one.fault) + R"("}]})");
  }
}

TEST_CASE("only a whole tree may be removed without a key") {
  auto made = asked(site(), "[" + operation("delete-tree", "") + "]");
  CHECK(first_key(made).verb == kv_verb::remove_tree);
  CHECK(refused(site(), "[" + operation("get-tree", "") + "]")
            .starts_with("409"));
}

TEST_CASE("a transaction is for our datacenter and has no namespace") {
  site at;
  CHECK(refused(at, "[" + operation("get") + "]", "?dc=dc9") ==
        "500 No path to datacenter");
  CHECK(refused(at, "[", "?dc=dc9").starts_with("400 Failed to parse"));
  CHECK(refused(at, "[]", "?ns=a") == "an action");
  CHECK(refused(at, "[]", "?index=x") == "400 Invalid index");
  CHECK(asked(at, "[]", "?pretty").pretty);
  CHECK(asked(at, "[" + operation("set") + "]", "?pretty").pretty);
}
