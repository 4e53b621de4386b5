#pragma once

// Asks about values inside the JSON text that proxies' definitions keep. It
// is no validator: of a text that is not JSON it sees what it can, and ends.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::model {

/// The text of a scalar, strings without quotes and escapes.
using json_judge = std::function<bool(const std::string&)>;

/// Follows the names from the value on; an array on the way stands for each
/// of its items. True when the judge is content with any value that is
/// reached. A name that an object lacks is judged as `absent`.
bool json_any(std::string_view json, const std::vector<std::string_view>& path,
              const std::string& absent, const json_judge& judge);

/// The items of the array that the names lead to; 0 when there is none.
std::size_t json_count(std::string_view json,
                       const std::vector<std::string_view>& path);

} // namespace praetor::model
