#include "actors/config_hcl.hpp"

#include "actors/config_files.hpp"
#include "actors/config_hcl_lexer.hpp"

#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace praetor::actors {

namespace json = boost::json;

namespace {

error complain(const hcl_token& at, const std::string& text) {
  return fail(errc::bad_input, "At " + at.place + ": " + text);
}

/// One word is always read ahead, so that a block can tell where it ends.
class hcl_parser {
public:
  explicit hcl_parser(std::string_view text) : lexer_(text) {}

  result<json::object> file() {
    if (auto done = shift(); !done)
      return done.failure();
    json::object out;
    if (auto done = items(out, 0); !done)
      return done.failure();
    if (token_.kind != hcl_token::end)
      return unexpected_in_keys();
    return out;
  }

private:
  status shift() {
    auto next = lexer_.next();
    if (!next)
      return next.failure();
    token_ = std::move(*next);
    return {};
  }

  error unexpected_in_keys() const {
    return complain(token_,
                    std::string("expected: IDENT | STRING | ASSIGN | LBRACE "
                                "got: ") +
                        name_of(token_.kind));
  }

  bool at_key() const {
    return token_.kind == hcl_token::identifier ||
           token_.kind == hcl_token::text;
  }

  /// Attributes and blocks, up to a closing brace or the end.
  status items(json::object& out, std::size_t depth) {
    if (depth > config_depth_max)
      return complain(token_, "nested more than " +
                                  std::to_string(config_depth_max) +
                                  " levels deep");
    while (token_.kind != hcl_token::right_brace &&
           token_.kind != hcl_token::end) {
      if (auto done = item(out, depth); !done)
        return done;
      // Commas between attributes are allowed and mean nothing.
      if (token_.kind == hcl_token::comma)
        if (auto done = shift(); !done)
          return done;
    }
    return {};
  }

  status item(json::object& out, std::size_t depth) {
    std::vector<std::string> keys;
    auto first = token_;
    for (; at_key(); keys.push_back(first.value)) {
      // Labels nest, so that they count as levels.
      if (depth + keys.size() > config_depth_max)
        return complain(token_, "too many labels");
      first = token_;
      if (auto done = shift(); !done)
        return done;
    }
    if (token_.kind == hcl_token::assign) {
      if (keys.empty())
        return complain(token_, "no object keys found!");
      if (keys.size() > 1)
        return complain(token_, "nested object expected: LBRACE got: ASSIGN");
      return attribute(out, keys[0], depth);
    }
    if (token_.kind == hcl_token::left_brace && !keys.empty())
      return block(out, keys, depth);
    if (token_.kind == hcl_token::end && !keys.empty())
      return complain(first, "key '" + first.value +
                                 "' expected start of object ('{') or "
                                 "assignment ('=')");
    return unexpected_in_keys();
  }

  status attribute(json::object& out, const std::string& key,
                   std::size_t depth) {
    if (auto done = shift(); !done)
      return done;
    // A last attribute without a value is passed over, as Consul does.
    if (token_.kind == hcl_token::end)
      return {};
    bool is_object = token_.kind == hcl_token::left_brace;
    json::value found;
    if (auto done = value(found, depth + 1); !done)
      return done;
    if (is_object)
      add_object(out, key, std::move(found));
    else
      out[key] = std::move(found);
    return {};
  }

  status block(json::object& out, const std::vector<std::string>& keys,
               std::size_t depth) {
    json::value found;
    if (auto done = value(found, depth + keys.size()); !done)
      return done;
    for (auto label = keys.size() - 1; label > 0; --label) {
      json::object outer;
      add_object(outer, keys[label], std::move(found));
      found = std::move(outer);
    }
    add_object(out, keys[0], std::move(found));
    return {};
  }

  /// Objects of one name add up, in the order in which they stand.
  static void add_object(json::object& out, const std::string& key,
                         json::value object) {
    auto& slot = out[key];
    if (!slot.is_array())
      slot = json::array();
    slot.get_array().push_back(std::move(object));
  }

  status value(json::value& out, std::size_t depth) {
    if (depth > config_depth_max)
      return complain(token_, "nested too deep");
    switch (token_.kind) {
    case hcl_token::text:
    case hcl_token::heredoc:
      out = json::string(token_.value);
      return shift();
    case hcl_token::boolean:
      out = token_.value == "true";
      return shift();
    case hcl_token::number:
      return number(out);
    case hcl_token::left_brace:
      return object(out, depth);
    case hcl_token::left_bracket:
      return list(out, depth);
    default:
      return complain(token_, "Unknown token: " + token_.place + " " +
                                  name_of(token_.kind) + " " + token_.value);
    }
  }

  status object(json::value& out, std::size_t depth) {
    if (auto done = shift(); !done)
      return done;
    json::object inner;
    if (auto done = items(inner, depth); !done)
      return done;
    if (token_.kind != hcl_token::right_brace)
      return complain(token_,
                      std::string("object expected closing RBRACE got: ") +
                          name_of(token_.kind));
    out = std::move(inner);
    return shift();
  }

  status list(json::value& out, std::size_t depth) {
    if (auto done = shift(); !done)
      return done;
    json::array items;
    bool wants_comma = false;
    while (token_.kind != hcl_token::right_bracket) {
      bool is_comma = token_.kind == hcl_token::comma;
      if (token_.kind == hcl_token::end || wants_comma != is_comma)
        return complain(
            token_,
            std::string("error parsing list, expected comma or list end, "
                        "got: ") +
                name_of(token_.kind));
      status done;
      if (is_comma)
        done = shift();
      else
        done = value(items.emplace_back(nullptr), depth + 1);
      if (!done)
        return done;
      wants_comma = !is_comma;
    }
    out = std::move(items);
    return shift();
  }

  status number(json::value& out) {
    auto& text = token_.value;
    bool is_hex = text.starts_with("0x") || text.starts_with("-0x");
    char* end = nullptr;
    errno = 0;
    if (!is_hex && text.find_first_of(".eE") != text.npos) {
      double x = std::strtod(text.c_str(), &end);
      if (*end != '\0' || !std::isfinite(x))
        return fail(errc::bad_input, "strconv.ParseFloat: parsing \"" + text +
                                         "\": invalid syntax");
      out = x;
    } else {
      // Base 0 takes the prefixes for hexadecimal and octal numbers.
      long long x = std::strtoll(text.c_str(), &end, 0);
      if (*end != '\0' || errno != 0)
        return fail(
            errc::bad_input,
            "strconv.ParseInt: parsing \"" + text + "\": " +
                (errno == ERANGE ? "value out of range" : "invalid syntax"));
      out = static_cast<std::int64_t>(x);
    }
    return shift();
  }

  hcl_lexer lexer_;
  hcl_token token_;
};

} // namespace

result<json::object> parse_hcl(std::string_view text) {
  // JSON is taken as well: a file of either kind opens unmistakably.
  auto first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{')
    return parse_json_object(text.substr(first));
  return hcl_parser(text).file();
}

result<std::string> hcl_to_json(std::string_view text) {
  auto parsed = parse_hcl(text);
  if (!parsed)
    return parsed.failure();
  return boost::json::serialize(*parsed);
}

} // namespace praetor::actors
