#include "protocol/model/prepared_query.hpp"

#include "protocol/model/filter_regex.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

prepared_query named(const std::string& name) {
  prepared_query made;
  made.id = "q";
  made.name = name;
  made.wanted.service = "web";
  return made;
}

std::string fault(const prepared_query& query) {
  auto ok = check_query(query);
  return ok ? "" : ok.failure().text;
}

std::vector<std::string> groups(const std::string& pattern,
                                const std::string& subject) {
  auto made = regex::compile(pattern);
  REQUIRE(made);
  return made->captures(subject);
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("a query that makes no sense is refused in Consul's words") {
  CHECK(fault(named("a")) == "");
  CHECK(fault(named("")) == "Must be bound to a session");
  auto query = named("a");
  query.token = "<hidden>";
  CHECK(fault(query).starts_with("Bad Token '<hidden>', it looks like"));
  query = named("a");
  query.wanted.service = "";
  CHECK(fault(query) == "Must provide a Service name to query");
  query = named("a");
  query.wanted.failover.nearest_n = -1;
  CHECK(fault(query) == "Bad NearestN '-1', must be >= 0");
  query = named("a");
  query.wanted.node_meta = string_map{{"a b", "y"}};
  CHECK(fault(query) == "Couldn't load metadata pair ('a b', 'y'): Key "
                        "contains invalid characters");
  query = named("a");
  query.dns_ttl = "abc";
  CHECK(fault(query) == "Bad DNS TTL 'abc': time: invalid duration \"abc\"");
  query.dns_ttl = "-1s";
  CHECK(fault(query) == "DNS TTL '-1000000000', must be >=0");
}

TEST_CASE("a template is rendered with the name that is asked for") {
  auto query = named("geo-");
  query.pattern = {template_by_prefix, "^geo-(.*?)-([^-]+)$", true};
  query.wanted.service = "${match(1)}";
  query.wanted.tags = texts{"${match(2)}", "${match(3)}", "x"};
  query.wanted.failover.datacenters = texts{"${name.suffix}"};
  query.wanted.node_meta = string_map{{"k", "${name.prefix}"}};
  REQUIRE(check_template(query));
  auto found = render(query, "geo-db-eu-1");
  REQUIRE(found);
  CHECK(found->wanted.service == "db-eu");
  CHECK(*found->wanted.tags == texts{"1", "x"});
  CHECK(*found->wanted.failover.datacenters == texts{"db-eu-1"});
  CHECK(found->wanted.node_meta->at("k") == "geo-");
  CHECK(found->pattern == query.pattern);
}

TEST_CASE("a template at fault is told where") {
  auto query = named("a");
  auto why = [&] {
    auto ok = check_template(query);
    return ok ? "" : ok.failure().text;
  };
  CHECK(why() == "");
  query.pattern.type = "bogus";
  CHECK(why() == "Bad Template.Type 'bogus'");
  query.pattern.type = template_by_prefix;
  query.wanted.tags = texts{"x", "${"};
  CHECK(why() ==
        "Bad format '${' in Service.Tags[1]: parse error: syntax error");
  query.wanted.tags.reset();
  query.pattern.regexp = "(";
  CHECK(why() == "Bad Regexp: error parsing regexp: missing closing ): `(`");
  query.pattern.regexp = "";
  query.wanted.service_meta = string_map{{"m", "${no}"}};
  CHECK(why() == "Bad evaluation for '${no}' in Service.ServiceMeta[m]: 1:3: "
                 "unknown variable accessed: no");
}

TEST_CASE("groups hold what a matcher that backtracks would find") {
  CHECK(groups("b", "abc") == texts{"b"});
  CHECK(groups("x", "abc").empty());
  CHECK(groups("^(.*)-(.*)$", "a-b-c") == texts{"a-b-c", "a-b", "c"});
  CHECK(groups("^(.*?)-(.*)$", "a-b-c") == texts{"a-b-c", "a", "b-c"});
  CHECK(groups("(?U)^(.*)-(.*)$", "a-b-c") == texts{"a-b-c", "a", "b-c"});
  CHECK(groups("(a+)(b+)?", "aac") == texts{"aa", "aa", ""});
  CHECK(groups("(a|ab)(c|bcd)(d*)", "abcd") == texts{"abcd", "a", "bcd", ""});
  CHECK(groups("(?:x)(?P<n>y)", "axyb") == texts{"xy", "y"});
  CHECK(groups("(a){2}", "aaa") == texts{"aa", "a"});
  CHECK(groups("(a*)*", "b") == texts{"", ""});
  CHECK(groups("\\b(\\w+)$", "one two") == texts{"two", "two"});
  CHECK(groups("a{2,3}?", "aaaa") == texts{"aa"});
}

TEST_CASE("groups beyond the limit are matched and not told") {
  std::string many;
  for (std::size_t i = 0; i < regex_groups_max + 3; ++i)
    many += "(a)";
  auto found = groups(many, std::string(regex_groups_max + 3, 'a'));
  CHECK(found.size() == regex_groups_max);
  CHECK(groups("(a)", std::string(regex_capture_bytes_max, 'b') + "a").empty());
}
