// A recursive parser without look-back over what it has accepted: its time
// grows with the text, times a constant. Clients see which tokens could have
// stood at the farthest place that was reached, so every token that is tried
// in vain is noted.

#include "protocol/model/filter_grammar.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/filter_text.hpp"

#include <algorithm>
#include <set>

namespace praetor::model {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_positive_digit(char c) {
  return is_digit(c) && c != '0';
}

constexpr const char* blank_label = "[ \\t\\r\\n]";
constexpr const char* end_label = "EOF";

class parser {
public:
  explicit parser(std::string_view text) : text_(text) {}

  result<filter_syntax> run() {
    skip_blanks();
    bool complete = either(0) && (skip_blanks(), at_end());
    if (too_deep_)
      return fail(errc::too_large, "the expression nests deeper than " +
                                       std::to_string(filter_nesting_max) +
                                       " levels");
    if (!errors_.empty())
      return fail(errc::bad_input, joined_errors());
    if (!complete)
      return fail(errc::bad_input, expectation());
    PRAETOR_ASSERT(!out_.steps.empty());
    return std::move(out_);
  }

private:
  using action = filter_step::action;

  // A place to come back to, with what was written up to it.
  struct mark {
    std::size_t at;
    std::size_t steps;
    std::size_t matches;
  };
  mark here() const { return {at_, out_.steps.size(), out_.matches.size()}; }
  bool back(const mark& to) {
    PRAETOR_ASSERT(to.steps <= out_.steps.size());
    at_ = to.at;
    out_.steps.resize(to.steps);
    out_.matches.resize(to.matches);
    return false;
  }

  // -- expressions ------------------------------------------------------------

  bool either(int depth) {
    return chain("or", action::either, depth, &parser::both);
  }
  bool both(int depth) {
    return chain("and", action::both, depth, &parser::negation);
  }

  bool chain(const char* word, action what, int depth,
             bool (parser::*operand)(int)) {
    if (!(this->*operand)(depth))
      return false;
    for (;;) {
      auto before = here();
      if (!(blanks() && literal(word) && blanks() && (this->*operand)(depth))) {
        back(before);
        return true;
      }
      out_.steps.push_back({what, 0});
    }
  }

  bool negation(int depth) {
    if (depth > filter_nesting_max)
      too_deep_ = true;
    if (too_deep_)
      return false;
    auto before = here();
    if (literal("not") && blanks() && negation(depth + 1)) {
      out_.steps.push_back({action::negate, 0});
      return true;
    }
    back(before);
    return group(depth);
  }

  bool group(int depth) {
    auto before = here();
    if (!literal("("))
      return comparison();
    skip_blanks();
    if (!either(depth + 1)) {
      back(before);
      // Noted for the sake of what could have stood at the bracket.
      return comparison();
    }
    skip_blanks();
    if (literal(")"))
      return true;
    note("grouping", "Unmatched parentheses", at_);
    return back(before);
  }

  // -- comparisons ------------------------------------------------------------

  bool comparison() {
    auto before = here();
    filter_match made;
    if ((selector(made.selector) && operator_and_value(made)) || back(before) ||
        value_in_selector(made)) {
      out_.steps.push_back({action::compare, out_.matches.size()});
      out_.matches.push_back(std::move(made));
      return true;
    }
    return back(before);
  }

  bool operator_and_value(filter_match& made) {
    using enum filter_operator;
    struct form {
      filter_operator what;
      std::vector<const char*> words;
    };
    static const std::vector<form> forms = {
        {is_in, {"contains"}},
        {not_in, {"not", "contains"}},
        {filter_operator::matches, {"matches"}},
        {not_matches, {"not", "matches"}},
    };
    auto before = here();
    for (auto symbol : {"==", "!="}) {
      back(before);
      skip_blanks();
      if (!literal(symbol))
        continue;
      skip_blanks();
      made.what = symbol[0] == '=' ? equal : not_equal;
      return value(made.value);
    }
    for (auto& one : forms) {
      back(before);
      if (!words(one.words) || !blanks())
        continue;
      made.what = one.what;
      return value(made.value);
    }
    for (auto what : {is_empty, is_not_empty}) {
      back(before);
      made.what = what;
      if (what == is_empty ? words({"is", "empty"})
                           : words({"is", "not", "empty"}))
        return true;
    }
    return back(before);
  }

  bool value_in_selector(filter_match& made) {
    if (!value(made.value))
      return false;
    auto before = here();
    for (bool negative : {false, true}) {
      back(before);
      if (!(negative ? words({"not", "in"}) : words({"in"})) || !blanks())
        continue;
      made.what = negative ? filter_operator::not_in : filter_operator::is_in;
      auto after = at_;
      made.selector.clear();
      if (selector(made.selector))
        return true;
      note("match", "Invalid selector", after);
      return false;
    }
    return false;
  }

  bool words(const std::vector<const char*>& expected) {
    for (auto* word : expected)
      if (!blanks() || !literal(word))
        return false;
    return true;
  }

  // -- selectors and values ---------------------------------------------------

  bool selector(std::vector<std::string>& path) {
    path.clear();
    if (!identifier(path))
      return false;
    for (;;) {
      auto before = at_;
      if (literal(".") && identifier(path))
        continue;
      at_ = before;
      if (index(path))
        continue;
      at_ = before;
      return true;
    }
  }

  bool identifier(std::vector<std::string>& path) {
    auto start = at_;
    if (!one_of(is_letter, "[a-zA-Z]"))
      return false;
    while (one_of(is_word, "[a-zA-Z0-9_]"))
      continue;
    path.emplace_back(text_.substr(start, at_ - start));
    return true;
  }

  bool index(std::vector<std::string>& path) {
    if (!literal("["))
      return false;
    skip_blanks();
    auto inside = at_;
    std::string key;
    if (!quotation(key)) {
      note("index", "Invalid index", inside);
      return false;
    }
    skip_blanks();
    if (!literal("]")) {
      note("index", "Unclosed index expression", at_);
      return false;
    }
    path.push_back(std::move(key));
    return true;
  }

  // A bare word is a selector by its looks; so Foo["a"] means Foo.a.
  bool value(std::string& out) {
    std::vector<std::string> path;
    auto start = at_;
    if (selector(path)) {
      out = std::move(path[0]);
      for (std::size_t i = 1; i < path.size(); ++i)
        out += "." + path[i];
      return true;
    }
    at_ = start;
    if (number(out))
      return true;
    at_ = start;
    return quotation(out);
  }

  bool number(std::string& out) {
    auto start = at_;
    (void)literal("-");
    if (!literal("0")) {
      if (!one_of(is_positive_digit, "[1-9]"))
        return false;
      while (one_of(is_digit, "[0-9]"))
        continue;
    }
    auto whole = at_;
    if (literal(".") && one_of(is_digit, "[0-9]")) {
      while (one_of(is_digit, "[0-9]"))
        continue;
    } else {
      at_ = whole;
    }
    if (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')') {
      note("number", "Invalid number literal", at_);
      return false;
    }
    out = std::string(text_.substr(start, at_ - start));
    return true;
  }

  bool quotation(std::string& out) {
    auto start = at_;
    if (!literal("`") && !literal("\""))
      return false;
    auto end = text_.find(text_[start], at_);
    if (end == text_.npos) {
      note("string", "Unterminated string literal", text_.size());
      return false;
    }
    at_ = end + 1;
    auto meaning = unquoted(text_.substr(start, at_ - start));
    // Reading goes on, so that every such mistake is told at once.
    if (!meaning)
      note("string", "invalid syntax", start);
    out = meaning.value_or("");
    return true;
  }

  // -- tokens -----------------------------------------------------------------

  bool literal(const char* token) {
    if (text_.substr(at_).starts_with(token)) {
      at_ += std::string_view(token).size();
      return true;
    }
    return expected(quoted(token));
  }

  bool one_of(bool (*belongs)(char), const char* label) {
    if (at_ < text_.size() && belongs(text_[at_])) {
      ++at_;
      return true;
    }
    return expected(label);
  }

  bool blanks() {
    if (!one_of(is_blank, blank_label))
      return false;
    skip_blanks();
    return true;
  }
  void skip_blanks() {
    while (one_of(is_blank, blank_label))
      continue;
  }
  bool at_end() { return at_ == text_.size() || expected(end_label); }

  // -- mistakes ---------------------------------------------------------------

  bool expected(std::string label) {
    if (at_ > farthest_)
      labels_.clear();
    farthest_ = std::max(farthest_, at_);
    if (at_ == farthest_)
      labels_.insert(std::move(label));
    return false;
  }

  void note(const char* rule, const char* what, std::size_t where) {
    auto text = place(where) + "rule " + quoted(rule) + ": " + what;
    if (std::find(errors_.begin(), errors_.end(), text) == errors_.end())
      errors_.push_back(std::move(text));
  }

  // Line and column, counted from 1 in runes, and the offset in bytes. A line
  // break is column 0 of the line that it begins.
  std::string place(std::size_t where) const {
    PRAETOR_ASSERT(where <= text_.size());
    std::size_t line = 1;
    std::size_t column = 0;
    for (std::size_t at = 0; at <= where;) {
      ++column;
      if (at == text_.size())
        break;
      if (text_[at] == '\n') {
        ++line;
        column = 0;
      }
      at += decode_rune(text_.substr(at)).width;
    }
    return std::to_string(line) + ":" + std::to_string(column) + " (" +
           std::to_string(where) + "): ";
  }

  std::string expectation() const {
    std::vector<std::string> all(labels_.begin(), labels_.end());
    PRAETOR_ASSERT(!all.empty());
    // The end comes last.
    std::stable_partition(all.begin(), all.end(),
                          [](auto& label) { return label != end_label; });
    auto out = place(farthest_) + "no match found, expected: " + all[0];
    for (std::size_t i = 1; i < all.size(); ++i)
      out += (i + 1 == all.size() ? " or " : ", ") + all[i];
    return out;
  }

  std::string joined_errors() const {
    std::string out;
    for (auto& one : errors_)
      out += (out.empty() ? "" : "\n") + one;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  filter_syntax out_;
  std::size_t farthest_ = 0;
  std::set<std::string> labels_; // what could have stood at the farthest
  std::vector<std::string> errors_;
  bool too_deep_ = false;
};

} // namespace

result<filter_syntax> parse_filter_syntax(std::string_view text) {
  PRAETOR_ASSERT(text.size() <= filter_bytes_max);
  return parser(text).run();
}

} // namespace praetor::model
