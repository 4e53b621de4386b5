#pragma once

#include "protocol/gossip/messages.hpp"

namespace praetor::gossip {

/// As users see it. A suspect is alive until it failed.
enum class member_status : std::uint8_t { alive, leaving, left, failed };

/// "alive", "leaving", "left", "failed".
const char* to_text(member_status status);

/// What is known of one member.
struct member {
  std::string name;
  endpoint at;
  std::string tags; // packed, see messages.hpp
  std::uint64_t incarnation = 0;
  member_status status = member_status::alive;
  instant since{}; // in this status

  friend bool operator==(const member&, const member&) = default;
};

/// Whether it is probed, told rumours and counted.
inline bool is_present(const member& one) {
  return one.status == member_status::alive ||
         one.status == member_status::leaving;
}

} // namespace praetor::gossip
