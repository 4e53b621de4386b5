#include "http/cli/flags.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http::cli;

namespace {

struct sample {
  flag_set flags;
  bool loud = false;
  std::string name = "none";
  std::uint64_t index = 0;
  std::int64_t count = 0;
  span wait{};
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;

  sample() {
    flags.boolean("loud", loud, "Say more.");
    flags.text("name", name, "A name.");
    flags.number("index", index, "An index.");
    flags.number("count", count, "A count.");
    flags.duration("wait", wait, "A wait.");
    flags.texts("tag", tags, "A tag.");
    flags.pairs("meta", meta, "Metadata.");
  }

  std::string problem(const std::vector<std::string>& words) {
    auto parsed = flags.parse(words);
    return parsed ? "" : parsed.failure().text;
  }
};

} // namespace

TEST_CASE("a flag may have one dash or two, and = or a separate value") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"-name", "x"}, {"-name=x"}, {"--name", "x"}, {"--name=x"}}) {
    sample s;
    CHECK(s.problem(words) == "");
    CHECK(s.name == "x");
    CHECK(s.flags.arguments().empty());
  }
}

TEST_CASE("a boolean takes no separate value") {
  sample s;
  CHECK(s.problem({"-loud", "false"}) == "");
  CHECK(s.loud);
  CHECK(s.flags.arguments() == std::vector<std::string>{"false"});
  CHECK(s.problem({"-loud=false"}) == "");
  CHECK_FALSE(s.loud);
}

TEST_CASE("flags end at the first argument, at a lone dash and at --") {
  sample s;
  CHECK(s.problem({"key", "-loud"}) == "");
  CHECK(s.flags.arguments() == std::vector<std::string>{"key", "-loud"});
  CHECK(s.problem({"-", "-loud"}) == "");
  CHECK(s.flags.arguments() == std::vector<std::string>{"-", "-loud"});
  CHECK(s.problem({"--", "-loud"}) == "");
  CHECK(s.flags.arguments() == std::vector<std::string>{"-loud"});
  CHECK_FALSE(s.loud);
}

TEST_CASE("what cannot be read is named as Go names it") {
  sample s;
  CHECK(s.problem({"-nope"}) == "flag provided but not defined: -nope");
  CHECK(s.problem({"--nope=1"}) == "flag provided but not defined: -nope");
  CHECK(s.problem({"-name"}) == "flag needs an argument: -name");
  CHECK(s.problem({"---"}) == "bad flag syntax: ---");
  CHECK(s.problem({"-=x"}) == "bad flag syntax: -=x");
  CHECK(s.problem({"-loud=maybe"}) ==
        "invalid boolean value \"maybe\" for -loud: strconv.ParseBool: "
        "parsing \"maybe\": invalid syntax");
  CHECK(s.problem({"-index=abc"}) ==
        "invalid value \"abc\" for flag -index: parse error");
  CHECK(s.problem({"-index=-1"}) ==
        "invalid value \"-1\" for flag -index: parse error");
  CHECK(s.problem({"-wait=5"}) ==
        "invalid value \"5\" for flag -wait: parse error");
  CHECK(s.problem({"-meta=x"}) == "invalid value \"x\" for flag -meta: "
                                  "Missing \"=\" value in argument: x");
}

TEST_CASE("numbers may be negative, hexadecimal, and as large as they fit") {
  sample s;
  CHECK(s.problem({"-count=-3", "-index=0x1F"}) == "");
  CHECK(s.count == -3);
  CHECK(s.index == 31);
  CHECK(s.problem({"-index=18446744073709551615"}) == "");
  CHECK(s.index == UINT64_MAX);
  CHECK(s.problem({"-index=18446744073709551616"}) != "");
  CHECK(s.problem({"-index="}) != "");
  CHECK(s.problem({"-count=--3"}) != "");
}

TEST_CASE("repeated flags gather values, and the last plain one wins") {
  sample s;
  CHECK(s.problem({"-tag=a", "-tag", "b", "-meta=k=v=w", "-name=x",
                   "-name=y"}) == "");
  CHECK(s.tags == std::vector<std::string>{"a", "b"});
  CHECK(s.meta.at("k") == "v=w");
  CHECK(s.name == "y");
}

TEST_CASE("durations are Go's") {
  sample s;
  CHECK(s.problem({"-wait=1m30s"}) == "");
  CHECK(s.wait == std::chrono::seconds(90));
}

TEST_CASE("help wraps its lines and shows what a flag takes") {
  sample s;
  auto text = s.flags.help();
  CHECK(text.find("\n  -loud\n     Say more.\n") != std::string::npos);
  CHECK(text.find("\n  -wait=<duration>\n") != std::string::npos);
  CHECK(wrapped("aa bb cc", 1, 6) == " aa bb\n cc\n");
  CHECK(wrapped("", 2, 6) == "  \n");
}
