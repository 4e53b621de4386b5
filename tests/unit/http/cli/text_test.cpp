#include "http/cli/text.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http::cli;

TEST_CASE("columns are as wide as their widest cell and two spaces") {
  CHECK(columns({{"Node", "DC"}, {"a", "dc1"}, {"longer", ""}}) ==
        "Node    DC\na       dc1\nlonger  ");
  CHECK(columns({}) == "");
}

TEST_CASE("columns count characters, not bytes") {
  CHECK(columns({{"é", "x"}, {"ab", "y"}}) == "é   x\nab  y");
}

TEST_CASE("tabbed columns leave the gap asked for") {
  CHECK(tabbed({{"web", "a,b"}, {"consul", ""}}, 6) ==
        "web         a,b\nconsul      \n");
  CHECK(tabbed({{"web"}}, 6) == "web\n");
}

TEST_CASE("base 64 goes there and back for every length") {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    auto back = decode_base64(encode_base64(bytes));
    REQUIRE(back);
    CHECK(*back == bytes);
    bytes += static_cast<char>(i * 37);
  }
  CHECK(encode_base64("hello") == "aGVsbG8=");
}

TEST_CASE("base 64 that is none is refused where it breaks") {
  auto problem = [](const char* text) {
    auto got = decode_base64(text);
    return got ? std::string() : got.failure().text;
  };
  CHECK(problem("!!!") == "illegal base64 data at input byte 0");
  CHECK(problem("aG!s") == "illegal base64 data at input byte 2");
  CHECK(problem("aGVsbG8") != "");
  CHECK(problem("aGVsbG8==") != "");
  CHECK(problem("aG==VsbG") != "");
  CHECK(problem("=") != "");
  CHECK(problem("aGVs\nbG8=\n") == "");
}

TEST_CASE("indented JSON keeps empty containers on one line") {
  auto value = parse_json(R"({"a":[],"b":{},"c":[1,{"d":"<&>"}],"e":null})");
  REQUIRE(value);
  CHECK(indented(*value, "  ") ==
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n"
        "      \"d\": \"\\u003c\\u0026\\u003e\"\n    }\n  ],\n"
        "  \"e\": null\n}");
  CHECK(compact(*value) ==
        R"({"a":[],"b":{},"c":[1,{"d":"\u003c\u0026\u003e"}],"e":null})");
}

TEST_CASE("JSON that ends early says so") {
  CHECK(parse_json("").failure().text == "unexpected end of JSON input");
  CHECK(parse_json("[1,").failure().text == "unexpected end of JSON input");
  CHECK_FALSE(parse_json("{bad"));
}

TEST_CASE("members of the wrong kind read as nothing") {
  auto value = parse_json(R"({"text":"x","number":18446744073709551615})");
  REQUIRE(value);
  CHECK(text_of(*value, "text") == "x");
  CHECK(text_of(*value, "number") == "");
  CHECK(number_of(*value, "number") == UINT64_MAX);
  CHECK(number_of(*value, "text") == 0);
  CHECK(text_of(boost::json::value(3), "text") == "");
  CHECK(items_of(*value).empty());
}

TEST_CASE("a pattern that is none is explained") {
  CHECK(parse_pattern("^a.*b$"));
  CHECK(parse_pattern("(").failure().text ==
        "error parsing regexp: missing closing ): `(`");
}
