#include "protocol/gossip/event_log.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>

namespace praetor::gossip {
namespace {

// Somebody who claims the end of time would leave nobody a later one.
constexpr std::uint64_t time_max = UINT64_MAX / 2;

} // namespace

user_event event_log::fire(std::string name, std::string payload) {
  user_event fired{clock_, std::move(name), std::move(payload)};
  auto is_new = accept(fired);
  PRAETOR_ASSERT(is_new || clock_ >= time_max);
  return fired;
}

bool event_log::accept(const user_event& heard) {
  if (heard.time >= time_max)
    return false;
  witness(heard.time);
  if (heard.time < floor_ || heard.time + recent_events_max < clock_)
    return false;
  if (!kept_.insert(heard).second)
    return false;
  if (kept_.size() > recent_events_max) {
    floor_ = std::max(floor_, kept_.begin()->time + 1);
    kept_.erase(kept_.begin());
  }
  PRAETOR_ASSERT(kept_.size() <= recent_events_max);
  return true;
}

void event_log::witness(std::uint64_t time) {
  if (time < time_max)
    clock_ = std::max(clock_, time + 1);
}

void event_log::ignore_before(std::uint64_t time) {
  if (time < time_max)
    floor_ = std::max(floor_, time);
}

} // namespace praetor::gossip
