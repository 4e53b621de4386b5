// From text to values. Boost.JSON builds the values; the grammar is checked
// here first, because the errors have to name the offending byte as Go does,
// because whatever follows the first value is ignored, and because Go reads
// some text that Boost.JSON refuses.

#include "http/json_read.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <charconv>

namespace praetor::http {
namespace {

namespace bj = boost::json;

// A byte as Go quotes it in an error.
std::string quoted(unsigned char c) {
  constexpr char hex[] = "0123456789abcdef";
  constexpr std::string_view named = "\a\b\f\n\r\t\v";
  constexpr std::string_view names = "abfnrtv";
  if (c == '\'' || c == '\\')
    return std::string("'\\") + char(c) + "'";
  if (auto at = named.find(char(c)); at != named.npos)
    return std::string("'\\") + names[at] + "'";
  if (c >= 0x20 && c < 0x7F)
    return std::string("'") + char(c) + "'";
  if (c < 0x80)
    return std::string("'\\x") + hex[c >> 4] + hex[c & 15] + "'";
  if (c <= 0xA0 || c == 0xAD) // no glyph
    return std::string("'\\u00") + hex[c >> 4] + hex[c & 15] + "'";
  return std::string("'") + char(0xC0 | c >> 6) + char(0x80 | (c & 0x3F)) + "'";
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
int hex_digit(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Walks over one value without recursion. Afterwards `at()` is its end.
class syntax_check {
public:
  explicit syntax_check(std::string_view text) : text_(text) {}

  status run() {
    skip_blanks();
    if (done())
      return fail(errc::bad_input, "EOF");
    auto ok = begin_value();
    while (ok && !open_.empty())
      ok = open_.back() == '{' ? in_object() : in_array();
    return ok;
  }
  std::size_t at() const { return at_; }

private:
  bool done() const { return at_ >= text_.size(); }
  char here() const { return text_[at_]; }
  void skip_blanks() {
    while (!done() && is_blank(here()))
      ++at_;
  }
  status wrong(std::string_view context) const {
    if (done())
      return fail(errc::bad_input, "unexpected EOF");
    return fail(errc::bad_input,
                "invalid character " +
                    quoted(static_cast<unsigned char>(here())) + " " +
                    std::string(context));
  }

  // Reads a scalar, or opens a container.
  status begin_value() {
    skip_blanks();
    if (done())
      return wrong("");
    switch (auto c = here()) {
    case '{':
    case '[':
      if (open_.size() >= json_depth_max)
        return wrong("exceeded max depth");
      open_.push_back(c);
      fresh_ = true;
      ++at_;
      return {};
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return c == '-' || is_digit(c) ? number()
                                     : wrong("looking for beginning of value");
    }
  }

  // One step in an object: a key with its value, or the end.
  status in_object() {
    skip_blanks();
    if (!done() && here() == '}' && !after_comma_)
      return close();
    if (!fresh_ && !after_comma_)
      return comma("after object key:value pair");
    if (done() || here() != '"')
      return wrong("looking for beginning of object key string");
    fresh_ = after_comma_ = false;
    if (auto ok = string(); !ok)
      return ok;
    skip_blanks();
    if (done() || here() != ':')
      return wrong("after object key");
    ++at_;
    return begin_value();
  }

  // One step in an array: an element, or the end.
  status in_array() {
    skip_blanks();
    if (!done() && here() == ']' && !after_comma_)
      return close();
    if (!fresh_ && !after_comma_)
      return comma("after array element");
    fresh_ = after_comma_ = false;
    return begin_value();
  }

  status close() {
    open_.pop_back();
    fresh_ = false;
    ++at_;
    return {};
  }

  status comma(std::string_view context) {
    if (done() || here() != ',')
      return wrong(context);
    after_comma_ = true;
    ++at_;
    return {};
  }

  status string() {
    for (++at_; !done(); ++at_) {
      auto c = here();
      if (c == '"') {
        ++at_;
        return {};
      }
      if (static_cast<unsigned char>(c) < 0x20)
        return wrong("in string literal");
      if (c == '\\')
        if (auto ok = escape(); !ok)
          return ok;
    }
    return wrong("");
  }

  // Leaves `at_` on the last byte of the escape.
  status escape() {
    ++at_;
    if (done() ||
        std::string_view("\"\\/bfnrtu").find(here()) == std::string_view::npos)
      return wrong("in string escape code");
    if (here() != 'u')
      return {};
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (done() || hex_digit(here()) < 0)
        return wrong("in \\u hexadecimal character escape");
    }
    return {};
  }

  status literal(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_)
      if (done() || here() != word[i])
        return wrong("in literal " + std::string(word) + " (expecting '" +
                     word[i] + "')");
    return {};
  }

  status number() {
    at_ += here() == '-' ? 1 : 0;
    if (done() || !is_digit(here()))
      return wrong("in numeric literal");
    if (here() == '0')
      ++at_;
    else
      digits();
    if (!done() && here() == '.') {
      ++at_;
      if (!digits())
        return wrong("after decimal point in numeric literal");
    }
    if (!done() && (here() == 'e' || here() == 'E')) {
      ++at_;
      at_ += !done() && (here() == '+' || here() == '-') ? 1 : 0;
      if (!digits())
        return wrong("in exponent of numeric literal");
    }
    return {};
  }

  bool digits() {
    auto start = at_;
    while (!done() && is_digit(here()))
      ++at_;
    return at_ > start;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_; // the brackets of the containers that we are in
  bool fresh_ = false;
  bool after_comma_ = false;
};

// The code unit of the "\uXXXX" at `at`, or -1 if there is none.
int code_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
    return -1;
  int unit = 0;
  for (std::size_t i = 2; i < 6; ++i)
    unit = unit * 16 + hex_digit(text[at + i]);
  return unit;
}

bool is_leading(int unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_trailing(int unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

// Replaces surrogates that have no partner; the grammar has been checked.
std::string pair_surrogates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out.push_back(text[at++]);
      continue;
    }
    auto unit = code_unit(text, at);
    std::size_t length = unit < 0 ? 2 : 6;
    if (is_leading(unit) && is_trailing(code_unit(text, at + 6)))
      length = 12;
    if (length == 6 && (is_leading(unit) || is_trailing(unit)))
      out.append(replacement);
    else
      out.append(text.substr(at, length));
    at += length;
  }
  return out;
}

// Replaces what is not UTF-8, byte by byte, by way of the writer, which does
// just that; its escapes are those of JSON, so that none may pass it twice.
std::string mend_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out.push_back(text[at++]);
      continue;
    }
    auto end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80)
      ++end;
    std::string quoted_run;
    json_writer(quoted_run).string(text.substr(at, end - at));
    out.append(quoted_run, 1, quoted_run.size() - 2);
    at = end;
  }
  return out;
}

// Builds the values. Boost.JSON's own conversion of decimal fractions is off
// by a bit at times; clients compare what they get back with what they sent,
// so that numbers are converted again from their text.
struct value_builder {
  static constexpr std::size_t max_object_size = json_bytes_max;
  static constexpr std::size_t max_array_size = json_bytes_max;
  static constexpr std::size_t max_key_size = json_bytes_max;
  static constexpr std::size_t max_string_size = json_bytes_max;
  using text = bj::string_view;
  using failure = bj::error_code;

  bj::value_stack stack;

  bool on_document_begin(failure&) {
    stack.reset();
    return true;
  }
  bool on_document_end(failure&) { return true; }
  bool on_object_begin(failure&) { return true; }
  bool on_object_end(std::size_t size, failure&) {
    stack.push_object(size);
    return true;
  }
  bool on_array_begin(failure&) { return true; }
  bool on_array_end(std::size_t size, failure&) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(text part, std::size_t, failure&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(text part, std::size_t, failure&) {
    stack.push_key(part);
    return true;
  }
  bool on_string_part(text part, std::size_t, failure&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(text part, std::size_t, failure&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(text, failure&) { return true; }
  bool on_int64(std::int64_t value, text digits, failure&) {
    if (digits == "-0") // no integer tells it from 0
      stack.push_double(-0.0);
    else
      stack.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, text, failure&) {
    stack.push_uint64(value);
    return true;
  }
  bool on_double(double rough, text digits, failure&) {
    double exact = rough;
    auto* end = digits.data() + digits.size();
    auto done = std::from_chars(digits.data(), end, exact);
    // Too large or too small: the rough value is infinite or zero.
    stack.push_double(done.ec == std::errc() && done.ptr == end ? exact
                                                                : rough);
    return true;
  }
  bool on_bool(bool value, failure&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(failure&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(text, failure&) { return true; }
  bool on_comment(text, failure&) { return true; }
};

bj::value build(std::string_view text, boost::system::error_code& failed) {
  bj::parse_options options;
  options.max_depth = json_depth_max + 1;
  bj::basic_parser<value_builder> parser(options);
  parser.write_some(false, text.data(), text.size(), failed);
  if (failed)
    return nullptr;
  return parser.handler().stack.release();
}

} // namespace

result<bj::value> parse_json(std::string_view text) {
  if (text.size() > json_bytes_max)
    return fail(errc::too_large, "JSON of " + std::to_string(text.size()) +
                                     " bytes is too large, max size: " +
                                     std::to_string(json_bytes_max) + " bytes");
  syntax_check check(text);
  if (auto ok = check.run(); !ok)
    return ok.failure();
  text = text.substr(0, check.at());
  boost::system::error_code failed;
  auto value = build(text, failed);
  if (!failed)
    return value;
  // The grammar is fine, so the trouble is in the characters.
  auto mended = mend_utf8(pair_surrogates(text));
  failed.clear();
  value = build(mended, failed);
  if (failed) // a number that no double holds
    return fail(errc::bad_input, "json: " + failed.message());
  return value;
}

} // namespace praetor::http
