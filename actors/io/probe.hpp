#pragma once

// What all probes on a libuv loop have in common: one result by callback, a
// timeout, and an end at any time. A run owns itself until libuv has closed
// the last of its handles; the `probe` that callers hold only cancels it.
// Everything here is used on the loop's thread alone.

#include "protocol/base/assert.hpp"
#include "protocol/base/time.hpp"
#include "protocol/health/check.hpp"

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace praetor::io {

/// Called once, from the loop, never from within the starting call. It may
/// destroy the probe, and whatever else it likes.
using probe_callback = std::function<void(health::probe_result)>;

class probe_run : public std::enable_shared_from_this<probe_run> {
public:
  probe_run(const probe_run&) = delete;
  probe_run& operator=(const probe_run&) = delete;
  virtual ~probe_run() = default;

  /// Begins in the next turn of the loop.
  void start();

  /// Ends without a result; harmless when the run is over.
  void cancel();

protected:
  probe_run(uv_loop_t* loop, span timeout, probe_callback done);

  virtual void begin() = 0;
  virtual void on_timeout() = 0;
  /// Stops what goes on and closes handles. Called exactly once.
  virtual void release() = 0;

  uv_loop_t* loop() const { return loop_; }
  span timeout() const { return timeout_; }
  bool is_over() const { return is_over_; }

  /// Ends with a result. What comes after it is ignored.
  void finish(health::probe_result found);
  void fail(std::string output);

  /// Something of libuv's that points to this run exists, or no longer does.
  void hold() { ++held_; }
  void drop();

private:
  static void on_timer(uv_timer_t* timer);
  void end();

  uv_loop_t* loop_;
  span timeout_;
  probe_callback done_;
  uv_timer_t timer_{};
  std::shared_ptr<probe_run> self_;
  int held_ = 0;
  bool has_begun_ = false;
  bool is_over_ = false;
};

/// A running probe. Destroying it cancels: the callback is not called any
/// more. It may outlive its run, and the loop.
class probe {
public:
  probe() = default;
  explicit probe(std::shared_ptr<probe_run> run) : run_(std::move(run)) {}
  probe(probe&&) = default;
  probe& operator=(probe&& other);
  ~probe() { cancel(); }

  void cancel();

private:
  std::weak_ptr<probe_run> run_;
};

/// The last bytes of an output whose size nobody knows.
class output_tail {
public:
  explicit output_tail(int size_max)
      : size_max_(static_cast<std::size_t>(size_max)) {
    PRAETOR_ASSERT(size_max > 0);
  }

  void append(std::string_view bytes);
  void clear();
  std::uint64_t total() const { return total_; }
  std::string_view last() const;

private:
  std::size_t size_max_;
  std::uint64_t total_ = 0;
  std::string bytes_;
};

/// At least `wanted`: libuv counts in milliseconds.
std::uint64_t to_milliseconds(span wanted);

} // namespace praetor::io
