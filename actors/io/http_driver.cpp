#include "actors/io/http_driver.hpp"

#include <algorithm>

namespace praetor::io {
// One socket of libcurl's. Deletes itself when libuv has closed its poll.
struct http_prober::driver::watch {
  uv_poll_t poll{};
  curl_socket_t socket{};
  std::shared_ptr<driver> owner;
};

http_prober::driver::driver(uv_loop_t* loop) : loop_(loop) {
  PRAETOR_ASSERT(loop_ != nullptr);
  multi_ = curl().multi_init();
  PRAETOR_ASSERT(multi_ != nullptr);
  curl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &driver::on_socket);
  curl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &driver::on_wish);
  curl().multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl().multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

http_prober::driver::~driver() {
  PRAETOR_ASSERT(multi_ == nullptr);
}

void http_prober::driver::start() {
  self_ = shared_from_this();
  uv_timer_init(loop_, &timer_);
  timer_.data = this;
}

void http_prober::driver::shut() {
  PRAETOR_ASSERT(multi_ != nullptr);
  // A run takes itself off the list when it ends.
  while (!runs_.empty()) {
    auto* run = runs_.back();
    run->cancel();
    PRAETOR_ASSERT(runs_.empty() || runs_.back() != run);
  }
  curl().multi_cleanup(multi_);
  multi_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* timer) {
    static_cast<driver*>(timer->data)->self_.reset();
  });
}

void http_prober::driver::add(CURL* easy, http_transfer* transfer) {
  PRAETOR_ASSERT(multi_ != nullptr);
  curl().easy_setopt(easy, CURLOPT_PRIVATE, static_cast<void*>(transfer));
  auto code = curl().multi_add_handle(multi_, easy);
  PRAETOR_ASSERT(code == CURLM_OK);
}

void http_prober::driver::remove(CURL* easy) {
  PRAETOR_ASSERT(multi_ != nullptr);
  auto code = curl().multi_remove_handle(multi_, easy);
  PRAETOR_ASSERT(code == CURLM_OK);
}

int http_prober::driver::on_socket(CURL*, curl_socket_t socket, int what,
                                   void* self, void* known) {
  auto* me = static_cast<driver*>(self);
  auto* one = static_cast<watch*>(known);
  if (what == CURL_POLL_REMOVE) {
    if (!one)
      return 0;
    curl().multi_assign(me->multi_, socket, nullptr);
    // libcurl closes the socket next; libuv forgets it here and now.
    uv_poll_stop(&one->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&one->poll),
             [](uv_handle_t* poll) { delete static_cast<watch*>(poll->data); });
    return 0;
  }
  if (!one) {
    auto fresh = std::make_unique<watch>();
    // A failure here fails the transfer.
    if (uv_poll_init_socket(me->loop_, &fresh->poll, socket) < 0)
      return -1;
    fresh->poll.data = fresh.get();
    fresh->socket = socket;
    fresh->owner = me->shared_from_this();
    one = fresh.release();
    curl().multi_assign(me->multi_, socket, one);
  }
  int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
               (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  return uv_poll_start(&one->poll, events, &driver::on_ready) < 0 ? -1 : 0;
}

int http_prober::driver::on_wish(CURLM*, long timeout_ms, void* self) {
  auto* me = static_cast<driver*>(self);
  if (timeout_ms < 0)
    return uv_timer_stop(&me->timer_);
  uv_update_time(me->loop_);
  return uv_timer_start(&me->timer_, &driver::on_timer,
                        static_cast<std::uint64_t>(timeout_ms), 0);
}

void http_prober::driver::on_ready(uv_poll_t* poll, int error, int events) {
  auto* one = static_cast<watch*>(poll->data);
  int flags = (error < 0 ? CURL_CSELECT_ERR : 0) |
              (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
              (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
  one->owner->act(one->socket, flags);
}

void http_prober::driver::on_timer(uv_timer_t* timer) {
  static_cast<driver*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
}

void http_prober::driver::act(curl_socket_t socket, int flags) {
  if (!multi_)
    return;
  int running = 0;
  curl().multi_socket_action(multi_, socket, flags, &running);
  report_ends();
}

void http_prober::driver::report_ends() {
  // A callback may destroy the prober, or start and cancel probes.
  auto alive = shared_from_this();
  int left = 0;
  while (multi_) {
    auto* message = curl().multi_info_read(multi_, &left);
    if (!message)
      return;
    if (message->msg != CURLMSG_DONE)
      continue;
    auto* easy = message->easy_handle;
    auto code = message->data.result; // the message dies with the removal
    void* transfer = nullptr;
    curl().easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    remove(easy);
    static_cast<http_transfer*>(transfer)->on_transfer_end(code);
  }
}

} // namespace praetor::io
