#pragma once

#include "actors/answers.hpp"
#include "actors/clock.hpp"
#include "actors/config.hpp"
#include "actors/gossip_interfaces.hpp"
#include "actors/health_checker.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "protocol/model/local_state.hpp"

namespace praetor::actors {

/// How often the agent compares what it knows with the catalogue, when
/// nothing else makes it (Consul's interval for small clusters).
inline constexpr span sync_interval = std::chrono::seconds(60);

/// How often the ends of TTL checks are kept while clients renew them: what a
/// crash may take away of a check's time.
inline constexpr span expiry_interval = std::chrono::seconds(1);

/// After a leader or server was found, the catalogue is compared once more:
/// the leader registers the members meanwhile, and knows less of them.
inline constexpr span sync_again = std::chrono::seconds(2);

/// Who this agent is; fixed while it runs.
struct agent_facts {
  agent_config config; // with node name, id and ports as they came out
  std::string version;
  model::node node; // as the catalogue shall show it
};

/// The time of the walls, in milliseconds since 1970.
std::uint64_t system_wall_ms();

struct agent_parts {
  std::shared_ptr<const agent_facts> facts;
  gateway_actor gateway;
  gossip_prober_actor prober; // none: alone for ever
  local_store_actor store;    // none: nothing is kept
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
  io::loop* where = nullptr; // of the checkers; null in tests
  probe_starter start_probe;
  std::uint64_t seed = 1;
  /// For what outlives us.
  std::function<std::uint64_t()> wall_ms = system_wall_ms;
  /// Carried out when a client asks for it.
  std::function<status()> on_reload;
  std::function<void()> on_leave;
};

/// The agent's own services and checks, and what it says of itself.
struct agent_state {
  agent_state() = default;
  static inline const char* name = "agent";

  struct hash_watcher {
    caf::typed_response_promise<http::rendered_ptr> promise;
    http::agent::get_service asked;
    bool pretty = false;
    timer_id timer;
  };

  // Somebody to join is being looked for.
  struct dial {
    caf::typed_response_promise<http::rendered_ptr> promise;
    std::string host;
    praetor::io::probe probe;
  };

  std::shared_ptr<agent_parts> parts;
  model::local_state local; // decides
  std::map<std::string, health_checker_actor> checkers;
  std::map<std::uint64_t, hash_watcher> watchers;
  std::map<std::uint64_t, dial> dials;
  std::uint64_t next_ticket = 1;
  prng chance{1};
  bool leads = false;
  instant last_output_sync{};
  timer_id next_sync{};
  model::kept_expiries expiries; // of TTL checks that the API made
  bool expiries_are_new = false; // and not on disk yet
};

using agent_ptr = io::pinned_ptr<agent_actor, agent_state>;

agent_actor::behavior_type agent(agent_ptr self,
                                 std::shared_ptr<agent_parts> parts);

/// Starts and stops checkers, and tells those who wait for a change.
void carry_out(agent_ptr self, const model::probe_changes& changes);

// -- agent_definitions.cpp: what the configuration files say ------------------

/// False when they are refused; then all stays as it was.
bool take_definitions(agent_ptr self, const local_definitions& wanted);

// -- agent_sync.cpp: the catalogue follows the agent -------------------------

/// Registers the service with its checks; answers when the log has it.
void sync_service(agent_ptr self, const std::string& id,
                  std::function<void()> done);
void sync_check(agent_ptr self, const std::string& id,
                std::function<void()> done);
void sync_removal(agent_ptr self, model::catalog_deregister what,
                  std::function<void()> done);
/// Repairs whatever differs.
void sync_all(agent_ptr self);
/// What the node says of itself. Its health and a server's service are the
/// leader's to say.
void register_node(agent_ptr self);
/// The rules of this node's files become those of a cluster without any.
void propose_defaults(agent_ptr self);

// -- agent_checks.cpp: its checks ---------------------------------------------

/// Why the check cannot be, for a client; empty when it can.
std::string check_fault(const model::check_wish& wish);
bool is_refused_script(const agent_state& state, const model::check_wish& wish);
void start_checker(agent_ptr self, const std::string& id);
void stop_checker(agent_ptr self, const std::string& id);
/// Aliases repeat the worst of the checks of another service of this agent.
void follow_aliases(agent_ptr self);

// -- agent_keep.cpp: what the agent was told over its API is kept ------------

/// Makes the files of these services and checks as the state has them now:
/// written when the API made them, else gone. Then calls with nothing, or
/// with what failed.
void keep(agent_ptr self, const std::vector<std::string>& services,
          const std::vector<std::string>& checks,
          std::function<void(const std::string&)> done);
/// After a TTL check has changed its status.
void keep_status(agent_ptr self, const std::string& check,
                 std::function<void(const std::string&)> done);
/// A client has said something of a TTL check: its time begins anew.
void note_expiry(agent_ptr self, const std::string& check);
/// Keeps the ends of TTL checks if they are new; calls when that is done.
void keep_expiries(agent_ptr self, std::function<void()> done);
/// Takes up again what was kept, unless the configuration files say otherwise
/// or it cannot be any more; then its file goes.
model::probe_changes restore(agent_ptr self, const model::kept_local& kept);
/// The ids of what the API made.
struct own_ids {
  std::vector<std::string> services;
  std::vector<std::string> checks;
};
own_ids ids_from_api(const model::local_state& local);

// -- agent_tell.cpp: what the agent tells of itself ---------------------------

http::rendered_ptr tell_self(const agent_state& state, bool pretty);
/// This node alone.
http::rendered_ptr tell_members(const agent_state& state, bool wan,
                                bool pretty);
http::rendered_ptr tell_members(const gossip_members& all, bool pretty);
http::rendered_ptr tell_services(const agent_state& state,
                                 const std::string& filter, bool pretty);
http::rendered_ptr tell_checks(const agent_state& state,
                               const std::string& filter, bool pretty);
http::rendered_ptr tell_service(const agent_state& state, const std::string& id,
                                bool pretty);
/// A fingerprint of what a client would see of the service; empty: none.
std::string content_hash(const agent_state& state, const std::string& id);
http::rendered_ptr tell_health(const agent_state& state,
                               const http::agent::health_by_id& asked,
                               bool pretty);
http::rendered_ptr tell_health(const agent_state& state,
                               const http::agent::health_by_name& asked,
                               bool pretty);

// -- agent_members.cpp: what members are there, and how that changes ----------

using agent_reply = caf::typed_response_promise<http::rendered_ptr>;
agent_reply show_members(agent_ptr self, const http::agent::members& asked,
                         bool pretty);
agent_reply force_leave(agent_ptr self, const http::agent::force_leave& asked);
agent_reply join_members(agent_ptr self, const http::agent::join& asked);
/// Whether somebody could be reached whom we cannot join.
void on_dialed(agent_ptr self, std::uint64_t ticket, const std::string& status,
               const std::string& output);

// -- agent_host.cpp: what the machine tells -----------------------------------

http::rendered_ptr tell_host(bool pretty);

// -- agent_metrics.cpp: numbers for dashboards --------------------------------

http::rendered_ptr tell_metrics(const agent_state& state,
                                const http::agent::metrics& asked, bool pretty);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::agent_parts>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<praetor::actors::health_checker_parts>)
