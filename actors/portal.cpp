#include "actors/portal.hpp"

#include "actors/serving_operators.hpp"
#include "http/uri.hpp"

#include <ctime>

namespace praetor::actors {
namespace {

using reply_promise = caf::typed_response_promise<remote_reply>;

remote_reply packed(const http::rendered& what,
                    const http::read_source* source) {
  remote_reply out;
  out.status = what.status;
  out.content_type = what.content_type;
  out.headers = what.headers;
  if (what.body)
    out.body = *what.body;
  out.is_read = source != nullptr;
  if (source)
    out.source = *source;
  return out;
}

// Takes the call out: it is answered, or nobody waits for it.
void finish(portal_ptr self, std::uint64_t number,
            const http::rendered_ptr& what, const http::read_source* source) {
  auto& state = self->state;
  auto found = state.calls.find(number);
  PRAETOR_ASSERT(found != state.calls.end());
  auto one = std::move(found->second);
  state.calls.erase(found);
  state.numbers.erase(one.ticket);
  one.promise.deliver(packed(*what, source));
}

// What an answer needs to reach the node that asked for it.
struct portal_sink {
  portal_ptr self;
  std::uint64_t number;

  bool awaited() const { return self->state.calls.contains(number); }
  void answer(const http::rendered_ptr& what,
              const http::read_source* source) const {
    finish(self, number, what, source);
  }
  void wait(std::shared_ptr<const http::read_action> asked) const {
    self->state.calls.at(number).asked = asked;
    self->send(self->state.with->watches, at::watch::value,
               watch_request{watcher_actor{self}, number, std::move(asked)});
  }
  void go_on() const {}
};

struct call_visitor {
  portal_ptr self;
  portal_sink sink;
  std::string& body;

  const serving_parts& with() const { return *self->state.with; }

  void operator()(http::reply_action& x) const {
    sink.answer(x.answer, nullptr);
  }
  void operator()(http::read_action& x) const {
    serve_read(self, with(), std::move(x), sink);
  }
  void operator()(http::query_action& x) const {
    serve_read(self, with(), std::move(x), sink);
  }
  void operator()(http::snapshot_action& x) const {
    if (x.restores)
      serve_restore(self, with(), std::move(body), sink);
    else
      serve_archive(self, with(), std::move(x), sink);
  }
  void operator()(http::transaction_read& x) const {
    serve_read(self, with(), std::move(x), sink);
  }
  void operator()(http::write_action& x) const {
    serve_write(self, with(), std::move(x), sink);
  }
  void operator()(http::agent_action& x) const {
    if (auto* which = std::get_if<http::agent::renew_session>(&x.request))
      serve_renewal(self, with(), which->id, x.pretty, sink);
    else if (auto* what = std::get_if<http::agent::status>(&x.request))
      sink.answer(tell_status(with().readers->source(), what->what, x.pretty),
                  nullptr);
    else if (is_for_servers(x.request))
      serve_operator(self, with(), x.request, x.pretty, sink);
    else
      sink.answer(refused(), nullptr);
  }
  void operator()(http::monitor_action&) const {
    sink.answer(refused(), nullptr);
  }
  static http::rendered_ptr refused() {
    return http::error_reply(400, "no server answers that for another agent");
  }
};

// Routes take the name of their node from it.
const http::surface& surface_of(portal_state& state, const std::string& node) {
  if (node.empty() || node == state.with->surface->node_name)
    return *state.with->surface;
  if (state.surfaces.size() >= surfaces_kept_max)
    state.surfaces.clear();
  auto& kept = state.surfaces[node];
  if (kept.node_name.empty()) {
    kept = *state.with->surface;
    kept.node_name = node;
  }
  return kept;
}

reply_promise call(portal_ptr self, const remote_request& asked) {
  auto& state = self->state;
  auto promise = self->make_response_promise<remote_reply>();
  http::request request;
  request.method_text = asked.method;
  request.verb = http::method_named(asked.method);
  request.head_only = request.verb == http::method::head;
  request.target = asked.target;
  request.headers = asked.headers;
  request.body = asked.body;
  request.body_length = asked.body.size();
  bool is_known = asked.ticket != 0 && state.numbers.contains(asked.ticket);
  if (!http::read_target(request) || is_known) {
    promise.deliver(packed(*http::error_reply(400, "not a request"), nullptr));
    return promise;
  }
  if (state.calls.size() >= remote_requests_max) {
    promise.deliver(
        packed(*http::error_reply(429, "too many requests of other agents: " +
                                           std::to_string(remote_requests_max) +
                                           " are being carried out"),
               nullptr));
    return promise;
  }
  auto number = state.next_number++;
  state.calls.emplace(number, portal_state::call{asked.ticket, promise, {}});
  if (asked.ticket != 0)
    state.numbers.emplace(asked.ticket, number);
  auto routed = http::dispatch(request, surface_of(state, asked.node));
  std::visit(call_visitor{self, {self, number}, request.body}, routed.what);
  return promise;
}

void unwatch(portal_ptr self, std::uint64_t ticket) {
  auto& state = self->state;
  auto found = state.numbers.find(ticket);
  if (found == state.numbers.end())
    return;
  auto number = found->second;
  if (state.calls.at(number).asked)
    self->send(state.with->watches, at::unwatch::value, watcher_actor{self},
               number);
  finish(self, number, http::error_reply(500, "nobody waits any more"),
         nullptr);
}

void on_watch_answer(portal_ptr self, const watch_answer& given) {
  auto& state = self->state;
  auto found = state.calls.find(given.number);
  if (found == state.calls.end() || !found->second.asked)
    return;
  auto source = source_of(*state.with, *found->second.asked, *given.answer);
  finish(self, given.number, given.answer, &source);
}

remote_packet resolve(portal_ptr self, const remote_question& asked) {
  auto& state = self->state;
  return {answer_packet(asked.packet, asked.via, asked.rules, *state.view,
                        state.chance)};
}

node_slice slice(portal_ptr self, const std::string& name) {
  auto& catalog = self->state.with->readers->newest()->catalog;
  node_slice out;
  auto node = catalog.node(name);
  if (!node)
    return out;
  model::catalog_register all;
  all.node = *node;
  for (auto& one : catalog.checks_of_node(name))
    if (one->service_id.empty())
      all.checks.push_back(*one);
  out.commands.push_back(model::encode(all));
  for (auto& service : catalog.services_of_node(name)) {
    model::catalog_register each;
    each.node = *node;
    each.service = *service;
    for (auto& one : catalog.checks_of_node(name))
      if (one->service_id == service->id)
        each.checks.push_back(*one);
    out.commands.push_back(model::encode(each));
  }
  return out;
}

} // namespace

portal_actor::behavior_type portal(portal_ptr self,
                                   std::shared_ptr<portal_parts> parts) {
  auto& state = self->state;
  static_cast<portal_parts&>(state) = std::move(*parts);
  PRAETOR_ASSERT(state.with && state.with->readers && state.with->time);
  state.chance = prng(state.seed);
  state.view =
      std::make_unique<dns_view>(state.with->readers->shared_source(), [] {
        return static_cast<std::uint32_t>(std::time(nullptr));
      });
  return {
      [=](at::call, const remote_request& asked) { return call(self, asked); },
      [=](at::unwatch, std::uint64_t ticket) { unwatch(self, ticket); },
      [=](at::resolve, const remote_question& asked) {
        return resolve(self, asked);
      },
      [=](at::sync, const std::string& name) { return slice(self, name); },
      [=](at::watch, const watch_answer& given) {
        on_watch_answer(self, given);
      },
  };
}

} // namespace praetor::actors
