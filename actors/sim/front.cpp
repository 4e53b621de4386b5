#include "actors/sim/front.hpp"

namespace praetor::actors::sim {
namespace {

told doubtful(const caf::error&) {
  return {};
}

told of_failure(error why) {
  // These say that the request was certainly not taken.
  auto surely = why.code != errc::in_doubt;
  told answer;
  answer.is = surely ? told::refused : told::in_doubt;
  answer.why = std::move(why);
  return answer;
}

told of_outcome(const model::outcome& what) {
  if (what.failure.code != errc::ok && what.index == 0)
    return of_failure(what.failure);
  told answer;
  answer.is = told::done;
  answer.outcome = what;
  return answer;
}

bool takes_locks(const model::command& command) {
  auto* one = std::get_if<model::kv_operation>(&command);
  return one && one->verb == model::kv_verb::lock;
}

void write(front_ptr self, const asked_ptr& what) {
  proposal bytes{
      std::make_shared<const std::string>(model::encode(what->command))};
  auto done = [what](const model::outcome& outcome) {
    what->answer(of_outcome(outcome));
  };
  auto failed = [what](caf::error& why) { what->answer(doubtful(why)); };
  auto& gateway = self->state.gateway;
  if (takes_locks(what->command))
    self->request(gateway, caf::infinite, at::lock::value, std::move(bytes))
        .then(done, failed);
  else
    self->request(gateway, caf::infinite, at::propose::value, std::move(bytes))
        .then(done, failed);
}

void watch_here(front_ptr self, const asked_ptr& what) {
  auto& state = self->state;
  auto number = state.next_number++;
  state.watching.emplace(number, what);
  auto question = std::make_shared<http::read_action>();
  question->query = what->query;
  question->options.index = what->index;
  question->options.wait = what->wait;
  question->raw = true;
  question->cache_key = "sim:" + what->query.name;
  self->send(state.watches, at::watch::value,
             watch_request{caf::actor_cast<watcher_actor>(self), number,
                           std::move(question)});
}

void read_here(front_ptr self, const asked_ptr& what) {
  if (what->is == asked::watch)
    return watch_here(self, what);
  told answer;
  answer.is = told::done;
  answer.answer =
      storage::evaluate(*self->state.readers->newest(), what->query);
  what->answer(answer);
}

// As an HTTP session decides it.
bool is_fresh(const front_state& state, http::consistency level) {
  if (level == http::consistency::stale)
    return true;
  auto applied = state.readers->newest()->applied;
  return level == http::consistency::leader
             ? state.readers->lease_covers(state.time->now(), applied)
             : state.readers->rules_alone(applied);
}

void read(front_ptr self, const asked_ptr& what) {
  if (is_fresh(self->state, what->level))
    return read_here(self, what);
  auto proof = what->level == http::consistency::consistent ? read_proof::quorum
                                                            : read_proof::lease;
  self->request(self->state.gateway, caf::infinite, at::read::value, proof)
      .then(
          [=](const read_grant& given) {
            if (given.failure.code == errc::ok)
              read_here(self, what);
            else
              what->answer(of_failure(given.failure));
          },
          [=](caf::error& why) { what->answer(doubtful(why)); });
}

void renew(front_ptr self, const asked_ptr& what) {
  self->request(self->state.gateway, caf::infinite, at::renew::value,
                what->session)
      .then(
          [=](const read_grant& given) {
            told answer;
            answer.is = told::done;
            if (given.failure.code != errc::ok)
              answer = of_failure(given.failure);
            what->answer(answer);
          },
          [=](caf::error& why) { what->answer(doubtful(why)); });
}

void carry_out(front_ptr self, const asked_ptr& what) {
  switch (what->is) {
  case asked::write:
    return write(self, what);
  case asked::renew:
    return renew(self, what);
  case asked::read:
  case asked::watch:
    return read(self, what);
  }
}

void on_watch_answer(front_ptr self, const actors::watch_answer& given) {
  auto& watching = self->state.watching;
  auto found = watching.find(given.number);
  if (found == watching.end())
    return;
  auto what = std::move(found->second);
  watching.erase(found);
  told answer;
  answer.is = given.answer->status == 200 || given.answer->status == 404
                  ? told::done
                  : told::refused;
  answer.index = given.answer->index;
  if (given.answer->status == 200 && given.answer->body)
    answer.value = *given.answer->body;
  what->answer(answer);
}

} // namespace

front_actor::behavior_type front(front_ptr self,
                                 std::shared_ptr<front_parts> parts) {
  static_cast<front_parts&>(self->state) = std::move(*parts);
  PRAETOR_ASSERT(self->state.readers && self->state.time);
  return {
      [=](at::call, const asked_ptr& what) { carry_out(self, what); },
      [=](at::watch, const actors::watch_answer& given) {
        on_watch_answer(self, given);
      },
  };
}

} // namespace praetor::actors::sim
