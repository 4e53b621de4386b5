#include "actors/config_flags.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace praetor;
using namespace praetor::actors;

namespace {

std::string error_of(const std::vector<std::string>& args) {
  auto parsed = parse_agent_flags(args);
  return parsed ? "" : parsed.failure().text;
}

std::string values_of(const std::vector<std::string>& args) {
  auto parsed = parse_agent_flags(args);
  REQUIRE(parsed.has_value());
  return boost::json::serialize(parsed->values);
}

} // namespace

TEST_CASE("flags have one dash or two, and values after = or a blank") {
  CHECK(values_of({"-node=a"}) == R"({"node_name":"a"})");
  CHECK(values_of({"--node", "a"}) == R"({"node_name":"a"})");
  CHECK(values_of({"-node="}) == R"({"node_name":""})");
  CHECK(values_of({"-node=a=b"}) == R"({"node_name":"a=b"})");
}

TEST_CASE("booleans stand alone or take Go's words for true and false") {
  CHECK(values_of({"-server"}) == R"({"server":true})");
  CHECK(values_of({"-server=F"}) == R"({"server":false})");
  CHECK(error_of({"-server=maybe"}) ==
        "invalid boolean value \"maybe\" for -server: strconv.ParseBool: "
        "parsing \"maybe\": invalid syntax");
}

TEST_CASE("port flags lead into the section of ports") {
  CHECK(values_of({"-http-port=1", "-dns-port", "-1"}) ==
        R"({"ports":{"http":1,"dns":-1}})");
  CHECK(error_of({"-http-port=abc"}) ==
        "invalid value \"abc\" for flag -http-port: strconv.Atoi: parsing "
        "\"abc\": invalid syntax");
  CHECK(error_of({"-http-port=99999999999999999999"})
            .ends_with(": value out of range"));
}

TEST_CASE("lists repeat and are kept apart from single values") {
  auto parsed = parse_agent_flags(
      {"-retry-join=a", "-retry-join=b", "-allow-write-http-from=c"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->values.empty());
  CHECK(boost::json::serialize(parsed->lists) ==
        R"({"retry_join":["a","b"],)"
        R"("http_config":{"allow_write_http_from":["c"]}})");
}

TEST_CASE("metadata is split at the first colon") {
  CHECK(values_of({"-node-meta=a:b", "-node-meta=c:d:e", "-node-meta=x"}) ==
        R"({"node_meta":{"a":"b","c":"d:e","x":""}})");
}

TEST_CASE("paths, fragments, format and -dev are told apart") {
  auto parsed = parse_agent_flags({"-config-file=f", "-config-dir", "d", "-hcl",
                                   "a = 1", "-config-format=hcl", "-dev"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->config_paths == std::vector<std::string>{"f", "d"});
  CHECK(parsed->hcl == std::vector<std::string>{"a = 1"});
  CHECK(parsed->config_format == "hcl");
  CHECK(parsed->dev_mode);
}

TEST_CASE("bad flags are told in Go's words") {
  CHECK(error_of({"-bogus"}) == "flag provided but not defined: -bogus");
  CHECK(error_of({"-datacenter"}) == "flag needs an argument: -datacenter");
  CHECK(error_of({"-=x"}) == "bad flag syntax: -=x");
  CHECK(error_of({"---x"}) == "bad flag syntax: ---x");
}

TEST_CASE("a bad flag has a code of its own, extra words have not") {
  CHECK(parse_agent_flags({"-x"}).failure().code == errc::unsupported);
  auto extra = parse_agent_flags({"-dev", "a", "-b"});
  CHECK(extra.failure().code == errc::bad_input);
  CHECK(extra.failure().text == "Unexpected extra arguments: [a -b]");
  CHECK(error_of({"--", "-dev"}) == "Unexpected extra arguments: [-dev]");
  CHECK(error_of({"-", "x"}) == "Unexpected extra arguments: [- x]");
}

TEST_CASE("-h asks for help and ends the parsing") {
  auto parsed = parse_agent_flags({"-h", "-bogus"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->help_requested);
  std::ostringstream out;
  write_agent_usage(out);
  CHECK(out.str().find("-retry-join=<value>") != std::string::npos);
}

TEST_CASE("every flag's name is known to the parser with its dashes") {
  std::ostringstream out;
  write_agent_usage(out);
  std::istringstream lines(out.str());
  int count = 0;
  for (std::string word; lines >> word;) {
    if (!word.starts_with("-") || word.size() < 3 || word == "-dev")
      continue;
    auto name = word.substr(0, word.find('='));
    CHECK(error_of({name + "=1"}).find("not defined") == std::string::npos);
    ++count;
  }
  CHECK(count > 60);
}
