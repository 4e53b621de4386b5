#include "http/render.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;

namespace {

const std::string some_id = "f47dd2aa-038f-ca37-1304-e876980b565b";
const std::string at_id = "/v1/query/" + some_id;

} // namespace

TEST_CASE("a new query is checked, given an id, and put into the log") {
  site at;
  auto made = at.wish<write_action>(
      "POST", "/v1/query",
      R"({"Name":"q","Service":{"Service":"web","Tags":[],"NodeMeta":{}}})");
  CHECK(made.reply == write_reply::session);
  auto& put = std::get<model::query_put>(made.command);
  CHECK(put.query.id == made.session_id);
  CHECK_FALSE(put.must_exist);
  CHECK(put.query.wanted.tags->empty());
  CHECK(put.query.wanted.node_meta->empty());
  CHECK_FALSE(put.query.wanted.service_meta);
  CHECK(at.reply("POST", "/v1/query") == "400 Request decode failed: EOF");
  CHECK(at.reply("POST", "/v1/query", "{}") ==
        "500 Invalid prepared query: Must be bound to a session");
  CHECK(at.reply("POST", "/v1/query",
                 R"({"ID":"a","Name":"q","Service":{"Service":"x"}})") ==
        "500 ID must be empty when creating a new prepared query");
  CHECK(at.reply("POST", "/v1/query?dc=x",
                 R"({"Name":"q","Service":{"Service":"x"}})") ==
        "500 No path to datacenter");
}

TEST_CASE("fields that nobody knows, and wrong types, are told") {
  site at;
  auto refused = [&](const char* body) {
    auto text = at.reply("PUT", at_id, body);
    const std::string start = "400 Request decode failed: ";
    REQUIRE(text.starts_with(start));
    return text.substr(start.size());
  };
  CHECK(refused(R"({"Bogus":1})") == "json: unknown field \"Bogus\"");
  CHECK(refused(R"({"Service":{"Bogus":1}})") ==
        "json: unknown field \"Bogus\"");
  CHECK(refused(R"({"Name":3})") ==
        "json: cannot unmarshal number into Go struct field "
        "PreparedQuery.Name of type string");
  CHECK(refused(R"({"Service":{"Tags":"x"}})") ==
        "json: cannot unmarshal string into Go struct field "
        "ServiceQuery.Service.Tags of type []string");
  CHECK(refused(R"({"Service":{"Failover":{"Datacenters":[3]}}})") ==
        "json: cannot unmarshal number into Go struct field "
        "QueryDatacenterOptions.Service.Failover.Datacenters of type string");
  CHECK(refused(R"({"DNS":{"TTL":3}})") ==
        "json: cannot unmarshal number into Go struct field "
        "QueryDNSOptions.DNS.TTL of type string");
}

TEST_CASE("a change names its query in the path") {
  site at;
  auto made = at.wish<write_action>(
      "PUT", at_id, R"({"ID":"other","Service":{"Service":"web"}})");
  CHECK(made.reply == write_reply::nothing);
  auto& put = std::get<model::query_put>(made.command);
  CHECK(put.query.id == some_id);
  CHECK(put.must_exist);
  at.wish<write_action>("PUT", at_id);
  auto gone = at.wish<write_action>("DELETE", at_id);
  CHECK(std::get<model::query_remove>(gone.command).id == some_id);
  CHECK(at.reply("DELETE", "/v1/query/abc") ==
        "500 Prepared Query lookup failed: failed prepared query lookup: "
        "index error: UUID must be 36 characters");
  CHECK(at.reply("GET", "/v1/query/abc") ==
        "500 failed prepared query lookup: index error: UUID must be 36 "
        "characters");
}

TEST_CASE("an execution takes a limit, a place and whether by proxies") {
  site at;
  auto made = at.wish<query_action>(
      "GET", "/v1/query/a/b/execute?limit=-2&near=_agent&connect=1&stale");
  CHECK(made.run.name == "a/b");
  CHECK(made.run.limit == -2);
  CHECK(made.run.near == "_agent");
  CHECK(made.run.agent == "n1");
  CHECK(made.run.connect);
  CHECK(made.options.level == consistency::stale);
  CHECK_FALSE(made.explain);
  CHECK(at.wish<query_action>("GET", "/v1/query/x/explain").explain);
  CHECK(at.wish<query_action>("GET", "/v1/query/execute").run.name ==
        "execute");
  CHECK(at.reply("GET", "/v1/query/a/execute?limit=x") ==
        "500 Bad limit: strconv.Atoi: parsing \"x\": invalid syntax");
  CHECK(at.reply("GET", "/v1/query/a/execute?limit=99999999999") ==
        "500 Bad limit: strconv.Atoi: parsing \"99999999999\": value out of "
        "range");
  CHECK(at.reply("GET", "/v1/query/a/execute?connect=maybe") ==
        "500 Error parsing 'connect' value: strconv.ParseBool: parsing "
        "\"maybe\": invalid syntax");
}

TEST_CASE("which methods a query allows depends on what is behind its name") {
  site at;
  auto allowed = [&](const char* verb, const std::string& path) {
    return header_of(*answer_of(at.ask(verb, path)), "Allow");
  };
  CHECK(allowed("POST", "/v1/query/x") == "GET,PUT,DELETE");
  CHECK(allowed("PUT", "/v1/query/x/execute") == "GET");
  CHECK(allowed("PUT", "/v1/query/x/explain") == "GET");
  CHECK(allowed("OPTIONS", "/v1/query/x/explain") == "OPTIONS,GET");
  CHECK(allowed("OPTIONS", "/v1/query/x") == "OPTIONS,GET,PUT,DELETE");
  CHECK(allowed("PUT", "/v1/query") == "OPTIONS,GET,POST");
}

TEST_CASE("an execution that finds nothing still tells what was looked for") {
  query_action asked;
  model::query_found found;
  found.query.wanted.service = "web";
  found.query.dns_ttl = "10s";
  found.datacenter = "dc1";
  CHECK(*render(asked, found)->body ==
        R"({"Service":"web","Nodes":[],"DNS":{"TTL":"10s"},)"
        R"("Datacenter":"dc1","Failovers":0,"Index":0,"LastContact":0,)"
        R"("KnownLeader":true,"ConsistencyLevel":"leader"})");
  auto missing = query_failure(asked, fail(errc::not_found, "Query not found"));
  CHECK(missing->status == 404);
  CHECK(missing->headers.empty());
  asked.options.cached = true;
  missing = query_failure(asked, fail(errc::not_found, "Query not found"));
  CHECK(missing->status == 500);
}

TEST_CASE("a snapshot is saved and restored in this datacenter only") {
  site at;
  CHECK_FALSE(at.wish<snapshot_action>("GET", "/v1/snapshot?stale").restores);
  CHECK(at.wish<snapshot_action>("PUT", "/v1/snapshot", "x").restores);
  CHECK(at.reply("GET", "/v1/snapshot?dc=x") == "500 No path to datacenter");
  CHECK(at.reply("PUT", "/v1/snapshot?dc=x") == "500 No path to datacenter");
  CHECK(at.reply("PUT", "/v1/snapshot?stale") ==
        "500 stale not allowed for restore");
}
