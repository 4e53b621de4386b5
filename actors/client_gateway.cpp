// Who asks a server waits for its answer; who asked one that is gone asks the
// next, unless the request may have been carried out.

#include "actors/client_gateway.hpp"

#include "actors/portal.hpp"

#include <algorithm>

namespace praetor::actors {
namespace {

using job = client_gateway_state::job;
using job_ptr = client_gateway_state::job_ptr;

error no_servers() {
  return fail(errc::no_leader, "No known Consul servers"); // Consul's words
}

void tick_soon(client_gateway_ptr self) {
  auto& state = self->state;
  if (std::exchange(state.tick_is_due, true))
    return;
  state.time->after(leader_retry, caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

// Asks again a little later, whoever is first then.
void hold(client_gateway_ptr self, const job_ptr& one, error why) {
  auto& state = self->state;
  if (state.time->now() >= one->until)
    return one->give_up(std::move(why));
  if (state.held.size() >= leader_waiters_max)
    return one->give_up(
        fail(errc::unavailable, std::to_string(leader_waiters_max) +
                                    " requests wait for a server already"));
  state.held.push_back(one);
  tick_soon(self);
}

// That server is asked last from now on.
void demote(client_gateway_ptr self, const node_id& id) {
  auto& servers = self->state.servers;
  if (servers.empty() || servers.front().id != id)
    return;
  servers.push_back(std::move(servers.front()));
  servers.pop_front();
}

void on_failure(client_gateway_ptr self, const job_ptr& one, const node_id& id,
                const caf::error& why) {
  demote(self, id);
  if (why == caf::sec::runtime_error)
    return one->give_up(fail(errc::unavailable, self->system().render(why)));
  bool never_left = why == caf::sec::cannot_connect_to_node ||
                    why == caf::sec::remote_lookup_failed;
  if (never_left || one->changes_nothing)
    return hold(self, one,
                fail(errc::no_leader, "rpc error making call: no "
                                      "server can be reached"));
  one->give_up(fail(errc::in_doubt,
                    "the connection to the server was lost while the request "
                    "was under way"));
}

void shuffle(client_gateway_state& state) {
  for (auto left = state.servers.size(); left > 1; --left)
    std::swap(state.servers[left - 1], state.servers[state.chance.below(left)]);
  auto half = static_cast<std::uint64_t>(rebalance_interval.count() / 2);
  state.rebalance_due = state.time->now() + rebalance_interval +
                        span{static_cast<span::rep>(state.chance.below(half))};
}

void send(client_gateway_ptr self, const job_ptr& one) {
  auto& state = self->state;
  if (state.servers.empty())
    return one->give_up(no_servers());
  if (state.time->now() >= state.rebalance_due)
    shuffle(state);
  one->send(one);
}

void begin(client_gateway_ptr self, bool changes_nothing,
           std::function<void(const job_ptr&)> how,
           std::function<void(error)> give_up) {
  auto one = std::make_shared<job>();
  one->until = self->state.time->now() + self->state.leader_wait;
  one->changes_nothing = changes_nothing;
  one->send = std::move(how);
  one->give_up = std::move(give_up);
  send(self, one);
}

// Sends the message to an actor of the first server.
template <class Reply, class Handle, class F, class... Ts>
void ask(client_gateway_ptr self, const job_ptr& one,
         Handle client_gateway_state::server::*which, F done,
         const Ts&... what) {
  auto& first = self->state.servers.front();
  auto id = first.id;
  self->request(first.*which, caf::infinite, what...)
      .then([done](const Reply& given) mutable { done(given); },
            [=](caf::error& why) { on_failure(self, one, id, why); });
}

template <class Atom>
caf::typed_response_promise<model::outcome>
write(client_gateway_ptr self, const proposal& given, Atom how) {
  auto promise = self->make_response_promise<model::outcome>();
  begin(
      self, false,
      [=](const job_ptr& one) {
        ask<model::outcome>(
            self, one, &client_gateway_state::server::gateway,
            [promise](const model::outcome& done) mutable {
              promise.deliver(done);
            },
            how, given);
      },
      [promise](error why) mutable {
        model::outcome refused;
        refused.failure = std::move(why);
        promise.deliver(std::move(refused));
      });
  return promise;
}

bool is_read(const std::string& method) {
  return method == "GET" || method == "HEAD";
}

caf::typed_response_promise<remote_reply> call(client_gateway_ptr self,
                                               const remote_request& asked) {
  auto promise = self->make_response_promise<remote_reply>();
  auto finish = [=, ticket = asked.ticket](const remote_reply& given) mutable {
    self->state.asked.erase(ticket);
    promise.deliver(given);
  };
  begin(
      self, is_read(asked.method),
      [=](const job_ptr& one) {
        self->state.asked[asked.ticket] = self->state.servers.front().portal;
        ask<remote_reply>(self, one, &client_gateway_state::server::portal,
                          finish, at::call::value, asked);
      },
      [finish](error why) mutable {
        remote_reply refused;
        refused.failure = std::move(why);
        finish(refused);
      });
  return promise;
}

caf::typed_response_promise<remote_packet>
resolve(client_gateway_ptr self, const remote_question& asked) {
  auto promise = self->make_response_promise<remote_packet>();
  auto finish = [promise](const remote_packet& given) mutable {
    promise.deliver(given);
  };
  begin(
      self, true,
      [=](const job_ptr& one) {
        ask<remote_packet>(self, one, &client_gateway_state::server::portal,
                           finish, at::resolve::value, asked);
      },
      [finish](error) mutable { finish({}); });
  return promise;
}

// Makes a state that has this node alone and shows it to readers here.
error publish(publication& into, const node_slice& given) {
  if (given.failure.code != errc::ok)
    return given.failure;
  auto made = std::make_shared<storage::state>();
  modify_index index = 0;
  for (auto& bytes : given.commands) {
    auto command = model::decode_command(bytes);
    if (!command)
      return command.failure();
    model::change_set ignored;
    storage::apply(*made, ++index, *command, ignored);
  }
  into.publish(std::move(made));
  return {errc::ok, {}};
}

caf::typed_response_promise<error> sync(client_gateway_ptr self,
                                        const std::string& name) {
  auto promise = self->make_response_promise<error>();
  begin(
      self, true,
      [=](const job_ptr& one) {
        ask<node_slice>(
            self, one, &client_gateway_state::server::portal,
            [=](const node_slice& given) mutable {
              promise.deliver(publish(*self->state.readers, given));
            },
            at::sync::value, name);
      },
      [promise](error why) mutable { promise.deliver(std::move(why)); });
  return promise;
}

void tell(client_gateway_ptr self, const leadership_listener_actor& who) {
  self->send(who, at::lead::value, !self->state.servers.empty());
}

void on_roster(client_gateway_ptr self, const roster& known) {
  auto& state = self->state;
  auto before = std::exchange(state.servers, {});
  for (auto& one : known.servers) {
    auto found = std::find_if(before.begin(), before.end(), [&](auto& each) {
      return each.id == one.id && each.address == one.address;
    });
    if (found != before.end()) {
      state.servers.push_back(*found);
      continue;
    }
    client_gateway_state::server made;
    made.id = one.id;
    made.address = one.address;
    made.gateway = caf::actor_cast<gateway_actor>(
        state.carrier->reach(one.address, gateway_name, io::lane::bulk));
    made.portal = caf::actor_cast<portal_actor>(
        state.carrier->reach(one.address, portal_name, io::lane::bulk));
    state.servers.push_back(std::move(made));
  }
  leadership now;
  for (auto& one : state.servers)
    now.peer_addresses.push_back(one.address);
  state.readers->set_leadership(std::move(now));
  if (before.empty() != state.servers.empty())
    for (auto& one : state.listeners)
      tell(self, one);
  shuffle(state);
}

void tick(client_gateway_ptr self) {
  auto& state = self->state;
  state.tick_is_due = false;
  for (auto& one : std::exchange(state.held, {}))
    send(self, one);
}

} // namespace

gateway_actor::behavior_type
client_gateway(client_gateway_ptr self,
               std::shared_ptr<client_gateway_parts> parts) {
  auto& state = self->state;
  static_cast<client_gateway_parts&>(state) = std::move(*parts);
  PRAETOR_ASSERT(state.readers && state.time && state.carrier);
  state.chance = prng(state.seed);
  return {
      [=](at::propose, const proposal& given) {
        return write(self, given, at::propose::value);
      },
      [=](at::lock, const proposal& given) {
        return write(self, given, at::lock::value);
      },
      [](at::renew, const session_id&) {
        return read_grant{fail(errc::unsupported, "not for a client"), {}};
      },
      [](at::read, read_proof) {
        return read_grant{fail(errc::unsupported, "not for a client"), {}};
      },
      // Operators' requests reach a server as requests of HTTP.
      [](at::members, bool) {
        return cluster_view{fail(errc::unsupported, "not for a client"), {}};
      },
      [](at::remove, const node_id&) {
        return fail(errc::unsupported, "not for a client");
      },
      [](at::transfer, const node_id&) {
        return fail(errc::unsupported, "not for a client");
      },
      [=](at::call, const remote_request& asked) { return call(self, asked); },
      [=](at::unwatch, std::uint64_t ticket) {
        auto& asked = self->state.asked;
        auto found = asked.find(ticket);
        if (found != asked.end())
          self->send(found->second, at::unwatch::value, ticket);
      },
      [=](at::resolve, const remote_question& asked) {
        return resolve(self, asked);
      },
      [=](at::sync, const std::string& name) { return sync(self, name); },
      [=](at::update, const roster& known) { on_roster(self, known); },
      [=](at::subscribe, const leadership_listener_actor& who) {
        self->state.listeners.push_back(who);
        tell(self, who);
      },
      [](at::lead, bool) {},
      [](at::publish, const publication_note&) {},
      [=](at::tick) { tick(self); },
  };
}

} // namespace praetor::actors
