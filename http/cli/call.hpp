#pragma once

// One run of one command: its words, its streams, the flags it declares, and
// the client that those flags lead to.

#include "http/cli/cli.hpp"
#include "http/cli/flags.hpp"
#include "http/client/client.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace praetor::http::cli {

class call;

/// Which flags about the connection a command takes.
enum class connection : unsigned char {
  none,    // it asks no agent
  agent,   // address, token, TLS
  servers, // and the datacenter and staleness
  spaces,  // and the namespace
};

struct command {
  const char* path;      // "kv get"
  const char* synopsis;  // one line in the list of commands
  const char* arguments; // after the path in the usage line
  const char* about;     // paragraphs of help, parted by '\n'
  connection takes;
  int (*run)(call&); // absent: a group of commands
};

class call {
public:
  call(const command& what, std::vector<std::string> words, bool help,
       const streams& to, const product& self, const validator& check);

  /// Reads the words. A value is the exit code to end with at once: help was
  /// asked for, or the words are wrong and that was said.
  std::optional<int> parse();

  /// The client; when it cannot be made, the reason is said and the pointer
  /// is null.
  client::client* connect();

  /// Says the text and a newline on standard error; returns exit code 1.
  int refuse(const std::string& text);
  /// Says the text and a newline on standard output; returns exit code 0.
  int say(const std::string& text);
  /// As refuse, followed by an empty line and the usage.
  int misuse(const std::string& text);
  /// "Too many arguments (expected N, got M)".
  int too_many(std::size_t expected);

  std::string usage() const;
  const std::vector<std::string>& arguments() const {
    return flags.arguments();
  }
  const command& about() const { return what_; }

  flag_set flags;
  client::overrides how;
  const streams& to;
  const product& self;
  const validator& validate;

private:
  void declare_connection();

  const command& what_;
  std::vector<std::string> words_;
  bool help_;
  std::optional<client::client> client_;
};

/// The argument, or for "-" all of standard input, or for "@NAME" the bytes
/// of the file. The error names the source.
result<std::string> argument_data(const std::string& argument,
                                  std::istream& in);

/// Set once the process is told to stop (SIGINT, SIGTERM) after the first
/// call; commands that wait hand it to the client.
const std::atomic<bool>& stop_requested();

} // namespace praetor::http::cli
