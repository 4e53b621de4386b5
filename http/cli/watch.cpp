// watch: the present data, or a command run on every change.

#include "http/cli/child.hpp"
#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cstdlib>
#include <ostream>
#include <thread>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

// Pauses after failures, so that an agent that is down is not hammered.
constexpr std::chrono::seconds retry_pause(5);

struct wish {
  std::string type;
  std::string key;
  std::string prefix;
  std::string service;
  std::string state;
  std::string name;
  std::string passing_only;
  std::vector<std::string> tags;

  void declare(flag_set& to) {
    to.text("type", type,
            "What to watch: key, keyprefix, services, nodes, service, checks "
            "or event.");
    to.text("key", key, "The key, for type key.");
    to.text("prefix", prefix, "The prefix, for type keyprefix.");
    to.text("service", service, "The service, for types service and checks.");
    to.text("state", state, "The state of checks, for type checks.");
    to.text("name", name, "The name of events, for type event.");
    to.text("passingonly", passing_only,
            "true: only instances whose checks pass, for type service.");
    to.texts("tag", tags, "Tag of the service, for type service.");
  }
};

/// Empty if the wish can be asked for.
std::string problem_of(const wish& w) {
  if (w.type == "key")
    return w.key.empty() ? "Must specify a single key to watch" : "";
  if (w.type == "keyprefix")
    return w.prefix.empty() ? "Must specify a single prefix to watch" : "";
  if (w.type == "service")
    return w.service.empty() ? "Must specify a single service to watch" : "";
  if (w.type == "checks")
    return !w.service.empty() && !w.state.empty()
               ? "Cannot specify service and state"
               : "";
  for (auto plain : {"services", "nodes", "event"})
    if (w.type == plain)
      return "";
  return "Unsupported watch type: " + w.type;
}

client::request request_for(const client::client& api, const wish& w) {
  if (w.type == "key")
    return api.read("/v1/kv/" + w.key);
  if (w.type == "services")
    return api.read("/v1/catalog/services");
  if (w.type == "nodes")
    return api.read("/v1/catalog/nodes");
  if (w.type == "keyprefix") {
    auto ask = api.read("/v1/kv/" + w.prefix);
    ask.query.emplace_back("recurse", "");
    return ask;
  }
  if (w.type == "checks")
    return api.read(!w.service.empty()
                        ? "/v1/health/checks/" + w.service
                        : "/v1/health/state/" +
                              (w.state.empty() ? "any" : w.state));
  if (w.type == "event") {
    auto ask = api.read("/v1/event/list");
    if (!w.name.empty())
      ask.query.emplace_back("name", w.name);
    return ask;
  }
  auto ask = api.read("/v1/health/service/" + w.service);
  for (const auto& tag : w.tags)
    ask.query.emplace_back("tag", tag);
  if (client::parse_boolean(w.passing_only).value_or(false))
    ask.query.emplace_back("passing", "1");
  return ask;
}

/// A key/value entry in the order that scripts have always seen.
json::value entry_shaped(const json::value& v) {
  json::object out;
  for (auto name : {"Key", "CreateIndex", "ModifyIndex", "LockIndex", "Flags",
                    "Value", "Session"})
    out[name] = member_of(v, name);
  if (out["Session"].is_null())
    out["Session"] = "";
  return out;
}

json::value shaped(const wish& w, const json::value& got) {
  if (w.type == "key") {
    auto found = items_of(got);
    return found.empty() ? json::value() : entry_shaped(found.front());
  }
  if (w.type != "keyprefix")
    return got;
  json::array out;
  for (const auto& v : items_of(got))
    out.push_back(entry_shaped(v));
  return out.empty() ? json::value() : json::value(out);
}

struct seen {
  json::value data;
  std::string index;
};

/// The data, once it is newer than `after`; "" asks for it as it is.
result<seen> ask(client::client& api, const wish& w, const std::string& after) {
  auto what = request_for(api, w);
  what.stop = &stop_requested();
  if (!after.empty() && after != "0")
    what.query.emplace_back("index", after);
  auto got = api.call(what);
  if (!got)
    return got.failure();
  bool of_keys = w.type == "key" || w.type == "keyprefix";
  bool absent = of_keys && got->status == 404;
  if (got->status != 200 && !absent)
    return client::unexpected(*got);
  auto parsed =
      absent ? result<json::value>(json::value()) : parse_json(got->body);
  if (!parsed)
    return parsed.failure();
  return seen{shaped(w, *parsed), got->headers["x-consul-index"]};
}

int run_child(call& c, const child_options& how, const seen& now) {
  auto options = how;
  options.input = compact(now.data) + "\n";
  options.environment = {{"CONSUL_INDEX", now.index}};
  auto started = child::start(options);
  if (!started)
    return c.refuse("Error starting handler: " + started.failure().text);
  auto ending = started->wait();
  if (!ending.empty())
    return c.refuse("Error executing handler: " + ending);
  return 0;
}

int follow(call& c, client::client& api, const wish& w,
           const child_options& how) {
  std::string index;
  std::optional<json::value> last;
  while (!stop_requested()) {
    auto now = ask(api, w, index);
    if (stop_requested())
      return 0;
    if (!now) {
      c.refuse("watch: " + now.failure().text);
      std::this_thread::sleep_for(retry_pause);
      index.clear();
      continue;
    }
    index = now->index;
    // The index moves for other data too; only a change is worth a run.
    if (last && *last == now->data)
      continue;
    last = now->data;
    if (auto code = run_child(c, how, *now); code != 0)
      return code;
  }
  return 0;
}

} // namespace

int watch(call& c) {
  wish w;
  child_options how;
  w.declare(c.flags);
  c.flags.boolean("shell", how.shell,
                  "Hand the command to a shell ($SHELL, else /bin/sh).");
  if (auto code = c.parse())
    return *code;
  if (w.type.empty())
    return c.misuse("Watch type must be specified");
  if (!w.passing_only.empty() && !client::parse_boolean(w.passing_only))
    return c.refuse("Failed to parse passingonly flag: strconv.ParseBool: "
                    "parsing \"" +
                    w.passing_only + "\": invalid syntax");
  if (auto problem = problem_of(w); !problem.empty())
    return c.refuse(problem);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  client::request self;
  self.path = "/v1/agent/self";
  if (auto there = api->call_ok(self); !there)
    return c.refuse("Error querying Consul agent: " + there.failure().text);
  if (c.arguments().empty()) {
    auto now = ask(*api, w, "");
    if (!now)
      return c.refuse("Error querying Consul agent: " + now.failure().text);
    return c.say(indented(now->data, "    "));
  }
  how.words = c.arguments();
  return follow(c, *api, w, how);
}

} // namespace praetor::http::cli
