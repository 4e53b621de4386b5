#pragma once

// The services and checks of one agent: what it was told, by files or by the
// API, and how its checks stand. The agent's word is the truth for its own
// node; the catalogue follows it.

#include "protocol/base/result.hpp"
#include "protocol/model/command.hpp"
#include "protocol/model/definition.hpp"

#include <map>

namespace praetor::model {

/// Services, and checks, that one agent may have: a registration without end
/// must not take all memory.
inline constexpr std::size_t local_services_max = 65'536;
inline constexpr std::size_t local_checks_max = 65'536;

struct local_service {
  service_wish wish;
  bool from_files = false;
};

struct local_check {
  check record; // as the catalogue shall show it
  check_wish wish;
  bool from_files = false;
};

/// What a change means for the actors that probe.
struct probe_changes {
  std::vector<std::string> start; // check ids: new or changed
  std::vector<std::string> stop;  // check ids: gone
};

struct local_state {
  explicit local_state(std::string node_name = {})
      : node(std::move(node_name)) {}

  std::string node;
  std::map<std::string, local_service> services; // by id
  std::map<std::string, local_check> checks;     // by id

  /// Adds or replaces a service with the checks that came with it. Checks
  /// that it had stay, unless `replace_checks`; a check that is registered
  /// again keeps its status.
  result<probe_changes> add_service(service_wish wish, bool replace_checks,
                                    bool from_files);
  /// False when there is none.
  bool remove_service(const std::string& id, probe_changes& changes);

  result<probe_changes> add_check(check_wish wish, bool from_files);
  bool remove_check(const std::string& id, probe_changes& changes);

  /// True when the check's record changed.
  bool set_status(const std::string& id, const std::string& status,
                  const std::string& output);

  /// Drops what came from files and is not among these; adds or replaces
  /// what is. The first fault refuses all.
  result<probe_changes> set_definitions(std::vector<service_wish> services,
                                        std::vector<check_wish> checks);

  std::vector<const local_check*> checks_of(const std::string& service) const;
};

/// The checks that stand for maintenance mode.
inline constexpr const char* node_maintenance_id = "_node_maintenance";
inline constexpr const char* service_maintenance_prefix =
    "_service_maintenance:";

/// Fills what a service leaves open: its id, weights, addresses by family.
void complete(service& what);

/// Whether the address stands for all addresses, so that nobody can call it.
bool is_any_address(std::string_view address);

/// Why the wish cannot be, in Consul's words; empty when it can.
std::string fault_of(const service_wish& wish);

/// The faults of a service that stands for another, without those of its
/// upstreams, which are nothing but text here.
std::vector<std::string> proxy_faults(const service& what);

/// "2 errors occurred:\n\t* a\n\t* b\n\n".
std::string joined_faults(const std::vector<std::string>& faults);

} // namespace praetor::model
