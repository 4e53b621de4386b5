#include "protocol/model/filter_answer.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

template <class Record>
std::shared_ptr<const Record> shared(Record made) {
  return std::make_shared<const Record>(std::move(made));
}

node named_node(const char* name) {
  node made;
  made.name = name;
  return made;
}

service named_service(const char* name) {
  service made;
  made.id = name;
  made.name = name;
  return made;
}

check named_check(const char* name) {
  check made;
  made.id = name;
  return made;
}

template <class Records>
Records kept(query_kind kind, Records records, const char* filter) {
  read_query query;
  query.kind = kind;
  query.filter = filter;
  read_answer answer;
  answer.index = 9;
  answer.records = std::move(records);
  auto out = filtered(std::move(answer), query);
  REQUIRE(out);
  CHECK(out->index == 9);
  return std::get<Records>(out->records);
}

} // namespace

TEST_CASE("each kind of answer keeps what its filter matches") {
  node_list nodes = {shared(named_node("a")), shared(named_node("b"))};
  auto of_nodes = kept(query_kind::catalog_nodes, nodes, "Node == b");
  REQUIRE(of_nodes.size() == 1);
  CHECK(of_nodes[0]->name == "b");

  check_list checks = {shared(named_check("a")), shared(named_check("b"))};
  for (auto kind : {query_kind::health_node, query_kind::health_checks,
                    query_kind::health_state})
    CHECK(kept(kind, checks, "CheckID == b").size() == 1);

  entry_list entries;
  for (auto* name : {"a", "b"})
    entries.push_back({shared(named_node(name)),
                       shared(named_service(name)),
                       {shared(named_check(name))}});
  for (auto kind : {query_kind::health_service, query_kind::health_connect})
    CHECK(kept(kind, entries, "Checks.CheckID == a").size() == 1);
  for (auto kind : {query_kind::catalog_service, query_kind::catalog_connect})
    CHECK(kept(kind, entries, "ServiceName == a").size() == 1);
}

TEST_CASE("a node stays when all of its services go") {
  node_services found;
  found.node = shared(named_node("a"));
  found.services = {shared(named_service("s1")), shared(named_service("s2"))};
  auto out = kept(query_kind::catalog_node, found, "ID == s2");
  CHECK(out.services.size() == 1);
  CHECK(out.node == found.node);
  CHECK(kept(query_kind::catalog_node, found, "ID == s3").services.empty());
}

TEST_CASE("names of services are filtered by name and tags") {
  tags_by_service services = {{"db", {}}, {"web", {"v1"}}};
  auto kind = query_kind::catalog_services;
  CHECK(kept(kind, services, "ServiceName == db") ==
        tags_by_service{{"db", {}}});
  CHECK(kept(kind, services, "v1 in ServiceTags") ==
        tags_by_service{{"web", {"v1"}}});
}

TEST_CASE("without a filter, or where none is known, nothing changes") {
  node_list nodes = {shared(named_node("a"))};
  CHECK(kept(query_kind::catalog_nodes, nodes, "") == nodes);
  key_list keys = {"a", "b"};
  CHECK(kept(query_kind::kv_keys, keys, "Nonsense ==") == keys);
}

TEST_CASE("a bad filter is refused even when there is nothing to filter") {
  read_query query;
  query.kind = query_kind::health_service;
  query.filter = "Port == 80";
  read_answer empty;
  empty.records = entry_list{};
  auto out = filtered(empty, query);
  REQUIRE_FALSE(out);
  CHECK(out.failure() == error{errc::bad_input,
                               "Failed to create boolean expression "
                               "evaluator: Selector \"Port\" is not valid"});
}
