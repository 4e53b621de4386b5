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

write_action asked(const site& at, const std::string& body) {
  return at.wish<write_action>("PUT", "/v1/txn", body);
}

std::vector<model::kv_operation> operations(const write_action& made) {
  REQUIRE(std::holds_alternative<model::transaction>(made.command));
  return std::get<model::transaction>(made.command).operations;
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
    CHECK(made.reply == (one.reads ? write_reply::read_transaction
                                   : write_reply::transaction));
    REQUIRE(operations(made).size() == 1);
    CHECK(operations(made)[0].verb == one.verb);
  }
}

TEST_CASE("an operation carries all that it was given") {
  auto made = asked(site(), R"([{"KV":{"Verb":"cas","Key":"k","Value":"dmFs",
      "Flags":5,"Index":7,"Session":"s"}}])");
  REQUIRE(operations(made).size() == 1);
  CHECK(operations(made)[0] ==
        model::kv_operation{kv_verb::cas, "k", "val", 5, 7, "s"});
}

TEST_CASE("one write makes the whole transaction a write") {
  site at;
  CHECK(
      asked(at, "[" + operation("get") + "," + operation("set") + "]").reply ==
      write_reply::transaction);
  CHECK(asked(at, "[]").reply == write_reply::read_transaction);
  CHECK(asked(at, "[{}]").reply == write_reply::read_transaction);
}

TEST_CASE("a transaction has at most so many operations") {
  site at;
  auto most = model::txn_operations_max;
  CHECK(operations(asked(at, listed(operation("set"), most))).size() == most);
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

TEST_CASE("an unknown verb is a fault of its operation, and it reads") {
  for (std::string verb : {"nope", "", "SET"}) {
    auto answer =
        answer_of(site().ask("PUT", "/v1/txn", "[" + operation(verb) + "]"));
    CHECK(answer->status == 409);
    CHECK(
        *answer->body ==
        R"({"Results":null,"Errors":[{"OpIndex":0,"What":"unknown KV verb \")" +
            verb +
            R"(\""}],"Index":0,"LastContact":0,"KnownLeader":true,)"
            R"("ConsistencyLevel":""})");
  }
}

TEST_CASE("only a whole tree may be removed without a key") {
  auto made = asked(site(), "[" + operation("delete-tree", "") + "]");
  CHECK(operations(made)[0].verb == kv_verb::remove_tree);
  CHECK(refused(site(), "[" + operation("get-tree", "") + "]")
            .starts_with("409"));
}

TEST_CASE("operations on the catalogue are honestly not done") {
  CHECK(refused(site(), R"([{"Node":{"Verb":"get","Node":{"Node":"n"}}}])") ==
        "501 praetor does not support catalog operations in a transaction "
        "yet");
}

TEST_CASE("a transaction is for our datacenter and has no namespace") {
  site at;
  CHECK(refused(at, "[" + operation("nope") + "]", "?dc=dc9") ==
        "500 No path to datacenter");
  CHECK(refused(at, "[", "?dc=dc9").starts_with("400 Failed to parse"));
  CHECK(refused(at, "[]", "?ns=a") == "an action");
  CHECK(refused(at, "[]", "?index=x") == "400 Invalid index");
  CHECK(at.wish<write_action>("PUT", "/v1/txn?pretty", "[]").pretty);
}
