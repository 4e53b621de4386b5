#include "http/json_write.hpp"

#include <array>
#include <cmath>
#include <cstring>

namespace praetor::http {
namespace {

constexpr std::size_t indent_width = 4; // blanks a level, as Consul prints

// The range of magnitudes that Go prints without an exponent.
constexpr double plain_min = 1e-6;
constexpr double plain_end = 1e21;

// From here on a double has no fraction, and fewer digits tell it from its
// neighbours than its value has.
constexpr double exact_end = 9007199254740992.0; // two to the 53rd

// Bytes that are copied as they are. Those from 0x80 on need a look at their
// sequence; `<`, `>` and `&` are escaped so that HTML may embed the text.
constexpr auto plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    plain[c] = true;
  for (unsigned char c : {'"', '\\', '<', '>', '&'})
    plain[c] = false;
  return plain;
}();

constexpr char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Two digits for every twelve bits: half as many look-ups.
constexpr auto base64_pairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {base64_digits[i >> 6], base64_digits[i & 63]};
  return pairs;
}();

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// The length of the UTF-8 sequence at `at` (RFC 3629), or 0 if it is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  auto lead = byte_at(text, at);
  std::size_t length = lead < 0xC2   ? 0
                       : lead < 0xE0 ? 2
                       : lead < 0xF0 ? 3
                       : lead < 0xF5 ? 4
                                     : 0;
  if (length == 0 || text.size() - at < length)
    return 0;
  auto low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  auto high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  auto second = byte_at(text, at + 1);
  if (second < low || second > high)
    return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte_at(text, at + i) & 0xC0) != 0x80)
      return 0;
  return length;
}

void append_escape(std::string& out, unsigned char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
  case '"':
    out.append("\\\"", 2);
    return;
  case '\\':
    out.append("\\\\", 2);
    return;
  case '\n':
    out.append("\\n", 2);
    return;
  case '\r':
    out.append("\\r", 2);
    return;
  case '\t':
    out.append("\\t", 2);
    return;
  default:
    out.append("\\u00", 4);
    out.push_back(hex[c >> 4]);
    out.push_back(hex[c & 15]);
  }
}

// Copies or replaces the sequence at `at`; returns where the next one starts.
std::size_t append_sequence(std::string& out, std::string_view text,
                            std::size_t at) {
  auto length = sequence_length(text, at);
  if (length == 0) {
    out.append("\\ufffd", 6);
    return at + 1;
  }
  auto sequence = text.substr(at, length);
  // Line and paragraph separators end a line in JavaScript but not in JSON.
  if (sequence == "\xE2\x80\xA8")
    out.append("\\u2028", 6);
  else if (sequence == "\xE2\x80\xA9")
    out.append("\\u2029", 6);
  else
    out.append(sequence);
  return at + length;
}

// The end of the string that starts at `at`, just past its closing quote.
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\')
      ++at;
    else if (json[at] == '"')
      return at + 1;
  }
  return json.size();
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

} // namespace

void json_writer::new_line() {
  out_.push_back('\n');
  out_.append(depth_ * indent_width, ' ');
}

void json_writer::quote(std::string_view text) {
  out_.push_back('"');
  std::size_t done = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    auto c = byte_at(text, at);
    if (plain_bytes[c]) [[likely]] {
      ++at;
      continue;
    }
    out_.append(text.data() + done, at - done);
    if (c < 0x80) {
      append_escape(out_, c);
      ++at;
    } else {
      at = append_sequence(out_, text, at);
    }
    done = at;
  }
  out_.append(text.data() + done, at - done);
  out_.push_back('"');
}

void json_writer::number(double value) {
  if (!std::isfinite(value)) { // JSON has no word for it
    null();
    return;
  }
  before_value();
  auto magnitude = std::fabs(value);
  bool plain =
      magnitude == 0 || (magnitude >= plain_min && magnitude < plain_end);
  bool exact = plain && magnitude < exact_end;
  char digits[64]; // at most 21 before the point and 22 after it
  auto format =
      exact ? std::chars_format::fixed : std::chars_format::scientific;
  auto done = std::to_chars(digits, digits + sizeof digits, value, format);
  PRAETOR_ASSERT(done.ec == std::errc());
  std::string_view text(digits, static_cast<std::size_t>(done.ptr - digits));
  if (exact) {
    out_.append(text);
    return;
  }
  auto mark = text.find('e');
  PRAETOR_ASSERT(mark != text.npos && text.size() >= mark + 4);
  if (!plain) { // "e-09" is written "e-9"
    auto exponent = text.substr(mark + 2);
    out_.append(text.substr(0, mark + 2));
    out_.append(exponent.substr(exponent[0] == '0' ? 1 : 0));
    return;
  }
  // The shortest digits, and zeros up to the point.
  auto places = static_cast<std::size_t>((text[mark + 2] - '0') * 10 +
                                         (text[mark + 3] - '0'));
  auto start = out_.size();
  for (char c : text.substr(0, mark))
    if (c != '.')
      out_.push_back(c);
  auto written = out_.size() - start - (value < 0 ? 1 : 0);
  if (written < places + 1)
    out_.append(places + 1 - written, '0');
}

void json_writer::base64(std::string_view bytes) {
  before_value();
  auto start = out_.size();
  out_.resize(start + (bytes.size() + 2) / 3 * 4 + 2);
  auto* to = out_.data() + start;
  *to++ = '"';
  auto* from = reinterpret_cast<const unsigned char*>(bytes.data());
  auto left = bytes.size();
  for (; left >= 3; left -= 3, from += 3, to += 4) {
    auto bits = static_cast<unsigned>(from[0]) << 16 |
                static_cast<unsigned>(from[1]) << 8 | from[2];
    std::memcpy(to, base64_pairs[bits >> 12].data(), 2);
    std::memcpy(to + 2, base64_pairs[bits & 4095].data(), 2);
  }
  if (left > 0) {
    auto bits = static_cast<unsigned>(from[0]) << 16 |
                (left == 2 ? static_cast<unsigned>(from[1]) << 8 : 0u);
    std::memcpy(to, base64_pairs[bits >> 12].data(), 2);
    to[2] = left == 2 ? base64_digits[bits >> 6 & 63] : '=';
    to[3] = '=';
    to += 4;
  }
  *to = '"';
}

void json_writer::raw(std::string_view json) {
  before_value();
  if (!pretty_) {
    out_.append(json);
    return;
  }
  auto outer_depth = depth_;
  auto skip_blanks = [&](std::size_t at) {
    while (at < json.size() && is_blank(json[at]))
      ++at;
    return at;
  };
  for (auto at = skip_blanks(0); at < json.size(); at = skip_blanks(at)) {
    auto c = json[at];
    if (c == '"') {
      auto end = string_end(json, at);
      out_.append(json.substr(at, end - at));
      at = end;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      out_.push_back(c);
      ++depth_;
      auto next = skip_blanks(at);
      if (next < json.size() && json[next] != '}' && json[next] != ']') {
        new_line();
        continue;
      }
      if (next < json.size())
        out_.push_back(json[next]);
      --depth_;
      at = next + 1;
    } else if (c == '}' || c == ']') {
      depth_ -= depth_ > outer_depth ? 1 : 0;
      new_line();
      out_.push_back(c);
    } else if (c == ',') {
      out_.push_back(c);
      new_line();
    } else if (c == ':') {
      out_.append(": ", 2);
    } else {
      out_.push_back(c);
    }
  }
  depth_ = outer_depth;
}

} // namespace praetor::http
