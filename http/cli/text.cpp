#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

/// Columns on a terminal: the characters, not the bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      }));
}

std::string padded(const std::string& text, std::size_t width) {
  auto have = width_of(text);
  return have < width ? text + std::string(width - have, ' ') : text;
}

std::vector<std::size_t> widths(const std::vector<row>& rows) {
  std::vector<std::size_t> out;
  for (const auto& r : rows)
    for (std::size_t i = 0; i < r.size(); ++i) {
      if (i == out.size())
        out.push_back(0);
      out[i] = std::max(out[i], width_of(r[i]));
    }
  return out;
}

void write_string(std::string& out, std::string_view text) {
  for (char c : json::serialize(json::string(text))) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
}

/// How a value is laid out: on one line, or indented by `step` per level.
struct writer {
  std::string out;
  std::string_view step;
  bool one_line = false;

  void new_line(std::size_t depth) {
    if (one_line)
      return;
    out += '\n';
    for (std::size_t i = 0; i < depth; ++i)
      out += step;
  }

  void write(const json::value& v, std::size_t depth) {
    if (v.is_string())
      return write_string(out, v.get_string());
    if (v.is_array() && !v.get_array().empty())
      return write_array(v.get_array(), depth);
    if (v.is_object() && !v.get_object().empty())
      return write_object(v.get_object(), depth);
    out += json::serialize(v);
  }

  void write_array(const json::array& items, std::size_t depth) {
    char mark = '[';
    for (const auto& item : items) {
      out += mark;
      new_line(depth + 1);
      write(item, depth + 1);
      mark = ',';
    }
    new_line(depth);
    out += ']';
  }

  void write_object(const json::object& members, std::size_t depth) {
    char mark = '{';
    for (const auto& member : members) {
      out += mark;
      new_line(depth + 1);
      write_string(out, member.key());
      out += one_line ? ":" : ": ";
      write(member.value(), depth + 1);
      mark = ',';
    }
    new_line(depth);
    out += '}';
  }
};

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

error illegal_base64(std::size_t at) {
  return fail(errc::bad_input,
              "illegal base64 data at input byte " + std::to_string(at));
}

std::string pattern_reason(std::regex_constants::error_type code,
                           const std::string& pattern) {
  using namespace std::regex_constants;
  if (code == error_paren)
    return std::count(pattern.begin(), pattern.end(), '(') >
                   std::count(pattern.begin(), pattern.end(), ')')
               ? "missing closing ): `" + pattern + "`"
               : "unexpected ): `" + pattern + "`";
  if (code == error_brack)
    return "missing closing ]: `" + pattern + "`";
  if (code == error_badrepeat)
    return "missing argument to repetition operator: `" + pattern + "`";
  return "invalid pattern: `" + pattern + "`";
}

} // namespace

std::string columns(const std::vector<row>& rows) {
  auto wide = widths(rows);
  std::string out;
  for (const auto& r : rows) {
    std::string line;
    for (std::size_t i = 0; i < r.size(); ++i)
      line += i + 1 < r.size() ? padded(r[i], wide[i]) + "  " : r[i];
    out += (out.empty() ? "" : "\n") + line;
  }
  return out;
}

std::string tabbed(const std::vector<row>& rows, std::size_t gap) {
  auto wide = widths(rows);
  std::string out;
  for (const auto& r : rows) {
    for (std::size_t i = 0; i < r.size(); ++i)
      out += i + 1 < r.size() ? padded(r[i], wide[i] + gap) : r[i];
    out += '\n';
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    auto part = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 |
             (i < part.size() ? static_cast<unsigned char>(part[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      out += i <= part.size() ? base64_digits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

result<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '\n' || c == '\r')
      continue;
    auto digit = base64_digits.find(c);
    if (c == '=' && digits % 4 + padding >= 2 && padding < 2) {
      ++padding;
      continue;
    }
    if (digit == std::string_view::npos || padding != 0)
      return illegal_base64(at);
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (++digits % 4 != 1)
      out += static_cast<char>(bits >> (8 - digits % 4 * 2) % 8 & 0xFF);
  }
  if ((digits + padding) % 4 != 0)
    return illegal_base64(text.size());
  return out;
}

std::string indented(const json::value& value, std::string_view indent) {
  writer w{{}, indent, false};
  w.write(value, 0);
  return std::move(w.out);
}

std::string compact(const json::value& value) {
  writer w{{}, {}, true};
  w.write(value, 0);
  return std::move(w.out);
}

result<json::value> parse_json(std::string_view text) {
  json::error_code problem;
  auto value =
      json::parse(json::string_view(text.data(), text.size()), problem);
  if (problem == json::error::incomplete)
    return fail(errc::bad_input, "unexpected end of JSON input");
  if (problem)
    return fail(errc::bad_input, "invalid JSON: " + problem.message());
  return value;
}

const json::value& member_of(const json::value& object, std::string_view name) {
  static const json::value absent;
  if (!object.is_object())
    return absent;
  const auto* found = object.get_object().if_contains(
      json::string_view(name.data(), name.size()));
  return found != nullptr ? *found : absent;
}

std::string text_of(const json::value& object, std::string_view name) {
  const auto& v = member_of(object, name);
  return v.is_string() ? std::string(v.get_string()) : std::string();
}

std::uint64_t number_of(const json::value& object, std::string_view name) {
  const auto& v = member_of(object, name);
  if (v.is_uint64())
    return v.get_uint64();
  return v.is_int64() ? static_cast<std::uint64_t>(v.get_int64()) : 0;
}

std::vector<json::value> items_of(const json::value& value) {
  if (!value.is_array())
    return {};
  return {value.get_array().begin(), value.get_array().end()};
}

result<std::regex> parse_pattern(const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error& problem) {
    return fail(errc::bad_input, "error parsing regexp: " +
                                     pattern_reason(problem.code(), pattern));
  }
}

} // namespace praetor::http::cli
