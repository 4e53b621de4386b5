// operator raft, operator autopilot and rtt.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"
#include "protocol/base/duration.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ostream>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

constexpr const char* autopilot_path = "/v1/operator/autopilot/configuration";

result<json::value> fetch(client::client& api, const client::request& ask) {
  auto got = api.call_ok(ask);
  if (!got)
    return got.failure();
  return parse_json(got->body);
}

bool truth_of(const json::value& object, std::string_view name) {
  const auto& v = member_of(object, name);
  return v.is_bool() && v.get_bool();
}

const char* word(bool value) {
  return value ? "true" : "false";
}

/// A flag that changes one field of a JSON object, if it is given at all.
template <class Convert>
void change(call& c, json::object& changes, const char* name, const char* field,
            const char* help, Convert convert) {
  flag what;
  what.help = help;
  what.placeholder = "value";
  what.set = [&changes, field, convert](const std::string& text) -> status {
    auto value = convert(text);
    if (!value)
      return fail(errc::bad_input, "parse error");
    changes[field] = *value;
    return {};
  };
  c.flags.add(name, std::move(what));
}

std::optional<json::value> as_text(const std::string& text) {
  return json::value(text);
}

std::optional<json::value> as_duration(const std::string& text) {
  auto value = parse_duration(text);
  if (!value)
    return std::nullopt;
  return json::value(format_duration(*value));
}

std::optional<json::value> as_count(const std::string& text) {
  char* end = nullptr;
  auto value = std::strtoull(text.c_str(), &end, 0);
  if (text.empty() || text[0] == '-' || *end != '\0')
    return std::nullopt;
  return json::value(static_cast<std::uint64_t>(value));
}

void change_bool(call& c, std::optional<bool>& to, const char* name,
                 const char* help) {
  c.flags.boolean(name, to, help);
}

/// A coordinate of the network model: where a node is, in seconds.
struct coordinate {
  std::vector<double> place;
  double height = 0;
  double adjustment = 0;
};

double real_of(const json::value& v) {
  json::error_code problem;
  auto number = v.to_number<double>(problem);
  return problem ? 0 : number;
}

coordinate coordinate_of(const json::value& v) {
  coordinate out;
  for (const auto& x : items_of(member_of(v, "Vec")))
    out.place.push_back(real_of(x));
  out.height = real_of(member_of(v, "Height"));
  out.adjustment = real_of(member_of(v, "Adjustment"));
  return out;
}

/// Vivaldi with heights; adjustments count only where they leave a distance.
double seconds_between(const coordinate& a, const coordinate& b) {
  double squares = 0;
  for (std::size_t i = 0; i < std::min(a.place.size(), b.place.size()); ++i)
    squares += (a.place[i] - b.place[i]) * (a.place[i] - b.place[i]);
  double raw = std::sqrt(squares) + a.height + b.height;
  double adjusted = raw + a.adjustment + b.adjustment;
  return adjusted > 0 ? adjusted : raw;
}

/// "node.dc" in two, at its first dot from the right.
std::optional<std::pair<std::string, std::string>>
split_wan(const std::string& name) {
  auto dot = name.find('.');
  if (dot == std::string::npos || name.find('.', dot + 1) != std::string::npos)
    return std::nullopt;
  return std::pair(name.substr(0, dot), name.substr(dot + 1));
}

result<std::optional<coordinate>> find_lan(client::client& api,
                                           const std::string& name) {
  client::request ask;
  ask.path = "/v1/coordinate/nodes";
  auto nodes = fetch(api, ask);
  if (!nodes)
    return nodes.failure();
  for (const auto& node : items_of(*nodes))
    if (text_of(node, "Node") == name)
      return std::optional(coordinate_of(member_of(node, "Coord")));
  return std::optional<coordinate>();
}

result<std::optional<coordinate>>
find_wan(client::client& api, const std::pair<std::string, std::string>& who) {
  client::request ask;
  ask.path = "/v1/coordinate/datacenters";
  auto places = fetch(api, ask);
  if (!places)
    return places.failure();
  for (const auto& place : items_of(*places))
    if (text_of(place, "Datacenter") == who.second)
      for (const auto& node : items_of(member_of(place, "Coordinates")))
        if (text_of(node, "Node") == who.first ||
            text_of(node, "Node") == who.first + "." + who.second)
          return std::optional(coordinate_of(member_of(node, "Coord")));
  return std::optional<coordinate>();
}

/// The agent's own name, with its datacenter for WAN.
result<std::string> own_name(client::client& api, bool wan) {
  client::request ask;
  ask.path = "/v1/agent/self";
  auto self = fetch(api, ask);
  if (!self)
    return self.failure();
  const auto& config = member_of(*self, "Config");
  auto name = text_of(config, "NodeName");
  return wan ? name + "." + text_of(config, "Datacenter") : name;
}

int estimate(call& c, client::client& api, const row& names, bool wan) {
  std::vector<coordinate> found;
  for (const auto& name : names) {
    auto there = wan ? find_wan(api, *split_wan(name)) : find_lan(api, name);
    if (!there)
      return c.refuse("Error getting coordinates: " + there.failure().text);
    if (!there->has_value())
      return c.refuse("Could not find a coordinate for node \"" + name + "\"");
    found.push_back(**there);
  }
  char number[64];
  std::snprintf(number, sizeof number, "%.3f",
                seconds_between(found[0], found[1]) * 1000);
  return c.say("Estimated " + names[0] + " <-> " + names[1] +
               " rtt: " + number + " ms (using " + (wan ? "WAN" : "LAN") +
               " coordinates)");
}

} // namespace

int raft_list_peers(call& c) {
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto got = fetch(*api, api->read("/v1/operator/raft/configuration"));
  if (!got)
    return c.refuse("Error getting peers: Failed to retrieve raft "
                    "configuration: " +
                    got.failure().text);
  std::vector<row> rows{
      {"Node", "ID", "Address", "State", "Voter", "RaftProtocol"}};
  for (const auto& server : items_of(member_of(*got, "Servers"))) {
    auto protocol = text_of(server, "ProtocolVersion");
    rows.push_back({text_of(server, "Node"), text_of(server, "ID"),
                    text_of(server, "Address"),
                    truth_of(server, "Leader") ? "leader" : "follower",
                    word(truth_of(server, "Voter")),
                    protocol.empty() ? "<=1" : protocol});
  }
  return c.say(columns(rows));
}

int raft_remove_peer(call& c) {
  std::string address;
  std::string id;
  c.flags.text("address", address, "Address (IP:port) of the peer.");
  c.flags.text("id", id, "Id of the peer.");
  if (auto code = c.parse())
    return *code;
  const std::string failed = "Error removing peer: ";
  if (address.empty() && id.empty())
    return c.refuse(failed +
                    "an address or id is required for the peer to remove");
  if (!address.empty() && !id.empty())
    return c.refuse(failed + "cannot give both an address and id");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto ask = api->write("DELETE", "/v1/operator/raft/peer");
  ask.query.emplace_back(id.empty() ? "address" : "id",
                         id.empty() ? address : id);
  auto done = api->call_ok(ask);
  if (!done)
    return c.refuse(failed + done.failure().text);
  return c.say(id.empty() ? "Removed peer with address \"" + address + "\""
                          : "Removed peer with id \"" + id + "\"");
}

int autopilot_get_config(call& c) {
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto got = fetch(*api, api->read(autopilot_path));
  if (!got)
    return c.refuse("Error querying Autopilot configuration: " +
                    got.failure().text);
  auto line = [&](const char* name, const std::string& value) {
    c.say(std::string(name) + " = " + value);
  };
  auto quoted = [&](const char* name) {
    line(name, "\"" + text_of(*got, name) + "\"");
  };
  line("CleanupDeadServers", word(truth_of(*got, "CleanupDeadServers")));
  line("LastContactThreshold", text_of(*got, "LastContactThreshold"));
  line("MaxTrailingLogs", std::to_string(number_of(*got, "MaxTrailingLogs")));
  line("MinQuorum", std::to_string(number_of(*got, "MinQuorum")));
  line("ServerStabilizationTime", text_of(*got, "ServerStabilizationTime"));
  quoted("RedundancyZoneTag");
  line("DisableUpgradeMigration",
       word(truth_of(*got, "DisableUpgradeMigration")));
  quoted("UpgradeVersionTag");
  return 0;
}

int autopilot_set_config(call& c) {
  json::object changes;
  std::optional<bool> cleanup;
  std::optional<bool> no_migration;
  change_bool(c, cleanup, "cleanup-dead-servers",
              "Whether dead servers go when new ones arrive.");
  change_bool(c, no_migration, "disable-upgrade-migration",
              "Whether newer servers wait to be promoted.");
  change(c, changes, "last-contact-threshold", "LastContactThreshold",
         "Silence after which a server counts as unhealthy.", as_duration);
  change(c, changes, "max-trailing-logs", "MaxTrailingLogs",
         "Log entries that a healthy server may be behind.", as_count);
  change(c, changes, "min-quorum", "MinQuorum",
         "Servers that must remain when dead ones are removed.", as_count);
  change(c, changes, "redundancy-zone-tag", "RedundancyZoneTag",
         "Node metadata that names a server's zone.", as_text);
  change(c, changes, "server-stabilization-time", "ServerStabilizationTime",
         "How long a new server must be healthy before it votes.", as_duration);
  change(c, changes, "upgrade-version-tag", "UpgradeVersionTag",
         "Node metadata that names a server's version.", as_text);
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto got = fetch(*api, api->read(autopilot_path));
  if (!got || !got->is_object())
    return c.refuse("Error querying Autopilot configuration: " +
                    (got ? "not an object" : got.failure().text));
  auto& config = got->get_object();
  for (const auto& member : changes)
    config[member.key()] = member.value();
  if (cleanup)
    config["CleanupDeadServers"] = *cleanup;
  if (no_migration)
    config["DisableUpgradeMigration"] = *no_migration;
  auto ask = api->write("PUT", autopilot_path);
  // Written on condition that nobody changed it since it was read.
  ask.query.emplace_back("cas", std::to_string(number_of(*got, "ModifyIndex")));
  ask.body = compact(*got);
  auto done = api->call_ok(ask);
  if (!done)
    return c.refuse("Error setting Autopilot configuration: " +
                    done.failure().text);
  if (done->body.find("true") == std::string::npos)
    return c.refuse("Configuration could not be atomically updated, please "
                    "try again");
  return c.say("Configuration updated!");
}

int rtt(call& c) {
  bool wan = false;
  c.flags.boolean("wan", wan, "Names are NODE.DATACENTER, between servers.");
  if (auto code = c.parse())
    return *code;
  auto names = c.arguments();
  if (names.empty() || names.size() > 2)
    return c.misuse("One or two node names must be specified");
  for (const auto& name : names)
    if (wan && !split_wan(name))
      return c.refuse(
          "Node names must be specified as <node name>.<datacenter> with -wan");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  if (names.size() == 1) {
    // From here to there: the agent's own node comes second.
    auto own = own_name(*api, wan);
    if (!own)
      return c.refuse("Unable to look up agent info: " + own.failure().text);
    names.push_back(*own);
  }
  return estimate(c, *api, names, wan);
}

} // namespace praetor::http::cli
