#include "protocol/model/sidecar.hpp"

#include "protocol/base/assert.hpp"

#include <set>

namespace praetor::model {
namespace {

constexpr span listening_interval = std::chrono::seconds(10);

result<int> choose_port(const std::string& id, const sidecar_ports& ports,
                        const local_state& known) {
  if (ports.first <= 0 || ports.last < ports.first)
    return fail(errc::unavailable, "no port provided for sidecar_service and "
                                   "auto-assignment disabled in config");
  std::set<int> used;
  for (auto& [other, one] : known.services) {
    auto port = one.wish.service.port;
    if (port < ports.first || port > ports.last)
      continue;
    if (other == id)
      return port;
    used.insert(port);
  }
  for (int port = ports.first; port <= ports.last; ++port)
    if (!used.contains(port))
      return port;
  return fail(errc::unavailable,
              "no port provided for sidecar_service and none left in the "
              "configured range [" +
                  std::to_string(ports.first) + ", " +
                  std::to_string(ports.last) + "]");
}

// Is it there, and is what it stands for well?
std::vector<check_wish> usual_checks(const service& owner,
                                     const service& sidecar) {
  check_wish listening;
  listening.name = "Connect Sidecar Listening";
  auto& host = sidecar.proxy.local_address;
  bool is_v6 = host.find(':') != host.npos;
  listening.tcp =
      (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(sidecar.port);
  listening.interval = listening_interval;
  check_wish alias;
  alias.name = "Connect Sidecar Aliasing " + owner.id;
  alias.alias_service = owner.id;
  return {listening, alias};
}

} // namespace

std::string sidecar_id(const std::string& service) {
  return service + "-sidecar-proxy";
}

std::vector<std::string> sidecar_faults(const service_wish& given) {
  std::vector<std::string> faults;
  if (!given.service.id.empty())
    faults.push_back("A SidecarService cannot specify an ID as this is "
                     "managed by the agent");
  if (!given.sidecar_json.empty())
    faults.push_back("A SidecarService cannot have a nested SidecarService");
  return faults;
}

result<service_wish> make_sidecar(const service_wish& owner, service_wish given,
                                  const sidecar_ports& ports,
                                  const local_state& known) {
  auto of = owner.service;
  complete(of);
  PRAETOR_ASSERT(!of.id.empty());
  auto& made = given.service;
  made.id = sidecar_id(of.id);
  if (made.name.empty())
    made.name = sidecar_id(of.name);
  if (made.kind.empty())
    made.kind = "connect-proxy";
  if (made.tags.empty())
    made.tags = of.tags;
  if (!made.meta || made.meta->empty())
    made.meta = of.meta;
  if (made.proxy.destination_name.empty())
    made.proxy.destination_name = of.name;
  if (made.proxy.destination_id.empty())
    made.proxy.destination_id = of.id;
  if (made.proxy.local_port < 1)
    made.proxy.local_port = of.port;
  if (made.proxy.local_address.empty())
    made.proxy.local_address = "127.0.0.1";
  if (made.port < 1) {
    auto port = choose_port(made.id, ports, known);
    if (!port)
      return port.failure();
    made.port = *port;
  }
  if (given.token.empty())
    given.token = owner.token;
  if (given.checks.empty())
    given.checks = usual_checks(of, made);
  PRAETOR_ASSERT(made.port > 0);
  return given;
}

} // namespace praetor::model
