#pragma once

// The syntax of filter expressions, before anything is known of fields.

#include "protocol/model/filter.hpp"

namespace praetor::model {

/// An expression as steps over comparisons that are yet to be checked.
struct filter_syntax {
  std::vector<filter_step> steps;
  std::vector<filter_match> matches;
};

/// Failures name the place, and what could have stood there.
result<filter_syntax> parse_filter_syntax(std::string_view text);

} // namespace praetor::model
