#pragma once

// Time as actors see it: what time it is, and a message later. On a loop the
// timer wheel stands behind it, in tests a clock that is moved by hand.

#include "protocol/base/timer_wheel.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/message.hpp>

namespace praetor::actors {

class clock {
public:
  virtual ~clock() = default;
  virtual instant now() const = 0;
  /// Sends the message to the actor after the delay. A timer of an actor that
  /// ended is harmless.
  virtual timer_id after(span delay, caf::strong_actor_ptr to,
                         caf::message what) = 0;
  /// Stale ids are ignored; the message may be in the mailbox already, so an
  /// old tick must be harmless to its actor.
  virtual void cancel(timer_id timer) = 0;
};

} // namespace praetor::actors
