// event, maint, keygen, keyring and monitor.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <ostream>
#include <random>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

client::request plain(const char* method, std::string path) {
  client::request out;
  out.method = method;
  out.path = std::move(path);
  return out;
}

/// The agent's description of itself; commands ask for it first, to learn
/// early whether there is an agent at all.
result<json::value> ask_json(client::client& api, const client::request& what) {
  auto got = api.call_ok(what);
  if (!got)
    return got.failure();
  return parse_json(got->body);
}

/// What is under maintenance, one block each.
int show_maintenance(call& c, client::client& api) {
  auto self = ask_json(api, plain("GET", "/v1/agent/self"));
  if (!self)
    return c.refuse("Error querying Consul agent: " + self.failure().text);
  auto checks = ask_json(api, plain("GET", "/v1/agent/checks"));
  if (!checks)
    return c.refuse("Error getting checks: " + checks.failure().text);
  if (!checks->is_object())
    return 0;
  for (const auto& member : checks->get_object()) {
    const auto& check = member.value();
    auto id = text_of(check, "CheckID");
    if (id == "_node_maintenance")
      c.say("Node:\n  Name:   " + text_of(check, "Node") +
            "\n  Reason: " + text_of(check, "Notes") + "\n");
    else if (id.rfind("_service_maintenance:", 0) == 0)
      c.say("Service:\n  ID:     " + text_of(check, "ServiceID") +
            "\n  Reason: " + text_of(check, "Notes") + "\n");
  }
  return 0;
}

struct maintenance {
  bool enable = false;
  bool disable = false;
  std::string reason;
  std::string service;

  const char* problem() const {
    if (enable && disable)
      return "Only one of -enable or -disable may be provided";
    if (!enable && !reason.empty())
      return "Reason may only be provided with -enable";
    if (!enable && !disable && !service.empty())
      return "Service requires either -enable or -disable";
    return nullptr;
  }
};

int set_maintenance(call& c, client::client& api, const maintenance& m) {
  auto ask = plain("PUT", m.service.empty()
                              ? "/v1/agent/maintenance"
                              : "/v1/agent/service/maintenance/" + m.service);
  ask.query.emplace_back("enable", m.enable ? "true" : "false");
  if (m.enable)
    ask.query.emplace_back("reason", m.reason);
  std::string subject = m.service.empty() ? "node" : "service";
  auto done = api.call_ok(ask);
  if (!done)
    return c.refuse("Error " +
                    std::string(m.enable ? "enabling" : "disabling") + " " +
                    subject + " maintenance: " + done.failure().text);
  std::string state = m.enable ? "enabled" : "disabled";
  if (m.service.empty())
    return c.say("Node maintenance is now " + state);
  return c.say("Service maintenance is now " + state + " for \"" + m.service +
               "\"");
}

struct filters {
  std::string node;
  std::string service;
  std::string tag;
};

/// Empty if the agent can work with the filters.
std::string problem_of(const filters& f) {
  if (!f.tag.empty() && f.service.empty())
    return "Cannot provide tag filter without service filter.";
  struct named {
    const char* what;
    const std::string& text;
  };
  for (const auto& item : {named{"node", f.node}, named{"service", f.service},
                           named{"tag", f.tag}})
    if (auto pattern = parse_pattern(item.text); !pattern)
      return "Failed to compile " + std::string(item.what) +
             " filter regexp: " + pattern.failure().text;
  return "";
}

struct keyring_options {
  std::string install;
  std::string use;
  std::string remove;
  bool list = false;
  bool list_primary = false;
  bool local_only = false;
  std::int64_t relay_factor = 0;

  int actions() const {
    return int(!install.empty()) + int(!use.empty()) + int(!remove.empty()) +
           int(list) + int(list_primary);
  }
};

/// A pool's name, its keys and how many of its nodes know each.
std::string pool_text(const json::value& pool, const char* which) {
  auto name =
      member_of(pool, "WAN").is_bool() && member_of(pool, "WAN").get_bool()
          ? std::string("WAN")
          : text_of(pool, "Datacenter") + " (LAN)";
  auto segment = text_of(pool, "Segment");
  if (!segment.empty())
    name += " [" + segment + "]";
  auto out = name + ":\n";
  const auto& keys = member_of(pool, which);
  if (keys.is_object())
    for (const auto& key : keys.get_object())
      out += "  " + std::string(key.key()) + " [" +
             std::to_string(number_of(keys, std::string(key.key()))) + "/" +
             std::to_string(number_of(pool, "NumNodes")) + "]\n";
  return out;
}

int list_keys(call& c, client::client& api, const keyring_options& options) {
  c.say(options.list ? "==> Gathering installed encryption keys..."
                     : "==> Gathering installed primary encryption keys...");
  auto ask = plain("GET", "/v1/operator/keyring");
  if (options.local_only)
    ask.query.emplace_back("local-only", "true");
  if (options.relay_factor != 0)
    ask.query.emplace_back("relay-factor",
                           std::to_string(options.relay_factor));
  auto pools = ask_json(api, ask);
  if (!pools)
    return c.refuse("error: " + pools.failure().text);
  for (const auto& pool : items_of(*pools))
    c.say("\n" + pool_text(pool, options.list ? "Keys" : "PrimaryKeys"));
  return 0;
}

int change_keys(call& c, client::client& api, const keyring_options& options) {
  const char* method = !options.install.empty() ? "POST"
                       : !options.use.empty()   ? "PUT"
                                                : "DELETE";
  c.say(!options.install.empty() ? "==> Installing new gossip encryption key..."
        : !options.use.empty() ? "==> Changing primary gossip encryption key..."
                               : "==> Removing gossip encryption key...");
  auto ask = plain(method, "/v1/operator/keyring");
  if (options.relay_factor != 0)
    ask.query.emplace_back("relay-factor",
                           std::to_string(options.relay_factor));
  json::value body{{"Key", options.install + options.use + options.remove}};
  ask.body = compact(body) + "\n";
  auto done = api.call_ok(ask);
  return done ? 0 : c.refuse("error: " + done.failure().text);
}

} // namespace

int maint(call& c) {
  maintenance m;
  c.flags.boolean("enable", m.enable, "Start maintenance.");
  c.flags.boolean("disable", m.disable, "End maintenance.");
  c.flags.text("reason", m.reason, "Why, for people to read.");
  c.flags.text("service", m.service,
               "Id of a service; the whole node unless given.");
  if (auto code = c.parse())
    return *code;
  if (const char* problem = m.problem())
    return c.refuse(problem);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  if (!m.enable && !m.disable)
    return show_maintenance(c, *api);
  return set_maintenance(c, *api, m);
}

int event(call& c) {
  std::string name;
  filters only;
  c.flags.text("name", name, "Name of the event.");
  c.flags.text("node", only.node, "Only nodes whose name matches.");
  c.flags.text("service", only.service, "Only nodes with such a service.");
  c.flags.text("tag", only.tag, "Only services with such a tag.");
  if (auto code = c.parse())
    return *code;
  if (name.empty())
    return c.misuse("Event name must be specified");
  if (auto problem = problem_of(only); !problem.empty())
    return c.refuse(problem);
  if (c.arguments().size() > 1)
    return c.misuse("Too many command line arguments.");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  if (auto self = api->call_ok(plain("GET", "/v1/agent/self")); !self)
    return c.refuse("Error querying Consul agent: " + self.failure().text);
  auto ask = api->write("PUT", "/v1/event/fire/" + name);
  if (!only.node.empty())
    ask.query.emplace_back("node", only.node);
  if (!only.service.empty())
    ask.query.emplace_back("service", only.service);
  if (!only.tag.empty())
    ask.query.emplace_back("tag", only.tag);
  ask.body = c.arguments().empty() ? "" : c.arguments()[0];
  auto fired = ask_json(*api, ask);
  if (!fired)
    return c.refuse("Error firing event: " + fired.failure().text);
  return c.say("Event ID: " + text_of(*fired, "ID"));
}

int keygen(call& c) {
  if (auto code = c.parse())
    return *code;
  // 32 bytes: the longest key that gossip takes, AES-256.
  constexpr int key_bytes = 32;
  std::random_device source;
  std::string key;
  for (int i = 0; i < key_bytes; ++i)
    key += static_cast<char>(source() & 0xFF);
  return c.say(encode_base64(key));
}

int keyring(call& c) {
  keyring_options options;
  c.flags.text("install", options.install, "Give all nodes this key.");
  c.flags.text("use", options.use, "Encrypt with this installed key.");
  c.flags.text("remove", options.remove, "Take this key from all nodes.");
  c.flags.boolean("list", options.list, "List the installed keys.");
  c.flags.boolean("list-primary", options.list_primary,
                  "List the keys that are encrypted with.");
  c.flags.boolean("local-only", options.local_only,
                  "List this datacenter's keys only.");
  c.flags.number("relay-factor", options.relay_factor,
                 "Nodes, 0 to 5, through which each answer is relayed.");
  if (auto code = c.parse())
    return *code;
  if (options.actions() == 0)
    return c.refuse(c.usage());
  if (options.actions() > 1)
    return c.refuse("Only a single action is allowed");
  if (options.relay_factor < 0 || options.relay_factor > 5)
    return c.refuse("Error parsing relay factor: Relay factor must be in "
                    "range: [0, 5]");
  bool listing = options.list || options.list_primary;
  if (options.local_only && !listing)
    return c.refuse("Error validating local-only: local-only can only be set "
                    "for list requests");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  return listing ? list_keys(c, *api, options) : change_keys(c, *api, options);
}

int monitor(call& c) {
  std::string level = "INFO";
  bool as_json = false;
  c.flags.text("log-level", level, "Lowest level to show; INFO unless given.");
  c.flags.boolean("log-json", as_json, "Show the log as JSON.");
  if (auto code = c.parse())
    return *code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto ask = plain("GET", "/v1/agent/monitor");
  ask.query.emplace_back("loglevel", level);
  if (as_json)
    ask.query.emplace_back("logjson", "true");
  ask.stop = &stop_requested();
  ask.sink = [&](std::string_view bytes) {
    c.to.out << bytes << std::flush;
    return true;
  };
  auto ended = api->call_ok(ask);
  if (stop_requested())
    return 0;
  if (!ended)
    return c.refuse("Error starting monitor: " + ended.failure().text);
  c.say("\nRemote side ended the monitor! This usually means that the\n"
        "remote side has exited or crashed.");
  return 1;
}

} // namespace praetor::http::cli
