#pragma once

// Actors under CAF's test scheduler: one thread, messages in a fixed order,
// and a clock that is moved by hand. Neighbours of the actor under test are
// stand-ins that keep what they were told.

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/byte_stream.hpp"
#include "actors/io/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <deque>

namespace praetor::tests {

/// Stands still until someone moves it.
class hand_clock final : public actors::clock {
public:
  instant now() const override { return now_; }
  timer_id after(span delay, caf::strong_actor_ptr to,
                 caf::message what) override;
  void cancel(timer_id timer) override { wheel_.cancel(timer); }

  /// Goes on to when some timer may be due, and fires it; false, and at the
  /// end of the span, when there is none before.
  bool step(instant end);
  std::size_t timers() const { return wheel_.size(); }
  /// Drops all timers, and with them their actors.
  void clear();

private:
  struct due {
    caf::strong_actor_ptr to;
    caf::message what;
  };
  // An hour on: nothing may take zero for a time that never was.
  instant now_{std::chrono::hours(1)};
  timer_wheel<due> wheel_{now_};
};

/// What came back of a request: one of the two, or neither yet.
template <class T>
struct reply {
  std::optional<T> value;
  std::optional<caf::error> failure;
  bool pending() const { return !value && !failure; }
};
template <class T>
using reply_ptr = std::shared_ptr<reply<T>>;

class actor_world {
public:
  actor_world();
  ~actor_world();
  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  caf::actor_system& system() { return system_; }
  hand_clock time;

  /// Runs actors until no message waits.
  void settle();
  /// Time passes; actors run whenever a timer fires.
  void pass(span time_passing);

  /// Spawns what production spawns on a loop.
  template <class F, class... Ts>
  auto spawn(F body, Ts&&... xs) {
    auto made =
        actors::io::spawn_on(system_, nullptr, body, std::forward<Ts>(xs)...);
    adopt(caf::actor_cast<caf::strong_actor_ptr>(made));
    return made;
  }
  /// A stand-in with handlers of its own, passed off as a typed actor. What
  /// it is asked beyond them it leaves unanswered.
  using make_handlers =
      std::function<caf::message_handler(caf::event_based_actor*)>;
  template <class Handle>
  Handle stand_in(make_handlers make) {
    return caf::actor_cast<Handle>(spawn_stand_in(std::move(make)));
  }

  /// Puts a message into the mailbox and runs nobody yet.
  template <class Handle, class... Ts>
  void post(const Handle& whom, Ts&&... what) {
    caf::anon_send(caf::actor_cast<caf::actor>(whom),
                   std::forward<Ts>(what)...);
  }
  template <class Handle, class... Ts>
  void tell(const Handle& whom, Ts&&... what) {
    post(whom, std::forward<Ts>(what)...);
    settle();
  }
  /// Posts a request; the reply is there once the actors have run.
  template <class T, class Handle, class... Ts>
  reply_ptr<T> post_request(const Handle& whom, Ts... what) {
    auto kept = std::make_shared<reply<T>>();
    auto target = caf::actor_cast<caf::actor>(whom);
    auto asking = system_.spawn([=](caf::event_based_actor* self) {
      self->request(target, caf::infinite, what...)
          .then([kept](const T& value) { kept->value = value; },
                [kept](caf::error& why) { kept->failure = std::move(why); });
    });
    adopt(caf::actor_cast<caf::strong_actor_ptr>(asking));
    return kept;
  }
  template <class T, class Handle, class... Ts>
  reply_ptr<T> ask(const Handle& whom, Ts... what) {
    auto kept = post_request<T>(whom, std::move(what)...);
    settle();
    return kept;
  }
  /// Runs the work as a handler of the stand-in, where its promises may be
  /// kept; then everybody.
  template <class Handle>
  void inside(const Handle& whom, std::function<void()> work) {
    tell(whom, std::move(work));
  }

  template <class Handle>
  void kill(const Handle& whom) {
    caf::anon_send_exit(whom, caf::exit_reason::kill);
    settle();
  }
  template <class Handle>
  bool is_alive(const Handle& whom) {
    return !caf::actor_cast<caf::abstract_actor*>(whom)->getf(
        caf::abstract_actor::is_terminated_flag);
  }

private:
  struct config : caf::actor_system_config {
    config();
  };
  caf::actor spawn_stand_in(make_handlers make);
  void adopt(caf::strong_actor_ptr one) { ours_.push_back(std::move(one)); }
  caf::scheduler::test_coordinator& scheduler();

  config config_;
  caf::actor_system system_;
  std::vector<caf::strong_actor_ptr> ours_;
};

} // namespace praetor::tests

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::function<void()>)
