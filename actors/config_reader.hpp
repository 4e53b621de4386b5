#pragma once

// Reads the fields of one JSON object by name, strictly: a value of the wrong
// type is reported, a key that nobody asked for is reported, and letter case
// of keys does not matter. Both the agent's settings and the definitions of
// services and checks are read through it, so every complaint has the same
// form and names its path ("services[1].check.ttl").
//
// Reading is in place: what the object does not name keeps its value, lists
// grow, maps are merged. Reading one file after another into the same struct
// is therefore all there is to merging.

#include "protocol/base/time.hpp"
#include "protocol/model/records.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::actors {

/// What was found wrong, sorted by how it is told.
struct reading_log {
  std::vector<std::string> wrong_types;  // "'ports.http' expected type ..."
  std::vector<std::string> unknown_keys; // "ports.bogus"
  std::vector<std::string> bad_values;   // "ttl: invalid duration: ..."
  bool has_whole_numbers = false; // 5 is an "int" in HCL, else a "float64"
};

/// Complaints kept per kind: a hostile file must not fill memory with them,
/// and nobody reads more.
inline constexpr std::size_t complaints_max = 1000;

class section_reader {
public:
  using section_function = std::function<void(section_reader&)>;

  section_reader(const boost::json::object& object, std::string path,
                 reading_log& log);
  section_reader(const section_reader&) = delete;
  section_reader& operator=(const section_reader&) = delete;
  /// Reports the keys that nobody asked for.
  ~section_reader();

  void text(std::string_view key, std::string& out);
  void flag(std::string_view key, bool& out);
  void flag(std::string_view key, std::optional<bool>& out);
  void integer(std::string_view key, int& out);
  void integer(std::string_view key, std::int64_t& out);
  void natural(std::string_view key, std::uint64_t& out,
               const char* wanted = "uint64");
  void natural(std::string_view key, std::uint32_t& out);
  void real(std::string_view key, double& out);
  void texts(std::string_view key, std::vector<std::string>& out);
  void text_map(std::string_view key, model::string_map& out);
  /// Text in Go's duration syntax. `name` is what errors call it; empty: the
  /// path.
  void duration(std::string_view key, span& out, std::string name = {});
  /// A map from text to durations.
  void duration_map(std::string_view key, std::map<std::string, span>& out);
  /// A map from text to lists of text.
  void texts_map(std::string_view key,
                 std::map<std::string, std::vector<std::string>>& out);
  /// An object with fields of its own.
  void section(std::string_view key, const section_function& read);
  /// A list of such objects; the function is called for each.
  void sections(std::string_view key, const section_function& read);
  /// A map from text to such objects.
  void section_map(
      std::string_view key,
      const std::function<void(std::string_view name, section_reader&)>& read);
  /// An object that we do not look into, or null when it is absent.
  const boost::json::object* any_object(std::string_view key);
  /// The same for a list of objects.
  std::vector<const boost::json::object*> any_objects(std::string_view key);

  /// Keys that are known and have no effect here: only their type counts.
  void unused_text(std::initializer_list<std::string_view> keys);
  void unused_flag(std::initializer_list<std::string_view> keys);
  void unused_integer(std::initializer_list<std::string_view> keys);

  const std::string& path() const { return path_; }
  reading_log& log() { return log_; }
  const boost::json::object& object() const { return object_; }

private:
  struct entry {
    std::string_view key;
    std::string folded;
    const boost::json::value* value;
    bool was_used = false;
  };

  /// The value of the key in whatever letter case; null when absent or JSON
  /// null. A list of one stands for its element unless a list is wanted.
  const boost::json::value* find(std::string_view key, bool wants_list);
  std::string path_of(std::string_view key) const;
  const char* type_name(const boost::json::value& value) const;
  const char* kind_name(const boost::json::value& value) const;
  void mismatch(const std::string& path, const char* wanted,
                const boost::json::value& found);
  const boost::json::array* list(std::string_view key);
  const boost::json::object* map(const boost::json::value* value,
                                 const std::string& path);
  bool number(std::string_view key, const char* wanted, double& out);
  bool read_text(const boost::json::value& value, const std::string& path,
                 std::string& out);

  const boost::json::object& object_;
  std::string path_;
  reading_log& log_;
  std::vector<entry> entries_;
};

/// Letters A to Z made small; anything else as it is.
std::string fold_case(std::string_view text);

/// "1 error occurred:\n\t* x\n\n", "2 errors occurred:...": the form in which
/// lists of errors are shown.
std::string list_errors(const std::vector<std::string>& errors);

} // namespace praetor::actors
