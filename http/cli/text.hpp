#pragma once

// How results are laid out: columns, base 64, indented JSON, regular
// expressions worded as Go words their errors.

#include "protocol/base/result.hpp"

#include <boost/json/value.hpp>

#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http::cli {

using row = std::vector<std::string>;

/// Rows as columns, each as wide as its widest cell and two spaces more; the
/// last cell of a row is not padded. No newline at the end.
std::string columns(const std::vector<row>& rows);

/// Rows as columns parted by `gap`; the last column is not padded unless
/// `pad_last`. Each row ends with a newline.
std::string tabbed(const std::vector<row>& rows, std::size_t gap);

std::string encode_base64(std::string_view bytes);
/// The error reads "illegal base64 data at input byte N".
result<std::string> decode_base64(std::string_view text);

/// JSON as Go's MarshalIndent writes it: empty containers stay on one line,
/// and <, > and & are escaped.
std::string indented(const boost::json::value& value, std::string_view indent);
/// JSON on one line as Go's encoder writes it.
std::string compact(const boost::json::value& value);

/// The value, or what is wrong with the text.
result<boost::json::value> parse_json(std::string_view text);

/// A member's text, or "" if it is absent or no text.
std::string text_of(const boost::json::value& object, std::string_view name);
/// A member's number; 0 if it is absent or no number.
std::uint64_t number_of(const boost::json::value& object,
                        std::string_view name);
/// A member; null if it is absent.
const boost::json::value& member_of(const boost::json::value& object,
                                    std::string_view name);
/// The elements of an array, none of anything else.
std::vector<boost::json::value> items_of(const boost::json::value& value);

/// "error parsing regexp: ..." for a pattern that is none.
result<std::regex> parse_pattern(const std::string& pattern);

} // namespace praetor::http::cli
