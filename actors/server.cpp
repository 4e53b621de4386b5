#include "actors/server.hpp"

#include "actors/kv_shard.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

namespace praetor::actors {
namespace {

void spawn_writers(server_parts& from, server& made) {
  auto& system = *from.system;
  auto& found = from.recovered;
  if (!found.files)
    made.writer = io::spawn_on(system, from.where, no_log_writer);
  else if (from.writers_have_threads)
    made.writer = system.spawn<caf::detached>(log_writer, found.files);
  else
    made.writer = system.spawn(log_writer, found.files);
  if (!found.snapshots)
    return;
  made.snapshots =
      from.writers_have_threads
          ? system.spawn<caf::detached>(snapshot_writer, found.snapshots)
          : system.spawn(snapshot_writer, found.snapshots);
}

void spawn_raft(server_parts& from, server& made) {
  auto parts = std::make_shared<raft_peer_parts>();
  parts->core = std::move(from.recovered.core);
  parts->writer = made.writer;
  parts->keeper = made.keeper;
  parts->snapshots = made.snapshots;
  parts->rules = from.recovered.rules;
  parts->readers = made.readers;
  parts->time = from.time;
  parts->carrier = from.carrier;
  parts->own_address = from.own_address;
  made.raft =
      io::spawn_on(*from.system, from.where, raft_peer, std::move(parts));
}

void spawn_gateway(server_parts& from, server& made, node_id self) {
  auto parts = std::make_shared<gateway_parts>();
  parts->self = std::move(self);
  parts->raft = made.raft;
  parts->sessions = made.sessions;
  parts->readers = made.readers;
  parts->time = from.time;
  parts->carrier = from.carrier;
  parts->leader_wait = from.leader_wait;
  made.gateway =
      io::spawn_on(*from.system, from.where, gateway, std::move(parts));
}

} // namespace

server spawn_server(server_parts parts) {
  PRAETOR_ASSERT(parts.system && parts.time && parts.recovered.core);
  auto& system = *parts.system;
  auto self = parts.recovered.core->chosen().self;
  server made;
  made.readers = std::make_shared<publication>();
  made.readers->publish(parts.recovered.state);
  for (std::size_t i = 0; i < storage::kv_shards_default; ++i)
    made.shards.push_back(io::spawn_on(system, parts.where, kv_shard));
  made.keeper = io::spawn_on(system, parts.where, store_keeper, made.shards,
                             made.readers);
  spawn_writers(parts, made);
  if (parts.interpose)
    parts.interpose(made);
  spawn_raft(parts, made);
  made.sessions = io::spawn_on(system, parts.where, session_keeper, made.raft,
                               made.readers, parts.time);
  spawn_gateway(parts, made, std::move(self));
  using caf::actor_cast;
  using caf::anon_send;
  anon_send(made.keeper, at::subscribe::value,
            actor_cast<state_listener_actor>(made.sessions));
  anon_send(made.keeper, at::subscribe::value,
            actor_cast<state_listener_actor>(made.gateway));
  anon_send(made.raft, at::subscribe::value,
            actor_cast<leadership_listener_actor>(made.sessions));
  anon_send(made.raft, at::subscribe::value,
            actor_cast<leadership_listener_actor>(made.gateway));
  if (parts.carrier) {
    parts.carrier->offer(raft_name, actor_cast<caf::actor>(made.raft));
    parts.carrier->offer(sessions_name, actor_cast<caf::actor>(made.sessions));
  }
  return made;
}

} // namespace praetor::actors
