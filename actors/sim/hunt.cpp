#include "actors/sim/hunt.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace praetor::actors::sim {
namespace {

// What a run that failed may say; the rest is cut off. Below what a pipe
// holds, so that nobody has to read while it runs.
constexpr std::size_t words_max = 32 * 1024;

struct figures {
  std::uint64_t hash = 0;
  std::int64_t time = 0;
  std::uint64_t messages = 0;
};

struct worker {
  std::uint64_t seed = 0;
  int words = -1;
  int numbers = -1;
};

// In the child: never returns.
[[noreturn]] void work(run_options chosen, std::uint64_t seed, int words,
                       int numbers) {
  std::signal(SIGABRT, SIG_DFL);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  dup2(words, STDERR_FILENO);
  chosen.world.seed = seed;
  auto result = run(chosen);
  figures told{result.hash, result.time.count(), result.counts.messages};
  if (write(numbers, &told, sizeof told) != sizeof told)
    _exit(3);
  if (!result.passed()) {
    auto text = result.violation.substr(0, words_max);
    if (write(words, text.data(), text.size()) < 0)
      _exit(3);
  }
  _exit(result.passed() ? 0 : 1);
}

std::string read_all(int from) {
  std::string text(words_max, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    auto n = read(from, text.data() + have, text.size() - have);
    if (n <= 0)
      break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

pid_t begin(const run_options& each, std::uint64_t seed, worker& made) {
  int words[2];
  int numbers[2];
  PRAETOR_ASSERT(pipe(words) == 0 && pipe(numbers) == 0);
  std::fflush(nullptr);
  auto child = fork();
  PRAETOR_ASSERT(child >= 0);
  if (child == 0)
    work(each, seed, words[1], numbers[1]);
  close(words[1]);
  close(numbers[1]);
  made = {seed, words[0], numbers[0]};
  return child;
}

hunted finish(const worker& of, int state) {
  hunted found;
  found.seed = of.seed;
  found.passed = WIFEXITED(state) && WEXITSTATUS(state) == 0;
  figures told;
  if (read(of.numbers, &told, sizeof told) == sizeof told) {
    found.hash = told.hash;
    found.time = span{told.time};
    found.messages = told.messages;
  }
  if (!found.passed)
    found.why = read_all(of.words);
  if (WIFSIGNALED(state))
    found.why += std::string("ended by signal: ") + strsignal(WTERMSIG(state));
  close(of.words);
  close(of.numbers);
  return found;
}

} // namespace

std::optional<hunted> hunt(const hunt_options& chosen,
                           const std::function<void(const hunted&)>& report) {
  std::map<pid_t, worker> running;
  std::optional<hunted> first;
  auto next = chosen.first_seed;
  auto end = chosen.first_seed + chosen.seeds;
  while (next < end || !running.empty()) {
    auto stops = first && !chosen.goes_on;
    if (next < end && running.size() < chosen.jobs && !stops) {
      worker made;
      auto child = begin(chosen.each, next++, made);
      running.emplace(child, made);
      continue;
    }
    if (running.empty())
      break;
    // Only children of ours: whoever calls may have others.
    int state = 0;
    auto child = waitpid(running.begin()->first, &state, 0);
    PRAETOR_ASSERT(child > 0);
    auto found = finish(running.begin()->second, state);
    running.erase(running.begin());
    report(found);
    if (!found.passed && (!first || found.seed < first->seed))
      first = found;
  }
  return first;
}

} // namespace praetor::actors::sim
