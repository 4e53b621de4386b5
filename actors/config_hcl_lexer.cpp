#include "actors/config_hcl_lexer.hpp"

#include <algorithm>
#include <vector>

namespace praetor::actors {

namespace {

bool is_letter(char c) {
  // Bytes above 127 belong to letters of other alphabets.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_utf8(std::string& out, unsigned code) {
  auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// The lines without the indentation of the closing mark, if all have it.
std::string unindent(const std::vector<std::string_view>& lines,
                     std::string_view indent) {
  bool all_have_it =
      std::all_of(lines.begin(), lines.end(), [&](std::string_view line) {
        return line.starts_with(indent);
      });
  std::string out;
  for (auto line : lines) {
    if (all_have_it)
      line.remove_prefix(indent.size());
    out.append(line);
    out.push_back('\n');
  }
  return out;
}

} // namespace

const char* name_of(hcl_token::kind_type kind) {
  switch (kind) {
  case hcl_token::end:
    return "EOF";
  case hcl_token::identifier:
    return "IDENT";
  case hcl_token::text:
    return "STRING";
  case hcl_token::heredoc:
    return "HEREDOC";
  case hcl_token::number:
    return "NUMBER";
  case hcl_token::boolean:
    return "BOOL";
  case hcl_token::assign:
    return "ASSIGN";
  case hcl_token::comma:
    return "COMMA";
  case hcl_token::left_brace:
    return "LBRACE";
  case hcl_token::right_brace:
    return "RBRACE";
  case hcl_token::left_bracket:
    return "LBRACK";
  case hcl_token::right_bracket:
    return "RBRACK";
  case hcl_token::minus:
    return "SUB";
  }
  return "ILLEGAL";
}

void hcl_lexer::advance(std::size_t count) {
  for (; count > 0 && !at_end(); --count) {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    ++at_;
  }
}

std::string hcl_lexer::place() const {
  return std::to_string(line_) + ":" + std::to_string(column_);
}

error hcl_lexer::complain(const std::string& text) const {
  return fail(errc::bad_input, "At " + place() + ": " + text);
}

status hcl_lexer::skip_block_comment() {
  auto close = text_.find("*/", at_ + 2);
  if (close == text_.npos) {
    advance(text_.size() - at_);
    return complain("comment not terminated");
  }
  advance(close + 2 - at_);
  return {};
}

status hcl_lexer::skip_blanks() {
  while (!at_end()) {
    char c = peek();
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      advance();
    } else if (c == '#' || (c == '/' && peek(1) == '/')) {
      advance(std::min(text_.find('\n', at_), text_.size()) - at_);
    } else if (c == '/' && peek(1) == '*') {
      if (auto done = skip_block_comment(); !done)
        return done;
    } else if (c == '/') {
      return complain("expected '/' for comment");
    } else {
      return {};
    }
  }
  return {};
}

result<hcl_token> hcl_lexer::next() {
  // A mark of byte order may open a file from elsewhere.
  if (at_ == 0 && text_.starts_with("\xEF\xBB\xBF"))
    at_ = 3;
  if (auto done = skip_blanks(); !done)
    return done.failure();
  hcl_token token;
  token.place = place();
  if (at_end())
    return token;
  char c = peek();
  if (c == '"')
    return quoted(std::move(token));
  if (c == '<')
    return indented(std::move(token));
  if (is_letter(c))
    return word(std::move(token));
  if (is_digit(c) || (c == '-' && is_digit(peek(1))) ||
      (c == '.' && is_digit(peek(1))))
    return number(std::move(token));
  return symbol(std::move(token));
}

result<hcl_token> hcl_lexer::symbol(hcl_token token) {
  constexpr std::string_view symbols = "=,{}[]-";
  constexpr hcl_token::kind_type kinds[] = {
      hcl_token::assign,      hcl_token::comma,        hcl_token::left_brace,
      hcl_token::right_brace, hcl_token::left_bracket, hcl_token::right_bracket,
      hcl_token::minus};
  auto found = symbols.find(peek());
  if (found == symbols.npos)
    return complain("illegal char");
  token.kind = kinds[found];
  token.value = peek();
  advance();
  return token;
}

hcl_token hcl_lexer::word(hcl_token token) {
  auto start = at_;
  while (is_letter(peek()) || is_digit(peek()) || peek() == '-' ||
         peek() == '.')
    advance();
  token.value = text_.substr(start, at_ - start);
  token.kind = token.value == "true" || token.value == "false"
                   ? hcl_token::boolean
                   : hcl_token::identifier;
  return token;
}

hcl_token hcl_lexer::number(hcl_token token) {
  auto start = at_;
  advance(); // a sign, a dot or a digit
  while (is_digit(peek()) || is_letter(peek()) || peek() == '.' ||
         ((peek() == '-' || peek() == '+') &&
          (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E')))
    advance();
  token.value = text_.substr(start, at_ - start);
  token.kind = hcl_token::number;
  return token;
}

status hcl_lexer::escape(std::string& out) {
  constexpr std::string_view letters = "abfnrtv\\\"";
  constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\\"";
  char c = peek(1);
  if (auto i = letters.find(c); i != letters.npos && c != '\0') {
    out.push_back(meanings[i]);
    advance(2);
    return {};
  }
  std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  std::size_t start = 2;
  unsigned base = 16;
  if (c >= '0' && c <= '7') {
    digits = 3;
    start = 1;
    base = 8;
  }
  unsigned code = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    int value = hex_value(peek(start + i));
    if (value < 0 || value >= static_cast<int>(base))
      return complain("illegal char escape");
    code = code * base + static_cast<unsigned>(value);
  }
  // Up to three digits name a byte, more name a character.
  bool is_byte = digits <= 3;
  if (digits == 0 || code > (is_byte ? 0xFF : 0x10FFFF))
    return complain("illegal char escape");
  if (is_byte)
    out.push_back(static_cast<char>(code));
  else
    append_utf8(out, code);
  advance(start + digits);
  return {};
}

/// "${...}" is left to whoever reads the text; quotes inside do not end it.
status hcl_lexer::interpolation(std::string& out) {
  int depth = 0;
  while (!at_end()) {
    char c = peek();
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    out.push_back(c);
    advance();
    if (c == '}' && depth == 0)
      return {};
  }
  return complain("literal not terminated");
}

result<hcl_token> hcl_lexer::quoted(hcl_token token) {
  token.kind = hcl_token::text;
  advance();
  while (!at_end()) {
    char c = peek();
    if (c == '"') {
      advance();
      return token;
    }
    status done;
    if (c == '\n') {
      return complain("literal not terminated");
    } else if (c == '\\') {
      done = escape(token.value);
    } else if (c == '$' && peek(1) == '{') {
      done = interpolation(token.value);
    } else {
      token.value.push_back(c);
      advance();
    }
    if (!done)
      return done.failure();
  }
  return complain("literal not terminated");
}

result<hcl_token> hcl_lexer::indented(hcl_token token) {
  token.kind = hcl_token::heredoc;
  if (peek(1) != '<')
    return complain("heredoc expected second '<', didn't see it");
  advance(2);
  bool is_indented = peek() == '-';
  if (is_indented)
    advance();
  auto line_end = std::min(text_.find('\n', at_), text_.size());
  auto mark = text_.substr(at_, line_end - at_);
  if (mark.ends_with('\r'))
    mark.remove_suffix(1);
  if (mark.empty() || !std::all_of(mark.begin(), mark.end(), [](char c) {
        return is_letter(c) || is_digit(c);
      }))
    return complain("invalid heredoc anchor");
  advance(line_end + 1 - at_);
  std::vector<std::string_view> lines;
  while (!at_end()) {
    line_end = std::min(text_.find('\n', at_), text_.size());
    auto line = text_.substr(at_, line_end - at_);
    auto indent = std::min(line.find_first_not_of(" \t"), line.size());
    auto rest = line.substr(indent);
    if (rest.ends_with('\r'))
      rest.remove_suffix(1);
    if (rest == mark) {
      advance(line.size());
      token.value = unindent(lines, is_indented ? line.substr(0, indent) : "");
      return token;
    }
    lines.push_back(line);
    advance(line.size() + 1);
  }
  return complain("heredoc not terminated");
}

} // namespace praetor::actors
