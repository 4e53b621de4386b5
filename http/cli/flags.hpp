#pragma once

// Flags as Go's `flag` package reads them: one or two dashes, `-x=v` or
// `-x v`; a boolean takes no separate value; the first argument that is not a
// flag, or `--`, ends them.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::http::cli {

struct flag {
  std::string help;
  std::string placeholder; // what stands for the value in the help
  bool is_boolean = false;
  bool is_connection = false; // shown under the options of the HTTP API
  /// Takes a value; the error is the reason alone.
  std::function<status(const std::string&)> set;
};

class flag_set {
public:
  void boolean(const std::string& name, bool& to, std::string help);
  void boolean(const std::string& name, std::optional<bool>& to,
               std::string help);
  void text(const std::string& name, std::string& to, std::string help);
  void text(const std::string& name, std::optional<std::string>& to,
            std::string help);
  void texts(const std::string& name, std::vector<std::string>& to,
             std::string help);
  void number(const std::string& name, std::int64_t& to, std::string help);
  void number(const std::string& name, std::uint64_t& to, std::string help);
  void duration(const std::string& name, span& to, std::string help);
  /// key=value, repeatable.
  void pairs(const std::string& name, std::map<std::string, std::string>& to,
             std::string help);
  void add(const std::string& name, flag what);

  /// Reads the flags and leaves the arguments; the error is Go's first line,
  /// such as "flag provided but not defined: -x".
  status parse(const std::vector<std::string>& words);

  const std::vector<std::string>& arguments() const { return arguments_; }
  const std::map<std::string, flag>& all() const { return flags_; }

  /// The list of flags for people, in the order of their names.
  std::string help() const;

private:
  status take(const std::string& word, const std::vector<std::string>& words,
              std::size_t& next);

  std::map<std::string, flag> flags_;
  std::vector<std::string> arguments_;
};

/// The words of the text in lines of at most `width` columns, each indented.
std::string wrapped(const std::string& text, std::size_t indent,
                    std::size_t width);

} // namespace praetor::http::cli
