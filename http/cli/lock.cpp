// lock: a command run while a key of the cluster is held.

#include "http/cli/child.hpp"
#include "http/cli/commands.hpp"
#include "http/cli/holding.hpp"
#include "http/cli/session.hpp"

#include <csignal>
#include <ostream>
#include <thread>

namespace praetor::http::cli {
namespace {

using clock = std::chrono::steady_clock;

// Between looks at the child; short beside anything a person notices.
constexpr std::chrono::milliseconds child_poll(20);
// What a child that was told to end gets before it is made to.
constexpr std::chrono::seconds kill_grace(5);
struct lock_options {
  bool child_exit_code = false;
  bool pass_stdin = false;
  bool shell = true;
  bool verbose = false;
  std::int64_t monitor_retry = 3;
  std::int64_t holders = 1;
  std::string name;
  span timeout{};

  void declare(flag_set& to) {
    to.boolean("child-exit-code", child_exit_code,
               "Exit with 2 if the command fails.");
    to.boolean("pass-stdin", pass_stdin,
               "Give the command our standard input.");
    to.boolean("shell", shell,
               "Hand the command to a shell ($SHELL, else /bin/sh).");
    to.boolean("verbose", verbose, "Say each step.");
    to.number("monitor-retry", monitor_retry,
              "Failed looks at the lock that are forgiven; 3 unless given.");
    to.number("n", holders, "How many may hold the lock; 1 unless given.");
    to.text("name", name, "Name of the session.");
    to.duration("timeout", timeout, "How long to try; 0 for ever.");
    to.duration("try", timeout, "The old name of -timeout.");
  }

  const char* problem() const {
    if (holders <= 0)
      return "Lock holder limit must be positive";
    if (timeout < span::zero())
      return "Timeout must be positive";
    if (monitor_retry < 0)
      return "Number for 'monitor-retry' must be >= 0";
    return nullptr;
  }
};

/// Whether it is ours; false if the time was up or we were stopped.
result<bool> acquire(holding& wanted, const kept_session& session,
                     span timeout) {
  auto start = clock::now();
  while (!stop_requested() && !session.lost()) {
    auto used = clock::now() - start;
    if (timeout > span::zero() && used >= timeout)
      return false;
    span wait = block_for;
    if (timeout > span::zero())
      wait = std::min<span>(wait, timeout - used);
    auto asked = clock::now();
    auto got = wanted.attempt(wait);
    if (stop_requested())
      return false;
    if (!got || *got)
      return got;
    // An attempt that did not wait was refused: the key is shut for now.
    if (clock::now() - asked < child_poll)
      std::this_thread::sleep_for(std::min<span>(delay_pause, wait));
  }
  return false;
}

/// Watches over what is held, on a thread of its own.
class guard {
public:
  guard(holding& held, std::int64_t retries)
      : held_(held), retries_(retries), thread_([this] { look(); }) {}
  ~guard() {
    stopping_.store(true);
    thread_.join();
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

  bool lost() const { return lost_; }

private:
  void look() {
    auto left = retries_;
    while (!stopping_) {
      auto ours = held_.still_ours(stopping_);
      if (stopping_)
        return;
      if (!ours && left-- > 0) {
        std::this_thread::sleep_for(delay_pause);
        continue;
      }
      if (!ours || !*ours) {
        lost_.store(true);
        return;
      }
      left = retries_;
    }
  }

  holding& held_;
  std::int64_t retries_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> lost_ = false;
  std::thread thread_;
};

/// Ends the child: gently, then not.
void end(child& process) {
  process.send(SIGTERM);
  auto until = clock::now() + kill_grace;
  while (clock::now() < until) {
    if (process.ended())
      return;
    std::this_thread::sleep_for(child_poll);
  }
  process.send(SIGKILL);
  process.wait();
}

struct runner {
  call& c;
  client::client& api;
  const lock_options& options;
  std::string prefix;
  std::vector<std::string> words;

  void note(const std::string& text) {
    if (options.verbose)
      c.say(text);
  }

  /// The exit code that the child's end asks for.
  int run_child(holding& mine) {
    note("Starting handler");
    child_options how;
    how.words = words;
    how.shell = options.shell;
    how.pass_input = options.pass_stdin;
    how.environment = {{"CONSUL_LOCK_HELD", "true"}};
    auto started = child::start(how);
    int failed = options.child_exit_code ? 2 : 0;
    if (!started) {
      c.refuse("Error starting handler: " + started.failure().text);
      return failed;
    }
    guard held(mine, options.monitor_retry);
    while (!stop_requested() && !held.lost()) {
      if (auto ending = started->ended()) {
        if (!ending->empty())
          c.refuse("Error running handler: " + *ending);
        note("Child terminated, releasing lock");
        return ending->empty() ? 0 : failed;
      }
      std::this_thread::sleep_for(child_poll);
    }
    note(held.lost() ? "Lock lost, killing child"
                     : "Shutdown triggered, killing child");
    end(*started);
    return held.lost() ? 1 : 0;
  }

  /// Gives back what was held, and cleans up unless others use it.
  int give_back(holding& mine, int code) {
    if (auto released = mine.release(); !released)
      return c.refuse("Lock release failed: " + released.failure().text);
    auto clean = mine.clean_up();
    if (!clean)
      return c.refuse("Lock cleanup failed: " + clean.failure().text);
    note(*clean ? "Cleanup succeeded" : "Cleanup aborted, lock in use");
    return code;
  }
};

int run_locked(runner& r, const std::string& session_name) {
  bool shared = r.options.holders > 1;
  auto key = r.prefix.empty() ? ".lock" : r.prefix + "/.lock";
  r.note(shared ? "Setting up semaphore (limit " +
                      std::to_string(r.options.holders) +
                      ") at prefix: " + r.prefix
                : "Setting up lock at path: " + key);
  kept_session::options how;
  how.name = session_name;
  auto session = kept_session::create(r.api, how);
  if (!session)
    return r.c.refuse("Lock setup failed: failed to create session: " +
                      session.failure().text);
  auto id = (*session)->id();
  auto wanted = shared
                    ? hold_place(r.api, r.prefix, id,
                                 static_cast<std::uint64_t>(r.options.holders))
                    : hold_key(r.api, r.prefix, id);
  r.note("Attempting lock acquisition");
  auto ours = acquire(*wanted, **session, r.options.timeout);
  if (!ours)
    return r.c.refuse("Lock acquisition failed: " + ours.failure().text);
  if (!*ours)
    return r.c.refuse("Shutdown triggered or timeout during lock acquisition");
  return r.give_back(*wanted, r.run_child(*wanted));
}

} // namespace

int lock(call& c) {
  lock_options options;
  options.declare(c.flags);
  if (auto code = c.parse())
    return *code;
  if (const char* problem = options.problem())
    return c.refuse(problem);
  const auto& words = c.arguments();
  if (words.size() < 2)
    return c.refuse("Key prefix and child command must be specified");
  auto prefix = words[0];
  while (!prefix.empty() && prefix.front() == '/')
    prefix.erase(0, 1);
  while (!prefix.empty() && prefix.back() == '/')
    prefix.pop_back();
  std::string line;
  for (std::size_t i = 1; i < words.size(); ++i)
    line += (line.empty() ? "" : " ") + words[i];
  auto session_name = options.name.empty()
                          ? "Consul lock for '" + line + "' at '" + prefix + "'"
                          : options.name;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  stop_requested(); // from here on a signal ends the work in good order
  client::request self;
  self.path = "/v1/agent/self";
  if (auto there = api->call_ok(self); !there)
    return c.refuse("Error querying Consul agent: " + there.failure().text);
  runner r{c, *api, options, prefix, {words.begin() + 1, words.end()}};
  return run_locked(r, session_name);
}

} // namespace praetor::http::cli
