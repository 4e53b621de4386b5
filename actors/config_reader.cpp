#include "actors/config_reader.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/duration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace praetor::actors {

namespace json = boost::json;

namespace {

void note(std::vector<std::string>& list, std::string text) {
  if (list.size() < complaints_max)
    list.push_back(std::move(text));
}

std::string_view view_of(const json::string& text) {
  return {text.data(), text.size()};
}

/// The nearest whole number within the bounds: files may say 1e40.
std::int64_t to_whole(double x, std::int64_t low, std::int64_t high) {
  if (!(x > static_cast<double>(low)))
    return low;
  if (x >= static_cast<double>(high))
    return high;
  return static_cast<std::int64_t>(std::trunc(x));
}

} // namespace

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (auto& c : folded)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return folded;
}

std::string list_errors(const std::vector<std::string>& errors) {
  PRAETOR_ASSERT(!errors.empty());
  auto text = errors.size() == 1
                  ? std::string("1 error occurred:")
                  : std::to_string(errors.size()) + " errors occurred:";
  for (auto& one : errors)
    text += "\n\t* " + one;
  return text + "\n\n";
}

section_reader::section_reader(const json::object& object, std::string path,
                               reading_log& log)
    : object_(object), path_(std::move(path)), log_(log) {
  entries_.reserve(object.size());
  for (auto& pair : object) {
    std::string_view key(pair.key().data(), pair.key().size());
    entries_.push_back({key, fold_case(key), &pair.value()});
  }
}

section_reader::~section_reader() {
  for (auto& one : entries_)
    if (!one.was_used)
      note(log_.unknown_keys, path_of(one.key));
}

std::string section_reader::path_of(std::string_view key) const {
  auto path = path_;
  if (!path.empty())
    path += '.';
  return path.append(key);
}

const json::value* section_reader::find(std::string_view key, bool wants_list) {
  entry* found = nullptr;
  for (auto& one : entries_) {
    if (one.key == key) {
      found = &one;
      break;
    }
    if (found == nullptr && !one.was_used && one.folded == key)
      found = &one;
  }
  if (found == nullptr)
    return nullptr;
  found->was_used = true;
  auto value = found->value;
  if (!wants_list && value->is_array() && value->get_array().size() == 1)
    value = &value->get_array()[0];
  return value->is_null() ? nullptr : value;
}

/// Go's names for the kinds of JSON values, which users know from the errors.
const char* section_reader::type_name(const json::value& value) const {
  switch (value.kind()) {
  case json::kind::null:
    return "<nil>";
  case json::kind::bool_:
    return "bool";
  case json::kind::int64:
  case json::kind::uint64:
    return log_.has_whole_numbers ? "int" : "float64";
  case json::kind::double_:
    return "float64";
  case json::kind::string:
    return "string";
  case json::kind::array:
    return "[]interface {}";
  case json::kind::object:
    return "map[string]interface {}";
  }
  return "unknown";
}

/// The same, as told where only the outer kind matters.
const char* section_reader::kind_name(const json::value& value) const {
  if (value.is_array())
    return "slice";
  return value.is_object() ? "map" : type_name(value);
}

void section_reader::mismatch(const std::string& path, const char* wanted,
                              const json::value& found) {
  note(log_.wrong_types, "'" + path + "' expected type '" + wanted +
                             "', got unconvertible type '" + type_name(found) +
                             "'");
}

bool section_reader::read_text(const json::value& value,
                               const std::string& path, std::string& out) {
  auto found = &value;
  if (found->is_array() && found->get_array().size() == 1)
    found = &found->get_array()[0];
  if (!found->is_string()) {
    mismatch(path, "string", *found);
    return false;
  }
  out = view_of(found->get_string());
  return true;
}

void section_reader::text(std::string_view key, std::string& out) {
  if (auto value = find(key, false))
    read_text(*value, path_of(key), out);
}

void section_reader::flag(std::string_view key, bool& out) {
  auto value = find(key, false);
  if (value == nullptr)
    return;
  if (value->is_bool())
    out = value->get_bool();
  else
    mismatch(path_of(key), "bool", *value);
}

void section_reader::flag(std::string_view key, std::optional<bool>& out) {
  auto value = find(key, false);
  if (value == nullptr)
    return;
  if (value->is_bool())
    out = value->get_bool();
  else
    mismatch(path_of(key), "bool", *value);
}

bool section_reader::number(std::string_view key, const char* wanted,
                            double& out) {
  auto value = find(key, false);
  if (value == nullptr)
    return false;
  if (!value->is_number()) {
    mismatch(path_of(key), wanted, *value);
    return false;
  }
  out = value->to_number<double>();
  return true;
}

void section_reader::integer(std::string_view key, int& out) {
  double x = 0;
  if (number(key, "int", x))
    out = static_cast<int>(to_whole(x, std::numeric_limits<int>::min(),
                                    std::numeric_limits<int>::max()));
}

void section_reader::integer(std::string_view key, std::int64_t& out) {
  double x = 0;
  if (number(key, "int", x))
    out = to_whole(x, std::numeric_limits<std::int64_t>::min(),
                   std::numeric_limits<std::int64_t>::max());
}

void section_reader::natural(std::string_view key, std::uint64_t& out,
                             const char* wanted) {
  double x = 0;
  if (!number(key, wanted, x))
    return;
  if (x < 0) {
    note(log_.wrong_types, "cannot parse '" + path_of(key) + "', " +
                               std::to_string(x) + " overflows uint");
    return;
  }
  out = static_cast<std::uint64_t>(
      to_whole(x, 0, std::numeric_limits<std::int64_t>::max()));
}

void section_reader::natural(std::string_view key, std::uint32_t& out) {
  std::uint64_t wide = out;
  natural(key, wide, "uint32");
  out = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(wide, std::numeric_limits<std::uint32_t>::max()));
}

void section_reader::real(std::string_view key, double& out) {
  double x = 0;
  if (number(key, "float64", x))
    out = x;
}

const json::array* section_reader::list(std::string_view key) {
  auto value = find(key, true);
  if (value == nullptr)
    return nullptr;
  if (value->is_array())
    return &value->get_array();
  note(log_.wrong_types, "'" + path_of(key) +
                             "': source data must be an array or slice, got " +
                             kind_name(*value));
  return nullptr;
}

const json::object* section_reader::map(const json::value* value,
                                        const std::string& path) {
  if (value == nullptr || value->is_null())
    return nullptr;
  if (value->is_array() && value->get_array().size() == 1 &&
      value->get_array()[0].is_object())
    return &value->get_array()[0].get_object();
  if (value->is_object())
    return &value->get_object();
  note(log_.wrong_types,
       "'" + path + "' expected a map, got '" + kind_name(*value) + "'");
  return nullptr;
}

void section_reader::texts(std::string_view key,
                           std::vector<std::string>& out) {
  auto items = list(key);
  if (items == nullptr)
    return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    std::string item;
    auto path = path_of(key) + "[" + std::to_string(i) + "]";
    if ((*items)[i].is_null() || read_text((*items)[i], path, item))
      out.push_back(std::move(item));
  }
}

void section_reader::text_map(std::string_view key, model::string_map& out) {
  auto pairs = map(find(key, false), path_of(key));
  if (pairs == nullptr)
    return;
  for (auto& pair : *pairs) {
    std::string name(pair.key());
    std::string value;
    if (pair.value().is_null() ||
        read_text(pair.value(), path_of(key) + "[" + name + "]", value))
      out[name] = std::move(value);
  }
}

void section_reader::duration(std::string_view key, span& out,
                              std::string name) {
  std::string given;
  auto value = find(key, false);
  if (value == nullptr || !read_text(*value, path_of(key), given))
    return;
  if (name.empty())
    name = path_of(key);
  auto parsed = parse_duration(given);
  if (parsed)
    out = *parsed;
  else
    note(log_.bad_values, name + ": invalid duration: \"" + given +
                              "\": " + parsed.failure().text);
}

void section_reader::duration_map(std::string_view key,
                                  std::map<std::string, span>& out) {
  model::string_map given;
  text_map(key, given);
  for (auto& [name, value] : given) {
    auto parsed = parse_duration(value);
    if (parsed)
      out[name] = *parsed;
    else
      note(log_.bad_values, path_of(key) + "[\"" + name +
                                "\"]: invalid duration: \"" + value +
                                "\": " + parsed.failure().text);
  }
}

void section_reader::texts_map(
    std::string_view key,
    std::map<std::string, std::vector<std::string>>& out) {
  auto pairs = map(find(key, false), path_of(key));
  if (pairs == nullptr)
    return;
  for (auto& pair : *pairs) {
    std::string name(pair.key());
    auto path = path_of(key) + "[" + name + "]";
    if (pair.value().is_null())
      continue;
    if (!pair.value().is_array()) {
      note(log_.wrong_types,
           "'" + path + "': source data must be an array or slice, got " +
               kind_name(pair.value()));
      continue;
    }
    auto& items = pair.value().get_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::string item;
      if (items[i].is_null() ||
          read_text(items[i], path + "[" + std::to_string(i) + "]", item))
        out[name].push_back(std::move(item));
    }
  }
}

void section_reader::section(std::string_view key,
                             const section_function& read) {
  auto path = path_of(key);
  if (auto found = map(find(key, false), path)) {
    section_reader inner(*found, path, log_);
    read(inner);
  }
}

void section_reader::sections(std::string_view key,
                              const section_function& read) {
  auto items = list(key);
  if (items == nullptr)
    return;
  static const json::object nothing;
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto path = path_of(key) + "[" + std::to_string(i) + "]";
    auto found = map(&(*items)[i], path);
    if (found == nullptr && !(*items)[i].is_null())
      continue;
    section_reader inner(found != nullptr ? *found : nothing, path, log_);
    read(inner);
  }
}

void section_reader::section_map(
    std::string_view key,
    const std::function<void(std::string_view, section_reader&)>& read) {
  auto pairs = map(find(key, false), path_of(key));
  if (pairs == nullptr)
    return;
  for (auto& pair : *pairs) {
    std::string_view name(pair.key().data(), pair.key().size());
    auto path = path_of(key) + "[" + std::string(name) + "]";
    if (auto found = map(&pair.value(), path)) {
      section_reader inner(*found, path, log_);
      read(name, inner);
    }
  }
}

const json::object* section_reader::any_object(std::string_view key) {
  return map(find(key, false), path_of(key));
}

std::vector<const json::object*>
section_reader::any_objects(std::string_view key) {
  std::vector<const json::object*> found;
  auto items = list(key);
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i)
    if (auto one =
            map(&(*items)[i], path_of(key) + "[" + std::to_string(i) + "]"))
      found.push_back(one);
  return found;
}

void section_reader::unused_text(std::initializer_list<std::string_view> keys) {
  std::string unused;
  for (auto key : keys)
    text(key, unused);
}

void section_reader::unused_flag(std::initializer_list<std::string_view> keys) {
  bool unused = false;
  for (auto key : keys)
    flag(key, unused);
}

void section_reader::unused_integer(
    std::initializer_list<std::string_view> keys) {
  int unused = 0;
  for (auto key : keys)
    integer(key, unused);
}

} // namespace praetor::actors
