#include "actors/gossip_service.hpp"

#include "actors/node_settings.hpp"
#include "actors/startup.hpp"
#include "actors/version.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace praetor::actors {
namespace {

gossip::settings make_settings(const agent_config& config) {
  auto chosen = gossip::lan_settings();
  auto& wished = config.gossip_lan;
  chosen.gossip_interval = wished.gossip_interval;
  chosen.gossip_nodes = wished.gossip_nodes;
  chosen.probe_interval = wished.probe_interval;
  chosen.probe_timeout = wished.probe_timeout;
  chosen.suspicion_mult = wished.suspicion_mult;
  chosen.retransmit_mult = wished.retransmit_mult;
  if (config.reconnect_timeout > span{})
    chosen.reconnect_timeout = config.reconnect_timeout;
  chosen.admit.datacenter = config.datacenter;
  return chosen;
}

// Later than any life before this one.
std::uint64_t new_incarnation() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::system_clock::now().time_since_epoch())
          .count());
}

} // namespace

gossip::tag_map make_tags(const agent_config& config, const std::string& id) {
  gossip::tag_map tags{{"acls", config.acl.enabled ? "1" : "0"},
                       {"build", std::string(api_version) + ":"},
                       {"dc", config.datacenter},
                       {"id", id},
                       {"role", config.server ? "consul" : "node"},
                       {"segment", ""},
                       {"vsn", "2"},
                       {"vsn_max", "3"},
                       {"vsn_min", "2"}};
  if (!config.server)
    return tags;
  tags["port"] = std::to_string(config.ports.server);
  tags["raft_vsn"] = "3";
  tags["wan_join_port"] = std::to_string(config.ports.serf_wan);
  if (config.bootstrap)
    tags["bootstrap"] = "1";
  if (config.bootstrap_expect > 0)
    tags["expect"] = std::to_string(config.bootstrap_expect);
  if (config.non_voting_server)
    tags["nonvoter"] = "1";
  return tags;
}

gossip::identity make_identity(const agent_config& config,
                               const std::string& id) {
  gossip::identity self;
  self.name = config.node_name;
  self.at = {config.addresses.advertise,
             static_cast<std::uint16_t>(std::max(0, config.ports.serf_lan))};
  self.tags = make_tags(config, id);
  self.incarnation = new_incarnation();
  return self;
}

status gossip_service::open(io::loop& on, const agent_config& config,
                            const std::string& id) {
  auto chosen = make_settings(config);
  auto self = make_identity(config, id);
  if (auto ok = gossip::check_settings(chosen); !ok)
    return ok;
  if (auto ok = gossip::check_identity(self); !ok)
    return ok;
  auto& own = config.addresses;
  auto bound = io::bind_gossip(
      on, own.serf_lan_bind.empty() ? own.bind : own.serf_lan_bind,
      config.ports.serf_lan);
  if (!bound)
    return bound.failure();
  made_ = std::make_shared<gossip_prober_parts>();
  made_->core = std::make_unique<gossip::core>(
      std::move(chosen), self, prng(random_seed()), on.now());
  made_->port = std::move(bound->port);
  made_->seal = gossip_seal("lan/" + config.datacenter);
  made_->time = &on;
  made_->log_name = config.server ? "agent.server" : "agent.client";
  made_->default_port = static_cast<std::uint16_t>(default_lan_port);
  return {};
}

void gossip_service::spawn(caf::actor_system& system, io::loop& on,
                           const agent_config& config, const server& core,
                           joiner_actor joins, const std::string& id) {
  auto parts = std::make_shared<cluster_keeper_parts>();
  parts->name = config.node_name;
  parts->id = id;
  parts->datacenter = config.datacenter;
  parts->gateway = core.gateway;
  parts->raft = core.raft;
  parts->joins = std::move(joins);
  parts->readers = core.readers;
  parts->time = &on;
  if (made_) {
    prober = io::spawn_on(system, &on, gossip_prober, std::move(made_));
    parts->prober = prober;
    parts->addresses = join_addresses(config);
    parts->retry_max = config.join.retry_interval;
  }
  keeper = io::spawn_on(system, &on, cluster_keeper, std::move(parts));
  if (core.raft)
    caf::anon_send(core.raft, at::subscribe::value,
                   caf::actor_cast<leadership_listener_actor>(keeper));
  if (prober)
    return;
  auto self = make_identity(config, id);
  gossip::member alone;
  alone.name = self.name;
  alone.at = self.at;
  alone.tags = gossip::pack_tags(self.tags);
  caf::anon_send(keeper, at::report::value,
                 gossip_news{"lan", gossip::member_change{
                                        gossip::change::joined, alone}});
}

void gossip_service::leave(caf::actor_system& system) {
  if (!prober)
    return;
  caf::scoped_actor self(system);
  self->request(prober, leave_time_max, at::leave::value)
      .receive([](bool) {}, [](caf::error&) {});
}

} // namespace praetor::actors
