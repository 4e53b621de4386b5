#include "protocol/model/local_state.hpp"

#include "protocol/model/query.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace praetor::model {
namespace {

// Four decimal numbers up to 255; zeros may stand before them.
bool is_ipv4(std::string_view address) {
  for (int part = 0; part < 4; ++part) {
    auto end = part == 3 ? address.size() : address.find('.');
    if (end == std::string_view::npos || end == 0)
      return false;
    int number = 0;
    for (auto digit : address.substr(0, end)) {
      if (digit < '0' || digit > '9')
        return false;
      number = number * 10 + (digit - '0');
      if (number > 255)
        return false;
    }
    address.remove_prefix(part == 3 ? end : end + 1);
  }
  return true;
}

// Groups of one to four hexadecimal digits between colons, of which the last
// may be an IPv4 address that counts twice; nothing when there is another
// thing between the colons. No text: no groups.
std::optional<std::size_t> count_groups(std::string_view text, bool last) {
  constexpr std::string_view hex = "0123456789abcdefABCDEF";
  std::size_t groups = 0;
  while (!text.empty()) {
    auto end = text.find(':');
    auto group = text.substr(0, end);
    bool at_end = end == std::string_view::npos;
    if (at_end && last && is_ipv4(group))
      return groups + 2;
    if (group.empty() || group.size() > 4 ||
        group.find_first_not_of(hex) != std::string_view::npos)
      return std::nullopt;
    ++groups;
    if (at_end)
      break;
    text.remove_prefix(end + 1);
    if (text.empty())
      return std::nullopt; // a colon at the end
  }
  return groups;
}

// RFC 4291, section 2.2.
bool is_ipv6(std::string_view address) {
  constexpr std::size_t groups_whole = 8;
  auto gap = address.find("::");
  if (gap == std::string_view::npos)
    return count_groups(address, true) == groups_whole;
  auto before = count_groups(address.substr(0, gap), false);
  auto after = count_groups(address.substr(gap + 2), true);
  return before && after && *before + *after < groups_whole;
}

// An IPv4 address in the clothes of IPv6 (RFC 4291, section 2.5.5.2), as far
// as people write it.
bool is_mapped_ipv4(std::string_view address) {
  constexpr std::string_view prefix = "::ffff:";
  return address.size() > prefix.size() &&
         equal_folded(address.substr(0, prefix.size()), prefix) &&
         is_ipv4(address.substr(prefix.size()));
}

// "ipv4", "ipv6", or null for host names and the like.
const char* family_of(std::string_view address) {
  if (is_ipv4(address) || is_mapped_ipv4(address))
    return "ipv4";
  return is_ipv6(address) ? "ipv6" : nullptr;
}

error limit_error(const char* what, std::size_t most) {
  return fail(errc::unavailable, std::string("this agent has ") +
                                     std::to_string(most) + " " + what +
                                     " already, which is the limit");
}

// The id of the nth of so many checks of a service.
std::string default_check_id(const std::string& service, std::size_t n,
                             std::size_t of) {
  auto id = "service:" + service;
  return of == 1 ? id : id + ":" + std::to_string(n + 1);
}

// Fills what the checks of a service leave open.
void fill_checks(service_wish& wish) {
  auto& id = wish.service.id;
  for (std::size_t i = 0; i < wish.checks.size(); ++i) {
    auto& check = wish.checks[i];
    check.service_id = id;
    if (check.id.empty())
      check.id = default_check_id(id, i, wish.checks.size());
    if (check.name.empty())
      check.name = "Service '" + wish.service.name + "' check";
  }
}

check make_record(const check_wish& wish, const std::string& node,
                  const service* owner) {
  check record;
  record.node = node;
  record.id = wish.id;
  record.name = wish.name;
  record.notes = wish.notes;
  record.type = kind_of(wish);
  if (!wish.status.empty())
    record.status = wish.status;
  if (owner) {
    record.service_id = owner->id;
    record.service_name = owner->name;
    record.service_tags = owner->tags;
  }
  return record;
}

void put_check(local_state& state, check_wish wish, const service* owner,
               bool from_files, probe_changes& changes) {
  auto record = make_record(wish, state.node, owner);
  auto old = state.checks.find(wish.id);
  if (old != state.checks.end()) {
    record.status = old->second.record.status;
    record.output = old->second.record.output;
  }
  changes.start.push_back(wish.id);
  auto id = wish.id;
  state.checks[id] = {std::move(record), std::move(wish), from_files};
}

} // namespace

std::string joined_faults(const std::vector<std::string>& faults) {
  std::string text = std::to_string(faults.size()) +
                     (faults.size() == 1 ? " error" : " errors") +
                     " occurred:\n";
  for (auto& one : faults)
    text += "\t* " + one + "\n";
  return text + "\n";
}

void complete(service& what) {
  if (what.id.empty())
    what.id = what.name;
  if (!what.meta)
    what.meta.emplace();
  service_address own{what.address, what.port};
  auto* family = family_of(what.address);
  if (!family)
    return;
  auto& tagged = what.tagged_addresses ? *what.tagged_addresses
                                       : what.tagged_addresses.emplace();
  tagged.emplace(std::string("lan_") + family, own);
  tagged.emplace(std::string("wan_") + family, own);
}

namespace {

// A gateway stands for no single service, so it may name none.
std::vector<std::string> gateway_faults(const service& what) {
  std::vector<std::string> faults;
  if (what.port == 0 && what.kind != "ingress-gateway")
    faults.push_back("Port must be non-zero for a " + what.kind);
  auto refuse = [&](const char* field) {
    faults.push_back("The Proxy." + std::string(field) +
                     " configuration is invalid for a " + what.kind);
  };
  if (!what.proxy.destination_name.empty())
    refuse("DestinationServiceName");
  if (!what.proxy.destination_id.empty())
    refuse("DestinationServiceID");
  if (!what.proxy.local_address.empty())
    refuse("LocalServiceAddress");
  if (what.proxy.local_port != 0)
    refuse("LocalServicePort");
  auto& upstreams = what.proxy.upstreams_json;
  if (!upstreams.empty() && upstreams != "[]" && upstreams != "null")
    refuse("Upstreams");
  return faults;
}

bool is_gateway(const service& what) {
  return what.kind == "mesh-gateway" || what.kind == "terminating-gateway" ||
         what.kind == "ingress-gateway";
}

} // namespace

std::vector<std::string> proxy_faults(const service& what) {
  std::vector<std::string> faults;
  if (is_gateway(what))
    faults = gateway_faults(what);
  if (what.kind != "connect-proxy")
    return faults;
  if (what.proxy.destination_name.empty())
    faults.push_back("Proxy.DestinationServiceName must be non-empty for "
                     "Connect proxy services");
  if (what.port == 0 && what.socket_path.empty())
    faults.push_back("Port must be set for a Connect proxy");
  if (what.connect_native)
    faults.push_back(
        "A Proxy cannot also be Connect Native, only typical services");
  return faults;
}

bool is_any_address(std::string_view address) {
  return address == "0.0.0.0" || address == "::" || address == "[::]";
}

std::string fault_of(const service_wish& wish) {
  auto& what = wish.service;
  if (what.name.empty())
    return "Missing service name";
  if (is_any_address(what.address))
    return "Invalid service address";
  if (what.weights.passing < 1)
    return "Invalid Weights: Passing must be greater than 0";
  if (what.weights.warning < 0)
    return "Invalid Weights: Warning must be greater or equal than 0";
  for (auto& check : wish.checks)
    if (!check.status.empty() && check.status != check_status::passing &&
        check.status != check_status::warning &&
        check.status != check_status::critical)
      return "Status for checks must 'passing', 'warning', 'critical'";
  return {};
}

result<probe_changes> local_state::add_service(service_wish wish,
                                               bool replace_checks,
                                               bool from_files) {
  complete(wish.service);
  auto id = wish.service.id;
  PRAETOR_ASSERT(!id.empty());
  wish.service.node = node;
  if (!services.contains(id) && services.size() >= local_services_max)
    return limit_error("services", local_services_max);
  fill_checks(wish);
  auto added =
      std::count_if(wish.checks.begin(), wish.checks.end(),
                    [&](auto& check) { return !checks.contains(check.id); });
  if (checks.size() + static_cast<std::size_t>(added) > local_checks_max)
    return limit_error("checks", local_checks_max);
  probe_changes changes;
  std::vector<std::string> kept;
  for (auto& check : wish.checks) {
    kept.push_back(check.id);
    put_check(*this, check, &wish.service, from_files, changes);
  }
  for (auto* old : checks_of(id)) {
    auto check_id = old->record.id;
    bool named = std::find(kept.begin(), kept.end(), check_id) != kept.end();
    if (replace_checks && !named) {
      remove_check(check_id, changes);
    } else if (!named) {
      // The service may have new tags, which its checks repeat.
      auto& record = checks[check_id].record;
      record.service_name = wish.service.name;
      record.service_tags = wish.service.tags;
    }
  }
  services[id] = {std::move(wish), from_files};
  return changes;
}

bool local_state::remove_service(const std::string& id,
                                 probe_changes& changes) {
  if (services.erase(id) == 0)
    return false;
  std::vector<std::string> doomed;
  for (auto* one : checks_of(id))
    doomed.push_back(one->record.id);
  for (auto& check : doomed)
    remove_check(check, changes);
  return true;
}

result<probe_changes> local_state::add_check(check_wish wish, bool from_files) {
  if (wish.id.empty())
    wish.id = wish.name;
  PRAETOR_ASSERT(!wish.id.empty());
  const service* owner = nullptr;
  if (!wish.service_id.empty()) {
    auto found = services.find(wish.service_id);
    if (found == services.end())
      return fail(errc::not_found,
                  "ServiceID \"" + wish.service_id + "\" does not exist");
    owner = &found->second.wish.service;
  }
  if (!checks.contains(wish.id) && checks.size() >= local_checks_max)
    return limit_error("checks", local_checks_max);
  probe_changes changes;
  // Registered on its own, a check starts anew.
  checks.erase(wish.id);
  put_check(*this, std::move(wish), owner, from_files, changes);
  return changes;
}

bool local_state::remove_check(const std::string& id, probe_changes& changes) {
  if (checks.erase(id) == 0)
    return false;
  changes.stop.push_back(id);
  return true;
}

bool local_state::set_status(const std::string& id, const std::string& status,
                             const std::string& output) {
  auto found = checks.find(id);
  if (found == checks.end())
    return false;
  auto& record = found->second.record;
  bool changed = record.status != status || record.output != output;
  record.status = status;
  record.output = output;
  return changed;
}

std::vector<const local_check*>
local_state::checks_of(const std::string& service) const {
  std::vector<const local_check*> found;
  for (auto& [id, one] : checks)
    if (one.record.service_id == service)
      found.push_back(&one);
  return found;
}

result<probe_changes>
local_state::set_definitions(std::vector<service_wish> wanted_services,
                             std::vector<check_wish> wanted_checks) {
  auto before = *this;
  probe_changes changes;
  auto add = [&](result<probe_changes> more) -> status {
    if (!more)
      return more.failure();
    changes.start.insert(changes.start.end(), more->start.begin(),
                         more->start.end());
    changes.stop.insert(changes.stop.end(), more->stop.begin(),
                        more->stop.end());
    return {};
  };
  std::vector<std::string> named;
  for (auto& one : wanted_services)
    named.push_back(one.service.id.empty() ? one.service.name : one.service.id);
  std::vector<std::string> gone;
  for (auto& [id, one] : services)
    if (one.from_files &&
        std::find(named.begin(), named.end(), id) == named.end())
      gone.push_back(id);
  for (auto& id : gone)
    remove_service(id, changes);
  named.clear();
  for (auto& one : wanted_checks)
    named.push_back(one.id.empty() ? one.name : one.id);
  gone.clear();
  for (auto& [id, one] : checks)
    if (one.from_files && one.record.service_id.empty() &&
        std::find(named.begin(), named.end(), id) == named.end())
      gone.push_back(id);
  for (auto& id : gone)
    remove_check(id, changes);
  for (auto& one : wanted_services)
    if (auto ok = add(add_service(std::move(one), true, true)); !ok) {
      *this = before;
      return ok.failure();
    }
  for (auto& one : wanted_checks) {
    auto id = one.id.empty() ? one.name : one.id;
    auto old = checks.find(id);
    auto status = old == checks.end() ? check{} : old->second.record;
    bool known = old != checks.end();
    if (auto ok = add(add_check(std::move(one), true)); !ok) {
      *this = before;
      return ok.failure();
    }
    if (known)
      set_status(id, status.status, status.output);
  }
  return changes;
}

} // namespace praetor::model
