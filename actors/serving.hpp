#pragma once

// How an actor carries out what a route asks of the state: reads from what is
// published here, after leave of the leader where that is needed, and writes
// by the gateway. The `Sink` is told the answer, at once or later:
//
//   bool awaited() const             whether anybody still waits for it
//   void answer(rendered_ptr, const read_source*) const
//   void wait(shared_ptr<const read_action>) const
//                                    the watch keeper answers, in time
//   void go_on() const               called after an answer that came later

#include "actors/answers.hpp"
#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "http/json_write.hpp"
#include "http/replies.hpp"
#include "http/router.hpp"

#include <algorithm>
#include <optional>

namespace praetor::actors {

/// What those who serve share on one loop. Outlives them.
struct serving_parts {
  answers* readers = nullptr;
  clock* time = nullptr;
  std::shared_ptr<const http::surface> surface;
  watch_keeper_actor watches;
  gateway_actor gateway;
  archivist_actor archivist;
  std::shared_ptr<asked_before> cached;
  /// For answers in random order. All of them are on one thread.
  mutable prng chance{1};
};

/// What an answer says of where it comes from.
http::read_source source_of(const serving_parts& with,
                            const http::read_options& options,
                            const http::rendered& what);
http::read_source source_of(const serving_parts& with,
                            const http::read_action& asked,
                            const http::rendered& what,
                            http::cache_use cache = http::cache_use::none);

/// Whether what is published here may answer at once, without asking whoever
/// leads.
bool is_fresh(const serving_parts& with, const http::read_options& options);

/// Whether the answer says where it comes from. Of a node that is not there,
/// web views are told nothing at all.
bool tells_source(const http::read_action& asked, const http::rendered& what);

/// Whether and how Consul's agents would have kept the answer.
http::cache_use cache_of(const serving_parts& with,
                         const http::read_action& asked);

/// Whether there is nothing to wait for: an answer that does not exist has no
/// source either.
bool is_nowhere(const storage::state& newest, const http::read_action& asked);

/// The answer of a prepared query at the state that is published here, and
/// whether it tells its source.
struct query_answer {
  http::rendered_ptr what;
  std::optional<http::read_source> source;
};
query_answer run_query(const serving_parts& with,
                       const http::query_action& asked);

bool takes_locks(const model::command& command);

/// The answer to `/v1/status/...`.
http::rendered_ptr tell_status(const publication& source,
                               http::agent::status_of what, bool pretty);

/// Runs the work when an asynchronous answer came, if it is still awaited.
template <class What, class Sink, class F>
auto if_awaited(Sink sink, F act) {
  return [=](const What& what) {
    if (!sink.awaited())
      return;
    act(what);
    sink.go_on();
  };
}

template <class Self, class Sink>
auto tell_failure(Self self, Sink sink) {
  return [=](caf::error& why) {
    if (!sink.awaited())
      return;
    sink.answer(http::error_reply(500, self->system().render(why)), nullptr);
    sink.go_on();
  };
}

template <class Sink>
void serve_here(const serving_parts& with, http::read_action&& asked,
                const Sink& sink) {
  auto& newest = *with.readers->newest();
  if (asked.options.index > 0 && !is_nowhere(newest, asked) &&
      storage::index_of(newest, asked.query) <= asked.options.index)
    return sink.wait(
        std::make_shared<const http::read_action>(std::move(asked)));
  auto cache = cache_of(with, asked);
  auto what = with.readers->answer(asked, newest);
  if (what->status == 404 && what->index == 0)
    return sink.answer(what, nullptr);
  auto source = source_of(with, asked, *what, cache);
  sink.answer(what, tells_source(asked, *what) ? &source : nullptr);
}

/// A transaction that reads sees one state of all it asks for.
template <class Sink>
void serve_here(const serving_parts& with, http::transaction_read&& asked,
                const Sink& sink) {
  auto& newest = *with.readers->newest();
  auto outcome = storage::read_transaction(newest, asked.what);
  sink.answer(http::render(asked, outcome), nullptr);
}

template <class Sink>
void serve_here(const serving_parts& with, http::query_action&& asked,
                const Sink& sink) {
  auto made = run_query(with, asked);
  sink.answer(made.what, made.source ? &*made.source : nullptr);
}

/// Serves when the state that is published here is as new as it must be: at
/// once, or after leave of the leader.
template <class Self, class Action, class Sink, class F>
void when_fresh(Self self, const serving_parts& with, Action&& asked,
                const Sink& sink, F act) {
  if (is_fresh(with, asked.options))
    return act(std::move(asked));
  auto proof = asked.options.level == http::consistency::consistent
                   ? read_proof::quorum
                   : read_proof::lease;
  auto question = std::make_shared<Action>(std::move(asked));
  self->request(with.gateway, caf::infinite, at::read::value, proof)
      .then(if_awaited<read_grant>(
                sink,
                [=](const read_grant& given) {
                  if (given.failure.code == errc::ok)
                    act(std::move(*question));
                  else
                    sink.answer(
                        http::error_reply(http::status_of(given.failure.code),
                                          given.failure.text),
                        nullptr);
                }),
            tell_failure(self, sink));
}

template <class Self, class Action, class Sink>
void serve_read(Self self, const serving_parts& with, Action&& asked,
                const Sink& sink) {
  auto* parts = &with;
  when_fresh(self, with, std::move(asked), sink, [=](Action&& fresh) {
    serve_here(*parts, std::move(fresh), sink);
  });
}

template <class Self, class Sink>
void serve_archive(Self self, const serving_parts& with,
                   http::snapshot_action&& asked, const Sink& sink) {
  auto* parts = &with;
  when_fresh(self, with, std::move(asked), sink,
             [=](http::snapshot_action&& fresh) {
               auto newest = parts->readers->newest();
               auto term = parts->readers->source().who_leads()->in_term;
               auto options = fresh.options;
               self->request(parts->archivist, caf::infinite, at::save::value,
                             archive_request{std::move(newest), term})
                   .then(if_awaited<http::rendered_ptr>(
                             sink,
                             [=](const http::rendered_ptr& what) {
                               auto source = source_of(*parts, options, *what);
                               sink.answer(what, what->status == 200 ? &source
                                                                     : nullptr);
                             }),
                         tell_failure(self, sink));
             });
}

template <class Self, class Sink>
void serve_restore(Self self, const serving_parts& with, std::string body,
                   const Sink& sink) {
  proposal archive{std::make_shared<const std::string>(std::move(body))};
  self->request(with.archivist, caf::infinite, at::install::value,
                std::move(archive))
      .then(if_awaited<http::rendered_ptr>(sink,
                                           [=](const http::rendered_ptr& what) {
                                             sink.answer(what, nullptr);
                                           }),
            tell_failure(self, sink));
}

template <class Self, class Sink>
void serve_write(Self self, const serving_parts& with,
                 http::write_action&& asked, const Sink& sink) {
  proposal bytes{
      std::make_shared<const std::string>(model::encode(asked.command))};
  bool locks = takes_locks(asked.command);
  // The command travels as bytes; only the form of its answer is needed.
  asked.command = model::reap_tombstones{};
  auto form = std::make_shared<const http::write_action>(std::move(asked));
  auto done =
      if_awaited<model::outcome>(sink, [=](const model::outcome& outcome) {
        sink.answer(http::render(*form, outcome), nullptr);
      });
  if (locks)
    self->request(with.gateway, caf::infinite, at::lock::value,
                  std::move(bytes))
        .then(done, tell_failure(self, sink));
  else
    self->request(with.gateway, caf::infinite, at::propose::value,
                  std::move(bytes))
        .then(done, tell_failure(self, sink));
}

// The session's own record answers a renewal, as a list of one.
template <class Self, class Sink>
void serve_renewal(Self self, const serving_parts& with, const session_id& id,
                   bool pretty, const Sink& sink) {
  auto question = std::make_shared<http::read_action>();
  question->query.kind = model::query_kind::session_info;
  question->query.name = id;
  question->pretty = pretty;
  question->cache_key = "renew:" + id + (pretty ? "?p" : "?c");
  auto& readers = *with.readers;
  self->request(with.gateway, caf::infinite, at::renew::value, id)
      .then(if_awaited<read_grant>(
                sink,
                [=, &readers](const read_grant& found) {
                  auto code = found.failure.code;
                  sink.answer(code == errc::ok
                                  ? readers.answer(*question, *readers.newest())
                                  : http::error_reply(
                                        code == errc::not_found ? 404 : 500,
                                        found.failure.text),
                              nullptr);
                }),
            tell_failure(self, sink));
}

} // namespace praetor::actors
