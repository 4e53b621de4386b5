#pragma once

// A loop is one libuv thread and a CAF execution unit on it: actors that are
// spawned on it run there and nowhere else, without a lock and without a hop.
// Where no loop is given, actors go to the configured scheduler, which in
// tests is CAF's deterministic one.

#include "actors/clock.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <uv.h>

namespace praetor::actors::io {

/// Messages that one turn of the loop handles before it looks at its sockets
/// again: long enough to drain any burst, short enough to keep reading.
inline constexpr int messages_per_turn_max = 10'000;

class loop final : public caf::execution_unit, public clock {
public:
  explicit loop(caf::actor_system& system);
  ~loop() override;
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Starts the thread.
  void start();
  /// Ends the thread once its current turn is over; what waits is dropped.
  /// Any thread but its own.
  void stop();

  uv_loop_t* raw() { return &uv_; }
  bool on_thread() const { return std::this_thread::get_id() == thread_id_; }

  /// Runs the function on the loop's thread. Any thread.
  void post(std::function<void()> work);

  /// Runs the actors that became ready. Last statement of every libuv
  /// callback that sends messages.
  void drain();

  // caf::execution_unit
  void exec_later(caf::resumable* ready) override;

  // clock; on the loop's thread only
  instant now() const override;
  timer_id after(span delay, caf::strong_actor_ptr to,
                 caf::message what) override;
  void cancel(timer_id timer) override;

  /// The text of the HTTP Date header, fresh within the second.
  const std::string& http_date();

private:
  struct due {
    caf::strong_actor_ptr to;
    caf::message what;
  };

  void run();
  void on_wake();
  void on_timer();
  void arm();

  uv_loop_t uv_{};
  uv_async_t wake_{};
  uv_timer_t timer_{};
  timer_wheel<due> wheel_;
  std::optional<instant> armed_;
  std::deque<caf::resumable*> ready_;
  bool draining_ = false;

  std::mutex mutex_; // guards the two below
  std::vector<caf::resumable*> inbox_;
  std::vector<std::function<void()>> work_;

  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_;
  std::string date_;
  std::time_t date_second_ = -1;
};

/// The base of every actor that may live on a loop. Base is CAF's class for
/// the kind of handle: event_based_actor or typed_event_based_actor<...>.
template <class Base>
class pinned : public Base {
public:
  explicit pinned(caf::actor_config& config)
      : Base(config), loop_(dynamic_cast<loop*>(config.host)) {}

  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    Base::enqueue(std::move(what), loop_ ? loop_ : unit);
  }
  void launch(caf::execution_unit* unit, bool lazy, bool hide) override {
    Base::launch(loop_ ? loop_ : unit, lazy, hide);
  }
  caf::resumable::subtype_t subtype() const override {
    return loop_ ? caf::resumable::io_actor : caf::resumable::scheduled_actor;
  }

private:
  loop* loop_;
};

/// The `self` of a pinned actor with a typed handle and a state.
template <class Handle, class State>
using pinned_ptr = caf::stateful_actor<State, pinned<typename Handle::base>>*;

template <class Pointer>
using state_of = std::decay_t<decltype(std::declval<Pointer>()->state)>;

/// Spawns an actor function on a loop, or on the scheduler when it is null.
template <class F, class... Ts>
auto spawn_on(caf::actor_system& system, loop* where, F body, Ts&&... xs) {
  using self_ptr = caf::detail::tl_head_t<
      typename caf::detail::get_callable_trait_t<F>::arg_types>;
  // CAF builds a state from `self` where it can, and C++20 lets it do so with
  // any aggregate (field guide, trap 1).
  static_assert(!std::is_aggregate_v<state_of<self_ptr>>,
                "the state needs a user-declared constructor");
  caf::actor_config config{where};
  return system.spawn_functor<caf::no_spawn_options>(
      std::true_type{}, config, body, std::forward<Ts>(xs)...);
}

} // namespace praetor::actors::io
