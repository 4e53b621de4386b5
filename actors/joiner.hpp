#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/carrier.hpp"
#include "actors/io/loop.hpp"

#include <optional>

namespace praetor::actors {

/// The name under which carriers know a server's joiner.
inline constexpr auto joiner_name = caf::atom("joiner");

/// How often one of the known servers is asked what it knows.
inline constexpr span roster_exchange = std::chrono::seconds(1);

/// Who said that it would begin a cluster of certain servers begins none of
/// others for so long: whoever asked has begun by then, or is gone.
inline constexpr span bootstrap_promise = std::chrono::seconds(10);

struct joiner_parts {
  joiner_parts() = default;
  server_record own;
  raft_peer_actor raft;
  gateway_actor gateway;
  clock* time = nullptr;
  io::carrier* carrier = nullptr;
};

/// Tells other servers whom it knows and hears whom they know, and hands that
/// to the Raft peer and the gateway. Once as many as were announced know of
/// exactly one another, the one with the lowest id begins the cluster, after
/// all of them have promised to begin no other. Gossip tells it whom to ask;
/// what a server says of its own history it says itself.
struct joiner_state : joiner_parts {
  joiner_state() = default;
  static inline const char* name = "joiner";

  std::map<node_id, server_record> known; // ourselves included
  /// Whom the members' failure detector sees; without one nobody is ruled
  /// out.
  std::optional<std::map<node_id, std::string>> seen; // with its address
  instant exchange_due{};
  node_id asked_last;
  bool asks_for_promises = false;
  std::vector<node_id> promised;
  instant promised_until{};
};

using joiner_ptr = io::pinned_ptr<joiner_actor, joiner_state>;

joiner_actor::behavior_type joiner(joiner_ptr self,
                                   std::shared_ptr<joiner_parts> parts);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::joiner_parts>)
