// The second half: from the tree of a text to its value.

#include "protocol/base/assert.hpp"
#include "protocol/model/interpolation_node.hpp"

#include <charconv>
#include <cmath>
#include <variant>

namespace praetor::model {
namespace {

using node = interpolation::node;
using value = std::variant<std::string, std::int64_t, double>;

// Go's strconv.FormatFloat(x, 'g', -1, 64).
std::string real_text(double x) {
  if (std::isnan(x))
    return "NaN";
  if (std::isinf(x))
    return x > 0 ? "+Inf" : "-Inf";
  char text[512];
  auto end =
      std::to_chars(text, text + sizeof text, x, std::chars_format::scientific)
          .ptr;
  std::string_view scientific(text, static_cast<std::size_t>(end - text));
  auto exponent = std::atoi(text + scientific.find('e') + 1);
  // Beyond these Go writes the exponent.
  if (exponent < -4 || exponent >= 6)
    return std::string(scientific);
  end =
      std::to_chars(text, text + sizeof text, x, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

std::string text_of(const value& x) {
  if (auto* text = std::get_if<std::string>(&x))
    return *text;
  if (auto* whole = std::get_if<std::int64_t>(&x))
    return std::to_string(*whole);
  return real_text(std::get<double>(x));
}

error bad_number(const char* kind, const char* function,
                 const std::string& text, const char* why) {
  return fail(errc::bad_input, "__builtin_StringTo" + std::string(kind) +
                                   ": strconv." + function + ": parsing \"" +
                                   text + "\": " + why);
}

result<std::int64_t> whole_of(const value& x) {
  if (auto* whole = std::get_if<std::int64_t>(&x))
    return *whole;
  if (auto* real = std::get_if<double>(&x)) {
    constexpr double beyond = 9223372036854775808.0;
    bool fits = *real > -beyond && *real < beyond;
    return fits ? static_cast<std::int64_t>(*real) : INT64_MIN;
  }
  auto& text = std::get<std::string>(x);
  std::int64_t out = 0;
  auto* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  auto* end = text.data() + text.size();
  auto read = std::from_chars(begin, end, out);
  if (read.ptr != end || read.ec == std::errc::invalid_argument)
    return bad_number("Int", "ParseInt", text, "invalid syntax");
  if (read.ec != std::errc{})
    return bad_number("Int", "ParseInt", text, "value out of range");
  return out;
}

result<double> real_of(const value& x) {
  if (auto* whole = std::get_if<std::int64_t>(&x))
    return static_cast<double>(*whole);
  if (auto* real = std::get_if<double>(&x))
    return *real;
  auto& text = std::get<std::string>(x);
  double out = 0;
  auto* end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, out);
  if (read.ptr != end || read.ec != std::errc{})
    return bad_number("Float", "ParseFloat", text, "invalid syntax");
  return out;
}

result<value> operate(char operation, std::int64_t a, std::int64_t b) {
  if ((operation == '/' || operation == '%') && b == 0)
    return fail(errc::bad_input, "divide by zero");
  // Overflow wraps around, as it does in Go.
  auto x = static_cast<std::uint64_t>(a);
  auto y = static_cast<std::uint64_t>(b);
  switch (operation) {
  case '+':
    return value{static_cast<std::int64_t>(x + y)};
  case '-':
    return value{static_cast<std::int64_t>(x - y)};
  case '*':
    return value{static_cast<std::int64_t>(x * y)};
  case '/':
    return value{b == -1 ? static_cast<std::int64_t>(0 - x) : a / b};
  default:
    return value{b == -1 ? std::int64_t{0} : a % b};
  }
}

result<value> operate(char operation, double a, double b) {
  switch (operation) {
  case '+':
    return value{a + b};
  case '-':
    return value{a - b};
  case '*':
    return value{a * b};
  case '/':
    return value{a / b};
  default:
    PRAETOR_ASSERT(!"refused before");
    return value{};
  }
}

class evaluation {
public:
  explicit evaluation(const interpolation_scope& scope) : scope_(scope) {}

  result<value> run(const node& what) const {
    switch (what.what) {
    case node::kind::text:
      return value{what.text};
    case node::kind::integer:
      return value{what.integer};
    case node::kind::real:
      return value{what.real};
    case node::kind::name:
    case node::kind::index:
      return name(what);
    case node::kind::call:
      return call(what);
    case node::kind::join:
      return join(what);
    case node::kind::arithmetic:
      return arithmetic(what);
    }
    PRAETOR_ASSERT(!"every kind is evaluated");
    return value{};
  }

private:
  result<value> name(const node& what) const {
    auto found = scope_.names.find(what.text);
    if (what.what == node::kind::name) {
      if (found != scope_.names.end())
        return value{found->second};
      return fail(errc::bad_input,
                  what.place + ": unknown variable accessed: " + what.text);
    }
    if (found == scope_.names.end())
      return at_column(what, "unknown variable accessed: " + what.text);
    return at_column(what, "invalid index operation into non-indexable type: "
                           "TypeString");
  }

  static error at_column(const node& what, const std::string& why) {
    auto colon = what.place.find(':');
    return fail(errc::bad_input, "At column " + what.place.substr(colon + 1) +
                                     ", line " + what.place.substr(0, colon) +
                                     ": " + why);
  }

  result<value> call(const node& what) const {
    if (what.text != "match")
      return fail(errc::bad_input,
                  what.place + ": unknown function called: " + what.text);
    if (what.children.size() != 1)
      return fail(errc::bad_input, what.place +
                                       ": match: expected 1 arguments, got " +
                                       std::to_string(what.children.size()));
    auto given = run(what.children[0]);
    if (!given)
      return given;
    auto number = whole_of(*given);
    if (!number)
      return number.failure();
    auto at = static_cast<std::uint64_t>(*number);
    return value{at < scope_.matches.size() ? scope_.matches[at]
                                            : std::string()};
  }

  result<value> join(const node& what) const {
    std::string out;
    for (auto& child : what.children) {
      auto one = run(child);
      if (!one)
        return one;
      out += text_of(*one);
    }
    return value{std::move(out)};
  }

  // The first number among the operands decides between whole and real.
  result<value> arithmetic(const node& what) const {
    std::vector<value> operands;
    for (auto& child : what.children) {
      auto one = run(child);
      if (!one)
        return one;
      operands.push_back(*std::move(one));
    }
    bool real = false;
    for (auto& one : operands)
      if (!std::holds_alternative<std::string>(one)) {
        real = std::holds_alternative<double>(one);
        break;
      }
    if (real && what.text.find('%') != std::string::npos)
      return at_column(what.children[0], "modulo cannot be used with floats");
    return real ? fold<double>(what.text, operands, real_of)
                : fold<std::int64_t>(what.text, operands, whole_of);
  }

  template <class Number, class Convert>
  static result<value> fold(const std::string& operators,
                            const std::vector<value>& operands,
                            Convert convert) {
    PRAETOR_ASSERT(operands.size() == operators.size() + 1);
    auto first = convert(operands[0]);
    if (!first)
      return first.failure();
    value out{*first};
    for (std::size_t i = 0; i < operators.size(); ++i) {
      auto next = convert(operands[i + 1]);
      if (!next)
        return next.failure();
      auto done = operate(operators[i], std::get<Number>(out), Number{*next});
      if (!done)
        return done;
      out = *std::move(done);
    }
    return out;
  }

  const interpolation_scope& scope_;
};

} // namespace

result<std::string>
interpolation::evaluate(const interpolation_scope& scope) const {
  PRAETOR_ASSERT(root_);
  auto out = evaluation(scope).run(*root_);
  if (!out)
    return out.failure();
  return text_of(*out);
}

} // namespace praetor::model
