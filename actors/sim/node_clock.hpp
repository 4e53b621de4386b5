#pragma once

#include "actors/clock.hpp"

namespace praetor::actors::sim {

/// The clock of one simulated server: it runs a little too fast or too slow,
/// and may leap. It never goes back, as the monotonic clocks of operating
/// systems never do.
class node_clock final : public clock {
public:
  /// `reads`: what it shows at the start, for clocks of different machines
  /// have nothing to do with one another.
  node_clock(instant start, span reads, std::int64_t drift_ppm);

  instant now() const override { return shows_; }
  timer_id after(span delay, caf::strong_actor_ptr to,
                 caf::message what) override;
  void cancel(timer_id timer) override;

  /// True time goes on to `when`.
  void move_to(instant when);
  void leap(span by);
  void set_drift(std::int64_t ppm) { drift_ppm_ = ppm; }
  /// The true time at which the next timer may be due; `instant::max()` when
  /// there is none.
  instant next();
  /// Fires what is due.
  void fire();
  /// Drops all timers, and with them their actors.
  void clear();

private:
  struct due {
    caf::strong_actor_ptr to;
    caf::message what;
  };

  instant true_time_;
  instant shows_;
  std::int64_t drift_ppm_;
  timer_wheel<due> wheel_;
  bool moved_ = true; // `next_` is to be found again
  instant next_ = instant::max();
};

} // namespace praetor::actors::sim
