#include "protocol/model/interpolation.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/model/interpolation_node.hpp"

#include <charconv>
#include <optional>

namespace praetor::model {

namespace {

using node = interpolation::node;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_operator(char c) {
  return c == '+' || c == '-' || c == '*' || c == '/' || c == '%';
}

// Recursive descent; nothing means a syntax error.
class parser {
public:
  explicit parser(std::string_view text) : rest_(text) {}

  std::optional<node> run() {
    auto all = texts(false, 0);
    if (!all || !rest_.empty())
      return std::nullopt;
    return all;
  }

private:
  // Columns count characters; behind a line feed they begin at two, as they
  // do in Consul.
  char take() {
    char c = rest_[0];
    rest_.remove_prefix(1);
    bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (!continues)
      ++column_;
    if (c == '\n') {
      ++line_;
      column_ = 2;
    }
    return c;
  }
  bool take_if(std::string_view what) {
    if (!rest_.starts_with(what))
      return false;
    for (std::size_t i = 0; i < what.size(); ++i)
      take();
    return true;
  }
  void skip_space() {
    while (!rest_.empty() && is_space(rest_[0]))
      take();
  }
  node made(node::kind what) const {
    node out;
    out.what = what;
    out.place = std::to_string(line_) + ":" + std::to_string(column_);
    return out;
  }

  // Text and parts, up to the end or to the quote that closes them.
  std::optional<node> texts(bool quoted, int depth) {
    if (depth > interpolation_depth_max)
      return std::nullopt;
    auto all = made(node::kind::join);
    while (!rest_.empty() && !(quoted && rest_[0] == '"')) {
      if (!take_if("${")) {
        auto literal = made(node::kind::text);
        if (!literal_text(literal.text, quoted))
          return std::nullopt;
        all.children.push_back(std::move(literal));
        continue;
      }
      auto inner = expression(depth + 1);
      if (!inner || !take_if("}"))
        return std::nullopt;
      all.children.push_back(std::move(*inner));
    }
    return all;
  }

  bool literal_text(std::string& out, bool quoted) {
    // A dollar sign alone at the very end is dropped.
    if (rest_ == "$" && !quoted) {
      take();
      return true;
    }
    while (!rest_.empty() && !(quoted && rest_[0] == '"')) {
      if (take_if("$$"))
        out += '$';
      else if (rest_.starts_with("${"))
        return true;
      else if (quoted && rest_[0] == '\\')
        escape(out);
      else
        out += take();
    }
    return true;
  }

  void escape(std::string& out) {
    take();
    if (take_if("n"))
      out += '\n';
    else if (take_if("\""))
      out += '"';
    else if (!take_if("\\") || (out += '\\', false))
      out += '\\';
  }

  // All operators bind alike and to the left.
  std::optional<node> expression(int depth) {
    auto first = term(depth);
    if (!first)
      return std::nullopt;
    skip_space();
    if (rest_.empty() || !is_operator(rest_[0]))
      return first;
    auto all = made(node::kind::arithmetic);
    all.children.push_back(std::move(*first));
    while (!rest_.empty() && is_operator(rest_[0])) {
      all.text += take();
      auto next = term(depth);
      if (!next)
        return std::nullopt;
      all.children.push_back(std::move(*next));
      skip_space();
    }
    return all;
  }

  std::optional<node> term(int depth) {
    skip_space();
    if (rest_.empty() || depth > interpolation_depth_max)
      return std::nullopt;
    char c = rest_[0];
    if (c == '-' || c == '+')
      return signed_term(depth);
    if (take_if("(")) {
      auto inner = expression(depth + 1);
      return inner && take_if(")") ? inner : std::nullopt;
    }
    if (c == '"')
      return quotes(depth);
    if (is_digit(c))
      return number();
    if (is_letter(c) || c == '_' || c == '.')
      return name(depth);
    return std::nullopt;
  }

  // A sign is an operation on nought.
  std::optional<node> signed_term(int depth) {
    auto all = made(node::kind::arithmetic);
    all.children.push_back(made(node::kind::integer));
    all.text = take();
    auto of = term(depth + 1);
    if (!of)
      return std::nullopt;
    all.children.push_back(std::move(*of));
    return all;
  }

  // Quoted texts that follow one another are one.
  std::optional<node> quotes(int depth) {
    auto all = made(node::kind::join);
    while (take_if("\"")) {
      auto one = texts(true, depth + 1);
      if (!one || !take_if("\""))
        return std::nullopt;
      for (auto& child : one->children)
        all.children.push_back(std::move(child));
      skip_space();
    }
    return all;
  }

  std::optional<node> number() {
    auto out = made(node::kind::integer);
    while (!rest_.empty() && (is_digit(rest_[0]) || rest_[0] == '.'))
      out.text += take();
    auto* end = out.text.data() + out.text.size();
    if (out.text.find('.') == std::string::npos) {
      auto read = std::from_chars(out.text.data(), end, out.integer);
      if (read.ec != std::errc{} || read.ptr != end)
        return std::nullopt;
      return out;
    }
    out.what = node::kind::real;
    auto read = std::from_chars(out.text.data(), end, out.real);
    if (read.ec != std::errc{} || read.ptr != end)
      return std::nullopt;
    return out;
  }

  std::optional<node> name(int depth) {
    auto out = made(node::kind::name);
    while (!rest_.empty() &&
           (is_letter(rest_[0]) || is_digit(rest_[0]) || rest_[0] == '_' ||
            rest_[0] == '-' || rest_[0] == '.' ||
            (rest_[0] == '*' && out.text.ends_with('.'))))
      out.text += take();
    skip_space();
    if (take_if("("))
      return arguments(std::move(out), depth);
    if (!take_if("["))
      return out;
    out.what = node::kind::index;
    auto inner = expression(depth + 1);
    if (!inner || !take_if("]"))
      return std::nullopt;
    return out;
  }

  std::optional<node> arguments(node out, int depth) {
    out.what = node::kind::call;
    skip_space();
    if (take_if(")"))
      return out;
    for (;;) {
      auto one = expression(depth + 1);
      if (!one)
        return std::nullopt;
      out.children.push_back(std::move(*one));
      skip_space();
      if (take_if(")"))
        return out;
      if (!take_if(","))
        return std::nullopt;
    }
  }

  std::string_view rest_;
  int line_ = 1;
  int column_ = 1;
};

} // namespace

result<interpolation> interpolation::parse(std::string_view text) {
  auto root = parser(text).run();
  if (!root)
    return fail(errc::bad_input, "parse error: syntax error");
  interpolation out;
  out.root_ = std::make_shared<const node>(std::move(*root));
  return out;
}

} // namespace praetor::model
