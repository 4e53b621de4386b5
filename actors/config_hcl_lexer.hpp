#pragma once

// Words of HCL, version 1. Apart from the grammar because strings alone have
// three forms.

#include "protocol/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::actors {

struct hcl_token {
  enum kind_type {
    end,
    identifier,
    text,    // a string; `value` is without quotes and escapes
    heredoc, // the same
    number,
    boolean,
    assign,
    comma,
    left_brace,
    right_brace,
    left_bracket,
    right_bracket,
    minus,
  };
  kind_type kind = end;
  std::string value; // as written, except for strings
  std::string place; // "2:1": line and column of the first byte
};

/// What the grammar's errors call a kind.
const char* name_of(hcl_token::kind_type kind);

class hcl_lexer {
public:
  explicit hcl_lexer(std::string_view text) : text_(text) {}

  /// The next word. After the last one: `end`, for ever.
  result<hcl_token> next();

private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_end() const { return at_ >= text_.size(); }
  void advance(std::size_t count = 1);
  std::string place() const;
  error complain(const std::string& text) const;
  status skip_blanks();
  status skip_block_comment();
  result<hcl_token> symbol(hcl_token token);
  result<hcl_token> quoted(hcl_token token);
  result<hcl_token> indented(hcl_token token);
  status escape(std::string& out);
  status interpolation(std::string& out);
  hcl_token word(hcl_token token);
  hcl_token number(hcl_token token);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t column_ = 1;
};

} // namespace praetor::actors
