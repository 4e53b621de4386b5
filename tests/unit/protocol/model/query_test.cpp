#include "protocol/model/query.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

using texts = std::vector<std::string>;

read_query asking(query_kind kind, const char* name = "") {
  read_query made;
  made.kind = kind;
  made.name = name;
  return made;
}

texts topics(query_kind kind, const char* name = "") {
  auto watched = watched_by(asking(kind, name));
  CHECK(watched.what == interest::shape::topics);
  CHECK(watched.key.empty());
  return watched.topics;
}

} // namespace

TEST_CASE("a key is watched alone, a listing by its prefix") {
  auto key = watched_by(asking(query_kind::kv_get, "A/b"));
  CHECK(key.what == interest::shape::key);
  CHECK(key.key == "A/b");
  CHECK(key.topics.empty());
  for (auto kind : {query_kind::kv_list, query_kind::kv_keys}) {
    auto prefix = watched_by(asking(kind, "A/"));
    CHECK(prefix.what == interest::shape::key_prefix);
    CHECK(prefix.key == "A/");
    CHECK(prefix.topics.empty());
  }
}

TEST_CASE("every read of the catalogue watches its topic") {
  CHECK(topics(query_kind::catalog_nodes) == texts{topic::all_nodes});
  CHECK(topics(query_kind::catalog_services) == texts{topic::all_services});
  CHECK(topics(query_kind::catalog_service, "w") == texts{topic::service("w")});
  CHECK(topics(query_kind::catalog_connect, "w") == texts{topic::connect("w")});
  CHECK(topics(query_kind::catalog_node, "n") == texts{topic::node("n")});
}

TEST_CASE("every read of health watches its topic") {
  CHECK(topics(query_kind::health_node, "n") == texts{topic::node_checks("n")});
  CHECK(topics(query_kind::health_checks, "w") ==
        texts{topic::service_checks("w")});
  CHECK(topics(query_kind::health_service, "w") == texts{topic::service("w")});
  CHECK(topics(query_kind::health_connect, "w") == texts{topic::connect("w")});
  CHECK(topics(query_kind::health_state, "any") == texts{topic::all_checks});
}

TEST_CASE("every read of sessions watches its topic") {
  CHECK(topics(query_kind::session_info, "Id") == texts{topic::session("Id")});
  CHECK(topics(query_kind::session_list) == texts{topic::all_sessions});
  CHECK(topics(query_kind::session_node, "n") ==
        texts{topic::node_sessions("n")});
}

TEST_CASE("services of nodes with some metadata depend on the nodes too") {
  auto query = asking(query_kind::catalog_services);
  query.node_meta = {{"k", "v"}};
  CHECK(watched_by(query).topics ==
        texts{topic::all_services, topic::all_nodes});
}

TEST_CASE("checks of nodes with some metadata depend on the nodes too") {
  auto query = asking(query_kind::health_state, "any");
  query.node_meta = {{"k", "v"}};
  CHECK(watched_by(query).topics == texts{topic::all_checks, topic::all_nodes});
  query = asking(query_kind::health_checks, "web");
  query.node_meta = {{"k", "v"}};
  CHECK(watched_by(query).topics ==
        texts{topic::service_checks("web"), topic::all_nodes});
}

TEST_CASE("names are watched without regard to letter case") {
  for (auto kind : {query_kind::catalog_service, query_kind::catalog_connect,
                    query_kind::catalog_node, query_kind::health_node,
                    query_kind::health_checks, query_kind::session_node})
    CHECK(topics(kind, "WeB") == topics(kind, "web"));
}

TEST_CASE("no two kinds of things share a topic") {
  texts all = {
      topic::all_nodes,    topic::all_services,      topic::all_checks,
      topic::all_sessions, topic::node("a"),         topic::service("a"),
      topic::connect("a"), topic::node_checks("a"),  topic::service_checks("a"),
      topic::session("a"), topic::node_sessions("a")};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      CHECK(all[i] != all[j]);
}

TEST_CASE("folding touches ASCII letters only") {
  CHECK(fold("AZaz09-_@[`{") == "azaz09-_@[`{");
  CHECK(fold("\xC3\x84") == "\xC3\x84");
  CHECK(fold(std::string_view("A\0B", 3)) == std::string("a\0b", 3));
  CHECK(fold("").empty());
}

TEST_CASE("equal when folded means what it says") {
  CHECK(equal_folded("Web", "wEB"));
  CHECK(equal_folded("", ""));
  CHECK_FALSE(equal_folded("web", "web1"));
  CHECK_FALSE(equal_folded("@", "`"));
  CHECK_FALSE(equal_folded("[", "{"));
}

TEST_CASE("a change set is empty until it names a key or a topic") {
  change_set changes;
  CHECK(changes.empty());
  changes.keys = {"k"};
  CHECK_FALSE(changes.empty());
  changes = {};
  changes.topics = {"t"};
  CHECK_FALSE(changes.empty());
}
