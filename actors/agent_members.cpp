// Members are the prober's to know: the agent only puts its answers into
// words. Without gossip the agent is the only member.

#include "actors/agent.hpp"

#include "http/replies.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

using http::error_reply;

agent_reply now(agent_ptr self, http::rendered_ptr answer) {
  auto promise = self->make_response_promise<http::rendered_ptr>();
  promise.deliver(std::move(answer));
  return promise;
}

// What the prober's answer tells.
template <class What, class F, class... Ts>
agent_reply ask_prober(agent_ptr self, F tell, Ts&&... what) {
  auto promise = self->make_response_promise<http::rendered_ptr>();
  self->request(self->state.parts->prober, caf::infinite,
                std::forward<Ts>(what)...)
      .then([=](const What& given) mutable { promise.deliver(tell(given)); },
            [=](caf::error& why) mutable {
              promise.deliver(error_reply(500, self->system().render(why)));
            });
  return promise;
}

// Nobody to gossip with is there; but whether the address answers can be said.
agent_reply dial(agent_ptr self, const std::string& address) {
  auto& state = self->state;
  model::check_wish wish;
  wish.tcp = address;
  auto promise = self->make_response_promise<http::rendered_ptr>();
  auto ticket = state.next_ticket++;
  auto me = caf::actor_cast<caf::weak_actor_ptr>(self);
  auto& made = state.dials[ticket];
  made.promise = promise;
  made.host = address.substr(0, address.rfind(':'));
  made.probe = state.parts->start_probe(
      wish, health::make_settings(wish),
      [me, ticket](health::probe_result found) {
        if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(me))
          alive->enqueue(nullptr, caf::make_message_id(),
                         caf::make_message(at::probe::value, ticket,
                                           std::move(found.status),
                                           std::move(found.output)),
                         nullptr);
      });
  return promise;
}

} // namespace

agent_reply show_members(agent_ptr self, const http::agent::members& asked,
                         bool pretty) {
  if (asked.wan || !self->state.parts->prober)
    return now(self, tell_members(self->state, asked.wan, pretty));
  return ask_prober<gossip_members_ptr>(
      self,
      [pretty](const gossip_members_ptr& all) {
        return tell_members(*all, pretty);
      },
      at::read::value);
}

agent_reply force_leave(agent_ptr self, const http::agent::force_leave& asked) {
  spdlog::info("agent: Force leaving node: node={}", asked.name);
  auto& state = self->state;
  auto unknown = "agent: No node found with name '" + asked.name + "'";
  if (!state.parts->prober)
    return now(self, asked.name == state.local.node
                         ? http::empty_reply(200)
                         : error_reply(500, unknown));
  return ask_prober<error>(
      self,
      [unknown](const error& why) {
        if (why.code == errc::ok)
          return http::empty_reply(200);
        return error_reply(500,
                           why.code == errc::not_found ? unknown : why.text);
      },
      at::remove::value, gossip_force_leave{asked.name, asked.prune});
}

agent_reply join_members(agent_ptr self, const http::agent::join& asked) {
  auto& config = self->state.parts->facts->config;
  auto port = asked.wan ? config.ports.serf_wan : config.ports.serf_lan;
  auto address = asked.address;
  if (address.find(':') == std::string::npos)
    address += ":" + std::to_string(port);
  auto& host =
      asked.wan ? config.addresses.advertise_wan : config.addresses.advertise;
  if (address == host + ":" + std::to_string(port))
    return now(self, http::empty_reply(200)); // ourselves
  if (asked.wan || !self->state.parts->prober)
    return dial(self, address);
  return ask_prober<gossip_joined>(
      self,
      [](const gossip_joined& done) {
        if (done.reached > 0)
          return http::empty_reply(200);
        return error_reply(500, model::joined_faults(done.failures));
      },
      at::join::value, gossip_join{{address}});
}

void on_dialed(agent_ptr self, std::uint64_t ticket, const std::string& status,
               const std::string& output) {
  auto found = self->state.dials.find(ticket);
  if (found == self->state.dials.end())
    return;
  auto one = std::move(found->second);
  self->state.dials.erase(found);
  bool answers = status == model::check_status::passing;
  one.promise.deliver(
      answers
          ? error_reply(501, "praetor does not support joining this agent "
                             "to others: " +
                                 one.host)
          : error_reply(500, model::joined_faults({"Failed to join " +
                                                   one.host + ": " + output})));
}

} // namespace praetor::actors
