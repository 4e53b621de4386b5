// The part of the compiler of regular expressions that reads sets of runes:
// brackets, named classes and escapes.

#include "protocol/model/filter_regex_compiler.hpp"

#include <algorithm>

namespace praetor::model {

namespace {

using rune_ranges = std::vector<std::pair<char32_t, char32_t>>;

struct class_name {
  std::string_view name;
  rune_ranges ranges;
};

const std::vector<class_name>& class_names() {
  static const std::vector<class_name> names = {
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"ascii", {{0, 0x7F}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {"digit", {{'0', '9'}}},
      {"graph", {{'!', '~'}}},
      {"lower", {{'a', 'z'}}},
      {"print", {{' ', '~'}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"space", {{'\t', '\r'}, {' ', ' '}}},
      {"upper", {{'A', 'Z'}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
  };
  return names;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

bool is_alphanumeric(char c) {
  char lower = static_cast<char>(c | 0x20);
  return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

constexpr std::string_view control_letters = "afnrtv";
constexpr std::string_view control_meanings = "\a\f\n\r\t\v";

} // namespace

regex_compiler::node_id regex_compiler::add_set(rune_set set) {
  out_.sets_.push_back(ordered(std::move(set)));
  node made;
  made.what = shape::set;
  made.set = static_cast<std::uint32_t>(out_.sets_.size() - 1);
  return add(std::move(made));
}

regex_compiler::node_id regex_compiler::add_rune(char32_t rune) {
  rune_set set;
  add_folded(set, rune, rune);
  return add_set(std::move(set));
}

void regex_compiler::add_folded(rune_set& set, char32_t low,
                                char32_t high) const {
  PRAETOR_ASSERT(low <= high && high <= rune_max);
  set.emplace_back(low, high);
  if (!flags_.fold_case)
    return;
  // The part of the range that are letters, in the other case too.
  for (char32_t first : {U'a', U'A'}) {
    auto from = std::max(low, first);
    auto to = std::min<char32_t>(high, first + 25);
    if (from <= to)
      set.emplace_back(from ^ 0x20, to ^ 0x20);
  }
}

regex_compiler::rune_set regex_compiler::ordered(rune_set set) {
  std::sort(set.begin(), set.end());
  rune_set out;
  for (auto& range : set) {
    if (!out.empty() && range.first <= out.back().second + 1)
      out.back().second = std::max(out.back().second, range.second);
    else
      out.push_back(range);
  }
  return out;
}

regex_compiler::rune_set regex_compiler::negated(rune_set set) {
  rune_set out;
  char32_t from = 0;
  for (auto& range : ordered(std::move(set))) {
    if (range.first > from)
      out.emplace_back(from, range.first - 1);
    from = range.second + 1;
  }
  if (from <= rune_max)
    out.emplace_back(from, rune_max);
  return out;
}

std::optional<regex_compiler::rune_set>
regex_compiler::perl_class(char letter) {
  char lower = static_cast<char>(letter | 0x20);
  rune_set set;
  if (lower == 'd')
    set = {{'0', '9'}};
  else if (lower == 's')
    set = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
  else if (lower == 'w')
    set = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  if (set.empty() || !is_alphanumeric(letter))
    return std::nullopt;
  return letter == lower ? set : negated(set);
}

bool regex_compiler::bracket(std::vector<node_id>& items) {
  auto start = rest_;
  rest_.remove_prefix(1);
  bool negate = rest_.starts_with('^');
  if (negate)
    rest_.remove_prefix(1);
  rune_set set;
  bool first = true;
  while (rest_.empty() || rest_[0] != ']' || first) {
    first = false;
    if (!bracket_item(set, start))
      return false;
  }
  rest_.remove_prefix(1);
  items.push_back(add_set(negate ? negated(std::move(set)) : std::move(set)));
  return true;
}

// One class, rune or range; `start` is where the bracket was opened.
bool regex_compiler::bracket_item(rune_set& set, std::string_view start) {
  bool taken = false;
  if (!named_class(set, taken))
    return false;
  if (taken)
    return true;
  auto range = rest_;
  char32_t low = 0;
  if (!class_rune(low, start))
    return false;
  char32_t high = low;
  if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
    rest_.remove_prefix(1);
    if (!class_rune(high, start))
      return false;
    if (high < low)
      return refuse("invalid character class range", since(range));
  }
  add_folded(set, low, high);
  return true;
}

// [:alpha:], \d and their like.
bool regex_compiler::named_class(rune_set& set, bool& taken) {
  auto add_all = [&](const rune_set& ranges, std::size_t width) {
    for (auto& range : ranges)
      add_folded(set, range.first, range.second);
    rest_.remove_prefix(width);
    taken = true;
    return true;
  };
  if (rest_.size() > 1 && rest_[0] == '\\')
    if (auto ranges = perl_class(rest_[1]))
      return add_all(*ranges, 2);
  if (!rest_.starts_with("[:"))
    return true;
  auto end = rest_.find(":]", 2);
  if (end == rest_.npos)
    return true;
  auto name = rest_.substr(2, end - 2);
  bool negate = name.starts_with('^');
  if (negate)
    name.remove_prefix(1);
  for (auto& known : class_names())
    if (known.name == name)
      return add_all(negate ? negated(known.ranges) : known.ranges, end + 2);
  return refuse("invalid character class range", rest_.substr(0, end + 2));
}

bool regex_compiler::class_rune(char32_t& rune, std::string_view start) {
  if (rest_.empty())
    return refuse("missing closing ]", start);
  if (rest_[0] == '\\')
    return escaped_rune(rune);
  auto decoded = decode_rune(rest_);
  rest_.remove_prefix(decoded.width);
  rune = decoded.value;
  return true;
}

bool regex_compiler::escaped_rune(char32_t& rune) {
  auto start = rest_;
  PRAETOR_ASSERT(start.starts_with('\\'));
  rest_.remove_prefix(1);
  if (rest_.empty())
    return refuse("trailing backslash at end of expression", "");
  char c = rest_[0];
  if (c == 'p' || c == 'P') {
    auto end = rest_.starts_with("p{") || rest_.starts_with("P{")
                   ? rest_.find('}')
                   : std::size_t{1};
    return refuse("invalid character class range",
                  start.substr(0, end == rest_.npos ? end : end + 2));
  }
  rest_.remove_prefix(decode_rune(rest_).width);
  if (c == 'x')
    return hex_rune(rune, start);
  // A digit other than 0 that stands alone would be a reference back.
  if (c == '0' || (is_octal(c) && !rest_.empty() && is_octal(rest_[0]))) {
    rune = static_cast<char32_t>(c - '0');
    for (int i = 1; i < 3 && !rest_.empty() && is_octal(rest_[0]); ++i) {
      rune = rune * 8 + static_cast<char32_t>(rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }
  auto control = control_letters.find(c);
  if (control != control_letters.npos)
    rune = static_cast<char32_t>(control_meanings[control]);
  else if (static_cast<unsigned char>(c) < 0x80 && !is_alphanumeric(c))
    rune = static_cast<char32_t>(c);
  else
    return refuse("invalid escape sequence", since(start));
  return true;
}

bool regex_compiler::hex_rune(char32_t& rune, std::string_view start) {
  auto take = [&]() -> int {
    if (rest_.empty())
      return -1;
    char c = rest_[0];
    rest_.remove_prefix(decode_rune(rest_).width);
    return c == '}' ? -2 : hex_digit(c);
  };
  rune = 0;
  bool braces = rest_.starts_with('{');
  if (braces)
    rest_.remove_prefix(1);
  for (int digits = 0; braces || digits < 2; ++digits) {
    int digit = take();
    if (digit == -2 && braces && digits > 0)
      return true;
    if (digit < 0)
      return refuse("invalid escape sequence", since(start));
    rune = rune * 16 + static_cast<char32_t>(digit);
    if (rune > rune_max)
      return refuse("invalid escape sequence", since(start));
  }
  return true;
}

} // namespace praetor::model
