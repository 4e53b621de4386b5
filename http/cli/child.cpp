#include "http/cli/child.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace praetor::http::cli {
namespace {

std::string line_of(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : " ") + word;
  return out;
}

/// Where an input comes from: a file that has no name, so that neither side
/// waits for the other however long it is.
int open_input(const child_options& options) {
  if (!options.input)
    return options.pass_input ? ::dup(STDIN_FILENO)
                              : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  char name[] = "/tmp/praetor-input-XXXXXX";
  int file = ::mkstemp(name);
  if (file < 0)
    return -1;
  ::unlink(name);
  std::string_view left = *options.input;
  while (!left.empty()) {
    auto count = ::write(file, left.data(), left.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      ::close(file);
      return -1;
    }
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

std::string ending(int status) {
  if (WIFSIGNALED(status))
    return "signal: " + std::to_string(WTERMSIG(status));
  auto code = WEXITSTATUS(status);
  return code == 0 ? "" : "exit status " + std::to_string(code);
}

/// Whether a program of that name is there to be run.
bool can_run(const std::string& program) {
  if (program.find('/') != std::string::npos)
    return ::access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string places = path != nullptr ? path : "";
  std::size_t at = 0;
  while (at <= places.size()) {
    auto end = std::min(places.find(':', at), places.size());
    auto name = places.substr(at, end - at) + "/" + program;
    if (::access(name.c_str(), X_OK) == 0)
      return true;
    at = end + 1;
  }
  return false;
}

} // namespace

result<child> child::start(const child_options& options) {
  PRAETOR_ASSERT(!options.words.empty());
  auto words = options.words;
  if (options.shell) {
    const char* shell = std::getenv("SHELL");
    words = {shell != nullptr && *shell != '\0' ? shell : "/bin/sh", "-c",
             line_of(options.words)};
  }
  if (!can_run(words[0]))
    return fail(errc::io, "exec: \"" + words[0] +
                              "\": executable file not found in $PATH");
  int input = open_input(options);
  if (input < 0)
    return fail(errc::io, "cannot open the input of the command");
  std::vector<char*> raw;
  for (auto& word : words)
    raw.push_back(word.data());
  raw.push_back(nullptr);
  int pid = ::fork();
  if (pid < 0) {
    ::close(input);
    return fail(errc::io, "cannot start a process");
  }
  if (pid == 0) {
    ::dup2(input, STDIN_FILENO);
    for (const auto& [name, value] : options.environment)
      ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(raw[0], raw.data());
    ::_exit(127);
  }
  ::close(input);
  return child(pid);
}

std::optional<std::string> child::ended() {
  int status = 0;
  auto got = ::waitpid(pid_, &status, WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR))
    return std::nullopt;
  return got < 0 ? "the process is gone" : ending(status);
}

std::string child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR)
      return "the process is gone";
  return ending(status);
}

void child::send(int signal_number) const {
  ::kill(pid_, signal_number);
}

} // namespace praetor::http::cli
