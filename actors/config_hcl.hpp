#pragma once

// HCL, version 1, as far as configuration files use it: attributes, blocks
// with labels, lists, strings with escapes, heredocs, numbers, booleans and
// the three kinds of comment. The outcome is what the same settings would be
// in JSON; an object is always a list of objects, one for each block of that
// name, because HCL cannot tell one block from the first of several. The
// reader takes a list of one for its element.

#include "protocol/base/result.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace praetor::actors {

/// Errors give line and column, "At 2:1: ...".
result<boost::json::object> parse_hcl(std::string_view text);

/// The same as JSON text, for those who read only that.
result<std::string> hcl_to_json(std::string_view text);

} // namespace praetor::actors
