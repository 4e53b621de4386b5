#include "protocol/model/filter_regex.hpp"

#include <doctest/doctest.h>

using praetor::model::regex;

namespace {

bool found(std::string_view pattern, std::string_view subject) {
  auto made = regex::compile(pattern);
  CAPTURE(pattern);
  CAPTURE(subject);
  REQUIRE(made);
  return made->search(subject);
}

std::string refusal(std::string_view pattern) {
  auto made = regex::compile(pattern);
  CAPTURE(pattern);
  REQUIRE_FALSE(made);
  std::string_view prefix = "error parsing regexp: ";
  REQUIRE(made.failure().text.starts_with(prefix));
  return made.failure().text.substr(prefix.size());
}

} // namespace

TEST_CASE("a pattern may match anywhere unless it is anchored") {
  CHECK(found("b", "abc"));
  CHECK_FALSE(found("^b", "abc"));
  CHECK(found("^abc$", "abc"));
  CHECK_FALSE(found("^ab$", "abc"));
  CHECK(found("\\Aabc\\z", "abc"));
  CHECK(found("", ""));
  CHECK(found("$", "abc"));
  CHECK(found("c$|x", "abc"));
}

TEST_CASE("line ends are anchors only when that is asked for") {
  CHECK_FALSE(found("a$", "a\nb"));
  CHECK(found("(?m)a$", "a\nb"));
  CHECK(found("(?m)^b", "a\nb"));
  CHECK_FALSE(found("^b", "a\nb"));
  CHECK_FALSE(found("a.b", "a\nb"));
  CHECK(found("(?s)a.b", "a\nb"));
}

TEST_CASE("repeats take as few or as many as they say") {
  CHECK(found("^a*$", ""));
  CHECK(found("^a*$", "aaa"));
  CHECK_FALSE(found("^a+$", ""));
  CHECK(found("^a+$", "aa"));
  CHECK(found("^ab?c$", "ac"));
  CHECK_FALSE(found("^ab?c$", "abbc"));
  CHECK(found("^a{2}$", "aa"));
  CHECK_FALSE(found("^a{2}$", "aaa"));
  CHECK(found("^a{2,}$", "aaaa"));
  CHECK_FALSE(found("^a{2,}$", "a"));
  for (int i = 0; i < 6; ++i)
    CHECK(found("^a{2,4}$", std::string(static_cast<std::size_t>(i), 'a')) ==
          (i >= 2 && i <= 4));
  CHECK(found("^a{0}$", ""));
  CHECK(found("^(?:ab|c)+?$", "abcab"));
  CHECK(found("^(a*)*$", "aaa"));
  CHECK(found("^(|a)+b", "aab"));
}

TEST_CASE("a brace that counts nothing is a letter like any other") {
  CHECK(found("^a{,2}$", "a{,2}"));
  CHECK(found("^a{1$", "a{1"));
  CHECK(found("^a{01}$", "a{01}"));
  CHECK(found("^}]$", "}]"));
}

TEST_CASE("alternatives bind weaker than sequences") {
  CHECK(found("^ab|cd$", "abx"));
  CHECK(found("^ab|cd$", "xcd"));
  CHECK_FALSE(found("^(ab|cd)$", "abd"));
  CHECK(found("^(ab|cd|)$", ""));
  CHECK(found("^(?P<name>ab)$", "ab"));
}

TEST_CASE("brackets hold runes, ranges and named classes") {
  CHECK(found("^[abc]$", "b"));
  CHECK_FALSE(found("^[^abc]$", "b"));
  CHECK(found("^[^abc]$", "\n"));
  CHECK(found("^[]a]+$", "]a"));
  CHECK(found("^[a-]+$", "a-"));
  CHECK(found("^[a-z-9]+$", "m-9"));
  CHECK(found("^[[:alpha:][:digit:]]+$", "aZ9"));
  CHECK_FALSE(found("[[:^alpha:]]", "aZ"));
  CHECK(found("^[\\d\\s]+$", "1 2"));
  CHECK(found("^\\w+\\W\\D$", "ab_9-x"));
  CHECK(found("^[\\x41-\\x{43}\\]]+$", "ABC]"));
}

TEST_CASE("a rune is one letter, however many bytes it has") {
  CHECK(found("^.$", "é"));
  CHECK(found("^[à-ü]$", "é"));
  CHECK(found("^é+$", "éé"));
  CHECK(found("^..$", "\xC3\x28")); // what is not UTF-8 counts byte by byte
}

TEST_CASE("letter case is ignored as far as the flag reaches") {
  CHECK(found("(?i)^wEb[a-c]$", "WeBC"));
  CHECK(found("^(?i:a)b$", "Ab"));
  CHECK_FALSE(found("^(?i:a)b$", "AB"));
  CHECK_FALSE(found("^((?i)a)b$", "aB"));
  CHECK(found("(?i)a(?-i)b", "Ab"));
  CHECK_FALSE(found("(?i)a(?-i)b", "AB"));
  CHECK_FALSE(found("^(?i)[^a]$", "A"));
}

TEST_CASE("escapes name what cannot be written") {
  CHECK(found("^\\.\\*\\_$", ".*_"));
  CHECK(found("^\\t\\n\\101\\0$", std::string_view("\t\nA\0", 4)));
  CHECK(found("^\\Q(.*\\E+$", "(.**"));
  CHECK(found("\\Q(", "a(b"));
  CHECK(found("\\bweb\\b", "the web-1"));
  CHECK_FALSE(found("\\bweb\\b", "webs"));
  CHECK(found("\\Beb", "web"));
}

TEST_CASE("a bad pattern is refused with the culprit") {
  CHECK(refusal("(") == "missing closing ): `(`");
  CHECK(refusal("a)") == "unexpected ): `a)`");
  CHECK(refusal("x[a") == "missing closing ]: `[a`");
  CHECK(refusal("[b-a]") == "invalid character class range: `b-a`");
  CHECK(refusal("[[:foo:]]") == "invalid character class range: `[:foo:]`");
  CHECK(refusal("a|*") == "missing argument to repetition operator: `*`");
  CHECK(refusal("a**") == "invalid nested repetition operator: `**`");
  CHECK(refusal("a{2}??") == "invalid nested repetition operator: `{2}??`");
  CHECK(refusal("a{2,1}") == "invalid repeat count: `{2,1}`");
  CHECK(refusal("a{1001}") == "invalid repeat count: `{1001}`");
  CHECK(refusal("(a{100}){100}") == "invalid repeat count: `{100}`");
  CHECK(refusal("\\q") == "invalid escape sequence: `\\q`");
  CHECK(refusal("\\1") == "invalid escape sequence: `\\1`");
  CHECK(refusal("\\x{zz}") == "invalid escape sequence: `\\x{z`");
  CHECK(refusal("a\\") == "trailing backslash at end of expression: ``");
  CHECK(refusal("(?=a)") == "invalid or unsupported Perl syntax: `(?=`");
  CHECK(refusal("(?P<n") == "invalid named capture: `(?P<n`");
  CHECK(refusal("a\xFF") == "invalid UTF-8: `\xFF`");
  // These would take tables of Unicode, and are refused for now.
  CHECK(refusal("\\p{Greek}x") ==
        "invalid character class range: `\\p{Greek}`");
}

TEST_CASE("a pattern has limits in length, depth and size") {
  using namespace praetor::model;
  CHECK_FALSE(regex::compile(std::string(regex_pattern_bytes_max + 1, 'a')));
  CHECK(regex::compile(std::string(regex_pattern_bytes_max, 'a')));
  std::size_t depth = regex_nesting_max;
  auto nested = [](std::size_t n) {
    return std::string(n, '(') + "a" + std::string(n, ')');
  };
  CHECK(regex::compile(nested(depth)));
  CHECK_FALSE(regex::compile(nested(depth + 1)));
  CHECK(regex::compile("a{1000}"));
  CHECK(refusal("(abcdefghij){1000}").starts_with("expression too large"));
}

TEST_CASE("what would hold up a matcher that backtracks ends at once") {
  std::string subject(5000, 'a');
  CHECK_FALSE(found("^(a+)+$", subject + "b"));
  CHECK_FALSE(found("(a*)*b", subject));
  CHECK_FALSE(found("^(a|aa)+$", subject + "b"));
}

TEST_CASE("only the beginning of a very long subject is looked at") {
  std::string subject(praetor::model::regex_subject_bytes_max, 'a');
  CHECK_FALSE(found("b", subject + "b"));
  CHECK(found("b", subject.substr(1) + "b"));
}
