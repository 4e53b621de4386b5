#pragma once

// The flags of "agent", in Go's manner: one dash or two, "-x=v" or "-x v",
// booleans without a value. A flag is the short form of a key in a file, so
// the outcome is again JSON objects, to be read like files.

#include "protocol/base/result.hpp"

#include <boost/json.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace praetor::actors {

struct agent_flags {
  bool dev_mode = false;
  bool help_requested = false;
  std::string config_format;
  std::vector<std::string> config_paths; // files and directories, in order
  std::vector<std::string> hcl;          // fragments, read last of all
  /// Lists go before the files, because lists grow and the first entries are
  /// tried first; single values go after them, because the last one wins.
  boost::json::object lists;
  boost::json::object values;
};

/// Errors are worded as Go words them; code `unsupported`.
result<agent_flags> parse_agent_flags(const std::vector<std::string>& args);

/// "Usage: praetor agent [options]" and every flag with a line about it.
void write_agent_usage(std::ostream& out);

} // namespace praetor::actors
