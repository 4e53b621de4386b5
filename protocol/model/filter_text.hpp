#pragma once

// The small readings of text that a filter needs: runes of UTF-8, quoted
// strings with their escapes, and numbers as people may write them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::model {

struct decoded_rune {
  char32_t value = 0;
  std::size_t width = 1; // bytes
  bool valid = true;     // else U+FFFD, one byte wide
};

inline constexpr char32_t rune_max = 0x10FFFF;
inline constexpr char32_t rune_error = 0xFFFD;

/// The first rune of a text that is not empty.
decoded_rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t rune);
/// The text from its first byte on that is not UTF-8; empty when all is.
std::string_view invalid_utf8(std::string_view text);

/// The text in double quotes, with escapes for what is not printable.
std::string quoted(std::string_view text);

/// The meaning of a literal in double quotes or backquotes, which are part
/// of it; nothing when an escape is wrong.
std::optional<std::string> unquoted(std::string_view literal);

/// Why a text is no value of a type, in the words that clients know.
struct conversion_failure {
  std::string text;
};

/// A signed number with an optional base (0x, 0o, 0b, a leading 0) and single
/// underscores between digits.
std::optional<std::int64_t> parse_integer(std::string_view text,
                                          conversion_failure& why);
std::optional<bool> parse_boolean(std::string_view text,
                                  conversion_failure& why);

} // namespace praetor::model
