// An HTTP session feeds bytes to its connection and carries out what the
// routes ask. Everything that a stranger can make it hold has a limit: bytes
// of a request, unread answers, one open request, time.

#include "actors/http_session.hpp"

#include "http/json_write.hpp"
#include "http/replies.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace praetor::actors {
namespace {

void pump(http_session_ptr self);

void flush(http_session_ptr self) {
  auto& state = self->state;
  if (state.connection->has_output())
    state.stream->write(state.connection->take_output());
}

// Arms the one deadline of the session; the one before it is void.
void guard(http_session_ptr self, span delay) {
  auto& state = self->state;
  state.services->time->cancel(state.guard_timer);
  state.unread = state.stream->queued_bytes();
  state.guard_timer = state.services->time->after(
      delay, caf::actor_cast<caf::strong_actor_ptr>(self),
      caf::make_message(at::expire::value, ++state.guard));
}

void unguard(http_session_state& state) {
  if (state.guard_timer.generation == 0)
    return;
  state.services->time->cancel(state.guard_timer);
  state.guard_timer = {};
  ++state.guard;
}

void answer(http_session_ptr self, const http::rendered_ptr& what,
            const http::read_source* source = nullptr, bool matched = true) {
  auto& state = self->state;
  PRAETOR_ASSERT(state.open);
  auto asked = std::exchange(state.open, nullptr);
  state.asked = nullptr;
  state.watching = false;
  if (spdlog::default_logger_raw()->should_log(spdlog::level::debug))
    spdlog::debug("agent.http: Request finished: method={} url={} from={}",
                  asked->method_text, asked->target,
                  state.stream->peer_address());
  state.connection->respond(
      http::finish(*asked, *state.services->surface, what, source, matched));
}

// How old a stale answer may be; any other is as new as the leader's.
std::uint64_t last_contact_ms(const http_services& services,
                              const http::read_action& asked) {
  auto& source = services.readers->source();
  if (asked.options.level != http::consistency::stale ||
      source.who_leads()->is_leader)
    return 0;
  auto since = services.time->now() - source.last_contact();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

void answer_read(http_session_ptr self, const http::read_action& asked,
                 const http::rendered_ptr& what,
                 http::cache_use cache = http::cache_use::none) {
  auto leads = self->state.services->readers->source().who_leads();
  http::read_source source;
  source.index = what->index > 0 ? what->index : 1;
  source.leader_known = leads->leader_known && what->index > 0;
  source.last_contact_ms = last_contact_ms(*self->state.services, asked);
  source.level = asked.options.level;
  source.tells_consistency = asked.tells_consistency;
  source.cache = cache;
  answer(self, what, &source);
}

http::cache_use cache_of(const http_services& services,
                         const http::read_action& asked) {
  if (!asked.options.cached || !http::may_be_cached(asked.query.kind))
    return http::cache_use::none;
  return services.cached && services.cached->note(asked.cache_key)
             ? http::cache_use::hit
             : http::cache_use::miss;
}

// Runs when an asynchronous answer came: only if it is still awaited.
template <class What, class F>
auto if_current(http_session_ptr self, F act) {
  auto number = self->state.number;
  return [=](const What& what) {
    if (self->state.number != number || !self->state.open)
      return;
    act(what);
    pump(self);
  };
}

auto on_failure(http_session_ptr self) {
  auto number = self->state.number;
  return [=](caf::error& why) {
    if (self->state.number != number || !self->state.open)
      return;
    answer(self, http::error_reply(500, self->system().render(why)));
    pump(self);
  };
}

// What is published here may answer at once, without asking whoever leads.
bool is_fresh(const http_services& services, const http::read_action& asked) {
  auto& source = services.readers->source();
  if (asked.options.level == http::consistency::stale)
    return true;
  auto now = services.time->now();
  auto applied = services.readers->newest()->applied;
  return asked.options.level == http::consistency::leader
             ? source.lease_covers(now, applied)
             : source.rules_alone(applied);
}

void read_here(http_session_ptr self, http::read_action&& asked) {
  auto& state = self->state;
  auto& services = *state.services;
  auto& newest = *services.readers->newest();
  if (asked.options.index == 0 ||
      storage::index_of(newest, asked.query) > asked.options.index) {
    auto cache = cache_of(services, asked);
    return answer_read(self, asked, services.readers->answer(asked, newest),
                       cache);
  }
  state.asked = std::make_shared<const http::read_action>(std::move(asked));
  state.watching = true;
  self->send(services.watches, at::watch::value,
             watch_request{self, state.number, state.asked});
}

void read(http_session_ptr self, http::read_action&& asked) {
  auto& services = *self->state.services;
  if (is_fresh(services, asked))
    return read_here(self, std::move(asked));
  auto proof = asked.options.level == http::consistency::consistent
                   ? read_proof::quorum
                   : read_proof::lease;
  auto question = std::make_shared<http::read_action>(std::move(asked));
  self->request(services.gateway, caf::infinite, at::read::value, proof)
      .then(if_current<read_grant>(
                self,
                [=](const read_grant& given) {
                  if (given.failure.code == errc::ok)
                    read_here(self, std::move(*question));
                  else
                    answer(self, http::error_reply(
                                     http::status_of(given.failure.code),
                                     given.failure.text));
                }),
            on_failure(self));
}

bool takes_locks(const model::command& command) {
  if (auto* one = std::get_if<model::kv_operation>(&command))
    return one->verb == model::kv_verb::lock;
  auto* all = std::get_if<model::transaction>(&command);
  return all && std::any_of(all->operations.begin(), all->operations.end(),
                            [](auto& operation) {
                              return operation.verb == model::kv_verb::lock;
                            });
}

void write(http_session_ptr self, http::write_action&& asked) {
  auto& services = *self->state.services;
  proposal bytes{
      std::make_shared<const std::string>(model::encode(asked.command))};
  bool locks = takes_locks(asked.command);
  // The command travels as bytes; only the form of its answer is needed.
  asked.command = model::reap_tombstones{};
  auto form = std::make_shared<const http::write_action>(std::move(asked));
  auto done =
      if_current<model::outcome>(self, [=](const model::outcome& outcome) {
        answer(self, http::render(*form, outcome));
      });
  if (locks)
    self->request(services.gateway, caf::infinite, at::lock::value,
                  std::move(bytes))
        .then(done, on_failure(self));
  else
    self->request(services.gateway, caf::infinite, at::propose::value,
                  std::move(bytes))
        .then(done, on_failure(self));
}

// The session's own record answers a renewal, as a list of one.
void renew(http_session_ptr self, const http::agent_action& asked,
           const session_id& id) {
  auto question = std::make_shared<http::read_action>();
  question->query.kind = model::query_kind::session_info;
  question->query.name = id;
  question->pretty = asked.pretty;
  question->cache_key = "renew:" + id + (asked.pretty ? "?p" : "?c");
  self->request(self->state.services->gateway, caf::infinite, at::renew::value,
                id)
      .then(if_current<read_grant>(
                self,
                [=](const read_grant& found) {
                  auto& readers = *self->state.services->readers;
                  auto code = found.failure.code;
                  if (code == errc::ok)
                    answer(self, readers.answer(*question, *readers.newest()));
                  else
                    answer(self, http::error_reply(
                                     code == errc::not_found ? 404 : 500,
                                     found.failure.text));
                }),
            on_failure(self));
}

void tell_status(http_session_ptr self, const http::agent_action& asked,
                 http::agent::status_of what) {
  auto leads = self->state.services->readers->source().who_leads();
  std::string body;
  http::json_writer json(body, asked.pretty);
  if (what == http::agent::status_of::leader) {
    json.string(leads->leader_address);
  } else {
    json.begin_array();
    for (auto& one : leads->peer_addresses)
      json.string(one);
    json.end_array();
  }
  answer(self, http::json_reply(std::move(body), asked.pretty));
}

void ask_agent(http_session_ptr self, http::agent_action&& asked) {
  if (auto* which = std::get_if<http::agent::renew_session>(&asked.request))
    return renew(self, asked, which->id);
  if (auto* which = std::get_if<http::agent::status>(&asked.request))
    return tell_status(self, asked, which->what);
  self->request(self->state.services->agent, caf::infinite, at::call::value,
                std::move(asked))
      .then(if_current<http::rendered_ptr>(
                self,
                [=](const http::rendered_ptr& what) { answer(self, what); }),
            on_failure(self));
}

void monitor(http_session_ptr self, const std::string& level) {
  auto& state = self->state;
  state.open = nullptr;
  state.monitoring = true;
  http::response head;
  head.headers = {{"Content-Type", "text/plain"}};
  head.chunked_stream = true;
  state.connection->respond(std::move(head));
  auto me = caf::actor_cast<caf::weak_actor_ptr>(self);
  state.log_subscription = state.services->log->follow(
      level_number(level), [me](const std::string& line) {
        if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(me))
          alive->enqueue(nullptr, caf::make_message_id(),
                         caf::make_message(at::report::value, line + "\n"),
                         nullptr);
      });
}

void carry_out(http_session_ptr self, http::routed&& routed) {
  struct visitor {
    http_session_ptr self;
    bool matched;
    void operator()(http::reply_action& x) {
      answer(self, x.answer, nullptr, matched);
    }
    void operator()(http::read_action& x) { read(self, std::move(x)); }
    void operator()(http::write_action& x) { write(self, std::move(x)); }
    void operator()(http::agent_action& x) { ask_agent(self, std::move(x)); }
    void operator()(http::monitor_action& x) { monitor(self, x.level); }
  };
  auto& services = *self->state.services;
  if (routed.writes && services.may_write &&
      !services.may_write(self->state.stream->peer_address()))
    return answer(self, http::error_reply(403, "Access is restricted"));
  std::visit(visitor{self, routed.matched}, routed.what);
}

void finish(http_session_ptr self) {
  if (std::exchange(self->state.finishing, true))
    return;
  self->state.stream->finish();
  guard(self, linger);
}

// Takes requests while the client reads its answers.
void pump(http_session_ptr self) {
  auto& state = self->state;
  while (!state.open && !state.monitoring &&
         state.stream->queued_bytes() < unread_answer_bytes_max) {
    auto next = state.connection->next();
    if (!next)
      break;
    unguard(state); // the next request has a time of its own
    ++state.number;
    state.open = std::make_shared<http::request>(std::move(*next));
    carry_out(self, http::dispatch(*state.open, *state.services->surface));
    flush(self);
  }
  flush(self);
  state.stream->set_reading(state.connection->wants_read());
  if (state.connection->closing() && !state.open)
    return finish(self);
  bool blocked = state.stream->queued_bytes() >= unread_answer_bytes_max;
  bool arriving = !state.connection->idle() && !state.open;
  if (!blocked && !arriving)
    unguard(state);
  else if (state.guard_timer.generation == 0)
    guard(self, blocked ? answer_stall_max : request_time_max);
}

void on_bytes(http_session_ptr self, const received_bytes& given) {
  auto& state = self->state;
  state.connection->receive(*given.bytes);
  pump(self);
}

void forget_client(http_session_ptr self) {
  auto& state = self->state;
  if (state.watching)
    self->send(state.services->watches, at::unwatch::value,
               http_session_actor{self}, state.number);
  if (state.monitoring)
    state.services->log->unfollow(state.log_subscription);
  state.watching = state.monitoring = false;
  state.open = nullptr;
  unguard(state);
}

void close(http_session_ptr self) {
  forget_client(self);
  if (self->state.stream)
    self->state.stream->close();
  self->state.stream = nullptr;
  self->quit();
}

void on_deadline(http_session_ptr self, std::uint64_t which) {
  auto& state = self->state;
  if (which != state.guard)
    return;
  auto unread = state.stream->queued_bytes();
  bool reads = unread >= unread_answer_bytes_max && unread < state.unread;
  if (reads && !state.finishing)
    return guard(self, answer_stall_max); // slowly, but it does read
  close(self);
}

void on_watch_answer(http_session_ptr self, const watch_answer& given) {
  auto& state = self->state;
  if (!state.watching || given.number != state.number || !state.open)
    return;
  answer_read(self, *state.asked, given.answer);
  pump(self);
}

void on_log_line(http_session_ptr self, const std::string& line) {
  auto& state = self->state;
  // A follower that does not read loses lines, never memory of ours.
  if (!state.monitoring ||
      state.stream->queued_bytes() >= unread_answer_bytes_max)
    return;
  state.connection->stream(line);
  flush(self);
}

} // namespace

http_session_state::~http_session_state() {
  if (stream)
    stream->close();
}

http_session_actor::behavior_type http_session(http_session_ptr self,
                                               const http_services* services) {
  self->state.services = services;
  self->state.connection =
      std::make_unique<http::connection>(services->bounds, services->date);
  return {
      [=](at::adopt, const stream_handover& given) {
        self->state.stream = std::move(*given.stream);
      },
      [=](at::received, const received_bytes& given) { on_bytes(self, given); },
      [=](at::written) { pump(self); },
      [=](at::closed) { close(self); },
      [=](at::watch, const watch_answer& given) {
        on_watch_answer(self, given);
      },
      [=](at::expire, std::uint64_t which) { on_deadline(self, which); },
      [=](at::report, const std::string& line) { on_log_line(self, line); },
      [=](at::stop) { close(self); },
  };
}

} // namespace praetor::actors
