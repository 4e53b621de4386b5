#pragma once

// What is going to happen, in the order of virtual time, and in the order of
// its making where times are equal. One for the whole simulated cluster.

#include "protocol/base/assert.hpp"
#include "protocol/base/time.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <vector>

namespace praetor::actors::sim {

class timeline {
public:
  using work = std::function<void()>;

  instant now() const { return now_; }

  void at(instant when, work what) {
    events_.push_back({std::max(when, now_), next_++, std::move(what)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(span delay, work what) { at(now_ + delay, std::move(what)); }

  /// `instant::max()` when there is none.
  instant next() const {
    return events_.empty() ? instant::max() : events_.front().when;
  }
  /// Time passes; it may not pass what is to happen.
  void move_to(instant when) {
    PRAETOR_ASSERT(when >= now_ && when <= next());
    now_ = when;
  }
  /// Does what is due now.
  void run_one() {
    PRAETOR_ASSERT(!events_.empty() && next() <= now_);
    std::pop_heap(events_.begin(), events_.end(), later);
    auto what = std::move(events_.back().what);
    events_.pop_back();
    what();
  }
  void clear() { events_.clear(); }

private:
  struct event {
    instant when;
    std::uint64_t order = 0;
    work what;
  };
  static bool later(const event& a, const event& b) {
    return std::tie(a.when, a.order) > std::tie(b.when, b.order);
  }

  // An hour on: nothing may take zero for a time that never was.
  instant now_{std::chrono::hours(1)};
  std::uint64_t next_ = 0;
  std::vector<event> events_;
};

} // namespace praetor::actors::sim
