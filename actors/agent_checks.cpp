// The agent's checks: which may be, who probes them, and those that repeat
// others.

#include "actors/agent.hpp"

#include "actors/definitions.hpp"

namespace praetor::actors {

std::string check_fault(const model::check_wish& wish) {
  if (auto ok = health::validate(wish); !ok)
    return "Invalid check: " + ok.failure().text;
  std::string kind = model::kind_of(wish);
  if (is_known_check_kind(kind))
    return {};
  return "Invalid check: kind \"" + kind +
         "\" is not supported by this version of praetor";
}

bool is_refused_script(const agent_state& state,
                       const model::check_wish& wish) {
  return !wish.args.empty() &&
         !state.parts->facts->config.checks_policy.enable_scripts;
}

void stop_checker(agent_ptr self, const std::string& id) {
  auto found = self->state.checkers.find(id);
  if (found == self->state.checkers.end())
    return;
  self->send(found->second, at::stop::value);
  self->state.checkers.erase(found);
}

void start_checker(agent_ptr self, const std::string& id) {
  stop_checker(self, id);
  auto& state = self->state;
  auto found = state.local.checks.find(id);
  if (found == state.local.checks.end())
    return;
  auto kind = std::string_view(model::kind_of(found->second.wish));
  if (kind.empty() || kind == "alias")
    return; // maintenance and aliases are not probed
  auto& parts = *state.parts;
  auto made = std::make_shared<health_checker_parts>();
  made->wish = found->second.wish;
  made->status = found->second.record.status;
  made->output = found->second.record.output;
  made->agent = self;
  made->time = parts.time;
  made->start_probe = parts.start_probe;
  made->seed = state.chance.next();
  made->output_max_size = parts.facts->config.checks_policy.output_max_size;
  state.checkers.emplace(id, io::spawn_on(self->system(), parts.where,
                                          health_checker, std::move(made)));
}

void follow_aliases(agent_ptr self) {
  auto& local = self->state.local;
  for (auto& [id, one] : local.checks) {
    if (one.wish.alias_service.empty())
      continue;
    std::string status = model::check_status::passing;
    std::string output = "No checks found.";
    for (auto* other : local.checks_of(one.wish.alias_service)) {
      auto& record = other->record;
      if (output == "No checks found.")
        output = "All checks passing.";
      bool worse = record.status == model::check_status::critical ||
                   (record.status == model::check_status::warning &&
                    status == model::check_status::passing);
      if (!worse)
        continue;
      status = record.status;
      output =
          "Aliased check \"" + record.name + "\" failing: " + record.output;
      if (status == model::check_status::critical)
        break;
    }
    if (local.set_status(id, status, output))
      sync_check(self, id, [] {});
  }
}

} // namespace praetor::actors
