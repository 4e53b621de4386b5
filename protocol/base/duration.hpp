#pragma once

// Durations as Consul's users write them: Go's syntax ("1m30s", "300ms",
// "-1.5h"), parsed and printed exactly as Go's time package does.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <string>
#include <string_view>

namespace praetor {

/// The span that the text names. Errors are worded as Go words them:
/// `time: invalid duration "x"`, `time: missing unit in duration "5"`,
/// `time: unknown unit "x" in duration "1x"`.
result<span> parse_duration(std::string_view text);

/// "1m30s", "300ms", "0s": the shortest form that Go prints.
std::string format_duration(span value);

} // namespace praetor
