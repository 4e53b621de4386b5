#pragma once

// praetor's command line: every command but `agent` is a client of the HTTP
// API of a running agent.

#include "protocol/base/result.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http::cli {

struct streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

struct product {
  std::string name = "Praetor";
  std::string version; // "0.1.0"
  /// HCL to the same as JSON text; the reader of configuration files lives
  /// elsewhere and is handed in. None: HCL is refused.
  std::function<result<std::string>(std::string_view)> read_hcl;
};

/// Checks configuration files as the agent would, and says what it found; the
/// configuration loader lives elsewhere and is handed in.
using validator = std::function<int(const std::vector<std::string>& paths,
                                    bool quiet, const streams&)>;

/// Runs the command that the arguments (without argv[0]) name, and returns
/// the exit code of the process.
int run(const std::vector<std::string>& arguments, const streams& to,
        const product& self, const validator& validate = nullptr);

} // namespace praetor::http::cli
