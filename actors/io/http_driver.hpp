#pragma once

// libcurl's multi interface on a libuv loop: sockets become polls, its wish
// to be woken becomes a timer. Only the probes by libcurl include this.

#include "actors/io/http_probe.hpp"
#include "http/client/curl.hpp"

#include <vector>

namespace praetor::io {

using http::client::curl;

/// A request that the driver tells of its end.
class http_transfer : public probe_run {
public:
  /// The handle is no longer with the driver when this is called.
  virtual void on_transfer_end(CURLcode code) = 0;

protected:
  using probe_run::probe_run;
};

class http_prober::driver
    : public std::enable_shared_from_this<http_prober::driver> {
public:
  explicit driver(uv_loop_t* loop);
  ~driver();
  void start();

  uv_loop_t* loop() const { return loop_; }

  /// Hands the handle to libcurl until it ends or is removed.
  void add(CURL* easy, http_transfer* transfer);
  void remove(CURL* easy);

  /// All runs that may still use this driver, in the order of their start.
  void enlist(http_transfer* run) { runs_.push_back(run); }
  void delist(http_transfer* run) { std::erase(runs_, run); }

  /// Cancels all runs. Nothing may be added afterwards.
  void shut();

private:
  struct watch;

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self,
                       void* known);
  static int on_wish(CURLM*, long timeout_ms, void* self);
  static void on_ready(uv_poll_t* poll, int error, int events);
  static void on_timer(uv_timer_t* timer);
  void act(curl_socket_t socket, int flags);
  void report_ends();

  uv_loop_t* loop_;
  uv_timer_t timer_{};
  CURLM* multi_;
  std::vector<http_transfer*> runs_;
  /// Set until libuv has closed the timer.
  std::shared_ptr<driver> self_;
};

} // namespace praetor::io
