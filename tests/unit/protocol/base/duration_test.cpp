#include "protocol/base/duration.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace praetor;
using namespace std::chrono_literals;

namespace {

span parsed(std::string_view text) {
  auto found = parse_duration(text);
  CAPTURE(text);
  REQUIRE(found);
  return *found;
}

std::string refusal(std::string_view text) {
  auto found = parse_duration(text);
  CAPTURE(text);
  REQUIRE_FALSE(found);
  CHECK(found.failure().code == errc::bad_input);
  return found.failure().text;
}

std::string invalid(std::string_view text) {
  return "time: invalid duration \"" + std::string(text) + "\"";
}

constexpr auto longest = span::max();
constexpr auto most_negative = span::min();

} // namespace

TEST_CASE("every unit of Go's syntax is understood") {
  CHECK(parsed("7ns") == 7ns);
  CHECK(parsed("7us") == 7us);
  CHECK(parsed("7ms") == 7ms);
  CHECK(parsed("7s") == 7s);
  CHECK(parsed("7m") == 7min);
  CHECK(parsed("7h") == 7h);
}

TEST_CASE("microseconds may be written with the micro sign or the Greek mu") {
  CHECK(parsed("12\xC2\xB5s") == 12us);
  CHECK(parsed("12\xCE\xBCs") == 12us);
}

TEST_CASE("terms add up, in any order and more than once") {
  CHECK(parsed("1m30s") == 90s);
  CHECK(parsed("1h1h") == 2h);
  CHECK(parsed("30s1m") == 90s);
  CHECK(parsed("1h2m3s4ms5us6ns") == 1h + 2min + 3s + 4ms + 5us + 6ns);
}

TEST_CASE("a fraction needs digits on one side of the point only") {
  CHECK(parsed("1.5h") == 90min);
  CHECK(parsed(".5s") == 500ms);
  CHECK(parsed("5.s") == 5s);
  CHECK(parsed("1.004s") == 1004ms);
  CHECK(parsed("39h9m14.425s") == 39h + 9min + 14425ms);
}

TEST_CASE("digits beyond a nanosecond are dropped, however many") {
  CHECK(parsed("0.3333333333333333333h") == 20min);
  CHECK(parsed("9.9ns") == 9ns);
  CHECK(parsed("0.100000000000000000000h") == 6min);
  CHECK(parsed("0.9223372036854775807h") == span{3320413933267});
  CHECK(parsed("1." + std::string(1000, '0') + "1s") == 1s);
}

TEST_CASE("a sign stands in front of the whole") {
  CHECK(parsed("+5s") == 5s);
  CHECK(parsed("-1m30s") == -90s);
  CHECK(parsed("-.5s") == -500ms);
  CHECK(refusal("1m-30s") == "time: unknown unit \"m-\" in duration "
                             "\"1m-30s\"");
  CHECK(refusal("--5s") == invalid("--5s"));
  CHECK(refusal("+-5s") == invalid("+-5s"));
}

TEST_CASE("only zero may go without a unit") {
  CHECK(parsed("0") == 0ns);
  CHECK(parsed("-0") == 0ns);
  CHECK(parsed("+0") == 0ns);
  CHECK(parsed("0s") == 0ns);
  CHECK(refusal("3") == "time: missing unit in duration \"3\"");
  CHECK(refusal("00") == "time: missing unit in duration \"00\"");
  CHECK(refusal("0.0") == "time: missing unit in duration \"0.0\"");
  CHECK(refusal("1h5") == "time: missing unit in duration \"1h5\"");
}

TEST_CASE("an unknown unit is named together with the whole text") {
  CHECK(refusal("5d") == "time: unknown unit \"d\" in duration \"5d\"");
  CHECK(refusal("1h2x") == "time: unknown unit \"x\" in duration \"1h2x\"");
  CHECK(refusal("1S") == "time: unknown unit \"S\" in duration \"1S\"");
  CHECK(refusal("1s ") == "time: unknown unit \"s \" in duration \"1s \"");
  CHECK(refusal("1m 2s") == "time: unknown unit \"m \" in duration \"1m 2s\"");
  CHECK(refusal("1sec") == "time: unknown unit \"sec\" in duration \"1sec\"");
}

TEST_CASE("a text without a number is invalid") {
  for (auto text : {"", "-", "+", "s", ".", "-.", ".s", "+.s", "x5s", " 1s"})
    CHECK(refusal(text) == invalid(text));
}

TEST_CASE("a second point ends nothing and is invalid") {
  CHECK(refusal("1.2.3s") == "time: missing unit in duration \"1.2.3s\"");
  CHECK(refusal("1..s") == "time: missing unit in duration \"1..s\"");
  CHECK(refusal("1s.") == invalid("1s."));
}

TEST_CASE("the longest spans are exact and one more is invalid") {
  CHECK(parsed("9223372036854775807ns") == longest);
  CHECK(parsed("9223372036854775.807us") == longest);
  CHECK(parsed("9223372036s854ms775us807ns") == longest);
  CHECK(parsed("-9223372036854775807ns") == -longest);
  CHECK(parsed("-9223372036854775808ns") == most_negative);
  CHECK(parsed("-9223372036854775.808us") == most_negative);
  CHECK(parsed("-2562047h47m16.854775808s") == most_negative);
  for (auto text :
       {"9223372036854775808ns", "9223372036854775.808us",
        "9223372036854ms775us808ns", "-9223372036854775809ns",
        "9223372036854775808ns1ns", "3000000h", "2562048h", "1h9999999999h",
        "99999999999999999999ns", "-99999999999999999999h",
        "9223372036854775807ns9223372036854775807ns2ns"})
    CHECK(refusal(text) == invalid(text));
}

TEST_CASE("bytes that are no text are refused like any other") {
  CHECK_FALSE(parse_duration(std::string_view("\0", 1)));
  CHECK_FALSE(parse_duration(std::string_view("1s\0", 3)));
  CHECK_FALSE(parse_duration("1\xFF\xFE"));
  CHECK_FALSE(parse_duration("1\xC2s"));
}

TEST_CASE("a span is printed in the largest unit that it fills") {
  CHECK(format_duration(0ns) == "0s");
  CHECK(format_duration(1ns) == "1ns");
  CHECK(format_duration(999ns) == "999ns");
  CHECK(format_duration(1100ns) == "1.1\xC2\xB5s");
  CHECK(format_duration(2200us) == "2.2ms");
  CHECK(format_duration(300ms) == "300ms");
  CHECK(format_duration(3300ms) == "3.3s");
  CHECK(format_duration(10s) == "10s");
  CHECK(format_duration(59999999999ns) == "59.999999999s");
}

TEST_CASE("from a minute on every smaller unit is printed, even as zero") {
  CHECK(format_duration(1min) == "1m0s");
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(4min + 5001ms) == "4m5.001s");
  CHECK(format_duration(1h) == "1h0m0s");
  CHECK(format_duration(5h + 6min + 7001ms) == "5h6m7.001s");
  CHECK(format_duration(72h) == "72h0m0s");
}

TEST_CASE("negative spans carry one sign in front") {
  CHECK(format_duration(-1ns) == "-1ns");
  CHECK(format_duration(-1500us) == "-1.5ms");
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(longest) == "2562047h47m16.854775807s");
  CHECK(format_duration(most_negative) == "-2562047h47m16.854775808s");
}

TEST_CASE("inner zeros of a fraction are kept and trailing ones cut") {
  CHECK(format_duration(1s + 1ns) == "1.000000001s");
  CHECK(format_duration(1s + 10ns) == "1.00000001s");
  CHECK(format_duration(1001ns) == "1.001\xC2\xB5s");
  CHECK(format_duration(1ms + 1ns) == "1.000001ms");
}

TEST_CASE("what is printed is read back as the same span") {
  prng chance(tests::seed());
  for (int i = 0; i < 5000; ++i) {
    // A random width first, so that every unit gets its share.
    auto bits = chance.next() >> chance.below(64);
    auto value = span{static_cast<span::rep>(bits)};
    auto text = format_duration(value);
    CAPTURE(text);
    REQUIRE(parsed(text) == value);
  }
}

TEST_CASE("no text of units, digits and signs upsets the reader") {
  constexpr std::string_view letters = "0129.+-nusmh\xC2\xB5 ";
  prng chance(tests::seed() + 1);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = chance.below(24); n > 0; --n)
      text.push_back(letters[chance.below(letters.size())]);
    if (auto found = parse_duration(text); !found) {
      CAPTURE(text);
      REQUIRE(found.failure().text.ends_with("\"" + text + "\""));
    }
  }
}
