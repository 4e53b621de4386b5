// What the configuration files say of services and checks, at the start and
// after a reload.

#include "actors/agent_sidecar.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

// What the files name now is theirs, and must not come back when they name it
// no more.
void forget_replaced(agent_ptr self, const own_ids& before) {
  auto& local = self->state.local;
  own_ids gone;
  auto is_gone = [](auto& all, const std::string& id) {
    auto found = all.find(id);
    return found == all.end() || found->second.from_files;
  };
  for (auto& id : before.services)
    if (is_gone(local.services, id))
      gone.services.push_back(id);
  for (auto& id : before.checks)
    if (is_gone(local.checks, id))
      gone.checks.push_back(id);
  keep(self, gone.services, gone.checks, [](const std::string&) {});
}

} // namespace

bool take_definitions(agent_ptr self, const local_definitions& wanted) {
  if (wanted.node && *wanted.node != self->state.parts->facts->node) {
    auto facts = std::make_shared<agent_facts>(*self->state.parts->facts);
    facts->node = *wanted.node;
    self->state.parts->facts = std::move(facts);
    if (self->state.leads)
      register_node(self);
  }
  auto before = ids_from_api(self->state.local);
  auto services = with_sidecars(self->state, wanted.services);
  auto changes =
      services ? self->state.local.set_definitions(*services, wanted.checks)
               : result<model::probe_changes>(services.failure());
  if (changes) {
    carry_out(self, *changes);
    forget_replaced(self, before);
  } else {
    spdlog::error("agent: definitions are refused: {}", changes.failure().text);
  }
  // What was kept must be here before the first comparison with the
  // catalogue, which would otherwise lose it.
  carry_out(self, restore(self, wanted.kept));
  if (changes)
    sync_all(self);
  return changes.has_value();
}

} // namespace praetor::actors
