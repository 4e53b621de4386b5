#include "http/uri.hpp"

#include <doctest/doctest.h>

using namespace praetor;

namespace {

http::query_pairs parsed(std::string_view text, bool well_formed = true) {
  http::query_pairs out;
  CHECK(http::parse_query(text, out) == well_formed);
  return out;
}

} // namespace

TEST_CASE("a target is split into path and query") {
  auto parts = http::split_target("/a/b?c=d?e");
  REQUIRE(parts.has_value());
  CHECK(parts->path == "/a/b");
  CHECK(parts->query == "c=d?e");
  CHECK(http::split_target("//a").value().path == "//a");
  CHECK(http::split_target("/a#b").value().path == "/a#b");
  CHECK(http::split_target("*").value().path == "*");
}

TEST_CASE("an absolute target loses its scheme and host") {
  CHECK(http::split_target("http://h:1/a?b").value().path == "/a");
  CHECK(http::split_target("HTTPS://h/a?b").value().query == "b");
  CHECK(http::split_target("http://h").value().path == "/");
  CHECK(http::split_target("http://h?a").value().path == "/");
  CHECK(http::split_target("http://h?a").value().query == "a");
}

TEST_CASE("other targets are refused") {
  for (auto target : {"", "foo", "x:80", "://h/a", "1a://h/a", "http:///a",
                      "a b://h/", "?a", "http://"})
    CHECK_FALSE(http::split_target(target)
                    .value_or(http::target_parts{})
                    .path.starts_with("/a"));
  CHECK_FALSE(http::split_target("foo").has_value());
  CHECK_FALSE(http::split_target("").has_value());
}

TEST_CASE("percent escapes are decoded") {
  CHECK(http::percent_decode("/a%2Fb%20c+d%ff").value() == "/a/b c+d\xFF");
  CHECK(http::percent_decode("").value().empty());
  for (auto text : {"%", "%2", "%zz", "%2g", "a%", "%%20"})
    CHECK_FALSE(http::percent_decode(text).has_value());
}

TEST_CASE("a path is encoded as Go encodes it") {
  CHECK(http::encode_path("/v1/kv/a b!(c)*'d") ==
        "/v1/kv/a%20b%21%28c%29%2A%27d");
  CHECK(http::encode_path("/$&+,/:;=@-_.~") == "/$&+,/:;=@-_.~");
  CHECK(http::encode_path("?#%\xC3\xA9") == "%3F%23%25%C3%A9");
}

TEST_CASE("a query is encoded as Go encodes it") {
  CHECK(http::encode_query("a b&c=d/~") == "a+b%26c%3Dd%2F~");
}

TEST_CASE("every byte survives encoding and decoding") {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all.push_back(static_cast<char>(i));
  CHECK(http::percent_decode(http::encode_path(all)).value() == all);
  auto pairs = parsed("k=" + http::encode_query(all));
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].second == all);
}

TEST_CASE("a query is parsed in order") {
  using pairs = http::query_pairs;
  CHECK(parsed("") == pairs{});
  CHECK(parsed("a=1&b&a=2") == pairs{{"a", "1"}, {"b", ""}, {"a", "2"}});
  CHECK(parsed("a=b=c") == pairs{{"a", "b=c"}});
  CHECK(parsed("&&a&") == pairs{{"a", ""}});
  CHECK(parsed("a;b=1") == pairs{{"a", ""}, {"b", "1"}});
  CHECK(parsed("=x") == pairs{{"", "x"}});
  CHECK(parsed("a+b=c%2Bd+e") == pairs{{"a b", "c+d e"}});
}

TEST_CASE("broken pairs of a query are left out and told") {
  using pairs = http::query_pairs;
  CHECK(parsed("a=%zz&b=1", false) == pairs{{"b", "1"}});
  CHECK(parsed("%=1&b", false) == pairs{{"b", ""}});
  CHECK(parsed("b&a=%4", false) == pairs{{"b", ""}});
}

TEST_CASE("paths are cleaned") {
  CHECK(http::clean_path("") == "/");
  CHECK(http::clean_path("/") == "/");
  CHECK(http::clean_path("//") == "/");
  CHECK(http::clean_path("a") == "/a");
  CHECK(http::clean_path("/a//b") == "/a/b");
  CHECK(http::clean_path("/a/./b/") == "/a/b/");
  CHECK(http::clean_path("/a/b/..") == "/a");
  CHECK(http::clean_path("/a/b/../") == "/a/");
  CHECK(http::clean_path("/a/b/.") == "/a/b");
  CHECK(http::clean_path("/../../a") == "/a");
  CHECK(http::clean_path("/..") == "/");
  CHECK(http::clean_path("/a/..") == "/");
  CHECK(http::clean_path("/a/../") == "/");
  CHECK(http::clean_path("/a/...") == "/a/...");
  CHECK(http::clean_path("/v1/kv/a/") == "/v1/kv/a/");
}

TEST_CASE("cleaning a clean path changes nothing") {
  for (auto path : {"/a//b/./c/../d/", "x/../..//y", "/.//./..", "/a/b"}) {
    auto once = http::clean_path(path);
    CHECK(http::clean_path(once) == once);
  }
}

TEST_CASE("unprintable characters are found") {
  for (auto path : {"/a\n", "/\x7F", "/\x01", "/\xE2\x80\x8B", "/\xC2\xA0",
                    "/\xC2\x80", "/\xC2\xAD", "/\xEF\xBB\xBF", "/\xEE\x80\x80",
                    "/\xF3\xA0\x80\x81", "/\xE2\x80\xA8"})
    CHECK(http::has_unprintable(path));
  CHECK(http::has_unprintable(std::string_view("/\0", 2)));
}

TEST_CASE("printable characters pass") {
  for (auto path : {"", "/a b~", "/\xC3\xA9", "/\xE4\xB8\xAD\xE6\x96\x87",
                    "/\xF0\x9F\x98\x80", "/\xEF\xBF\xBD", "/\xCC\x81"})
    CHECK_FALSE(http::has_unprintable(path));
}

TEST_CASE("broken UTF-8 counts as the printable replacement character") {
  for (auto path : {"/\xFF", "/\x80", "/\xE2\x80", "/\xC0\x80", "/\xED\xA0\x80",
                    "/\xF4\x90\x80\x80", "/\xE2"})
    CHECK_FALSE(http::has_unprintable(path));
}
