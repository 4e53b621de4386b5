#pragma once

// A loop for tests of probes: runs until results are there, and complains
// about handles that nobody closed.

#include "actors/io/probe.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace praetor::tests {

class probe_loop {
public:
  probe_loop() {
    uv_loop_init(&loop_);
    uv_timer_init(&loop_, &guard_);
    guard_.data = this;
  }
  ~probe_loop() {
    uv_close(reinterpret_cast<uv_handle_t*>(&guard_), nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }

  uv_loop_t* get() { return &loop_; }

  /// Runs until `is_done` or, as a failure, for ten seconds.
  template <class Predicate>
  void run_until(Predicate is_done) {
    is_late_ = false;
    auto on_guard = [](uv_timer_t* timer) {
      static_cast<probe_loop*>(timer->data)->is_late_ = true;
    };
    uv_timer_start(&guard_, on_guard, 10'000, 0);
    while (!is_done() && !is_late_)
      uv_run(&loop_, UV_RUN_ONCE);
    uv_timer_stop(&guard_);
    CHECK_FALSE(is_late_);
  }

  /// Where a probe's callback puts its result.
  io::probe_callback keep() {
    found_.reset();
    return [this](health::probe_result found) {
      CHECK_FALSE(found_);
      found_ = std::move(found);
    };
  }
  bool has_result() const { return found_.has_value(); }

  health::probe_result wait() {
    CHECK_FALSE(found_); // never from within the starting call
    run_until([this] { return has_result(); });
    return found_.value_or(health::probe_result{});
  }

private:
  uv_loop_t loop_{};
  uv_timer_t guard_{};
  bool is_late_ = false;
  std::optional<health::probe_result> found_;
};

} // namespace praetor::tests
