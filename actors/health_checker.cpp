// A health checker decides nothing: `health::check` does. It starts probes,
// keeps the time, and passes changes on to the agent.

#include "actors/health_checker.hpp"

namespace praetor::actors {
namespace {

// How often a failing check looks whether its service is to go.
constexpr span deregister_look = std::chrono::seconds(1);

void pass_on(health_checker_ptr self,
             const std::optional<health::change>& news) {
  auto& parts = *self->state.parts;
  if (news)
    self->send(parts.agent, at::report::value,
               check_report{parts.wish.id, news->status, news->output});
}

void later(health_checker_ptr self, span delay, caf::message what) {
  self->state.timer = self->state.parts->time->after(
      delay, caf::actor_cast<caf::strong_actor_ptr>(self), std::move(what));
}

// One timer for whichever comes first: the end of the TTL or the wish to be
// deregistered.
void arm_deadline(health_checker_ptr self) {
  auto& state = self->state;
  auto& check = *state.check;
  auto number = ++state.deadline;
  auto now = state.parts->time->now();
  std::optional<span> wait;
  if (auto end = check.next_deadline())
    wait = *end - now;
  bool may_retire = check.rules().deregister_after > span{} &&
                    !state.parts->wish.service_id.empty();
  if (may_retire && (!wait || *wait > deregister_look))
    wait = deregister_look;
  state.parts->time->cancel(state.deadline_timer);
  if (wait)
    state.deadline_timer = state.parts->time->after(
        *wait, caf::actor_cast<caf::strong_actor_ptr>(self),
        caf::make_message(at::tick::value, number));
}

void on_tick(health_checker_ptr self, std::uint64_t number) {
  auto& state = self->state;
  if (number != state.deadline)
    return;
  auto now = state.parts->time->now();
  pass_on(self, state.check->on_tick(now));
  if (state.check->wants_deregistration(now))
    self->send(state.parts->agent, at::retire::value,
               state.parts->wish.service_id);
  arm_deadline(self);
}

void probe(health_checker_ptr self) {
  auto& state = self->state;
  auto me = caf::actor_cast<caf::weak_actor_ptr>(self);
  state.probe = state.parts->start_probe(
      state.parts->wish, state.check->rules(),
      [me](health::probe_result found) {
        if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(me))
          alive->enqueue(nullptr, caf::make_message_id(),
                         caf::make_message(at::report::value,
                                           std::move(found.status),
                                           std::move(found.output)),
                         nullptr);
      });
}

void on_result(health_checker_ptr self, const std::string& status,
               const std::string& output) {
  auto& state = self->state;
  auto now = state.parts->time->now();
  pass_on(self, state.check->on_result({status, output}, now));
  later(self, state.check->next_probe(now) - now,
        caf::make_message(at::probe::value));
}

void on_update(health_checker_ptr self, const std::string& status,
               const std::string& output) {
  auto now = self->state.parts->time->now();
  pass_on(self, self->state.check->on_ttl_update(status, output, now));
  arm_deadline(self);
}

} // namespace

health_checker_actor::behavior_type
health_checker(health_checker_ptr self,
               std::shared_ptr<health_checker_parts> parts) {
  auto& state = self->state;
  state.parts = std::move(parts);
  state.check.emplace(
      health::make_settings(state.parts->wish, state.parts->output_max_size),
      state.parts->status, prng(state.parts->seed), state.parts->time->now());
  if (!state.parts->output.empty())
    state.check->restore(state.parts->status, state.parts->output);
  if (state.check->rules().interval > span{})
    later(self, state.check->first_delay(),
          caf::make_message(at::probe::value));
  arm_deadline(self);
  return {
      [=](at::probe) { probe(self); },
      [=](at::report, const std::string& status, const std::string& output) {
        on_result(self, status, output);
      },
      [=](at::update, const std::string& status, const std::string& output) {
        on_update(self, status, output);
      },
      [=](at::tick, std::uint64_t number) { on_tick(self, number); },
      [=](at::stop) {
        self->state.parts->time->cancel(self->state.timer);
        self->state.parts->time->cancel(self->state.deadline_timer);
        self->quit();
      },
  };
}

} // namespace praetor::actors
