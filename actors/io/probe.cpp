#include "actors/io/probe.hpp"

#include <algorithm>
#include <utility>

namespace praetor::io {

probe_run::probe_run(uv_loop_t* loop, span timeout, probe_callback done)
    : loop_(loop), timeout_(timeout), done_(std::move(done)) {
  PRAETOR_ASSERT(loop_ != nullptr);
  PRAETOR_ASSERT(timeout_ > span{});
}

void probe_run::start() {
  PRAETOR_ASSERT(!self_);
  self_ = shared_from_this();
  uv_timer_init(loop_, &timer_);
  timer_.data = this;
  hold();
  uv_timer_start(&timer_, on_timer, 0, 0);
}

void probe_run::on_timer(uv_timer_t* timer) {
  auto* self = static_cast<probe_run*>(timer->data);
  if (self->has_begun_)
    return self->on_timeout();
  self->has_begun_ = true;
  // The loop's idea of the time may be old; a timeout must not be short.
  uv_update_time(self->loop_);
  uv_timer_start(timer, on_timer, to_milliseconds(self->timeout_), 0);
  self->begin();
}

void probe_run::cancel() {
  done_ = nullptr;
  end();
}

void probe_run::finish(health::probe_result found) {
  if (is_over_)
    return;
  auto done = std::exchange(done_, nullptr);
  end();
  if (done)
    done(std::move(found));
}

void probe_run::fail(std::string output) {
  finish({model::check_status::critical, std::move(output)});
}

void probe_run::end() {
  if (is_over_)
    return;
  is_over_ = true;
  release();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* handle) {
    static_cast<probe_run*>(handle->data)->drop();
  });
}

void probe_run::drop() {
  PRAETOR_ASSERT(held_ > 0);
  // The timer is closed last, so that nothing is held only when all is over.
  if (--held_ == 0) {
    PRAETOR_ASSERT(is_over_);
    self_.reset();
  }
}

probe& probe::operator=(probe&& other) {
  if (this != &other) {
    cancel();
    run_ = std::move(other.run_);
  }
  return *this;
}

void probe::cancel() {
  if (auto run = run_.lock())
    run->cancel();
  run_.reset();
}

void output_tail::append(std::string_view bytes) {
  total_ += bytes.size();
  if (bytes.size() > size_max_)
    bytes.remove_prefix(bytes.size() - size_max_);
  // Twice the size is kept, so that each byte is moved about once.
  if (bytes_.size() + bytes.size() > 2 * size_max_)
    bytes_.erase(0, bytes_.size() - std::min(bytes_.size(), size_max_));
  bytes_.append(bytes);
}

void output_tail::clear() {
  total_ = 0;
  bytes_.clear();
}

std::string_view output_tail::last() const {
  std::string_view all = bytes_;
  return all.size() > size_max_ ? all.substr(all.size() - size_max_) : all;
}

std::uint64_t to_milliseconds(span wanted) {
  PRAETOR_ASSERT(wanted >= span{});
  return static_cast<std::uint64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(wanted).count());
}

} // namespace praetor::io
