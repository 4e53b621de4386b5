#include "protocol/model/interpolation.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;

namespace {

std::string value(const std::string& text) {
  auto parsed = interpolation::parse(text);
  if (!parsed)
    return parsed.failure().text;
  interpolation_scope scope;
  scope.names = {{"name.full", "web-1"}, {"name.prefix", "web-"}};
  scope.matches = {"all", "first"};
  auto found = parsed->evaluate(scope);
  return found ? *found : found.failure().text;
}

} // namespace

TEST_CASE("text without parts is itself, and a doubled dollar sign escapes") {
  CHECK(value("") == "");
  CHECK(value("plain $text } \" \\n") == "plain $text } \" \\n");
  CHECK(value("$${x}") == "${x}");
  CHECK(value("a$$b") == "a$b");
  CHECK(value("$$$") == "$$");
  CHECK(value("$") == "");
  CHECK(value("${\"$\"}") == "$");
  CHECK(value("$$${name.full}") == "$web-1");
  CHECK(value("a$") == "a$");
  CHECK(value("${name.full}$") == "web-1");
}

TEST_CASE("parts are names, matches and quoted texts") {
  CHECK(value("a${name.full}b") == "aweb-1b");
  CHECK(value("${ name.full }${name.prefix}") == "web-1web-");
  CHECK(value("${match(0)}|${match(1)}|${match(2)}|${match(-1)}") ==
        "all|first||");
  CHECK(value("${match (\"1\")}") == "first");
  CHECK(value("${match(1.9)}") == "first");
  CHECK(value("${\"a\\\"b\\n\\x\\\\\"}") == "a\"b\n\\x\\");
  CHECK(value("${\"<${name.full}>\"}") == "<web-1>");
  CHECK(value("${\"a\" \"b\"}") == "ab");
}

TEST_CASE("arithmetic goes from left to right, by the kind of its first "
          "number") {
  CHECK(value("${1+2*3}") == "9");
  CHECK(value("${7-2-1}") == "4");
  CHECK(value("${(1+2)*3}") == "9");
  CHECK(value("${7/2}") == "3");
  CHECK(value("${7%3}") == "1");
  CHECK(value("${7.0/2}") == "3.5");
  CHECK(value("${1+1.5}") == "2");
  CHECK(value("${1.5+1}") == "2.5");
  CHECK(value("${-1.5}") == "-1");
  CHECK(value("${1 - -1}") == "2");
  CHECK(value("${0.1+0.2}") == "0.30000000000000004");
  CHECK(value("${100000000.0*100000000.0*1000000.0}") == "1e+22");
  CHECK(value("${-9223372036854775807-1-1}") == "9223372036854775807");
}

TEST_CASE("what cannot be read is a syntax error") {
  for (auto* text :
       {"${", "${}", "${ }", "${1", "${name.full", "${match(}", "${match(0,)}",
        "${name.full,1}", "${1 2}", "${1e3}", "${!1}", "${1==1}", "${\"a",
        "${1[0]}", "${99999999999999999999}"}) {
    CAPTURE(text);
    CHECK(value(text) == "parse error: syntax error");
  }
}

TEST_CASE("what cannot be evaluated says where and why") {
  CHECK(value("${bogus}") == "1:3: unknown variable accessed: bogus");
  CHECK(value("\xC3\xA9 ${bogus}") == "1:5: unknown variable accessed: bogus");
  CHECK(value("x\n${bogus}") == "2:4: unknown variable accessed: bogus");
  CHECK(value("${foo(1)}") == "1:3: unknown function called: foo");
  CHECK(value("${match()}") == "1:3: match: expected 1 arguments, got 0");
  CHECK(value("${foo[0]}") ==
        "At column 3, line 1: unknown variable accessed: foo");
  CHECK(value("${name.full[0]}") == "At column 3, line 1: invalid index "
                                    "operation into non-indexable type: "
                                    "TypeString");
  CHECK(value("${match(\"a\")}") == "__builtin_StringToInt: strconv.ParseInt: "
                                    "parsing \"a\": invalid syntax");
  CHECK(value("${1/0}") == "divide by zero");
  CHECK(value("${1%(1-1)}") == "divide by zero");
  CHECK(value("${7.5%2}") ==
        "At column 3, line 1: modulo cannot be used with floats");
}

TEST_CASE("parts within parts have a limit") {
  std::string deep;
  for (int i = 0; i <= interpolation_depth_max; ++i)
    deep += "(";
  CHECK(value("${" + deep + "1" + std::string(deep.size(), ')') + "}") ==
        "parse error: syntax error");
  std::string open;
  for (int i = 0; i < 100'000; ++i)
    open += "${\"";
  CHECK(value(open) == "parse error: syntax error");
}
