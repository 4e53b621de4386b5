#include "http/uri.hpp"

#include <cstdint>
#include <iterator>

namespace praetor::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_unreserved(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

bool decode(std::string_view text, bool plus_is_space, std::string& out) {
  if (text.find('%') == std::string_view::npos &&
      (!plus_is_space || text.find('+') == std::string_view::npos)) {
    out.assign(text);
    return true;
  }
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (text.size() - i < 3)
        return false;
      auto high = hex_value(text[i + 1]);
      auto low = hex_value(text[i + 2]);
      if (high < 0 || low < 0)
        return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return true;
}

void append_escaped(std::string& out, char c) {
  constexpr char digits[] = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

/// The length of "scheme://" at the start of the target, or 0.
std::size_t scheme_length(std::string_view target) {
  auto end = target.find("://");
  if (end == std::string_view::npos || end == 0 || !is_letter(target[0]))
    return 0;
  for (auto c : target.substr(0, end))
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' &&
        c != '.')
      return 0;
  return end + 3;
}

struct range {
  std::uint32_t first;
  std::uint32_t last;
};

// General categories Cc, Cf, Cs, Co, Zs (but for U+0020), Zl and Zp, and the
// planes without characters. Single unassigned characters inside the scripts
// are taken for printable: they change with each edition of Unicode.
constexpr range unprintable[] = {
    {0x0000, 0x001F},    {0x007F, 0x00A0},   {0x00AD, 0x00AD},
    {0x0600, 0x0605},    {0x061C, 0x061C},   {0x06DD, 0x06DD},
    {0x070F, 0x070F},    {0x08E2, 0x08E2},   {0x1680, 0x1680},
    {0x180E, 0x180E},    {0x2000, 0x200F},   {0x2028, 0x202F},
    {0x205F, 0x206F},    {0x3000, 0x3000},   {0xD800, 0xF8FF},
    {0xFDD0, 0xFDEF},    {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},
    {0xFFFE, 0xFFFF},    {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x13438},  {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
    {0x1FFFE, 0x1FFFF},  {0x2FFFE, 0x2FFFF}, {0x3FFFE, 0xE00FF},
    {0xE01F0, 0x10FFFF},
};

bool is_unprintable(std::uint32_t character) {
  std::size_t low = 0;
  std::size_t high = std::size(unprintable);
  while (low < high) {
    auto middle = (low + high) / 2;
    if (unprintable[middle].last < character)
      low = middle + 1;
    else
      high = middle;
  }
  return low < std::size(unprintable) && unprintable[low].first <= character;
}

struct decoded {
  std::uint32_t character;
  std::size_t size;
};

/// The character at the start of the text, which is not empty.
decoded decode_utf8(std::string_view text) {
  constexpr decoded broken{0xFFFD, 1};
  auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80)
    return {first, 1};
  std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size)
    return broken;
  std::uint32_t character = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80)
      return broken;
    character = (character << 6) | (next & 0x3Fu);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < smallest[size] || character > 0x10FFFF || surrogate)
    return broken;
  return {character, size};
}

} // namespace

std::optional<target_parts> split_target(std::string_view target) {
  if (target == "*")
    return target_parts{target, {}};
  if (target.empty())
    return std::nullopt;
  if (target[0] != '/') {
    auto skip = scheme_length(target);
    if (skip == 0)
      return std::nullopt;
    target.remove_prefix(skip);
    auto end = target.find_first_of("/?");
    if (end == 0) // no host
      return std::nullopt;
    target.remove_prefix(end == std::string_view::npos ? target.size() : end);
  }
  auto mark = target.find('?');
  target_parts parts{target.substr(0, mark), {}};
  if (mark != std::string_view::npos)
    parts.query = target.substr(mark + 1);
  if (parts.path.empty())
    parts.path = "/";
  return parts;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  if (!decode(text, false, out))
    return std::nullopt;
  return out;
}

std::string encode_path(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (auto c : path) {
    if (is_unreserved(c) ||
        std::string_view("$&+,/:;=@").find(c) != std::string_view::npos)
      out.push_back(c);
    else
      append_escaped(out, c);
  }
  return out;
}

std::string encode_query(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (auto c : text) {
    if (is_unreserved(c))
      out.push_back(c);
    else if (c == ' ')
      out.push_back('+');
    else
      append_escaped(out, c);
  }
  return out;
}

bool parse_query(std::string_view text, query_pairs& out) {
  bool well_formed = true;
  while (!text.empty()) {
    auto end = text.find_first_of("&;");
    auto pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty())
      continue;
    if (out.size() >= query_pairs_max)
      return false;
    auto equals = pair.find('=');
    std::string key;
    std::string value;
    bool good = decode(pair.substr(0, equals), true, key);
    if (good && equals != std::string_view::npos)
      good = decode(pair.substr(equals + 1), true, value);
    if (good)
      out.emplace_back(std::move(key), std::move(value));
    else
      well_formed = false;
  }
  return well_formed;
}

std::string clean_path(std::string_view path) {
  std::string out;
  out.reserve(path.size() + 1);
  auto rest = path;
  while (!rest.empty()) {
    auto slash = rest.find('/');
    auto part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size()
                                                       : slash + 1);
    if (part.empty() || part == ".")
      continue;
    if (part == "..") {
      // ".." at the root stays at the root.
      auto parent = out.rfind('/');
      out.resize(parent == std::string::npos ? 0 : parent);
      continue;
    }
    out.push_back('/');
    out.append(part);
  }
  // Only a path that ended in a slash keeps one: "/a/.." becomes "/", but
  // "/a/b/.." becomes "/a".
  if (out.empty() || path.back() == '/')
    out.push_back('/');
  return out;
}

bool has_unprintable(std::string_view path) {
  while (!path.empty()) {
    if (path[0] >= ' ' && path[0] <= '~') [[likely]] {
      path.remove_prefix(1);
      continue;
    }
    auto [character, size] = decode_utf8(path);
    if (is_unprintable(character))
      return true;
    path.remove_prefix(size);
  }
  return false;
}

method method_named(std::string_view text) {
  constexpr std::pair<std::string_view, method> known[] = {
      {"GET", method::get},     {"PUT", method::put},
      {"POST", method::post},   {"DELETE", method::delete_},
      {"HEAD", method::head},   {"OPTIONS", method::options},
      {"PATCH", method::patch},
  };
  for (auto& [name, one] : known)
    if (name == text)
      return one;
  return method::other;
}

bool read_target(request& head) {
  auto parts = split_target(head.target);
  if (!parts || (parts->path == "*" && head.verb != method::options))
    return false;
  auto path = percent_decode(parts->path);
  if (!path)
    return false;
  head.path = std::move(*path);
  head.raw_path = parts->path;
  head.raw_query = parts->query;
  head.query_malformed = !parse_query(parts->query, head.query);
  return true;
}

} // namespace praetor::http
