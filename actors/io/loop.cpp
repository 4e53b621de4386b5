#include "actors/io/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <ctime>

namespace praetor::actors::io {
namespace {

instant steady_now() {
  return instant{std::chrono::duration_cast<span>(
      std::chrono::steady_clock::now().time_since_epoch())};
}

} // namespace

loop::loop(caf::actor_system& system)
    : execution_unit(&system), wheel_(steady_now()) {
  [[maybe_unused]] auto ok = uv_loop_init(&uv_);
  PRAETOR_ASSERT(ok == 0);
  ok = uv_async_init(&uv_, &wake_, [](uv_async_t* handle) {
    static_cast<loop*>(handle->data)->on_wake();
  });
  PRAETOR_ASSERT(ok == 0);
  wake_.data = this;
  ok = uv_timer_init(&uv_, &timer_);
  PRAETOR_ASSERT(ok == 0);
  timer_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
}

loop::~loop() {
  stop();
  uv_walk(
      &uv_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle))
          uv_close(handle, nullptr);
      },
      nullptr);
  // Close callbacks of foreign handles may still run here.
  for (int turn = 0; turn < 100 && uv_run(&uv_, UV_RUN_NOWAIT) != 0; ++turn) {
  }
  uv_loop_close(&uv_);
}

void loop::start() {
  PRAETOR_ASSERT(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void loop::run() {
  thread_id_ = std::this_thread::get_id();
  on_wake(); // what was spawned on us before we ran
  uv_run(&uv_, UV_RUN_DEFAULT);
}

void loop::stop() {
  if (!thread_.joinable())
    return;
  PRAETOR_ASSERT(!on_thread());
  stopping_ = true;
  uv_async_send(&wake_);
  thread_.join();
}

void loop::post(std::function<void()> work) {
  bool first;
  {
    std::lock_guard guard(mutex_);
    first = inbox_.empty() && work_.empty();
    work_.push_back(std::move(work));
  }
  if (first)
    uv_async_send(&wake_);
}

void loop::exec_later(caf::resumable* ready) {
  if (ready->subtype() != caf::resumable::io_actor) {
    // Not ours: a slow actor of the pool must not run on the loop.
    system().scheduler().enqueue(ready);
    return;
  }
  if (on_thread()) {
    ready_.push_back(ready);
    return;
  }
  bool first;
  {
    std::lock_guard guard(mutex_);
    first = inbox_.empty() && work_.empty();
    inbox_.push_back(ready);
  }
  if (first)
    uv_async_send(&wake_);
}

void loop::on_wake() {
  std::vector<caf::resumable*> inbox;
  std::vector<std::function<void()>> work;
  {
    std::lock_guard guard(mutex_);
    inbox.swap(inbox_);
    work.swap(work_);
  }
  ready_.insert(ready_.end(), inbox.begin(), inbox.end());
  for (auto& one : work)
    one();
  drain();
  // After what was there before: an answer on its way is still written.
  if (stopping_)
    uv_stop(&uv_);
}

void loop::drain() {
  if (draining_)
    return;
  draining_ = true;
  constexpr std::size_t messages_per_actor = 64;
  for (int left = messages_per_turn_max; !ready_.empty() && left > 0; --left) {
    auto* next = ready_.front();
    ready_.pop_front();
    switch (next->resume(this, messages_per_actor)) {
    case caf::resumable::resume_later:
      ready_.push_back(next);
      break;
    case caf::resumable::shutdown_execution_unit:
      break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message:
      caf::intrusive_ptr_release(next);
      break;
    }
  }
  draining_ = false;
  if (!ready_.empty())
    uv_async_send(&wake_);
}

instant loop::now() const {
  return steady_now();
}

timer_id loop::after(span delay, caf::strong_actor_ptr to, caf::message what) {
  auto id = wheel_.add(now() + std::max(delay, span{}),
                       due{std::move(to), std::move(what)});
  arm();
  return id;
}

void loop::cancel(timer_id timer) {
  wheel_.cancel(timer);
}

void loop::arm() {
  auto next = wheel_.next();
  if (!next || (armed_ && *armed_ <= *next))
    return;
  armed_ = next;
  auto wait = std::max(span{}, *next - now());
  auto milliseconds =
      std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_update_time(&uv_);
  uv_timer_start(
      &timer_,
      [](uv_timer_t* handle) { static_cast<loop*>(handle->data)->on_timer(); },
      static_cast<std::uint64_t>(milliseconds), 0);
}

void loop::on_timer() {
  armed_.reset();
  wheel_.advance(now(), [](due fired) {
    fired.to->enqueue(nullptr, caf::make_message_id(), std::move(fired.what),
                      nullptr);
  });
  arm();
  drain();
}

const std::string& loop::http_date() {
  auto second = std::time(nullptr);
  if (second == date_second_)
    return date_;
  date_second_ = second;
  std::tm parts{};
  gmtime_r(&second, &parts);
  char text[40];
  // RFC 9110, section 5.6.7; the locale is "C" for the whole program.
  auto size =
      std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  date_.assign(text, size);
  return date_;
}

} // namespace praetor::actors::io
