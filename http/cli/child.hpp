#pragma once

// Child processes of lock and watch.

#include "protocol/base/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace praetor::http::cli {

struct child_options {
  std::vector<std::string> words; // the command and its arguments
  bool shell = true;              // hand the words to a shell as one line
  std::vector<std::pair<std::string, std::string>> environment; // added
  std::optional<std::string> input; // written to it; else ours or none
  bool pass_input = false;
};

class child {
public:
  static result<child> start(const child_options& options);

  /// "" once it ended well, "exit status N" or "signal: N" once it ended
  /// badly, nothing while it runs.
  std::optional<std::string> ended();
  /// Waits for the end.
  std::string wait();
  void send(int signal_number) const;

private:
  explicit child(int pid) : pid_(pid) {}
  int pid_ = 0;
};

} // namespace praetor::http::cli
