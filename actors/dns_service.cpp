#include "actors/dns_service.hpp"

#include "actors/node_settings.hpp"
#include "actors/startup.hpp"

#include <caf/send.hpp>

namespace praetor::actors {
namespace {

std::shared_ptr<const dns::settings> rules_of(const agent_config& config) {
  return std::make_shared<const dns::settings>(
      make_dns_settings(config, config.node_name));
}

} // namespace

void dns_service::spawn(caf::actor_system& system, io::loop& where,
                        const agent_config& config,
                        std::shared_ptr<publication> readers,
                        gateway_actor elsewhere) {
  on = &where;
  recursors = std::make_shared<io::dns_upstream>(where, random_seed());
  responder = io::spawn_on(system, &where, dns_responder, rules_of(config),
                           std::move(readers), random_seed(),
                           std::shared_ptr<dns_recursors>(recursors),
                           std::move(elsewhere));
}

void dns_service::configure(const agent_config& config) {
  PRAETOR_ASSERT(on);
  caf::anon_send(responder, at::reload::value, rules_of(config));
  on->post(
      [upstream = recursors, all = config.recursors,
       timeout = config.dns.recursor_timeout] { upstream->set(all, timeout); });
}

} // namespace praetor::actors
