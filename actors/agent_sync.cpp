// Anti-entropy: for its own node the agent's word is the truth, and the
// catalogue is made to follow it.

#include "actors/agent.hpp"
#include "storage/member_catalog.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace praetor::actors {
namespace {

// What the leader keeps of its members, not we.
using storage::alive_check;
using storage::server_service;

void propose(agent_ptr self, const model::command& command, std::string what,
             std::function<void()> done) {
  auto bytes = std::make_shared<const std::string>(model::encode(command));
  auto finished = std::make_shared<std::function<void()>>(std::move(done));
  self->request(self->state.parts->gateway, caf::infinite, at::propose::value,
                proposal{std::move(bytes)})
      .then(
          [what, finished](const model::outcome& outcome) {
            if (outcome.failure.code == errc::ok)
              spdlog::info("agent: Synced {}", what);
            else
              spdlog::warn("agent: Syncing {} failed: {}", what,
                           outcome.failure.text);
            (*finished)();
          },
          [what, finished](caf::error&) {
            spdlog::warn("agent: Syncing {} failed: no answer", what);
            (*finished)();
          });
}

model::catalog_register for_own_node(const agent_state& state) {
  model::catalog_register command;
  command.node = state.parts->facts->node;
  return command;
}

// Records of the same content, whatever their indexes.
template <class Record>
bool is_same(Record a, const Record& b) {
  a.created = b.created;
  a.modified = b.modified;
  return a == b;
}

model::check shown(const model::check& record, bool with_output) {
  auto copy = record;
  if (!with_output)
    copy.output.clear();
  return copy;
}

} // namespace

void sync_service(agent_ptr self, const std::string& id,
                  std::function<void()> done) {
  auto& local = self->state.local;
  auto found = local.services.find(id);
  if (found == local.services.end() || !self->state.leads)
    return done();
  auto command = for_own_node(self->state);
  command.service = found->second.wish.service;
  for (auto* check : local.checks_of(id))
    command.checks.push_back(check->record);
  propose(self, command, "service: service=" + id, std::move(done));
}

void sync_check(agent_ptr self, const std::string& id,
                std::function<void()> done) {
  auto& local = self->state.local;
  auto found = local.checks.find(id);
  if (found == local.checks.end() || !self->state.leads)
    return done();
  auto command = for_own_node(self->state);
  command.checks.push_back(found->second.record);
  propose(self, command, "check: check=" + id, std::move(done));
}

void sync_removal(agent_ptr self, model::catalog_deregister what,
                  std::function<void()> done) {
  if (!self->state.leads)
    return done();
  auto text = what.service_id.empty()
                  ? "the removal of check: check=" + what.check_id
                  : "the removal of service: service=" + what.service_id;
  propose(self, what, text, std::move(done));
}

namespace {

void compare(agent_ptr self) {
  auto& state = self->state;
  auto newest = state.parts->readers->newest();
  auto& catalog = newest->catalog;
  auto& node = state.local.node;
  auto now = state.parts->time->now();
  auto& policy = state.parts->facts->config.checks_policy;
  bool with_output = now - state.last_output_sync >= policy.update_interval;
  if (with_output)
    state.last_output_sync = now;
  if (auto known = catalog.node(node);
      !known || !is_same(state.parts->facts->node, *known))
    register_node(self);
  for (auto& [id, one] : state.local.services) {
    auto known = catalog.service(node, id);
    if (!known || !is_same(one.wish.service, *known))
      sync_service(self, id, [] {});
  }
  for (auto& [id, one] : state.local.checks) {
    auto known = catalog.check(node, id);
    if (!known ||
        !is_same(shown(one.record, with_output), shown(*known, with_output)))
      sync_check(self, id, [] {});
  }
  for (auto& one : catalog.services_of_node(node))
    if (one->id != server_service && !state.local.services.contains(one->id))
      sync_removal(self, {node, one->id, ""}, [] {});
  for (auto& one : catalog.checks_of_node(node))
    if (one->id != alive_check && !state.local.checks.contains(one->id))
      sync_removal(self, {node, "", one->id}, [] {});
}

} // namespace

void sync_all(agent_ptr self) {
  auto& state = self->state;
  if (!state.leads)
    return;
  self->request(state.parts->gateway, caf::infinite, at::sync::value,
                state.local.node)
      .then(
          [self](const error& why) {
            if (why.code == errc::ok)
              compare(self);
            else
              spdlog::warn("agent: the catalogue is unknown: {}", why.text);
          },
          [](caf::error&) { spdlog::warn("agent: the gateway is gone"); });
}

void register_node(agent_ptr self) {
  propose(self, for_own_node(self->state), "node info", [] {});
}

void propose_defaults(agent_ptr self) {
  auto& state = self->state;
  auto& facts = *state.parts->facts;
  if (!facts.config.server || state.parts->readers->newest()->autopilot)
    return;
  auto& wanted = facts.config.autopilot;
  model::autopilot_set first;
  first.only_if = model::autopilot_set::condition::absent;
  first.config.cleanup_dead_servers = wanted.cleanup_dead_servers;
  first.config.last_contact_threshold = wanted.last_contact_threshold;
  first.config.max_trailing_logs =
      static_cast<std::uint64_t>(wanted.max_trailing_logs);
  first.config.min_quorum = wanted.min_quorum;
  first.config.server_stabilization_time = wanted.server_stabilization_time;
  first.config.redundancy_zone_tag = wanted.redundancy_zone_tag;
  first.config.disable_upgrade_migration = wanted.disable_upgrade_migration;
  first.config.upgrade_version_tag = wanted.upgrade_version_tag;
  propose(self, first, "autopilot configuration", [] {});
}

} // namespace praetor::actors
