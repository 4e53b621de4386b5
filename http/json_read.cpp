#include "http/json_read.hpp"

#include "protocol/base/duration.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace praetor::http {
namespace {

namespace bj = boost::json;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// What Go calls the type of a JSON value in its errors. Numbers that do not
// fit are repeated.
std::string kind_of(const bj::value& value, std::string_view go_type) {
  switch (value.kind()) {
  case bj::kind::null:
    return "null";
  case bj::kind::bool_:
    return "bool";
  case bj::kind::string:
    return "string";
  case bj::kind::array:
    return "array";
  case bj::kind::object:
    return "object";
  default:
    break;
  }
  if (go_type != "int" && go_type != "uint64")
    return "number";
  auto text = value.is_double() ? canonical_json(value) : bj::serialize(value);
  return "number " + text;
}

constexpr auto base64_values = [] {
  std::array<signed char, 256> values{};
  for (auto& one : values)
    one = -1;
  for (int i = 0; i < 26; ++i) {
    values[static_cast<std::size_t>('A' + i)] = static_cast<signed char>(i);
    values[static_cast<std::size_t>('a' + i)] =
        static_cast<signed char>(26 + i);
  }
  for (int i = 0; i < 10; ++i)
    values[static_cast<std::size_t>('0' + i)] =
        static_cast<signed char>(52 + i);
  values['+'] = 62;
  values['/'] = 63;
  return values;
}();

error bad_base64(std::size_t at) {
  return fail(errc::bad_input,
              "illegal base64 data at input byte " + std::to_string(at));
}

void write_number(json_writer& json, const bj::value& value) {
  json.number(value.to_number<double>());
}

} // namespace

std::string wrong_type(const bj::value& got, std::string_view place,
                       std::string_view go_type) {
  return "json: cannot unmarshal " + kind_of(got, go_type) + " into Go " +
         std::string(place) + " of type " + std::string(go_type);
}

std::string unknown_field(std::string_view name) {
  std::string quoted;
  json_writer(quoted).string(name);
  return "json: unknown field " + quoted;
}

void write_value(json_writer& json, const bj::value& value) {
  if (auto* object = value.if_object()) {
    std::vector<const bj::key_value_pair*> sorted;
    sorted.reserve(object->size());
    for (auto& one : *object)
      sorted.push_back(&one);
    std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) {
      return std::string_view(a->key()) < std::string_view(b->key());
    });
    json.begin_object();
    for (auto* one : sorted) {
      json.key_text(one->key());
      write_value(json, one->value());
    }
    json.end_object();
  } else if (auto* array = value.if_array()) {
    json.begin_array();
    for (auto& one : *array)
      write_value(json, one);
    json.end_array();
  } else if (auto* text = value.if_string()) {
    json.string(*text);
  } else if (auto* flag = value.if_bool()) {
    json.boolean(*flag);
  } else if (value.is_null()) {
    json.null();
  } else {
    write_number(json, value);
  }
}

std::string canonical_json(const bj::value& value) {
  std::string out;
  json_writer json(out);
  write_value(json, value);
  return out;
}

std::int64_t whole_number(const bj::value& value) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr double limit = 9223372036854775808.0; // two to the 63rd
  if (auto* integer = value.if_int64())
    return *integer;
  if (auto* real = value.if_double(); real && *real > -limit && *real < limit)
    return static_cast<std::int64_t>(*real);
  return least;
}

status read_duration(const bj::value& value, span& out) {
  if (auto* text = value.if_string()) {
    auto parsed = parse_duration(*text);
    if (!parsed)
      return parsed.failure();
    out = *parsed;
  } else if (value.is_number()) {
    out = span{whole_number(value)};
  }
  return {};
}

bool json_field::is(std::string_view name) {
  if (!same_name(name_, name))
    return false;
  label_ = name;
  return true;
}

void json_field::mismatch(const bj::value& got, std::string_view go_type) {
  auto place = "struct field " + place_.type + "." + place_.path;
  if (!place_.opaque)
    place += label_;
  errors_.save(wrong_type(got, place, go_type));
}

json_place json_field::inner(std::string_view type) const {
  if (place_.opaque)
    return place_;
  return {std::string(type), place_.path + std::string(label_) + ".", false};
}

json_place json_field::opaque() const {
  if (place_.opaque)
    return place_;
  return {place_.type, place_.path + std::string(label_), true};
}

bool json_field::string_value(const bj::value& value, std::string& out,
                              std::string_view go_type) {
  if (auto* text = value.if_string()) {
    out.assign(text->data(), text->size());
    return true;
  }
  if (!value.is_null())
    mismatch(value, go_type);
  return false;
}

bool json_field::string(std::string_view name, std::string& out,
                        std::string_view go_type) {
  if (!is(name))
    return false;
  string_value(value_, out, go_type);
  return true;
}

bool json_field::boolean(std::string_view name, bool& out) {
  if (!is(name))
    return false;
  if (auto* flag = value_.if_bool())
    out = *flag;
  else if (!value_.is_null())
    mismatch(value_, "bool");
  return true;
}

bool json_field::integer(std::string_view name, int& out) {
  if (!is(name))
    return false;
  auto* number = value_.if_int64();
  if (number && *number >= std::numeric_limits<int>::min() &&
      *number <= std::numeric_limits<int>::max())
    out = static_cast<int>(*number);
  else if (!value_.is_null())
    mismatch(value_, "int");
  return true;
}

bool json_field::integer(std::string_view name, std::uint64_t& out) {
  if (!is(name))
    return false;
  if (auto* number = value_.if_uint64())
    out = *number;
  else if (auto* small = value_.if_int64(); small && *small >= 0)
    out = static_cast<std::uint64_t>(*small);
  else if (!value_.is_null())
    mismatch(value_, "uint64");
  return true;
}

const bj::array* json_field::list_or_error(std::string_view go_type) {
  if (!value_.is_array() && !value_.is_null())
    mismatch(value_, go_type);
  return value_.if_array();
}

const bj::object* json_field::object_or_error(std::string_view go_type) {
  if (!value_.is_object() && !value_.is_null())
    mismatch(value_, go_type);
  return value_.if_object();
}

bool json_field::strings(std::string_view name, std::vector<std::string>& out,
                         std::string_view go_type) {
  if (is(name))
    out.clear();
  return list(name, "[]" + std::string(go_type), [&](const bj::value& one) {
    string_value(one, out.emplace_back(), go_type);
  });
}

bool json_field::string_map(
    std::string_view name,
    std::optional<std::map<std::string, std::string>>& out) {
  if (!is(name))
    return false;
  out.reset();
  if (value_.is_object())
    out.emplace();
  return map(name, "map[string]string",
             [&](std::string_view key, const bj::value& one) {
               string_value(one, (*out)[std::string(key)], "string");
             });
}

bool json_field::header(std::string_view name,
                        std::map<std::string, std::vector<std::string>>& out) {
  if (is(name))
    out.clear();
  return map(name, "map[string][]string",
             [&](std::string_view key, const bj::value& one) {
               auto& values = out[std::string(key)];
               auto* array = one.if_array();
               if (!array && !one.is_null())
                 mismatch(one, "[]string");
               if (!array)
                 return;
               for (auto& value : *array)
                 string_value(value, values.emplace_back(), "string");
             });
}

bool json_field::later(std::string_view name, const bj::value*& out) {
  if (!is(name))
    return false;
  out = value_.is_null() ? nullptr : &value_;
  return true;
}

bool json_field::free_object(std::string_view name, std::string& out) {
  if (!is(name))
    return false;
  out.clear();
  if (object_or_error("map[string]interface {}"))
    out = canonical_json(value_);
  return true;
}

result<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::size_t at = 0;
  auto skip_breaks = [&] {
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r'))
      ++at;
  };
  for (;;) {
    unsigned bits = 0;
    std::size_t count = 0; // digits of this group of four
    for (; count < 4; ++count) {
      skip_breaks();
      if (at == text.size() && count == 0)
        return out;
      if (at == text.size())
        return bad_base64(at - count);
      auto value = base64_values[static_cast<unsigned char>(text[at++])];
      if (value >= 0) {
        bits = bits << 6 | static_cast<unsigned>(value);
        continue;
      }
      if (text[at - 1] != '=' || count < 2)
        return bad_base64(at - 1);
      break;
    }
    if (count == 4) {
      out.push_back(static_cast<char>(bits >> 16));
      out.push_back(static_cast<char>(bits >> 8));
      out.push_back(static_cast<char>(bits));
      continue;
    }
    // Padding: one byte behind "==", two behind "="; then nothing more.
    skip_breaks();
    if (count == 2) {
      if (at == text.size())
        return bad_base64(at);
      if (text[at++] != '=')
        return bad_base64(at - 1);
      skip_breaks();
    }
    if (at < text.size())
      return bad_base64(at);
    out.push_back(static_cast<char>(bits >> (count == 2 ? 4 : 10)));
    if (count == 3)
      out.push_back(static_cast<char>(bits >> 2));
    return out;
  }
}

} // namespace praetor::http
