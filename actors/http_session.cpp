// An HTTP session feeds bytes to its connection and carries out what the
// routes ask. Everything that a stranger can make it hold has a limit: bytes
// of a request, unread answers, one open request, time.

#include "actors/http_session.hpp"

#include "actors/serving_operators.hpp"

#include <spdlog/spdlog.h>

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

// What an answer needs to reach the client that asked for it.
struct session_sink {
  http_session_ptr self;
  std::uint64_t number;

  bool awaited() const {
    return self->state.number == number && self->state.open;
  }
  void answer(const http::rendered_ptr& what,
              const http::read_source* source) const {
    actors::answer(self, what, source);
  }
  void wait(std::shared_ptr<const http::read_action> asked) const {
    auto& state = self->state;
    state.asked = std::move(asked);
    state.watching = true;
    self->send(state.services->watches, at::watch::value,
               watch_request{self, number, state.asked});
  }
  void go_on() const { pump(self); }
};

void answer_remote(http_session_ptr self, const remote_reply& given) {
  if (given.failure.code != errc::ok)
    return answer(self, http::error_reply(500, given.failure.text));
  auto what = std::make_shared<http::rendered>();
  what->status = given.status;
  what->content_type = given.content_type;
  what->headers = given.headers;
  if (!given.body.empty() || !given.content_type.empty())
    what->body = std::make_shared<const std::string>(given.body);
  answer(self, what, given.is_read ? &given.source : nullptr);
}

// A server answers in our place.
void forward(http_session_ptr self) {
  auto& state = self->state;
  auto& services = *state.services;
  remote_request asked;
  asked.ticket = state.forwarded = services.next_ticket();
  asked.node = services.surface->node_name;
  asked.method = state.open->method_text;
  asked.target = state.open->target;
  asked.body = state.open->body;
  session_sink sink{self, state.number};
  self->request(services.gateway, caf::infinite, at::call::value,
                std::move(asked))
      .then(if_awaited<remote_reply>(sink,
                                     [=](const remote_reply& given) {
                                       self->state.forwarded = 0;
                                       answer_remote(self, given);
                                     }),
            tell_failure(self, sink));
}

template <class Asked>
void read(http_session_ptr self, Asked&& asked) {
  auto& services = *self->state.services;
  if (services.has_no_state)
    return forward(self);
  serve_read(self, services, std::move(asked),
             session_sink{self, self->state.number});
}

void write(http_session_ptr self, http::write_action&& asked) {
  auto& services = *self->state.services;
  if (services.has_no_state)
    return forward(self);
  serve_write(self, services, std::move(asked),
              session_sink{self, self->state.number});
}

void keep_or_restore(http_session_ptr self, http::snapshot_action&& asked) {
  auto& services = *self->state.services;
  session_sink sink{self, self->state.number};
  if (services.has_no_state)
    return forward(self);
  if (asked.restores)
    serve_restore(self, services, std::move(self->state.open->body), sink);
  else
    serve_archive(self, services, std::move(asked), sink);
}

void ask_agent(http_session_ptr self, http::agent_action&& asked) {
  auto& services = *self->state.services;
  session_sink sink{self, self->state.number};
  auto* renewal = std::get_if<http::agent::renew_session>(&asked.request);
  auto* status = std::get_if<http::agent::status>(&asked.request);
  bool for_servers = is_for_servers(asked.request);
  if ((renewal || status || for_servers) && services.has_no_state)
    return forward(self);
  if (for_servers)
    return serve_operator(self, services, asked.request, asked.pretty, sink);
  if (renewal)
    return serve_renewal(self, services, renewal->id, asked.pretty, sink);
  if (status)
    return answer(self, tell_status(services.readers->source(), status->what,
                                    asked.pretty));
  self->request(services.agent, caf::infinite, at::call::value,
                std::move(asked))
      .then(if_awaited<http::rendered_ptr>(
                sink,
                [=](const http::rendered_ptr& what) { answer(self, what); }),
            tell_failure(self, sink));
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
    void operator()(http::query_action& x) { read(self, std::move(x)); }
    void operator()(http::snapshot_action& x) {
      keep_or_restore(self, std::move(x));
    }
    void operator()(http::transaction_read& x) { read(self, std::move(x)); }
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
    self->send(state.services->watches, at::unwatch::value, watcher_actor{self},
               state.number);
  if (auto ticket = std::exchange(state.forwarded, 0))
    self->send(state.services->gateway, at::unwatch::value, ticket);
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
  auto source = source_of(*state.services, *state.asked, *given.answer);
  answer(self, given.answer, &source);
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
