#include "protocol/model/filter_text.hpp"

#include "protocol/base/assert.hpp"

#include <limits>

namespace praetor::model {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return 99;
}

bool is_surrogate(char32_t rune) {
  return rune >= 0xD800 && rune <= 0xDFFF;
}

// Reads `count` digits of a base from the front.
std::optional<char32_t> take_digits(std::string_view& text, int count,
                                    int base) {
  PRAETOR_ASSERT(count <= 8 && base <= 16);
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    if (text.empty() || digit_of(text[0]) >= base)
      return std::nullopt;
    value = value * static_cast<std::uint64_t>(base) +
            static_cast<std::uint64_t>(digit_of(text[0]));
    text.remove_prefix(1);
  }
  if (value > UINT32_MAX)
    return std::nullopt;
  return static_cast<char32_t>(value);
}

// \x and octal escapes are bytes, \u and \U are runes.
bool take_numeric_escape(std::string_view& text, std::string& out) {
  PRAETOR_ASSERT(!text.empty());
  char kind = text[0];
  if (kind == 'x' || (kind >= '0' && kind <= '7')) {
    if (kind == 'x')
      text.remove_prefix(1);
    auto byte =
        kind == 'x' ? take_digits(text, 2, 16) : take_digits(text, 3, 8);
    if (!byte || *byte > 255)
      return false;
    out.push_back(static_cast<char>(*byte));
    return true;
  }
  if (kind != 'u' && kind != 'U')
    return false;
  text.remove_prefix(1);
  auto rune = take_digits(text, kind == 'u' ? 4 : 8, 16);
  if (!rune || *rune > rune_max)
    return false;
  append_rune(out, *rune);
  return true;
}

constexpr std::string_view letters = "abfnrtv";
constexpr std::string_view meanings = "\a\b\f\n\r\t\v";

// `text` is behind the backslash.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty())
    return false;
  char c = text[0];
  auto at = letters.find(c);
  if (at != letters.npos)
    out.push_back(meanings[at]);
  else if (c == '\\' || c == '"')
    out.push_back(c);
  else
    return take_numeric_escape(text, out);
  text.remove_prefix(1);
  return true;
}

int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0')
    return 10;
  char kind = static_cast<char>(digits[1] | 0x20);
  int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
  digits.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

std::string conversion_text(const char* function, std::string_view text,
                            const char* what) {
  return std::string("strconv.") + function + ": parsing " + quoted(text) +
         ": " + what;
}

} // namespace

decoded_rune decode_rune(std::string_view text) {
  PRAETOR_ASSERT(!text.empty());
  auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  unsigned char lead = byte(0);
  if (lead < 0x80)
    return {lead, 1, true};
  std::size_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < width)
    return {rune_error, 1, false};
  char32_t value = lead & (0x7FU >> width);
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {rune_error, 1, false};
    value = value << 6 | (byte(i) & 0x3FU);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[width] || value > rune_max || is_surrogate(value))
    return {rune_error, 1, false};
  return {value, width, true};
}

void append_rune(std::string& out, char32_t rune) {
  PRAETOR_ASSERT(rune <= rune_max);
  if (is_surrogate(rune))
    rune = rune_error;
  auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (rune < 0x80)
    return push(rune);
  if (rune < 0x800)
    push(0xC0 | rune >> 6);
  else if (rune < 0x10000)
    push(0xE0 | rune >> 12);
  else
    push(0xF0 | rune >> 18);
  if (rune >= 0x10000)
    push(0x80 | (rune >> 12 & 0x3F));
  if (rune >= 0x800)
    push(0x80 | (rune >> 6 & 0x3F));
  push(0x80 | (rune & 0x3F));
}

std::string_view invalid_utf8(std::string_view text) {
  while (!text.empty()) {
    auto rune = decode_rune(text);
    if (!rune.valid)
      break;
    text.remove_prefix(rune.width);
  }
  return text;
}

std::string quoted(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    auto rune = decode_rune(text);
    char c = text[0];
    auto named = rune.width == 1 ? meanings.find(c) : meanings.npos;
    if (named != meanings.npos) {
      out += {'\\', letters[named]};
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (rune.value == 0x7F) {
      out += "\\u007f";
    } else if (!rune.valid || rune.value < 0x20) {
      auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    } else {
      out += text.substr(0, rune.width);
    }
    text.remove_prefix(rune.width);
  }
  return out + "\"";
}

std::optional<std::string> unquoted(std::string_view literal) {
  PRAETOR_ASSERT(literal.size() >= 2 && literal.front() == literal.back());
  auto text = literal.substr(1, literal.size() - 2);
  std::string out;
  if (literal[0] == '`') {
    for (char c : text)
      if (c != '\r')
        out.push_back(c);
    return out;
  }
  while (!text.empty()) {
    char c = text[0];
    text.remove_prefix(1);
    if (c == '\n' || (c == '\\' && !take_escape(text, out)))
      return std::nullopt;
    if (c != '\\')
      out.push_back(c);
  }
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text,
                                          conversion_failure& why) {
  auto refuse = [&](const char* what) {
    why.text = conversion_text("ParseInt", text, what);
    return std::nullopt;
  };
  auto digits = text;
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+'))
    digits.remove_prefix(1);
  bool may_separate = digits.size() > 1 && digits[0] == '0';
  int base = take_base(digits);
  if (digits.empty())
    return refuse("invalid syntax");
  std::uint64_t value = 0;
  std::uint64_t limit =
      std::uint64_t{std::numeric_limits<std::int64_t>::max()} + negative;
  bool over = false;
  for (char c : digits) {
    if (c == '_') {
      // Only between digits, or between the base and a digit.
      if (!may_separate)
        return refuse("invalid syntax");
      may_separate = false;
      continue;
    }
    if (digit_of(c) >= base)
      return refuse("invalid syntax");
    may_separate = true;
    auto digit = static_cast<std::uint64_t>(digit_of(c));
    over = over || value > (limit - digit) / static_cast<std::uint64_t>(base);
    if (!over)
      value = value * static_cast<std::uint64_t>(base) + digit;
  }
  if (!may_separate)
    return refuse("invalid syntax");
  if (over)
    return refuse("value out of range");
  return static_cast<std::int64_t>(negative ? ~value + 1 : value);
}

std::optional<bool> parse_boolean(std::string_view text,
                                  conversion_failure& why) {
  for (auto* yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes)
      return true;
  for (auto* no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no)
      return false;
  why.text = conversion_text("ParseBool", text, "invalid syntax");
  return std::nullopt;
}

} // namespace praetor::model
