#pragma once

// The fields of records as filters name them, their shapes, and how each is
// read. Only filter*.cpp include this.

#include "protocol/model/filter.hpp"

#include <span>

namespace praetor::model {

/// What can be asked of a field.
enum class field_shape : std::uint8_t {
  text,
  number,
  boolean,
  collection, // of texts, or the keys of a map
  records,    // a list: only its emptiness can be asked about
  structure,  // nothing can be asked about it
};

/// Puts the question of one comparison to a value of a field.
class field_judge {
public:
  explicit field_judge(const filter_comparison& about) : about_(about) {}

  const std::string& key() const { return about_.key; }

  bool text(std::string_view value) const;
  bool number(std::int64_t value) const;
  /// Emptiness by the size, membership by the answer.
  bool collection(std::size_t size, bool contains) const;
  bool list(const std::vector<std::string>& values) const;
  /// A key that a map does not have. All answers are as Consul gives them,
  /// also that a pattern both matches and does not match it.
  bool missing() const;

  template <class Map>
  bool keys(const std::optional<Map>& map) const {
    return collection(map ? map->size() : 0, map && map->contains(about_.text));
  }
  bool entry(const std::optional<string_map>& map) const;

private:
  const filter_comparison& about_;
};

/// `path` is dotted; "*" stands for any key of a map.
template <class Record>
struct record_field {
  std::string_view path;
  field_shape shape;
  bool (*read)(const Record& from, const field_judge& judge);
};

std::span<const record_field<node>> node_fields();
std::span<const record_field<service>> service_fields();
std::span<const record_field<check>> check_fields();

/// The place of a comparison that asks for the list of checks as a whole.
inline constexpr std::size_t whole_list = SIZE_MAX;

/// Where a selector leads.
struct resolved_selector {
  /// How many of its names lead somewhere; less than all: not valid.
  std::size_t valid = 0;
  field_shape shape = field_shape::structure;
  filter_part part = filter_part::node;
  std::size_t field = 0;
  std::string key;
};

resolved_selector resolve(record_kind kind,
                          const std::vector<std::string>& selector);

} // namespace praetor::model
