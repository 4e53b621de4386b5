#pragma once

// MessagePack (msgpack.org, both the old and the new raw forms) as a tree of
// values, for the records of Consul's snapshots. Survives any bytes: nothing
// is kept that is not there, and depth has a limit.

#include "protocol/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace praetor::storage {

/// Containers within containers. Consul's records have six; the free-form
/// configuration of a proxy may have some more.
inline constexpr int msgpack_depth_max = 64;

struct msgpack_value {
  using list = std::vector<msgpack_value>;
  /// In the order of the bytes; keys that are no text are refused.
  using map = std::vector<std::pair<std::string, msgpack_value>>;

  std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double,
               std::string, list, map>
      content;

  bool is_null() const { return content.index() == 0; }
  /// The member of that name, or null when there is none.
  const msgpack_value* find(std::string_view name) const;

  // What is of another type reads as empty, as Go leaves a field alone.
  std::string text(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
  std::int64_t whole(std::string_view name) const;
  bool flag(std::string_view name) const;
  const list& items(std::string_view name) const;
  const map& members(std::string_view name) const;
  const map& members() const;
};

/// Reads one value and moves `bytes` behind it.
result<msgpack_value> read_msgpack(std::string_view& bytes);

} // namespace praetor::storage
