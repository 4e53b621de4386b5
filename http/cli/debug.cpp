// debug: what an agent says about itself, collected into one archive.

#include "http/cli/archive.hpp"
#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"
#include "protocol/base/duration.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <thread>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

using clock = std::chrono::steady_clock;

constexpr span duration_min = std::chrono::seconds(10);
constexpr span interval_min = std::chrono::seconds(5);
// How soon an interrupt is noticed while nothing is asked.
constexpr std::chrono::milliseconds pause(100);

struct debug_options {
  bool archive = true;
  std::vector<std::string> capture;
  span duration = std::chrono::minutes(2);
  span interval = std::chrono::seconds(30);
  std::string output;

  bool wants(const char* what) const {
    return std::find(capture.begin(), capture.end(), what) != capture.end();
  }

  std::string problem() {
    if (duration < duration_min)
      return "duration must be longer than 10s";
    // The reference names this limit, whatever the real one is.
    if (interval < interval_min)
      return "interval must be longer than 10s";
    if (duration < interval)
      return "duration (" + format_duration(duration) +
             ") must be longer than interval (" + format_duration(interval) +
             ")";
    const std::vector<std::string> known{"metrics", "logs",  "pprof",
                                         "host",    "agent", "cluster"};
    for (const auto& what : capture)
      if (std::find(known.begin(), known.end(), what) == known.end())
        return "target not found: " + what;
    if (capture.empty())
      capture = {"metrics", "logs", "host", "agent", "cluster"};
    return "";
  }
};

long long unix_time() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

std::string pretty(const std::string& text) {
  auto parsed = parse_json(text);
  return parsed ? indented(*parsed, "\t") : text;
}

struct collector {
  call& c;
  client::client& api;
  debug_options& options;
  std::string version;
  archive_files files;

  void fetch(const std::string& name, const std::string& path, bool wan) {
    client::request ask;
    ask.path = path;
    if (wan)
      ask.query.emplace_back("wan", "1");
    auto got = api.call_ok(ask);
    if (!got)
      c.refuse("==> Capture of " + name + " failed: " + got.failure().text);
    else
      files.emplace_back(name, pretty(got->body));
  }

  void capture_static() {
    if (options.wants("host"))
      fetch("host.json", "/v1/agent/host", false);
    if (options.wants("agent"))
      fetch("agent.json", "/v1/agent/self", false);
    if (options.wants("cluster"))
      fetch("cluster.json", "/v1/agent/members", true);
  }

  /// The log of one interval; a silent agent must not hold us up, so the
  /// end of the interval is noticed as the request's own stop.
  std::string log_until(clock::time_point end) {
    std::string text;
    std::atomic<bool> over = false;
    std::thread timer([&] {
      while (clock::now() < end && !stop_requested())
        std::this_thread::sleep_for(pause);
      over.store(true);
    });
    client::request ask;
    ask.path = "/v1/agent/monitor";
    ask.query.emplace_back("loglevel", "DEBUG");
    ask.stop = &over;
    ask.sink = [&](std::string_view bytes) {
      text += bytes;
      return true;
    };
    // The call always ends early; what came until then is what we want.
    static_cast<void>(api.call(ask));
    timer.join();
    return text;
  }

  void capture_dynamic() {
    if (!options.wants("metrics") && !options.wants("logs"))
      return;
    auto end = clock::now() + options.duration;
    while (!stop_requested() && clock::now() < end) {
      auto place = std::to_string(unix_time()) + "/";
      auto round = std::min(end, clock::now() + options.interval);
      if (options.wants("metrics"))
        fetch(place + "metrics.json", "/v1/agent/metrics", false);
      if (options.wants("logs"))
        files.emplace_back(place + "consul.log", log_until(round));
      while (!stop_requested() && clock::now() < round)
        std::this_thread::sleep_for(pause);
    }
  }

  void index() {
    json::array targets(options.capture.begin(), options.capture.end());
    json::value about{{"Version", 1},
                      {"AgentVersion", version},
                      {"Interval", format_duration(options.interval)},
                      {"Duration", format_duration(options.duration)},
                      {"Targets", targets}};
    files.emplace_back("index.json", indented(about, "\t"));
  }

  bool write_file(const std::string& name, const std::string& bytes) {
    std::error_code ignored;
    auto folder = std::filesystem::path(name).parent_path();
    if (!folder.empty())
      std::filesystem::create_directories(folder, ignored);
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    file << bytes;
    file.close();
    return static_cast<bool>(file);
  }

  int save() {
    if (!options.archive) {
      for (const auto& [name, bytes] : files)
        if (!write_file(options.output + "/" + name, bytes))
          return c.refuse("==> Cannot write " + options.output + "/" + name);
      return c.say("Saved debug directory: " + options.output);
    }
    auto base = std::filesystem::path(options.output).filename().string();
    archive_files inside;
    for (const auto& [name, bytes] : files)
      inside.emplace_back(base + "/" + name, bytes);
    auto name = options.output + ".tar.gz";
    if (!write_file(name, gzip(tar(inside, unix_time()))))
      return c.refuse("==> Archive creation failed: cannot write " + name);
    return c.say("    Saved debug archive: " + name);
  }
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

void announce(const collector& work) {
  const auto& o = work.options;
  auto output = o.output + (o.archive ? ".tar.gz" : "");
  work.c.say("==> Starting debugger and capturing static information...");
  work.c.say("     Agent Version: '" + work.version + "'");
  work.c.say("          Interval: '" + format_duration(o.interval) + "'");
  work.c.say("          Duration: '" + format_duration(o.duration) + "'");
  work.c.say("            Output: '" + output + "'");
  work.c.say("           Capture: '" + joined(o.capture) + "'");
}

} // namespace

int debug(call& c) {
  debug_options options;
  c.flags.boolean("archive", options.archive,
                  "false: leave a directory instead of an archive.");
  c.flags.texts("capture", options.capture,
                "What to collect: agent, host, cluster, metrics, logs.");
  c.flags.duration("duration", options.duration, "How long to collect.");
  c.flags.duration("interval", options.interval,
                   "How often to collect what changes.");
  c.flags.text("output", options.output, "Path, without the extension.");
  if (auto code = c.parse())
    return *code;
  if (!c.arguments().empty())
    return c.refuse("==> debug: Too many arguments provided, expected 0");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  const std::string failed = "==> Capture validation failed: ";
  if (auto problem = options.problem(); !problem.empty())
    return c.refuse(failed + problem);
  client::request ask;
  ask.path = "/v1/agent/self";
  auto self = api->call_ok(ask);
  if (!self)
    return c.refuse(failed +
                    "error querying target agent: " + self.failure().text +
                    ". verify connectivity and agent address");
  auto parsed = parse_json(self->body);
  if (!parsed)
    return c.refuse(failed + parsed.failure().text);
  if (options.wants("pprof"))
    return c.refuse("praetor: debug -capture=pprof is not supported by this "
                    "version");
  if (options.output.empty())
    options.output = "praetor-debug-" + std::to_string(unix_time());
  // An archive names its folder in every entry, in 100 bytes.
  constexpr std::size_t folder_max = 60;
  if (std::filesystem::path(options.output).filename().string().size() >
      folder_max)
    return c.refuse(failed + "the name of -output has more than " +
                    std::to_string(folder_max) + " bytes");
  collector work{
      c, *api, options, text_of(member_of(*parsed, "Config"), "Version"), {}};
  stop_requested(); // from here on a signal ends the work in good order
  announce(work);
  work.capture_static();
  work.capture_dynamic();
  work.index();
  return work.save();
}

} // namespace praetor::http::cli
