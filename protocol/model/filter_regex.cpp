#include "protocol/model/filter_regex.hpp"

#include "protocol/model/filter_regex_compiler.hpp"

#include <algorithm>

namespace praetor::model {

result<regex> regex::compile(std::string_view pattern) {
  return regex_compiler(pattern).run();
}

result<regex> regex_compiler::run() {
  if (pattern_.size() > regex_pattern_bytes_max)
    return fail(errc::too_large, "error parsing regexp: expression has " +
                                     std::to_string(pattern_.size()) +
                                     " bytes, allowed are " +
                                     std::to_string(regex_pattern_bytes_max));
  if (auto wrong = invalid_utf8(pattern_); !wrong.empty()) {
    refuse("invalid UTF-8", wrong);
    return why_;
  }
  auto root = choice(0);
  if (root && !rest_.empty())
    root = refuse("unexpected )", pattern_) ? root : std::nullopt;
  if (!root || !write(*root))
    return why_;
  emit({});
  PRAETOR_ASSERT(out_.program_.back().code == opcode::accept);
  if (out_.program_.size() > regex_program_max) {
    refuse("expression too large", pattern_);
    return why_;
  }
  return std::move(out_);
}

bool regex_compiler::refuse(const char* what, std::string_view culprit) {
  why_ = fail(errc::bad_input, std::string("error parsing regexp: ") + what +
                                   ": `" + std::string(culprit) + "`");
  return false;
}

regex_compiler::node_id regex_compiler::add(node what) {
  nodes_.push_back(std::move(what));
  return static_cast<node_id>(nodes_.size() - 1);
}

regex_compiler::node_id regex_compiler::add_assertion(position where) {
  node made;
  made.what = shape::assertion;
  made.where = where;
  return add(std::move(made));
}

// Alternatives up to the end or the bracket that closes them.
std::optional<regex_compiler::node_id> regex_compiler::choice(int depth) {
  if (depth > regex_nesting_max) {
    refuse("expression nests too deeply", pattern_);
    return std::nullopt;
  }
  node all;
  all.what = shape::choice;
  std::vector<node_id> items;
  auto finish = [&] {
    node one;
    one.children = std::move(items);
    items.clear();
    all.children.push_back(add(std::move(one)));
  };
  last_repeat_ = {};
  while (!rest_.empty() && rest_[0] != ')') {
    if (rest_[0] != '|') {
      if (!term(items, depth))
        return std::nullopt;
      continue;
    }
    rest_.remove_prefix(1);
    last_repeat_ = {};
    finish();
  }
  finish();
  PRAETOR_ASSERT(!all.children.empty());
  return add(std::move(all));
}

bool regex_compiler::term(std::vector<node_id>& items, int depth) {
  PRAETOR_ASSERT(!rest_.empty());
  char c = rest_[0];
  if (c == '*' || c == '+' || c == '?' || c == '{')
    return repeat(items);
  last_repeat_ = {};
  if (c == '(')
    return group(items, depth);
  if (c == '[')
    return bracket(items);
  if (c == '\\')
    return escape(items);
  auto rune = decode_rune(rest_);
  rest_.remove_prefix(rune.width);
  if (c == '^')
    items.push_back(add_assertion(flags_.multi_line ? position::line_begin
                                                    : position::text_begin));
  else if (c == '$')
    items.push_back(add_assertion(flags_.multi_line ? position::line_end
                                                    : position::text_end));
  else if (c == '.' && flags_.dot_newline)
    items.push_back(add_set({{0, rune_max}}));
  else if (c == '.')
    items.push_back(add_set(negated({{'\n', '\n'}})));
  else
    items.push_back(add_rune(rune.value));
  return true;
}

bool regex_compiler::group(std::vector<node_id>& items, int depth) {
  PRAETOR_ASSERT(rest_.starts_with('('));
  auto outer = flags_;
  bool opens = true;
  bool captures = !rest_.starts_with("(?") || rest_.starts_with("(?P<");
  if (rest_.starts_with("(?P<") && rest_.size() > 4) {
    if (!named_group())
      return false;
  } else if (rest_.starts_with("(?")) {
    if (!group_flags(opens))
      return false;
  } else {
    rest_.remove_prefix(1);
  }
  // Flags alone, as in (?i), hold up to the end of the group around them.
  if (!opens)
    return true;
  // Groups are counted where they begin.
  auto number = captures ? out_.groups_++ : 0;
  auto inner = choice(depth + 1);
  if (!inner)
    return false;
  if (rest_.empty())
    return refuse("missing closing )", pattern_);
  rest_.remove_prefix(1);
  flags_ = outer;
  last_repeat_ = {};
  if (captures && number < regex_groups_max) {
    node made;
    made.what = shape::group;
    made.set = static_cast<std::uint32_t>(number);
    made.children = {*inner};
    inner = add(std::move(made));
  }
  items.push_back(*inner);
  return true;
}

bool regex_compiler::named_group() {
  auto end = rest_.find('>');
  if (end == rest_.npos)
    return refuse("invalid named capture", rest_);
  auto name = rest_.substr(4, end - 4);
  bool valid = !name.empty();
  for (char c : name)
    valid = valid && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z') || c == '_');
  if (!valid)
    return refuse("invalid named capture", rest_.substr(0, end + 1));
  rest_.remove_prefix(end + 1);
  return true;
}

bool regex_compiler::group_flags(bool& opens) {
  auto start = rest_;
  auto wanted = flags_;
  bool on = true;
  bool saw_flag = false;
  rest_.remove_prefix(2);
  while (!rest_.empty()) {
    char c = rest_[0];
    rest_.remove_prefix(decode_rune(rest_).width);
    if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
      if (c == 'i')
        wanted.fold_case = on;
      if (c == 'm')
        wanted.multi_line = on;
      if (c == 's')
        wanted.dot_newline = on;
      if (c == 'U')
        wanted.swap_lazy = on;
      saw_flag = true;
    } else if (c == '-' && on) {
      on = false;
      saw_flag = false;
    } else if ((c == ':' || c == ')') && (on || saw_flag)) {
      opens = c == ':';
      flags_ = wanted;
      return true;
    } else {
      break;
    }
  }
  return refuse("invalid or unsupported Perl syntax", since(start));
}

bool regex_compiler::repeat(std::vector<node_id>& items) {
  auto start = rest_;
  char c = rest_[0];
  int least = c == '+' ? 1 : 0;
  int most = c == '?' ? 1 : -1;
  auto behind = rest_.substr(1);
  if (c == '{') {
    behind = rest_;
    if (!counted(behind, least, most)) {
      last_repeat_ = {};
      items.push_back(add_rune('{'));
      rest_.remove_prefix(1);
      return true;
    }
  }
  rest_ = behind;
  if (c == '{' && (least > regex_repeat_max || most > regex_repeat_max ||
                   (most >= 0 && least > most)))
    return refuse("invalid repeat count", since(start));
  return apply_repeat(items, start, least, most);
}

// {n}, {n,} or {n,m}; whatever else begins with a brace is meant literally.
bool regex_compiler::counted(std::string_view& behind, int& least,
                             int& most) const {
  auto number = [&](int& value) {
    std::size_t digits = 0;
    value = 0;
    for (; digits < behind.size() && behind[digits] >= '0' &&
           behind[digits] <= '9';
         ++digits)
      // Beyond the limit it only has to stay so.
      value =
          std::min(value * 10 + (behind[digits] - '0'), regex_repeat_max + 1);
    bool leading_zero = digits > 1 && behind[0] == '0';
    behind.remove_prefix(digits);
    return digits > 0 && !leading_zero;
  };
  behind.remove_prefix(1);
  if (!number(least))
    return false;
  most = least;
  if (behind.starts_with(',')) {
    behind.remove_prefix(1);
    most = -1;
    if (!behind.starts_with('}') && !number(most))
      return false;
  }
  if (!behind.starts_with('}'))
    return false;
  behind.remove_prefix(1);
  return true;
}

bool regex_compiler::apply_repeat(std::vector<node_id>& items,
                                  std::string_view start, int least, int most) {
  bool lazy = flags_.swap_lazy;
  if (rest_.starts_with('?')) {
    rest_.remove_prefix(1);
    lazy = !lazy;
  }
  if (!last_repeat_.empty())
    return refuse("invalid nested repetition operator", since(last_repeat_));
  if (items.empty())
    return refuse("missing argument to repetition operator", since(start));
  node made;
  made.what = shape::repeat;
  made.least = least;
  made.most = most;
  made.lazy = lazy;
  made.children = {items.back()};
  items.back() = add(std::move(made));
  if ((least >= 2 || most >= 2) &&
      !repeats_at_most(items.back(), regex_repeat_max))
    return refuse("invalid repeat count", since(start));
  last_repeat_ = start;
  return true;
}

// Whether repeats within repeats stay below the limit when multiplied. Only
// counted ones are unrolled, and so only those count.
bool regex_compiler::repeats_at_most(node_id of, int limit) const {
  PRAETOR_ASSERT(of < nodes_.size());
  auto& it = nodes_[of];
  if (it.what == shape::repeat && it.most == 0)
    return true;
  bool counts = it.what == shape::repeat && (it.least > 1 || it.most > 1);
  if (counts) {
    int times = it.most < 0 ? it.least : it.most;
    if (times > limit)
      return false;
    limit /= times;
  }
  for (auto child : it.children)
    if (!repeats_at_most(child, limit))
      return false;
  return true;
}

bool regex_compiler::escape(std::vector<node_id>& items) {
  PRAETOR_ASSERT(rest_.starts_with('\\'));
  char letter = rest_.size() > 1 ? rest_[1] : '\0';
  if (letter == 'Q') {
    literal_until_end(items);
    return true;
  }
  auto simple = [&](node_id made) {
    rest_.remove_prefix(2);
    items.push_back(made);
    return true;
  };
  switch (letter) {
  case 'A':
    return simple(add_assertion(position::text_begin));
  case 'z':
    return simple(add_assertion(position::text_end));
  case 'b':
    return simple(add_assertion(position::word_boundary));
  case 'B':
    return simple(add_assertion(position::no_word_boundary));
  default:
    break;
  }
  if (auto set = perl_class(letter))
    return simple(add_set(std::move(*set)));
  char32_t rune = 0;
  if (!escaped_rune(rune))
    return false;
  items.push_back(add_rune(rune));
  return true;
}

void regex_compiler::literal_until_end(std::vector<node_id>& items) {
  rest_.remove_prefix(2);
  while (!rest_.empty() && !rest_.starts_with("\\E")) {
    auto rune = decode_rune(rest_);
    rest_.remove_prefix(rune.width);
    items.push_back(add_rune(rune.value));
  }
  if (!rest_.empty())
    rest_.remove_prefix(2);
}

} // namespace praetor::model
