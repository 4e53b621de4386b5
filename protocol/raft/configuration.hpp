#pragma once

// Who belongs to the cluster. A configuration is the content of a log entry
// and rules from the moment it is appended (Ongaro's thesis, section 4.1).

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::raft {

/// Who may vote at most: beyond it every write would wait for too many.
inline constexpr std::size_t voters_max = 15;

/// Who may follow without a vote at most: the leader sends to all of them.
inline constexpr std::size_t nonvoters_max = 64;

/// Far above a UUID; bounds what a configuration can weigh.
inline constexpr std::size_t node_id_bytes_max = 256;

struct configuration {
  /// Both are sorted and without doubles, and nobody is in both.
  std::vector<node_id> voters;
  /// They get the log, and neither vote nor count.
  std::vector<node_id> nonvoters;

  bool is_voter(const node_id& id) const;
  bool is_nonvoter(const node_id& id) const;
  bool has(const node_id& id) const { return is_voter(id) || is_nonvoter(id); }
  friend bool operator==(const configuration&, const configuration&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, configuration& x) {
  auto& [voters, nonvoters] = x;
  return f(voters, nonvoters);
}

/// `errc::bad_input` names the first rule above that does not hold. No voters
/// at all is allowed: so begins a server that waits to be added.
status check_configuration(const configuration& one);

enum class change_kind : unsigned char {
  add_nonvoter, // a stranger follows from now on
  promote,      // a nonvoter votes from now on
  demote,       // a voter only follows from now on
  remove,       // a member no longer belongs to the cluster
};

/// "add-nonvoter", "promote", "demote", "remove".
const char* to_text(change_kind kind);

struct membership_change {
  change_kind kind = change_kind::add_nonvoter;
  node_id who;
};

/// The configuration after one change; `errc::bad_input` or `errc::not_found`
/// when it makes no sense.
result<configuration> changed(const configuration& from,
                              const membership_change& change);

/// How many voters only one of the two has: majorities of both are sure to
/// meet as long as it is at most one (thesis, section 4.1).
std::size_t voters_apart(const configuration& one, const configuration& other);

/// The bytes of an entry of `entry_kind::configuration`, and back.
std::string encode(const configuration& one);
result<configuration> decode_configuration(std::string_view bytes);

} // namespace praetor::raft
