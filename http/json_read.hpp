#pragma once

// JSON from clients into plain fields, as lenient and as strict as Go's
// encoding/json: names match without regard to letter case, null changes
// nothing, what follows the first value is ignored, and errors are worded as
// clients of Consul know them.
//
// A reader walks an object in the order of its text and offers each field to
// a chain of matchers, because which of several errors is told depends on
// that order:
//
//   read_object(value, place, errors, unknown::refused, [&](json_field& f) {
//     return f.string("Name", name) || f.integer("Port", port);
//   });

#include "http/json_write.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <boost/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http {

/// Containers inside containers. Nothing that Consul reads needs ten levels;
/// the configuration of a proxy is free text and may be deep, within reason.
inline constexpr std::size_t json_depth_max = 100;

/// Bytes of one document. The parsed form takes up to twelve times the text,
/// and the largest body that is meant to pass is a transaction of 512 KiB.
inline constexpr std::size_t json_bytes_max = 8u << 20;

/// The first value in the text. "EOF" for blank text, "unexpected EOF" for
/// text that is cut off, and the first offending byte otherwise. Bytes that
/// are not UTF-8 and lone surrogates are read as U+FFFD.
result<boost::json::value> parse_json(std::string_view text);

/// Writes a value with sorted keys and all numbers as doubles: what a
/// document becomes that passes through Go without a type.
void write_value(json_writer& json, const boost::json::value& value);

/// The same as compact text.
std::string canonical_json(const boost::json::value& value);

/// A duration as text in Go's syntax or as a number of nanoseconds. Null and
/// other types leave `out` alone, as they do in Consul.
status read_duration(const boost::json::value& value, span& out);

/// Whole nanoseconds of a number; beyond 64 bits the least value there is.
std::int64_t whole_number(const boost::json::value& value);

/// The bytes that standard base64 stands for; line breaks are skipped.
/// `illegal base64 data at input byte 3`.
result<std::string> decode_base64(std::string_view text);

/// The error to report, if any. Types and unknown fields that do not fit are
/// remembered and reading goes on; a value that refuses itself ends it.
class decode_errors {
public:
  bool failed() const { return failed_; }
  bool ended() const { return ended_; }
  const std::string& text() const { return text_; }

  void save(std::string text) {
    if (!failed_)
      text_ = std::move(text);
    failed_ = true;
  }
  void end(std::string text) {
    if (!ended_)
      text_ = std::move(text);
    failed_ = ended_ = true;
  }

private:
  bool failed_ = false;
  bool ended_ = false;
  std::string text_;
};

/// Where an error is said to be: "Go struct field Type.Path.Name".
struct json_place {
  std::string type; // of the innermost struct
  std::string path; // of the fields above, each with its dot
  /// Inside a value that decodes itself only the field of that value is
  /// known: `path` is the whole name.
  bool opaque = false;
};

enum class unknown { ignored, refused };

/// One field of an object while it is looked for. Each matcher answers
/// whether the field has that name; if so the value has been read, or the
/// error saved.
class json_field {
public:
  json_field(std::string_view name, const boost::json::value& value,
             const json_place& place, decode_errors& errors)
      : name_(name), value_(value), place_(place), errors_(errors) {}

  const boost::json::value& value() const { return value_; }
  decode_errors& errors() { return errors_; }

  bool is(std::string_view name);
  bool string(std::string_view name, std::string& out,
              std::string_view go_type = "string");
  bool boolean(std::string_view name, bool& out);
  bool integer(std::string_view name, int& out);
  bool integer(std::string_view name, std::uint64_t& out);
  bool strings(std::string_view name, std::vector<std::string>& out,
               std::string_view go_type = "string");
  bool string_map(std::string_view name,
                  std::optional<std::map<std::string, std::string>>& out);
  bool header(std::string_view name,
              std::map<std::string, std::vector<std::string>>& out);
  /// Any value, to be looked at later; null counts as absent.
  bool later(std::string_view name, const boost::json::value*& out);
  /// Any object, kept as canonical text; empty text when null.
  bool free_object(std::string_view name, std::string& out);
  /// Accepted and dropped.
  bool skipped(std::string_view name) { return is(name); }

  /// A list; `each(value)` sees the elements unless it is null.
  template <class Fn>
  bool list(std::string_view name, std::string_view go_type, Fn each) {
    if (!is(name))
      return false;
    if (auto* array = list_or_error(go_type))
      for (auto& one : *array) {
        if (errors_.ended())
          break;
        each(one);
      }
    return true;
  }
  /// A map; `each(key, value)` sees the entries unless it is null.
  template <class Fn>
  bool map(std::string_view name, std::string_view go_type, Fn each) {
    if (!is(name))
      return false;
    if (auto* object = object_or_error(go_type))
      for (auto& [key, one] : *object) {
        if (errors_.ended())
          break;
        each(std::string_view(key), one);
      }
    return true;
  }

  /// The place of a struct in this field, for its own fields.
  json_place inner(std::string_view type) const;
  /// The place of all that is below, if this field's value decodes itself.
  json_place opaque() const;
  /// "cannot unmarshal string into Go struct field ... of type ...".
  void mismatch(const boost::json::value& got, std::string_view go_type);

private:
  const boost::json::array* list_or_error(std::string_view go_type);
  const boost::json::object* object_or_error(std::string_view go_type);
  bool string_value(const boost::json::value& value, std::string& out,
                    std::string_view go_type);

  std::string_view name_;  // as in the text
  std::string_view label_; // as in the struct
  const boost::json::value& value_;
  const json_place& place_;
  decode_errors& errors_;
};

/// "json: cannot unmarshal array into Go value of type ...".
std::string wrong_type(const boost::json::value& got, std::string_view place,
                       std::string_view go_type);
std::string unknown_field(std::string_view name);

/// Walks the fields of an object. Null is an object without fields; for other
/// types the caller has reported already.
template <class Fn>
void read_object(const boost::json::value& value, const json_place& place,
                 decode_errors& errors, unknown policy, Fn match) {
  auto* object = value.if_object();
  if (!object)
    return;
  for (auto& [name, one] : *object) {
    if (errors.ended())
      return;
    json_field field(name, one, place, errors);
    if (!match(field) && policy == unknown::refused)
      errors.save(unknown_field(name));
  }
}

} // namespace praetor::http
