#pragma once

// Which servers belong to the cluster, as far as that follows from who is
// there: the leader's hand on its configuration. A newcomer follows first and
// votes once it has been well for a while; whoever has left goes; whoever
// failed goes if the others stay a safe majority. One change at a time.

#include "protocol/base/time.hpp"
#include "protocol/raft/configuration.hpp"

#include <optional>

namespace praetor::raft {

struct autopilot_rules {
  /// Failed servers are taken out.
  bool removes_failed = true;
  /// How long a newcomer must have been well before it votes.
  span stabilization = std::chrono::seconds(10);
};

/// A server as the members' failure detector sees it.
struct seen_server {
  enum class presence : std::uint8_t { alive, failed, left };
  node_id id;
  presence state = presence::alive;
  bool never_votes = false;
};

/// A server as the leader sees it.
struct known_server {
  node_id id;
  bool votes = false;
  bool is_self = false;
  bool healthy = false;
  span stable_for{};
};

/// The most urgent change, or nothing.
std::optional<membership_change>
next_change(const autopilot_rules& rules,
            const std::vector<known_server>& known,
            const std::vector<seen_server>& seen);

} // namespace praetor::raft
