#include "actors/node_carrier.hpp"

#include "actors/io/basp.hpp"
#include "actors/io/link.hpp"
#include "actors/node_settings.hpp"
#include "actors/startup.hpp"

namespace praetor::actors {
namespace {

template <class T>
result<std::unique_ptr<io::carrier>> as_carrier(result<T> made) {
  if (!made)
    return made.failure();
  return std::unique_ptr<io::carrier>(*std::move(made));
}

} // namespace

result<std::unique_ptr<io::carrier>> make_carrier(caf::actor_system& system,
                                                  io::loop& on,
                                                  const agent_config& config,
                                                  const std::string& id) {
  auto& own = config.addresses;
  std::vector<std::string> listen, ours;
  if (config.server) {
    listen.push_back(host_and_port(own.bind, config.ports.server));
    ours.push_back(host_and_port(own.advertise, config.ports.server));
  }
  if (config.node_transport == "basp")
    return as_carrier(io::basp::make(system, {listen, ours, {}}));
  io::link_settings chosen;
  chosen.listen = std::move(listen);
  chosen.own_addresses = std::move(ours);
  chosen.cluster = config.datacenter;
  chosen.node = id;
  chosen.incarnation = random_seed();
  chosen.seed = random_seed();
  return as_carrier(io::link::make(system, on, std::move(chosen)));
}

} // namespace praetor::actors
