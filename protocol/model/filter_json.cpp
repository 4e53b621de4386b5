#include "protocol/model/filter_json.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/filter_text.hpp"
#include "protocol/model/query.hpp"

#include <algorithm>
#include <cstdlib>

namespace praetor::model {

namespace {

class cursor {
public:
  explicit cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    skip_blanks();
    if (!text_.starts_with(c))
      return false;
    text_.remove_prefix(1);
    return true;
  }
  char peek() {
    skip_blanks();
    return text_.empty() ? '\0' : text_[0];
  }

  // The text of the next value, whatever it is; nested ones are counted
  // through, so that depth costs no stack.
  std::string_view value() {
    skip_blanks();
    auto start = text_;
    std::size_t depth = 0;
    while (!text_.empty()) {
      char c = text_[0];
      bool closes = c == ']' || c == '}';
      if (depth == 0 && (closes || c == ',' || c == ':'))
        break;
      if (c == '"') {
        skip_string();
      } else {
        depth += c == '[' || c == '{' ? 1 : 0;
        depth -= closes ? 1 : 0;
        text_.remove_prefix(1);
      }
    }
    PRAETOR_ASSERT(text_.size() <= start.size());
    return start.substr(0, start.size() - text_.size());
  }

private:
  void skip_blanks() {
    auto blanks = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(std::min(blanks, text_.size()));
  }
  void skip_string() {
    text_.remove_prefix(1);
    while (!text_.empty() && text_[0] != '"')
      text_.remove_prefix(
          std::min<std::size_t>(text_[0] == '\\' ? 2 : 1, text_.size()));
    text_.remove_prefix(text_.empty() ? 0 : 1);
  }

  std::string_view text_;
};

char32_t hex_of(std::string_view text) {
  return static_cast<char32_t>(
      std::strtoul(std::string(text.substr(0, 4)).c_str(), nullptr, 16));
}

// The rune of one or two \u escapes; `text` is behind the first "\u".
char32_t take_escaped_rune(std::string_view& text) {
  auto rune = hex_of(text);
  text.remove_prefix(std::min<std::size_t>(4, text.size()));
  bool high = rune >= 0xD800 && rune < 0xDC00;
  if (high && text.size() >= 6 && text.starts_with("\\u")) {
    auto low = hex_of(text.substr(2));
    if (low >= 0xDC00 && low < 0xE000) {
      text.remove_prefix(6);
      return 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return rune;
}

std::string scalar_text(std::string_view value) {
  auto end = value.find_last_not_of(" \t\r\n");
  value = value.substr(0, end == value.npos ? 0 : end + 1);
  if (value.size() < 2 || value.front() != '"' || value.back() != '"')
    return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string out;
  while (!value.empty()) {
    char c = value[0];
    value.remove_prefix(1);
    if (c != '\\' || value.empty()) {
      out.push_back(c);
      continue;
    }
    char kind = value[0];
    value.remove_prefix(1);
    constexpr std::string_view letters = "bfnrt";
    constexpr std::string_view meanings = "\b\f\n\r\t";
    auto at = letters.find(kind);
    if (kind == 'u')
      append_rune(out, take_escaped_rune(value));
    else
      out.push_back(at == letters.npos ? kind : meanings[at]);
  }
  return out;
}

// Calls `visit` for each item of an array, until it is content.
bool any_item(std::string_view array,
              const std::function<bool(std::string_view)>& visit) {
  cursor at(array);
  if (!at.take('['))
    return false;
  while (!at.at_end() && at.peek() != ']') {
    if (visit(at.value()))
      return true;
    if (!at.take(','))
      break;
  }
  return false;
}

std::optional<std::string_view> member(std::string_view object,
                                       std::string_view name) {
  cursor at(object);
  if (!at.take('{'))
    return std::nullopt;
  while (!at.at_end() && at.peek() != '}') {
    auto key = scalar_text(at.value());
    if (!at.take(':'))
      break;
    auto value = at.value();
    if (equal_folded(key, name))
      return value;
    if (!at.take(','))
      break;
  }
  return std::nullopt;
}

} // namespace

bool json_any(std::string_view json, const std::vector<std::string_view>& path,
              const std::string& absent, const json_judge& judge) {
  auto value = json;
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (cursor(value).peek() == '[') {
      std::vector<std::string_view> rest(path.begin() + static_cast<long>(i),
                                         path.end());
      // Lists of lists do not occur; not following them bounds the stack.
      return any_item(value, [&](std::string_view item) {
        return cursor(item).peek() != '[' &&
               json_any(item, rest, absent, judge);
      });
    }
    if (i == path.size())
      break;
    auto inner = member(value, path[i]);
    if (!inner)
      return judge(absent);
    value = *inner;
  }
  return judge(scalar_text(value));
}

std::size_t json_count(std::string_view json,
                       const std::vector<std::string_view>& path) {
  for (auto name : path) {
    auto inner = member(json, name);
    if (!inner)
      return 0;
    json = *inner;
  }
  std::size_t count = 0;
  (void)any_item(json, [&](std::string_view) {
    ++count;
    return false;
  });
  return count;
}

} // namespace praetor::model
