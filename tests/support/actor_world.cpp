#include "tests/support/actor_world.hpp"

#include <algorithm>

namespace praetor::tests {

timer_id hand_clock::after(span delay, caf::strong_actor_ptr to,
                           caf::message what) {
  return wheel_.add(now_ + std::max(delay, span{}),
                    due{std::move(to), std::move(what)});
}

bool hand_clock::step(instant end) {
  PRAETOR_ASSERT(end >= now_);
  auto next = wheel_.next();
  bool some = next && *next <= end;
  now_ = some ? std::max(now_, *next) : end;
  wheel_.advance(now_, [](due fired) {
    fired.to->enqueue(nullptr, caf::make_message_id(), std::move(fired.what),
                      nullptr);
  });
  return some;
}

void hand_clock::clear() {
  wheel_ = timer_wheel<due>(now_);
}

actor_world::config::config() {
  set("scheduler.policy", caf::atom("testing"));
}

actor_world::actor_world() : system_(config_) {
  // A test that failed half-way must not hang in the end.
  system_.await_actors_before_shutdown(false);
}

actor_world::~actor_world() {
  time.clear();
  for (auto& one : ours_)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  settle();
  ours_.clear();
}

caf::scheduler::test_coordinator& actor_world::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
}

void actor_world::settle() {
  while (scheduler().has_job())
    scheduler().run_once();
}

void actor_world::pass(span time_passing) {
  PRAETOR_ASSERT(time_passing >= span{});
  settle();
  auto end = time.now() + time_passing;
  while (time.step(end))
    settle();
  settle();
}

caf::actor actor_world::spawn_stand_in(make_handlers make) {
  auto made = system_.spawn(
      [make = std::move(make)](caf::event_based_actor* self) -> caf::behavior {
        self->set_default_handler(caf::drop);
        caf::message_handler work{
            [](const std::function<void()>& given) { given(); }};
        return caf::behavior{work.or_else(make(self))};
      });
  adopt(caf::actor_cast<caf::strong_actor_ptr>(made));
  return made;
}

} // namespace praetor::tests
