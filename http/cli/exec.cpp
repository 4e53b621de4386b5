// exec: a command run by the agents. The job lies in the key/value store, an
// event tells the agents of it, and their answers appear beside it.

#include "http/cli/commands.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <cstdio>
#include <istream>
#include <iterator>
#include <ostream>
#include <set>
#include <thread>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

using clock = std::chrono::steady_clock;

struct exec_options {
  std::string node;
  std::string service;
  std::string tag;
  std::string prefix = "_rexec";
  bool shell = true;
  bool verbose = false;
  span wait = std::chrono::seconds(2);
  span wait_replication = std::chrono::milliseconds(200);

  void declare(flag_set& to) {
    to.text("node", node, "Only nodes whose name matches.");
    to.text("service", service, "Only nodes with such a service.");
    to.text("tag", tag, "Only services with such a tag.");
    to.text("prefix", prefix, "Where in the key/value store the job lies.");
    to.boolean("shell", shell, "Let a shell run the command.");
    to.boolean("verbose", verbose, "Say each step.");
    to.duration("wait", wait, "Silence after which the job counts as done.");
    to.duration("wait-repl", wait_replication,
                "Time for the job to reach all servers first.");
  }

  std::string problem() const {
    if (!tag.empty() && service.empty())
      return "Cannot provide tag filter without service filter.";
    struct named {
      const char* what;
      const std::string& text;
    };
    for (const auto& item :
         {named{"node", node}, named{"service", service}, named{"tag", tag}})
      if (auto pattern = parse_pattern(item.text); !pattern)
        return "Failed to compile " + std::string(item.what) +
               " filter regexp: " + pattern.failure().text;
    return "";
  }
};

json::value job_of(const call& c, const exec_options& options) {
  json::object out;
  const auto& words = c.arguments();
  if (words.size() == 1 && words[0] == "-") {
    std::string script(std::istreambuf_iterator<char>(c.to.in), {});
    out["Script"] = encode_base64(script);
  } else if (options.shell) {
    std::string line;
    for (const auto& word : words)
      line += (line.empty() ? "" : " ") + word;
    out["Command"] = line;
  } else {
    out["Args"] = json::array(words.begin(), words.end());
  }
  out["Wait"] = options.wait.count();
  return out;
}

/// One job from its event to the last answer.
class job {
public:
  job(call& c, client::client& api, const exec_options& options,
      std::string session)
      : c_(c), api_(api), options_(options), session_(std::move(session)),
        place_(options.prefix + "/" + session_ + "/") {}

  status upload(const json::value& spec) {
    auto ask = api_.write("PUT", "/v1/kv/" + place_ + "job");
    ask.query.emplace_back("acquire", session_);
    ask.body = compact(spec);
    auto done = api_.call_ok(ask);
    if (!done)
      return done.failure();
    if (done->body.find("true") == std::string::npos)
      return fail(errc::conflict, "failed to acquire key " + place_ + "job");
    return {};
  }

  result<std::string> fire() {
    auto ask = api_.write("PUT", "/v1/event/fire/_rexec");
    if (!options_.node.empty())
      ask.query.emplace_back("node", options_.node);
    if (!options_.service.empty())
      ask.query.emplace_back("service", options_.service);
    if (!options_.tag.empty())
      ask.query.emplace_back("tag", options_.tag);
    json::value payload{{"Prefix", options_.prefix}, {"Session", session_}};
    ask.body = compact(payload);
    auto got = api_.call_ok(ask);
    if (!got)
      return got.failure();
    auto parsed = parse_json(got->body);
    if (!parsed)
      return parsed.failure();
    return text_of(*parsed, "ID");
  }

  /// Shows the answers until there is silence; the exit code.
  int follow() {
    auto start = clock::now();
    auto last = start;
    std::string index = "0";
    while (!stop_requested() && clock::now() - last < options_.wait) {
      auto fresh = news(index, options_.wait - (clock::now() - last));
      if (!fresh)
        return stop_requested() ? 1
                                : c_.refuse("Failed to read the results: " +
                                            fresh.failure().text);
      for (const auto& key : *fresh)
        show(key);
      if (!fresh->empty())
        last = clock::now();
    }
    c_.say(std::to_string(finished_) + " / " + std::to_string(accepted_) +
           " node(s) completed / acknowledged");
    if (options_.verbose) {
      char text[64];
      std::chrono::duration<double> took = clock::now() - start;
      std::snprintf(text, sizeof text, "Completed in %.2f seconds",
                    took.count());
      c_.say(text);
    }
    return failed_ > 0 || finished_ < accepted_ ? 2 : 0;
  }

  void clean_up() {
    auto ask =
        api_.write("DELETE", "/v1/kv/" + options_.prefix + "/" + session_);
    ask.query.emplace_back("recurse", "");
    if (auto done = api_.call_ok(ask); !done)
      c_.refuse("Failed to cleanup: " + done.failure().text);
  }

private:
  /// Keys that were not there at the last look; waits for some.
  result<std::vector<std::string>> news(std::string& index, span wait) {
    auto ask = api_.read("/v1/kv/" + place_);
    ask.stop = &stop_requested();
    ask.query.emplace_back("keys", "");
    ask.query.emplace_back("index", index);
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait);
    ask.query.emplace_back(
        "wait", std::to_string(std::max<long>(ms.count(), 1)) + "ms");
    auto got = api_.call(ask);
    if (!got)
      return got.failure();
    index = got->headers["x-consul-index"];
    std::vector<std::string> out;
    if (got->status == 404)
      return out;
    if (got->status != 200)
      return client::unexpected(*got);
    auto parsed = parse_json(got->body);
    if (!parsed)
      return parsed.failure();
    for (const auto& key : items_of(*parsed))
      if (key.is_string() && seen_.insert(std::string(key.get_string())).second)
        out.emplace_back(key.get_string());
    return out;
  }

  std::string value_of(const std::string& key) {
    auto ask = api_.read("/v1/kv/" + key);
    ask.query.emplace_back("raw", "");
    auto got = api_.call_ok(ask);
    return got ? got->body : "";
  }

  void show(const std::string& key) {
    auto rest = key.substr(std::min(place_.size(), key.size()));
    auto slash = rest.find('/');
    if (slash == std::string::npos)
      return; // the job itself
    auto node = rest.substr(0, slash);
    auto kind = rest.substr(slash + 1);
    if (kind == "ack") {
      ++accepted_;
      if (options_.verbose)
        c_.say("==> " + node + ": acknowledged");
    } else if (kind == "exit") {
      ++finished_;
      auto code = value_of(key);
      c_.say("==> " + node + ": finished with exit code " + code);
      failed_ += code == "0" ? 0 : 1;
    } else if (kind.rfind("out/", 0) == 0) {
      show_output(node, value_of(key));
    }
  }

  void show_output(const std::string& node, const std::string& text) {
    if (text.empty())
      return; // a sign of life
    std::size_t at = 0;
    while (at <= text.size()) {
      auto end = std::min(text.find('\n', at), text.size());
      auto line = text.substr(at, end - at);
      c_.say("    " + node + ":" + (line.empty() ? "" : " " + line));
      at = end + 1;
    }
  }

  call& c_;
  client::client& api_;
  const exec_options& options_;
  std::string session_;
  std::string place_;
  std::set<std::string> seen_;
  int accepted_ = 0;
  int finished_ = 0;
  int failed_ = 0;
};

/// A node of another datacenter, as sessions there must belong to one.
std::string some_node(client::client& api) {
  auto ask = api.read("/v1/health/service/consul");
  ask.query.emplace_back("passing", "1");
  auto got = api.call_ok(ask);
  if (!got)
    return "";
  auto parsed = parse_json(got->body);
  auto found = parsed ? items_of(*parsed) : std::vector<json::value>();
  return found.empty() ? "" : text_of(member_of(found[0], "Node"), "Node");
}

int run_job(call& c, client::client& api, const exec_options& options) {
  auto spec = job_of(c, options);
  kept_session::options how;
  how.name = "Remote Exec";
  how.behavior = "delete";
  if (!api.how().datacenter.empty())
    how.node = some_node(api);
  auto session = kept_session::create(api, how);
  if (!session)
    return c.refuse("Failed to create session: " + session.failure().text);
  auto note = [&](const std::string& text) {
    if (options.verbose)
      c.say(text);
  };
  note("Created remote execution session: " + (*session)->id());
  job work(c, api, options, (*session)->id());
  if (auto done = work.upload(spec); !done)
    return c.refuse("Failed to create job file: " + done.failure().text);
  note("Uploaded remote execution spec");
  std::this_thread::sleep_for(options.wait_replication);
  auto event = work.fire();
  if (event)
    note("Fired remote execution event: " + *event);
  int code = event ? work.follow()
                   : c.refuse("Failed to fire event: " + event.failure().text);
  work.clean_up();
  return code;
}

} // namespace

int exec(call& c) {
  exec_options options;
  options.declare(c.flags);
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.misuse("Must specify a command to execute");
  if (auto problem = options.problem(); !problem.empty())
    return c.refuse(problem);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  stop_requested(); // from here on a signal ends the work in good order
  client::request self;
  self.path = "/v1/agent/self";
  if (auto there = api->call_ok(self); !there)
    return c.refuse("Error querying Consul agent: " + there.failure().text);
  return run_job(c, *api, options);
}

} // namespace praetor::http::cli
