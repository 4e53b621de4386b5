#include "actors/definitions.hpp"

#include "actors/agent_sidecar.hpp"
#include "http/proxies.hpp"
#include "protocol/health/check.hpp"
#include "protocol/model/local_state.hpp"

namespace praetor::actors {
namespace {

constexpr const char* scripts_disabled =
    "Scripts are disabled on this agent; to enable, configure "
    "'enable_script_checks' or 'enable_local_script_checks' to true";

std::string check_fault(const model::check_wish& wish,
                        const agent_config& config) {
  if (auto ok = health::validate(wish); !ok)
    return ok.failure().text;
  bool may_run = config.checks_policy.enable_scripts ||
                 config.checks_policy.enable_local_scripts;
  if (!wish.args.empty() && !may_run)
    return scripts_disabled;
  std::string kind = model::kind_of(wish);
  if (!is_known_check_kind(kind))
    return "kind \"" + kind + "\" is not supported by this version of praetor";
  return {};
}

std::string service_fault(const model::service_wish& wish,
                          const agent_config& config) {
  if (wish.service.name.empty())
    return "Service name missing";
  if (auto fault = model::fault_of(wish); !fault.empty())
    return fault;
  if (auto fault = http::proxy_fault(wish.service); !fault.empty())
    return fault;
  if (auto given = read_sidecar(wish); !given)
    return given.failure().text;
  for (auto& check : wish.checks)
    if (auto fault = check_fault(check, config); !fault.empty())
      return fault;
  return {};
}

} // namespace

bool is_known_check_kind(std::string_view kind) {
  for (auto known : {"ttl", "http", "tcp", "udp", "grpc", "script", "alias"})
    if (kind == known)
      return true;
  return false;
}

status check_definitions(const agent_config& config) {
  for (auto& one : config.services)
    if (auto fault = service_fault(one, config); !fault.empty())
      return fail(errc::bad_input, "Failed to register service \"" +
                                       one.service.name + "\": " + fault);
  for (auto& one : config.checks) {
    auto fault = one.id.empty() && one.name.empty()
                     ? std::string("CheckID missing")
                     : check_fault(one, config);
    if (!fault.empty())
      return fail(errc::bad_input, "Failed to register check '" +
                                       (one.name.empty() ? one.id : one.name) +
                                       "': " + fault);
  }
  return {};
}

} // namespace praetor::actors
