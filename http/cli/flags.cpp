#include "http/cli/flags.hpp"

#include "http/client/settings.hpp"
#include "protocol/base/duration.hpp"

#include <charconv>

namespace praetor::http::cli {
namespace {

error parse_error() {
  return fail(errc::bad_input, "parse error");
}

error not_a_boolean(const std::string& text) {
  return fail(errc::bad_input,
              "strconv.ParseBool: parsing \"" + text + "\": invalid syntax");
}

/// Numbers may carry a sign and, as in Go, a base: 0x1f, 0o17, 0b1.
template <class Number>
std::optional<Number> parse_number(std::string text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.erase(0, 1);
  }
  int base = 10;
  if (text.size() > 2 && text[0] == '0') {
    auto mark = text[1] | 0x20;
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10)
      text.erase(0, 2);
  }
  if (text.empty() || text[0] == '-' ||
      (negative && std::is_unsigned_v<Number>))
    return std::nullopt;
  if (negative)
    text.insert(0, "-");
  Number value = 0;
  auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

template <class Number>
flag number_flag(Number& to, std::string help) {
  flag out;
  out.help = std::move(help);
  out.placeholder = std::is_signed_v<Number> ? "int" : "uint";
  out.set = [&to](const std::string& text) -> status {
    auto value = parse_number<Number>(text);
    if (!value)
      return parse_error();
    to = *value;
    return {};
  };
  return out;
}

template <class Bool>
flag boolean_flag(Bool& to, std::string help) {
  flag out;
  out.help = std::move(help);
  out.is_boolean = true;
  out.set = [&to](const std::string& text) -> status {
    auto value = client::parse_boolean(text);
    if (!value)
      return not_a_boolean(text);
    to = *value;
    return {};
  };
  return out;
}

template <class Text>
flag text_flag(Text& to, std::string help) {
  flag out;
  out.help = std::move(help);
  out.placeholder = "string";
  out.set = [&to](const std::string& text) -> status {
    to = text;
    return {};
  };
  return out;
}

} // namespace

void flag_set::add(const std::string& name, flag what) {
  PRAETOR_ASSERT(!name.empty() && name[0] != '-');
  PRAETOR_ASSERT(what.set != nullptr);
  bool fresh = flags_.emplace(name, std::move(what)).second;
  PRAETOR_ASSERT(fresh);
}

void flag_set::boolean(const std::string& name, bool& to, std::string help) {
  add(name, boolean_flag(to, std::move(help)));
}

void flag_set::boolean(const std::string& name, std::optional<bool>& to,
                       std::string help) {
  add(name, boolean_flag(to, std::move(help)));
}

void flag_set::text(const std::string& name, std::string& to,
                    std::string help) {
  add(name, text_flag(to, std::move(help)));
}

void flag_set::text(const std::string& name, std::optional<std::string>& to,
                    std::string help) {
  add(name, text_flag(to, std::move(help)));
}

void flag_set::texts(const std::string& name, std::vector<std::string>& to,
                     std::string help) {
  flag out;
  out.help = std::move(help) + " May be given more than once.";
  out.placeholder = "value";
  out.set = [&to](const std::string& text) -> status {
    to.push_back(text);
    return {};
  };
  add(name, std::move(out));
}

void flag_set::number(const std::string& name, std::int64_t& to,
                      std::string help) {
  add(name, number_flag(to, std::move(help)));
}

void flag_set::number(const std::string& name, std::uint64_t& to,
                      std::string help) {
  add(name, number_flag(to, std::move(help)));
}

void flag_set::duration(const std::string& name, span& to, std::string help) {
  flag out;
  out.help = std::move(help);
  out.placeholder = "duration";
  out.set = [&to](const std::string& text) -> status {
    auto value = parse_duration(text);
    if (!value)
      return parse_error();
    to = *value;
    return {};
  };
  add(name, std::move(out));
}

void flag_set::pairs(const std::string& name,
                     std::map<std::string, std::string>& to, std::string help) {
  flag out;
  out.help = std::move(help) + " May be given more than once.";
  out.placeholder = "key=value";
  out.set = [&to](const std::string& text) -> status {
    auto equals = text.find('=');
    if (equals == std::string::npos)
      return fail(errc::bad_input, "Missing \"=\" value in argument: " + text);
    to[text.substr(0, equals)] = text.substr(equals + 1);
    return {};
  };
  add(name, std::move(out));
}

status flag_set::take(const std::string& word,
                      const std::vector<std::string>& words,
                      std::size_t& next) {
  auto name = word.substr(word[1] == '-' ? 2 : 1);
  if (name.empty() || name[0] == '-' || name[0] == '=')
    return fail(errc::bad_input, "bad flag syntax: " + word);
  std::optional<std::string> value;
  if (auto equals = name.find('='); equals != std::string::npos) {
    value = name.substr(equals + 1);
    name.resize(equals);
  }
  auto found = flags_.find(name);
  if (found == flags_.end())
    return fail(errc::bad_input, "flag provided but not defined: -" + name);
  const auto& what = found->second;
  if (!value && what.is_boolean)
    value = "true";
  if (!value && next < words.size())
    value = words[next++];
  if (!value)
    return fail(errc::bad_input, "flag needs an argument: -" + name);
  auto set = what.set(*value);
  if (set)
    return {};
  if (what.is_boolean)
    return fail(errc::bad_input, "invalid boolean value \"" + *value +
                                     "\" for -" + name + ": " +
                                     set.failure().text);
  return fail(errc::bad_input, "invalid value \"" + *value + "\" for flag -" +
                                   name + ": " + set.failure().text);
}

status flag_set::parse(const std::vector<std::string>& words) {
  std::size_t next = 0;
  while (next < words.size()) {
    const auto& word = words[next];
    if (word.size() < 2 || word[0] != '-')
      break;
    ++next;
    if (word == "--")
      break;
    if (auto taken = take(word, words, next); !taken)
      return taken;
  }
  arguments_.assign(words.begin() + static_cast<std::ptrdiff_t>(next),
                    words.end());
  return {};
}

std::string wrapped(const std::string& text, std::size_t indent,
                    std::size_t width) {
  std::string out;
  std::string line(indent, ' ');
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = text.find(' ', at);
    if (end == std::string::npos)
      end = text.size();
    auto word = text.substr(at, end - at);
    bool fresh = line.size() == indent;
    if (!fresh && line.size() + 1 + word.size() > width) {
      out += line + '\n';
      line.assign(indent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    at = end + 1;
  }
  return out + line + '\n';
}

std::string flag_set::help() const {
  std::string out;
  for (bool connection : {true, false}) {
    std::string part;
    for (const auto& [name, what] : flags_) {
      if (what.is_connection != connection)
        continue;
      part += "\n  -" + name;
      part += what.placeholder.empty() ? "" : "=<" + what.placeholder + ">";
      part += '\n' + wrapped(what.help, 5, 72);
    }
    if (!part.empty())
      out += std::string(connection ? "\nHTTP API Options\n"
                                    : "\nCommand Options\n") +
             part;
  }
  return out;
}

} // namespace praetor::http::cli
