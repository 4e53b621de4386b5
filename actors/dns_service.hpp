#pragma once

// DNS on one loop: the responder, and the recursors that it asks.

#include "actors/config.hpp"
#include "actors/dns_responder.hpp"
#include "actors/io/dns_upstream.hpp"

namespace praetor::actors {

struct dns_service {
  dns_responder_actor responder;
  std::shared_ptr<io::dns_upstream> recursors;
  io::loop* on = nullptr;

  void spawn(caf::actor_system& system, io::loop& where,
             const agent_config& config, std::shared_ptr<publication> readers,
             gateway_actor elsewhere);
  /// New rules; the next question is answered by them.
  void configure(const agent_config& config);
};

} // namespace praetor::actors
