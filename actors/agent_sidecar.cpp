#include "actors/agent_sidecar.hpp"

#include "http/bodies.hpp"
#include "protocol/model/sidecar.hpp"

namespace praetor::actors {

using optional_wish = std::optional<model::service_wish>;

result<optional_wish> read_sidecar(const model::service_wish& owner) {
  if (owner.sidecar_json.empty())
    return optional_wish();
  auto given = http::read_agent_service(owner.sidecar_json);
  if (!given)
    return given.failure();
  auto faults = model::sidecar_faults(*given);
  if (!faults.empty())
    return fail(errc::bad_input, model::joined_faults(faults));
  for (auto& check : given->checks)
    if (auto ok = health::validate(check); !ok)
      return fail(errc::conflict,
                  "Bad request: Invalid check in sidecar_service: " +
                      ok.failure().text);
  return optional_wish(*std::move(given));
}

result<optional_wish> sidecar_of(const agent_state& state,
                                 const model::service_wish& owner) {
  auto given = read_sidecar(owner);
  if (!given || !*given)
    return given;
  auto& ports = state.parts->facts->config.ports;
  auto made =
      model::make_sidecar(owner, **std::move(given),
                          {ports.sidecar_min, ports.sidecar_max}, state.local);
  if (!made)
    return made.failure();
  return optional_wish(*std::move(made));
}

std::string registered_sidecar(const model::local_state& local,
                               const std::string& service) {
  auto owner = local.services.find(service);
  auto id = model::sidecar_id(service);
  auto found = local.services.find(id);
  bool is_its = owner != local.services.end() &&
                !owner->second.wish.sidecar_json.empty() &&
                found != local.services.end() &&
                found->second.wish.service.proxy.destination_id == service;
  return is_its ? id : std::string();
}

result<std::vector<model::service_wish>>
with_sidecars(const agent_state& state,
              std::vector<model::service_wish> services) {
  // Ports that this reload gives away are taken for those after it.
  auto known = state.local;
  auto count = services.size();
  auto& ports = state.parts->facts->config.ports;
  for (std::size_t i = 0; i < count; ++i) {
    auto given = read_sidecar(services[i]);
    if (!given)
      return given.failure();
    if (!*given)
      continue;
    auto made =
        model::make_sidecar(services[i], **std::move(given),
                            {ports.sidecar_min, ports.sidecar_max}, known);
    if (!made)
      return made.failure();
    known.services[made->service.id] = {*made, true};
    services.push_back(*std::move(made));
  }
  return services;
}

} // namespace praetor::actors
