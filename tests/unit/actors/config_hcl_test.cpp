#include "actors/config_hcl.hpp"

#include "actors/config_files.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;

namespace {

/// The outcome as JSON text, or the error.
std::string read(std::string_view text) {
  auto parsed = parse_hcl(text);
  if (!parsed)
    return parsed.failure().text;
  return boost::json::serialize(*parsed);
}

} // namespace

TEST_CASE("attributes take strings, numbers, booleans and lists") {
  CHECK(read("a = \"x\"\nb = -5 c = 1.5\nd = true\ne = [\"p\", 2,]") ==
        R"({"a":"x","b":-5,"c":1.5E0,"d":true,"e":["p",2]})");
  CHECK(read("a = 0x10 b = 010 c = 1e2") == R"({"a":16,"b":8,"c":1E2})");
  CHECK(read("\"a\" = 1") == R"({"a":1})");
}

TEST_CASE("comments of all three kinds are passed over") {
  CHECK(read("# x\n// y\n/* z\n z */ a = 1 # end") == R"({"a":1})");
  CHECK(read("") == "{}");
}

TEST_CASE("an object is a list of one, and blocks of one name add up") {
  CHECK(read("p { a = 1 }") == R"({"p":[{"a":1}]})");
  CHECK(read("p = { a = 1, b = 2 }") == R"({"p":[{"a":1,"b":2}]})");
  CHECK(read("p { a = 1 }\np { b = 2 }") == R"({"p":[{"a":1},{"b":2}]})");
  CHECK(read("p = [{a = 1}, {b = 2}]") == R"({"p":[{"a":1},{"b":2}]})");
}

TEST_CASE("labels are objects around the block") {
  CHECK(read("s \"web\" \"x\" { a = 1 }") ==
        R"({"s":[{"web":[{"x":[{"a":1}]}]}]})");
}

TEST_CASE("of two attributes of one name the last one counts") {
  CHECK(read("a = 1\na = 2") == R"({"a":2})");
}

TEST_CASE("strings have escapes, and may quote inside an interpolation") {
  CHECK(read(R"(a = "\x41\u00e4\n\"\\")") ==
        "{\"a\":\"A\xC3\xA4\\n\\\"\\\\\"}");
  CHECK(read(R"(a = "${x "y" }")") == R"({"a":"${x \"y\" }"})");
  CHECK(read(R"(a = "\q")") == "At 1:6: illegal char escape");
  CHECK(read("a = \"x\ny\"") == "At 1:7: literal not terminated");
}

TEST_CASE("heredocs keep their lines, and may lose a common indentation") {
  CHECK(read("a = <<E\nx\n y\nE\n") == R"({"a":"x\n y\n"})");
  CHECK(read("a = <<-E\n  x\n   y\n  E\n") == R"({"a":"x\n y\n"})");
  CHECK(read("a = <<-E\n x\n  E\n") == R"({"a":" x\n"})");
  CHECK(read("a = <<E\nx") == "At 2:2: heredoc not terminated");
}

TEST_CASE("a last attribute without a value is passed over") {
  CHECK(read("a = 1\nb = ") == R"({"a":1})");
}

TEST_CASE("errors say where they are and what stood there") {
  CHECK(read("a = abc") == "At 1:5: Unknown token: 1:5 IDENT abc");
  CHECK(read("a = \n}}") == "At 2:1: Unknown token: 2:1 RBRACE }");
  CHECK(read("}}") ==
        "At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACE");
  CHECK(read("= 1") == "At 1:1: no object keys found!");
  CHECK(read("x y = 1") ==
        "At 1:5: nested object expected: LBRACE got: ASSIGN");
  CHECK(read("a = [1 2]") == "At 1:8: error parsing list, expected comma or "
                             "list end, got: NUMBER");
  CHECK(read("a = 080") == "strconv.ParseInt: parsing \"080\": invalid syntax");
  CHECK(read("@") == "At 1:1: illegal char");
  CHECK(read("/* x") == "At 1:5: comment not terminated");
}

TEST_CASE("nesting has a limit in every form") {
  std::string lists = "a = ", blocks, labels = "a";
  for (std::size_t i = 0; i < 10 * config_depth_max; ++i) {
    lists += "[";
    blocks += "a {";
    labels += " \"a\"";
  }
  CHECK(!parse_hcl(lists));
  CHECK(!parse_hcl(blocks));
  CHECK(!parse_hcl(labels + " {}"));
}

TEST_CASE("text that opens with a brace is JSON") {
  CHECK(read(" {\"a\":1}") == R"({"a":1})");
}

TEST_CASE("the end of the text may come anywhere") {
  std::string whole = "a \"b\" { c = <<-X\n x\n X\n d = [\"${e}\", 0x5] }";
  for (std::size_t i = 0; i <= whole.size(); ++i)
    (void)parse_hcl(std::string_view(whole).substr(0, i)).has_value();
}
