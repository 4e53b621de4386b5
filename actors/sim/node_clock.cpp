#include "actors/sim/node_clock.hpp"

#include <caf/mailbox_element.hpp>

namespace praetor::actors::sim {
namespace {

constexpr std::int64_t million = 1'000'000;

// What a clock with this drift shows more than passes. Spans are those
// between two events, so that nothing overflows: days at most.
span drifted(span passing, std::int64_t ppm) {
  auto whole = passing.count() / million * ppm;
  return span{whole + passing.count() % million * ppm / million};
}

// How long it takes such a clock to show so much more; rounded up, else it
// would be asked for ever.
span needed(span shown, std::int64_t ppm) {
  auto rate = million + ppm;
  return span{shown.count() / rate * million +
              shown.count() % rate * million / rate + 2};
}

} // namespace

node_clock::node_clock(instant start, span reads, std::int64_t drift_ppm)
    : true_time_(start), shows_(reads), drift_ppm_(drift_ppm), wheel_(shows_) {}

timer_id node_clock::after(span delay, caf::strong_actor_ptr to,
                           caf::message what) {
  moved_ = true;
  return wheel_.add(shows_ + std::max(delay, span{}),
                    due{std::move(to), std::move(what)});
}

void node_clock::cancel(timer_id timer) {
  moved_ = true;
  wheel_.cancel(timer);
}

void node_clock::move_to(instant when) {
  PRAETOR_ASSERT(when >= true_time_);
  if (when == true_time_)
    return;
  auto passing = when - true_time_;
  shows_ += passing + drifted(passing, drift_ppm_);
  true_time_ = when;
}

void node_clock::leap(span by) {
  PRAETOR_ASSERT(by >= span{});
  shows_ += by;
  moved_ = true;
}

instant node_clock::next() {
  if (!std::exchange(moved_, false))
    return next_;
  auto due_at = wheel_.next();
  if (!due_at)
    return next_ = instant::max();
  if (*due_at <= shows_)
    return next_ = true_time_;
  return next_ = true_time_ + needed(*due_at - shows_, drift_ppm_);
}

void node_clock::fire() {
  moved_ = true;
  wheel_.advance(shows_, [](due fired) {
    fired.to->enqueue(nullptr, caf::make_message_id(), std::move(fired.what),
                      nullptr);
  });
}

void node_clock::clear() {
  wheel_ = timer_wheel<due>(shows_);
  moved_ = true;
}

} // namespace praetor::actors::sim
