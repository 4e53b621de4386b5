#pragma once

#include "actors/gateway.hpp"

namespace praetor::actors {

/// The name under which carriers know a server's gateway.
inline constexpr auto gateway_name = caf::atom("gateway");

/// An agent goes over to another server about so often, that their loads
/// even out; up to half as long again, drawn by chance (as Consul does).
inline constexpr span rebalance_interval = std::chrono::minutes(2);

struct client_gateway_parts {
  client_gateway_parts() = default;
  std::shared_ptr<publication> readers; // the catalogue of this node alone
  clock* time = nullptr;
  io::carrier* carrier = nullptr;
  span leader_wait = leader_wait_default;
  std::uint64_t seed = 1;
};

/// The gateway of an agent without a state: has a server do everything, and
/// another one when that cannot be reached.
struct client_gateway_state : client_gateway_parts {
  client_gateway_state() = default;
  static inline const char* name = "client_gateway";

  struct server {
    node_id id;
    std::string address;
    gateway_actor gateway;
    portal_actor portal;
  };
  /// What was asked, until it is answered.
  struct job {
    instant until;
    bool changes_nothing = false; // may be asked twice
    std::function<void(const std::shared_ptr<job>&)> send;
    std::function<void(error)> give_up;
  };
  using job_ptr = std::shared_ptr<job>;

  std::deque<server> servers; // the first one is asked
  std::vector<leadership_listener_actor> listeners;
  std::deque<job_ptr> held;
  /// Who has the request of that ticket.
  std::map<std::uint64_t, portal_actor> asked;
  bool tick_is_due = false;
  instant rebalance_due{};
  prng chance{1};
};

using client_gateway_ptr = io::pinned_ptr<gateway_actor, client_gateway_state>;

gateway_actor::behavior_type
client_gateway(client_gateway_ptr self,
               std::shared_ptr<client_gateway_parts> parts);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<praetor::actors::client_gateway_parts>)
