// info, join, leave, force-leave, reload and version: short calls to the
// agent itself.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <ostream>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

client::request put(std::string path) {
  client::request out;
  out.method = "PUT";
  out.path = std::move(path);
  return out;
}

/// The members of an object in the order of their names.
std::map<std::string, json::value> sorted(const json::value& object) {
  std::map<std::string, json::value> out;
  if (object.is_object())
    for (const auto& member : object.get_object())
      out.emplace(member.key(), member.value());
  return out;
}

/// "1.2.3-dev" is a version and what comes before it.
std::pair<std::string, std::string> split_version(const std::string& text) {
  auto dash = text.find('-');
  if (dash == std::string::npos)
    return {text, ""};
  return {text.substr(0, dash), text.substr(dash + 1)};
}

} // namespace

int info(call& c) {
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  client::request ask;
  ask.path = "/v1/agent/self";
  auto got = api->call_ok(ask);
  if (!got)
    return c.refuse("Error querying agent: " + got.failure().text);
  auto self = parse_json(got->body);
  if (!self)
    return c.refuse("Error querying agent: " + self.failure().text);
  const auto& stats = member_of(*self, "Stats");
  if (!stats.is_object())
    return c.refuse("Agent response did not contain 'Stats' key: " +
                    compact(*self));
  for (const auto& [section, values] : sorted(stats)) {
    c.say(section + ":");
    for (const auto& [name, value] : sorted(values))
      c.say("\t" + name + " = " +
            (value.is_string() ? std::string(value.get_string())
                               : compact(value)));
  }
  return 0;
}

int join(call& c) {
  bool wan = false;
  c.flags.boolean("wan", wan, "Join a server to another datacenter's.");
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.misuse("At least one address to join must be specified.");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  std::size_t joined = 0;
  for (const auto& address : c.arguments()) {
    auto ask = put("/v1/agent/join/" + address);
    if (wan)
      ask.query.emplace_back("wan", "1");
    auto done = api->call_ok(ask);
    if (done)
      ++joined;
    else
      c.refuse("Error joining address '" + address +
               "': " + done.failure().text);
  }
  if (joined == 0)
    return c.refuse("Failed to join any nodes.");
  return c.say("Successfully joined cluster by contacting " +
               std::to_string(joined) + " nodes.");
}

int leave(call& c) {
  if (auto code = c.parse())
    return *code;
  if (!c.arguments().empty()) {
    std::string extra;
    for (const auto& word : c.arguments())
      extra += (extra.empty() ? "" : " ") + word;
    c.to.out << c.usage();
    return c.refuse("Error found unexpected args: [" + extra + "]");
  }
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto done = api->call_ok(put("/v1/agent/leave"));
  if (!done)
    return c.refuse("Error leaving: " + done.failure().text);
  return c.say("Graceful leave complete");
}

int force_leave(call& c) {
  bool prune = false;
  c.flags.boolean("prune", prune, "Remove the node from the list as well.");
  if (auto code = c.parse())
    return *code;
  if (c.arguments().size() != 1)
    return c.misuse("A single node name must be specified to force leave.");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto ask = put("/v1/agent/force-leave/" + c.arguments()[0]);
  if (prune)
    ask.query.emplace_back("prune", "1");
  auto done = api->call_ok(ask);
  if (!done)
    return c.refuse("Error force leaving: " + done.failure().text);
  return 0;
}

int reload(call& c) {
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto done = api->call_ok(put("/v1/agent/reload"));
  if (!done)
    return c.refuse("Error reloading: " + done.failure().text);
  return c.say("Configuration reload triggered");
}

int version(call& c) {
  std::string format = "pretty";
  c.flags.text("format", format, "pretty or json.");
  if (auto code = c.parse())
    return *code;
  if (format == "pretty") {
    c.say(c.self.name + " v" + c.self.version);
    return c.say("Protocol 2 spoken by default, understands 2 to 3 (agent "
                 "will automatically use protocol >2 when speaking to "
                 "compatible agents)\n");
  }
  if (format != "json")
    return c.refuse("Unknown format: " + format);
  auto [number, prerelease] = split_version(c.self.version);
  json::value about{{"Version", number},
                    {"Revision", ""},
                    {"Prerelease", prerelease},
                    {"RPC", {{"Default", 2}, {"Min", 2}, {"Max", 3}}}};
  return c.say(indented(about, "   "));
}

int validate_files(call& c) {
  bool quiet = false;
  std::string format;
  c.flags.boolean("quiet", quiet, "Print nothing if all is well.");
  c.flags.text("config-format", format,
               "Read every file as this format: hcl or json.");
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.refuse("Must specify at least one config file or directory");
  if (!format.empty() && format != "hcl" && format != "json")
    return c.refuse("-config-format must be either 'hcl' or 'json");
  if (!c.validate)
    return unsupported(c);
  return c.validate(c.arguments(), quiet, c.to);
}

} // namespace praetor::http::cli
