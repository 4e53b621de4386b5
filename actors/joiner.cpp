#include "actors/joiner.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace praetor::actors {
namespace {

constexpr span joiner_tick = std::chrono::milliseconds(100);

roster everyone(const joiner_state& state) {
  roster made;
  for (auto& [id, one] : state.known)
    made.servers.push_back(one);
  return made;
}

void learn(joiner_ptr self, const roster& heard);

// Tells the server there whom we know, and hears whom it knows.
void exchange_rosters(joiner_ptr self, const std::string& address) {
  auto& state = self->state;
  auto there = caf::actor_cast<joiner_actor>(
      state.carrier->reach(address, joiner_name, io::lane::control));
  self->request(there, caf::infinite, at::join::value, everyone(state))
      .then([=](const roster& heard) { learn(self, heard); },
            [](caf::error&) {
              // The next exchange is due soon.
            });
}

bool is_newer(const joiner_state& state, const server_record& one) {
  auto found = state.known.find(one.id);
  return found == state.known.end() || one.version > found->second.version;
}

// Whether we take the word of that server; says so if not.
bool is_welcome(const joiner_state& state, const server_record& one) {
  if (one.id.empty() || one.id == state.own.id || one.address.empty())
    return false;
  if (state.seen && !state.seen->contains(one.id))
    return false;
  if (one.datacenter != state.own.datacenter) {
    spdlog::warn("agent.join: server {} is of datacenter {}, not {}: ignored",
                 one.name, one.datacenter, state.own.datacenter);
    return false;
  }
  if (!state.known.contains(one.id) &&
      state.known.size() >= roster_servers_max) {
    spdlog::warn("agent.join: {} servers are known, {} is one too many",
                 roster_servers_max, one.name);
    return false;
  }
  return is_newer(state, one);
}

void learn(joiner_ptr self, const roster& heard) {
  auto& state = self->state;
  std::vector<std::string> strangers;
  bool changed = false;
  for (auto& one : heard.servers) {
    if (!is_welcome(state, one))
      continue;
    changed = true;
    if (!state.known.contains(one.id)) {
      spdlog::info("agent.server: Adding LAN server: server={} address={}",
                   one.name, one.address);
      strangers.push_back(one.address);
    }
    state.known[one.id] = one;
  }
  if (!changed)
    return;
  auto all = everyone(state);
  self->send(state.raft, at::update::value, all);
  self->send(state.gateway, at::update::value, all);
  for (auto& address : strangers)
    exchange_rosters(self, address);
}

// Whoever gossip sees and has not told us of itself, at this address.
void exchange_with_strangers(joiner_ptr self) {
  auto& state = self->state;
  if (!state.seen)
    return;
  for (auto& [id, address] : *state.seen) {
    auto found = state.known.find(id);
    if (found == state.known.end() || found->second.address != address)
      exchange_rosters(self, address);
  }
}

// Gossip sees exactly these: all others are gone.
void on_seen(joiner_ptr self, const roster& now) {
  auto& state = self->state;
  auto& seen = state.seen.emplace();
  for (auto& one : now.servers)
    seen.emplace(one.id, one.address);
  seen.erase(state.own.id);
  std::erase_if(state.known, [&](auto& each) {
    return each.first != state.own.id && !seen.contains(each.first);
  });
  exchange_with_strangers(self);
}

// One of the others in turn: what one of them missed another has.
void exchange_with_next(joiner_ptr self, instant now) {
  auto& state = self->state;
  if (now < state.exchange_due)
    return;
  state.exchange_due = now + roster_exchange;
  exchange_with_strangers(self);
  if (state.known.size() < 2)
    return;
  auto next = state.known.upper_bound(state.asked_last);
  if (next == state.known.end())
    next = state.known.begin();
  if (next->first == state.own.id && ++next == state.known.end())
    next = state.known.begin();
  state.asked_last = next->first;
  exchange_rosters(self, next->second.address);
}

// -- beginning a cluster -----------------------------------------------------

// The servers that would begin together, in order; none when there is a
// cluster already, or not one number that they wait for. Who waits for none
// goes along.
std::vector<node_id> founders(const joiner_state& state) {
  std::vector<node_id> found;
  std::uint64_t wanted = 0;
  for (auto& [id, one] : state.known) {
    if (one.has_history ||
        (wanted > 0 && one.expect > 0 && one.expect != wanted))
      return {};
    wanted = std::max(wanted, one.expect);
    found.push_back(id);
  }
  bool enough = wanted > 1 && found.size() >= wanted;
  return enough ? found : std::vector<node_id>();
}

// The first of those who wait for a number begins.
bool is_first(const joiner_state& state) {
  for (auto& [id, one] : state.known)
    if (one.expect > 1)
      return id == state.own.id;
  return false;
}

bool promise(joiner_ptr self, const std::vector<node_id>& all) {
  auto& state = self->state;
  auto now = state.time->now();
  bool free = state.promised.empty() || now >= state.promised_until ||
              state.promised == all;
  if (!free || founders(state) != all)
    return false;
  state.promised = all;
  state.promised_until = now + bootstrap_promise;
  return true;
}

void note_history(joiner_ptr self) {
  auto& own = self->state.own;
  if (std::exchange(own.has_history, true))
    return;
  ++own.version;
  self->state.known[own.id] = own;
}

void begin(joiner_ptr self, const std::vector<node_id>& all) {
  spdlog::info("agent.server: Found expected number of peers, attempting "
               "bootstrap: servers={}",
               all.size());
  self->request(self->state.raft, caf::infinite, at::bootstrap::value, all)
      .then(
          [self](const error& why) {
            if (why.code == errc::ok)
              note_history(self);
            else
              spdlog::warn("agent.server: no bootstrap: {}", why.text);
          },
          [](caf::error&) {});
}

// All founders, one by one; whoever fails or refuses ends it until the next
// tick.
void ask_promise(joiner_ptr self, std::vector<node_id> all, std::size_t next) {
  auto& state = self->state;
  if (next < all.size() && all[next] == state.own.id)
    ++next;
  if (next >= all.size()) {
    state.asks_for_promises = false;
    if (founders(state) == all)
      begin(self, all);
    return;
  }
  auto there = caf::actor_cast<joiner_actor>(state.carrier->reach(
      state.known.at(all[next]).address, joiner_name, io::lane::control));
  self->request(there, caf::infinite, at::bootstrap::value, all)
      .then(
          [=](bool promised) {
            if (promised)
              ask_promise(self, all, next + 1);
            else
              self->state.asks_for_promises = false;
          },
          [=](caf::error&) { self->state.asks_for_promises = false; });
}

void begin_if_due(joiner_ptr self) {
  auto& state = self->state;
  auto all = founders(state);
  if (all.empty() || !is_first(state) || state.asks_for_promises ||
      !promise(self, all))
    return;
  state.asks_for_promises = true;
  ask_promise(self, std::move(all), 0);
}

void tick(joiner_ptr self) {
  auto& state = self->state;
  auto now = state.time->now();
  exchange_with_next(self, now);
  begin_if_due(self);
  state.time->after(joiner_tick, caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

} // namespace

joiner_actor::behavior_type joiner(joiner_ptr self,
                                   std::shared_ptr<joiner_parts> parts) {
  auto& state = self->state;
  static_cast<joiner_parts&>(state) = std::move(*parts);
  PRAETOR_ASSERT(state.carrier && state.time && !state.own.id.empty());
  state.known[state.own.id] = state.own;
  self->send(self, at::tick::value);
  return {
      [=](at::join, const roster& heard) {
        learn(self, heard);
        return everyone(self->state);
      },
      [=](at::bootstrap, const std::vector<node_id>& all) {
        return promise(self, all);
      },
      [=](at::lead, bool known) {
        if (known)
          note_history(self);
      },
      [=](at::update, const roster& now) { on_seen(self, now); },
      [=](at::tick) { tick(self); },
  };
}

} // namespace praetor::actors
