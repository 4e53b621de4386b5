#pragma once

// How an actor carries out what operators ask of the cluster's servers: the
// leader's Raft peer is asked by the gateway. `Sink` is as in serving.hpp.

#include "actors/serving.hpp"
#include "actors/tell_cluster.hpp"

namespace praetor::actors {

/// Whether only servers can carry it out.
inline bool is_for_servers(const http::agent::request& asked) {
  return std::holds_alternative<http::agent::raft_configuration>(asked) ||
         std::holds_alternative<http::agent::server_health>(asked) ||
         std::holds_alternative<http::agent::remove_peer>(asked) ||
         std::holds_alternative<http::agent::transfer_leadership>(asked);
}

template <class Self, class Sink>
struct operator_service {
  Self self;
  const serving_parts& with;
  bool pretty;
  Sink sink;

  void operator()(const http::agent::raft_configuration& x) const {
    ask_members(
        x.stale, [pretty = pretty](auto&, auto& sink, auto& seen, auto& state) {
          sink.answer(tell_raft_configuration(seen, state, pretty), nullptr);
        });
  }

  void operator()(const http::agent::server_health& x) const {
    ask_members(false, [form = x.form, pretty = pretty](
                           auto&, auto& sink, auto& seen, auto& state) {
      auto wall = std::chrono::system_clock::now();
      sink.answer(tell_server_health(seen, state, form, wall, pretty), nullptr);
    });
  }

  void operator()(const http::agent::remove_peer& x) const {
    ask_members(false, [x](auto& service, auto& sink, auto& seen, auto&) {
      for (auto& one : seen.servers)
        if (x.id.empty() ? one.address == x.address : one.id == x.id)
          return service.order(at::remove::value, one.id);
      auto subject =
          x.address.empty() ? "id \"" + x.id : "address \"" + x.address;
      sink.answer(
          http::error_reply(
              500, subject + "\" was not found in the Raft configuration"),
          nullptr);
    });
  }

  void operator()(const http::agent::transfer_leadership& x) const {
    order(at::transfer::value, x.id);
  }

  template <class Other>
  void operator()(const Other&) const {
    PRAETOR_ASSERT(!"not for servers alone");
  }

  /// `tell(service, sink, view, state)` answers.
  template <class Tell>
  void ask_members(bool stale, Tell tell) const {
    auto service = std::make_shared<const operator_service>(*this);
    self->request(with.gateway, caf::infinite, at::members::value, stale)
        .then(if_awaited<cluster_view>(sink,
                                       [=](const cluster_view& seen) {
                                         auto& newest =
                                             *service->with.readers->newest();
                                         if (seen.failure.code == errc::ok)
                                           tell(*service, service->sink, seen,
                                                newest);
                                         else
                                           service->refuse(seen.failure);
                                       }),
              tell_failure(self, sink));
  }

  template <class Atom>
  void order(Atom what, const node_id& whom) const {
    auto service = std::make_shared<const operator_service>(*this);
    self->request(with.gateway, caf::infinite, what, whom)
        .then(if_awaited<error>(sink,
                                [=](const error& done) {
                                  if (done.code == errc::ok)
                                    service->sink.answer(http::empty_reply(200),
                                                         nullptr);
                                  else
                                    service->refuse(done);
                                }),
              tell_failure(self, sink));
  }

  void refuse(const error& why) const {
    sink.answer(http::error_reply(http::status_of(why.code), why.text),
                nullptr);
  }
};

/// `is_for_servers` holds.
template <class Self, class Sink>
void serve_operator(Self self, const serving_parts& with,
                    const http::agent::request& asked, bool pretty,
                    const Sink& sink) {
  std::visit(operator_service<Self, Sink>{self, with, pretty, sink}, asked);
}

} // namespace praetor::actors
