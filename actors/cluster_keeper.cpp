// Follows the members: tells the others of this node where the servers are,
// and on the leader makes catalogue and Raft follow, by commands like anybody
// else's. What fails is tried again; all of it may be done twice.

#include "actors/cluster_keeper.hpp"

#include "actors/node_settings.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace praetor::actors {
namespace {

using gossip::member;
using gossip::member_status;

std::string tag(const member& one, std::string_view key) {
  return gossip::tag_of(one.tags, key);
}

bool is_server(const cluster_keeper_state& state, const member& one) {
  return tag(one, "role") == "consul" && tag(one, "dc") == state.datacenter;
}

int server_port(const member& one) {
  return std::atoi(tag(one, "port").c_str());
}

// -- where the servers are ---------------------------------------------------

server_record record_of(const member& one) {
  server_record made;
  made.id = tag(one, "id");
  made.name = one.name;
  made.datacenter = tag(one, "dc");
  made.address = host_and_port(one.at.host, server_port(one));
  made.lan_address = host_and_port(one.at.host, one.at.port);
  made.expect = std::strtoull(tag(one, "expect").c_str(), nullptr, 10);
  return made;
}

void tell_servers(cluster_keeper_ptr self) {
  auto& state = self->state;
  std::map<node_id, server_record> found;
  for (auto& [name, one] : state.members)
    if (gossip::is_present(one) && is_server(state, one)) {
      auto record = record_of(one);
      found.emplace(record.id, record);
    }
  roster now;
  for (auto& [id, one] : found)
    now.servers.push_back(std::move(one));
  if (now == state.servers)
    return;
  state.servers = now;
  if (state.joins)
    self->send(state.joins, at::update::value, std::move(now));
  else if (!state.raft)
    self->send(state.gateway, at::update::value, std::move(now));
}

// -- the catalogue -----------------------------------------------------------

storage::presence presence_of(member_status status) {
  switch (status) {
  case member_status::alive:
  case member_status::leaving:
    return storage::presence::alive;
  case member_status::failed:
    return storage::presence::failed;
  case member_status::left:
    break;
  }
  return storage::presence::gone;
}

storage::member_view view_of(const cluster_keeper_state& state,
                             const member& one) {
  storage::member_view made;
  made.name = one.name;
  made.id = tag(one, "id");
  made.address = one.at.host;
  made.datacenter = state.datacenter;
  made.state = presence_of(one.status);
  made.is_server = is_server(state, one);
  if (!made.is_server)
    return made;
  made.server_port = server_port(one);
  auto build = tag(one, "build");
  made.server_meta = {
      {"non_voter", tag(one, "nonvoter") == "1" ? "true" : "false"},
      {"raft_version", "3"},
      {"serf_protocol_current", "2"},
      {"serf_protocol_max", "5"},
      {"serf_protocol_min", "1"},
      {"version", build.substr(0, build.find(':'))}};
  return made;
}

void propose(cluster_keeper_ptr self, const model::command& command,
             const std::string& about) {
  auto bytes = std::make_shared<const std::string>(model::encode(command));
  self->request(self->state.gateway, caf::infinite, at::propose::value,
                proposal{std::move(bytes)})
      .then(
          [=](const model::outcome& done) {
            if (done.failure.code == errc::ok)
              return;
            spdlog::error("agent.server: failed to reconcile member: "
                          "member={} error=\"{}\"",
                          about, done.failure.text);
            self->state.dirty.insert(about);
          },
          [=](caf::error&) { self->state.dirty.insert(about); });
}

void reconcile(cluster_keeper_ptr self, const std::string& name) {
  auto& state = self->state;
  auto found = state.members.find(name);
  if (found == state.members.end())
    return;
  // Whoever leads is here, whatever was heard of an earlier life of it.
  if (name == state.name && found->second.status != member_status::alive)
    return;
  auto command = storage::to_show(state.readers->newest()->catalog,
                                  view_of(state, found->second));
  if (command)
    propose(self, *command, name);
}

void reconcile_all(cluster_keeper_ptr self) {
  auto& state = self->state;
  state.reconcile_due = state.time->now() + reconcile_interval;
  std::vector<std::string> known;
  for (auto& [name, one] : state.members) {
    known.push_back(model::fold(name));
    reconcile(self, name);
  }
  for (auto& command :
       storage::to_forget(state.readers->newest()->catalog, known))
    propose(self, command, std::get<model::catalog_deregister>(command).node);
}

void reconcile_dirty(cluster_keeper_ptr self) {
  auto& state = self->state;
  if (!state.leads)
    return;
  for (auto& name : std::exchange(state.dirty, {}))
    reconcile(self, name);
}

// -- the configuration of Raft -----------------------------------------------

std::vector<raft::seen_server> seen_servers(const cluster_keeper_state& state) {
  std::vector<raft::seen_server> found;
  for (auto& [name, one] : state.members) {
    if (!is_server(state, one))
      continue;
    raft::seen_server seen;
    seen.id = tag(one, "id");
    seen.never_votes = tag(one, "nonvoter") == "1";
    if (one.status == member_status::failed)
      seen.state = raft::seen_server::presence::failed;
    else if (one.status == member_status::left)
      seen.state = raft::seen_server::presence::left;
    found.push_back(std::move(seen));
  }
  return found;
}

raft::autopilot_rules rules_of(const storage::state& state) {
  raft::autopilot_rules rules;
  if (auto& wanted = state.autopilot) {
    rules.removes_failed = wanted->cleanup_dead_servers;
    rules.stabilization = wanted->server_stabilization_time;
  }
  return rules;
}

void change(cluster_keeper_ptr self, const raft::membership_change& wanted) {
  auto& state = self->state;
  spdlog::info("agent.server.autopilot: {}: id={}", raft::to_text(wanted.kind),
               wanted.who);
  auto done = [=](const error& why) {
    self->state.changing = false;
    if (why.code != errc::ok)
      spdlog::warn("agent.server.autopilot: {} failed: id={} error=\"{}\"",
                   raft::to_text(wanted.kind), wanted.who, why.text);
  };
  auto lost = [=](caf::error&) { self->state.changing = false; };
  if (wanted.kind == raft::change_kind::remove)
    self->request(state.raft, caf::infinite, at::remove::value, wanted.who)
        .then(done, lost);
  else
    self->request(state.raft, caf::infinite, at::add::value, wanted.who,
                  wanted.kind == raft::change_kind::promote)
        .then(done, lost);
}

void decide(cluster_keeper_ptr self, const cluster_view& view) {
  auto& state = self->state;
  state.changing = false;
  if (view.failure.code != errc::ok)
    return;
  std::vector<raft::known_server> known;
  for (auto& one : view.servers)
    known.push_back(
        {one.id, one.votes, one.id == state.id, one.healthy, one.stable_for});
  auto wanted = raft::next_change(rules_of(*state.readers->newest()), known,
                                  seen_servers(state));
  if (!wanted)
    return;
  state.changing = true;
  change(self, *wanted);
}

void steer(cluster_keeper_ptr self) {
  auto& state = self->state;
  if (!state.leads || !state.joins || std::exchange(state.changing, true))
    return;
  self->request(state.raft, caf::infinite, at::members::value, false)
      .then([=](const cluster_view& view) { decide(self, view); },
            [=](caf::error&) { self->state.changing = false; });
}

// -- messages ----------------------------------------------------------------

void on_news(cluster_keeper_ptr self, const gossip_news& news) {
  auto* heard = std::get_if<gossip::member_change>(&news.what);
  if (!heard)
    return;
  auto& state = self->state;
  auto& one = heard->who;
  auto& known = state.members[one.name];
  known = one;
  if (heard->what == gossip::change::reaped) {
    // The catalogue forgets it as one that left; then so do we.
    known.status = member_status::left;
    if (state.leads)
      reconcile(self, one.name);
    state.members.erase(one.name);
    state.dirty.erase(one.name);
  } else {
    state.dirty.insert(one.name);
  }
  tell_servers(self);
  reconcile_dirty(self);
}

// Until one of the addresses has answered.
void join(cluster_keeper_ptr self) {
  auto& state = self->state;
  if (state.addresses.empty())
    return;
  auto again = [=] {
    auto& state = self->state;
    auto pause = state.join_pause;
    state.join_pause = std::min(pause * 2, state.retry_max);
    state.time->after(pause, caf::actor_cast<caf::strong_actor_ptr>(self),
                      caf::make_message(at::join::value));
  };
  self->request(state.prober, caf::infinite, at::join::value,
                gossip_join{state.addresses})
      .then(
          [=](const gossip_joined& done) {
            if (done.reached > 0)
              return spdlog::info("agent: Join completed. Synced with initial "
                                  "agents: cluster=LAN num_agents={}",
                                  done.reached);
            for (auto& why : done.failures)
              spdlog::warn("agent: {}", why);
            spdlog::warn("agent: Join failed, will retry: cluster=LAN");
            again();
          },
          [=](caf::error&) { again(); });
}

void tick(cluster_keeper_ptr self) {
  auto& state = self->state;
  if (state.leads && state.time->now() >= state.reconcile_due)
    reconcile_all(self);
  reconcile_dirty(self);
  steer(self);
  state.time->after(autopilot_interval,
                    caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

} // namespace

cluster_keeper_actor::behavior_type
cluster_keeper(cluster_keeper_ptr self,
               std::shared_ptr<cluster_keeper_parts> parts) {
  auto& state = self->state;
  static_cast<cluster_keeper_parts&>(state) = std::move(*parts);
  PRAETOR_ASSERT(state.time && state.readers && state.gateway);
  if (state.raft)
    self->send(self, at::tick::value);
  if (state.prober) {
    self->send(state.prober, at::subscribe::value,
               caf::actor_cast<gossip_listener_actor>(self));
    join(self);
  }
  return {
      [=](at::report, const gossip_news& news) { on_news(self, news); },
      [=](at::join) { join(self); },
      [=](at::lead, bool leads) {
        self->state.leads = leads;
        if (leads)
          reconcile_all(self);
      },
      [=](at::tick) { tick(self); },
  };
}

} // namespace praetor::actors
