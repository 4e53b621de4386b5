#pragma once

// The events that came by, so that each is delivered once: ordered by
// Lamport's time, the oldest forgotten first. What is older than all that is
// kept has been delivered, or is refused.

#include "protocol/gossip/messages.hpp"

#include <set>
#include <vector>

namespace praetor::gossip {

class event_log {
public:
  /// The time that the next event of ours would get.
  std::uint64_t time() const { return clock_; }
  /// Gives the event its time and keeps it.
  user_event fire(std::string name, std::string payload);
  /// True when it was not seen before and shall be delivered.
  bool accept(const user_event& heard);
  /// Somebody's clock shows this.
  void witness(std::uint64_t time);
  /// Events of before this are none of ours: we have just joined.
  void ignore_before(std::uint64_t time);
  /// The oldest first.
  const std::set<user_event>& recent() const { return kept_; }

  friend bool operator==(const event_log&, const event_log&) = default;

private:
  std::uint64_t clock_ = 1;
  std::uint64_t floor_ = 0;
  std::set<user_event> kept_;
};

} // namespace praetor::gossip
