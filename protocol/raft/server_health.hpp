#pragma once

// What a leader finds of the other servers: who is well, and since when. For
// operators and for autopilot; it decides nothing in Raft.

#include "protocol/raft/core.hpp"

#include <map>

namespace praetor::raft {

/// Beyond one of these a server is unhealthy.
struct health_limits {
  span silence_max = std::chrono::milliseconds(200);
  std::uint64_t lag_max = 250; // entries of the log
};

class server_health {
public:
  struct condition {
    bool healthy = false;
    instant since{}; // when that last changed
    friend bool operator==(const condition&, const condition&) = default;
  };

  /// Looks at all members; whoever does not lead knows nothing of them.
  void observe(const core& of, const health_limits& limits, instant now);

  /// Nothing for those who were not seen yet.
  const condition* of(const node_id& id) const;

private:
  std::map<node_id, condition> known_;
};

/// How long a follower is overdue: between two heartbeats it need not say
/// anything. Nothing when it was never heard of in this term.
std::optional<span> silence_of(const core& leader, const node_id& follower,
                               instant now);

} // namespace praetor::raft
