#include "actors/sim/command.hpp"

#include "actors/sim/hunt.hpp"
#include "actors/sim/play.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <thread>

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t nodes_max = 9;
constexpr std::uint64_t minutes_max = 24 * 60;

struct wishes {
  std::uint64_t seed = 1;
  std::uint64_t nodes = 5;
  std::uint64_t seconds = 60;
  std::uint64_t hunt = 0;
  std::uint64_t jobs = 0;
  const profile* faults = nullptr;
  std::string trace_file;
  std::string script;
  std::string picture;
  bool help = false;
};

void print_help(std::ostream& out) {
  out << "Usage: praetor sim [options]\n\n"
         "  Runs a cluster of simulated servers through a storm of faults, all "
         "in one\n"
         "  process and in virtual time, and checks that it keeps every "
         "promise. The same\n"
         "  seed gives the same run.\n\n"
         "Options:\n\n"
         "  --seed N        the run; 1 by default\n"
         "  --nodes N       servers, 1 to 9; 5 by default\n"
         "  --minutes M     how long the storm lasts, in virtual minutes; 1 by "
         "default\n"
         "  --seconds S     the same in seconds\n"
         "  --profile NAME  which faults there are, see below\n"
         "  --hunt K        runs K seeds from --seed on, on all cores, until "
         "one fails\n"
         "  --jobs N        runs at a time while hunting; one for each core by "
         "default\n"
         "  --script FILE   plays a story from a file instead; see "
         "tests/sim/scripts\n"
         "  --picture FILE  draws the run as a space-time diagram, an SVG\n"
         "  --trace FILE    writes what happens, line by line\n\n"
         "Profiles:\n\n";
  for (auto& one : profiles())
    out << "  " << std::left << std::setw(14) << one.name << one.about
        << (&one == &profiles()[0] ? " (the default)" : "") << "\n";
}

bool read_number(const std::string& text, std::uint64_t least,
                 std::uint64_t most, std::uint64_t& into) {
  auto end = text.data() + text.size();
  auto [at, failed] = std::from_chars(text.data(), end, into);
  return failed == std::errc{} && at == end && into >= least && into <= most;
}

// Empty, or why not.
std::string read_option(const std::string& name, const std::string& value,
                        wishes& into) {
  auto number = [&](std::uint64_t least, std::uint64_t most,
                    std::uint64_t& to) -> std::string {
    if (read_number(value, least, most, to))
      return {};
    return "--" + name + " is \"" + value + "\", must be a number from " +
           std::to_string(least) + " to " + std::to_string(most);
  };
  if (name == "seed")
    return number(0, UINT64_MAX, into.seed);
  if (name == "nodes")
    return number(1, nodes_max, into.nodes);
  if (name == "seconds")
    return number(1, minutes_max * 60, into.seconds);
  if (name == "minutes") {
    auto why = number(1, minutes_max, into.seconds);
    into.seconds *= 60;
    return why;
  }
  if (name == "hunt")
    return number(1, UINT32_MAX, into.hunt);
  if (name == "jobs")
    return number(1, 1024, into.jobs);
  for (auto& [known, to] : {std::pair("trace", &into.trace_file),
                            {"script", &into.script},
                            {"picture", &into.picture}})
    if (name == known) {
      *to = value;
      return {};
    }
  if (name == "profile") {
    into.faults = find_profile(value);
    return into.faults ? "" : "there is no profile \"" + value + "\"";
  }
  return "unknown option --" + name;
}

std::string read_options(const std::vector<std::string>& args, wishes& into) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    auto name = args[i];
    if (name == "-h" || name == "-help" || name == "--help") {
      into.help = true;
      return {};
    }
    if (!name.starts_with("-"))
      return "unexpected argument \"" + name + "\"";
    name.erase(0, name.starts_with("--") ? 2 : 1);
    std::string value;
    if (auto at = name.find('='); at != std::string::npos) {
      value = name.substr(at + 1);
      name.erase(at);
    } else if (++i < args.size()) {
      value = args[i];
    } else {
      return "--" + name + " needs a value";
    }
    if (auto why = read_option(name, value, into); !why.empty())
      return why;
  }
  return {};
}

run_options to_run(const wishes& from) {
  run_options each;
  each.world.seed = from.seed;
  each.world.nodes = from.nodes;
  each.storm_time = 1s * from.seconds;
  each.faults = from.faults;
  return each;
}

std::string replay_command(const wishes& from, std::uint64_t seed) {
  auto text = "praetor sim --seed " + std::to_string(seed) + " --nodes " +
              std::to_string(from.nodes) + " --seconds " +
              std::to_string(from.seconds);
  if (from.faults)
    text += std::string(" --profile ") + from.faults->name;
  return text;
}

double seconds(span of) {
  return std::chrono::duration<double>(of).count();
}

void print_summary(const wishes& from, const run_result& result, double took,
                   std::ostream& out) {
  auto& c = result.counts;
  auto& u = result.users;
  out << std::fixed << std::setprecision(1) << "seed " << from.seed << ", "
      << from.nodes << " servers, profile "
      << (from.faults ? from.faults : &profiles()[0])->name << ", plot "
      << (result.plot.empty() ? "none" : result.plot) << "\n"
      << "  time        " << seconds(result.time) << " s virtual in "
      << std::setprecision(2) << took << " s, "
      << static_cast<long>(seconds(result.time) / std::max(took, 1e-6))
      << " times as fast\n"
      << "  messages    " << c.messages << " sent, " << c.delivered
      << " delivered, " << c.dropped << " lost, " << c.doubled
      << " doubled; actors handled " << c.steps << "\n"
      << "  log         " << result.entries << " entries, " << c.elections
      << " elections, " << c.snapshots_taken << " snapshots taken over\n"
      << "  clients     " << u.asked << " questions, " << u.done
      << " answered, " << u.refused << " refused, " << u.in_doubt
      << " in doubt; " << u.locks << " locks, " << u.watched
      << " watches answered\n"
      << "  checked     " << result.operations << " operations in "
      << result.states << " states\n"
      << "  faults     ";
  for (auto& [name, count] : c.faults)
    out << " " << name << " " << count;
  out << "\n  trace hash  " << std::hex << std::setfill('0') << std::setw(16)
      << result.hash << std::dec << std::setfill(' ') << "\n"
      << (result.passed() ? "passed" : "FAILED: " + result.violation) << "\n";
}

// What servers log goes between the lines of the trace.
class line_log final
    : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
  explicit line_log(std::ostream& to) : to_(to) {}

protected:
  void sink_it_(const spdlog::details::log_msg& what) override {
    to_ << "  log: "
        << std::string_view(what.payload.data(), what.payload.size()) << "\n";
  }
  void flush_() override {}

private:
  std::ostream& to_;
};

// Nothing when the file cannot be written; an empty sink when none is wanted.
std::optional<trace::line_sink>
open_trace(const wishes& from, std::ofstream& lines, std::ostream& err) {
  if (from.trace_file.empty())
    return trace::line_sink{};
  lines.open(from.trace_file);
  if (!lines) {
    err << "cannot write " << from.trace_file << "\n";
    return std::nullopt;
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "sim", std::make_shared<line_log>(lines)));
  spdlog::set_level(spdlog::level::info);
  return [&lines](std::string_view line) { lines << line; };
}

int run_one(const wishes& from, std::ostream& out, std::ostream& err) {
  auto chosen = to_run(from);
  std::ofstream lines;
  auto sink = open_trace(from, lines, err);
  if (!sink)
    return 1;
  chosen.world.lines = *sink;
  chosen.records = !from.picture.empty();
  auto began = std::chrono::steady_clock::now();
  auto result = run(chosen);
  auto took =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
          .count();
  print_summary(from, result, took, out);
  if (!from.picture.empty()) {
    std::ofstream file(from.picture);
    file << draw(result.recorded);
    if (!file.flush()) {
      err << "cannot write " << from.picture << "\n";
      return 1;
    }
  }
  return result.passed() ? 0 : 1;
}

int run_script(const wishes& from, std::ostream& out, std::ostream& err) {
  std::ifstream file(from.script, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file && !file.eof()) {
    err << "cannot read " << from.script << "\n";
    return 1;
  }
  auto story = parse_script(text);
  if (!story) {
    err << from.script << ": " << story.failure().text << "\n";
    return 1;
  }
  std::ofstream lines;
  auto sink = open_trace(from, lines, err);
  if (!sink)
    return 1;
  auto done = play(*story, *sink);
  out << from.script << ": " << done.steps << " steps, " << std::fixed
      << std::setprecision(1) << seconds(done.time) << " s virtual, "
      << (done.passed() ? "passed" : "FAILED: " + done.failure) << "\n";
  return done.passed() ? 0 : 1;
}

int run_many(const wishes& from, std::ostream& out, std::ostream& err) {
  hunt_options chosen;
  chosen.each = to_run(from);
  chosen.first_seed = from.seed;
  chosen.seeds = from.hunt;
  chosen.jobs = from.jobs > 0
                    ? static_cast<unsigned>(from.jobs)
                    : std::max(1u, std::thread::hardware_concurrency());
  std::uint64_t done = 0;
  span time{};
  auto began = std::chrono::steady_clock::now();
  auto failed = hunt(chosen, [&](const hunted& one) {
    ++done;
    time += one.time;
    auto took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
            .count();
    err << "\r" << done << " of " << from.hunt << " seeds, " << std::fixed
        << std::setprecision(0) << seconds(time) / 60 << " virtual minutes, "
        << seconds(time) / std::max(took, 1e-6) << " times real time   "
        << std::flush;
  });
  err << "\n";
  if (!failed) {
    out << from.hunt << " seeds passed\n";
    return 0;
  }
  out << "seed " << failed->seed << " FAILED: " << failed->why << "\n"
      << "replay it: " << replay_command(from, failed->seed) << "\n";
  return 1;
}

} // namespace

int command(const std::vector<std::string>& args, std::ostream& out,
            std::ostream& err) {
  wishes from;
  if (auto why = read_options(args, from); !why.empty()) {
    err << "praetor sim: " << why << "\n";
    return 1;
  }
  if (from.help) {
    print_help(out);
    return 0;
  }
  // What servers log belongs to no terminal here.
  spdlog::set_level(spdlog::level::off);
  if (!from.script.empty())
    return run_script(from, out, err);
  return from.hunt > 0 ? run_many(from, out, err) : run_one(from, out, err);
}

} // namespace praetor::actors::sim
