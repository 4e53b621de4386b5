// What the agent was told over its API outlives it: the files follow the
// state, and at the start the state follows the files.

#include "actors/agent.hpp"

#include "http/proxies.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

constexpr const char* maintenance_type = "maintenance";

using done_callback = std::function<void(const std::string&)>;

// Several requests to the store; done when all were answered.
struct batch {
  done_callback done;
  std::string fault;
  std::size_t left = 0;

  void settle(const std::string& why) {
    PRAETOR_ASSERT(left > 0);
    if (!why.empty())
      fault = why;
    if (--left == 0)
      done(fault);
  }
};

template <class... Request>
void ask(agent_ptr self, const std::shared_ptr<batch>& all, Request&&... what) {
  self->request(self->state.parts->store, caf::infinite,
                std::forward<Request>(what)...)
      .then(
          [all](const std::string& fault) { all->settle(fault); },
          [all](caf::error&) { all->settle("Failed to persist: no answer"); });
}

bool has_ttl(const model::check_wish& wish) {
  return std::string_view(model::kind_of(wish)) == "ttl";
}

model::kept_check kept_form(const model::local_check& one) {
  model::kept_check kept{one.wish, one.record.type, "", ""};
  // Probes find out anew; a TTL check has only its client's last word.
  if (has_ttl(one.wish)) {
    kept.status = one.record.status;
    kept.output = one.record.output;
  }
  return kept;
}

// A file may be of another build, or of a configuration that allowed more.
std::string fault_of_kept(const agent_state& state,
                          const model::kept_check& kept) {
  auto& wish = kept.wish;
  if (wish.id.empty())
    return "it has no id";
  bool is_maintenance = kept.type == maintenance_type &&
                        std::string_view(model::kind_of(wish)).empty();
  if (is_maintenance)
    return {};
  if (is_refused_script(state, wish))
    return "scripts are not enabled";
  return check_fault(wish);
}

std::string fault_of_kept(const model::service_wish& wish) {
  if (auto fault = model::fault_of(wish); !fault.empty())
    return fault;
  return http::proxy_fault(wish.service);
}

bool is_known_status(const std::string& text) {
  return text == model::check_status::passing ||
         text == model::check_status::warning ||
         text == model::check_status::critical;
}

// Whether the client's last word still counts. Where nobody knows when it
// ends, it counts once more for its whole time.
bool is_told(const agent_parts& parts, const model::kept_check& kept,
             const model::kept_expiries& expiries) {
  if (!has_ttl(kept.wish) || !is_known_status(kept.status))
    return false;
  auto found = expiries.by_check.find(kept.wish.id);
  return found == expiries.by_check.end() || parts.wall_ms() < found->second;
}

// Empty, or why it is not taken up.
std::string restore_service(agent_ptr self, const model::service_wish& wish,
                            model::probe_changes& changes) {
  auto& local = self->state.local;
  if (local.services.contains(wish.service.id))
    return "the configuration files define it";
  if (auto fault = fault_of_kept(wish); !fault.empty())
    return fault;
  auto added = local.add_service(wish, false, false);
  if (!added)
    return added.failure().text;
  PRAETOR_ASSERT(added->start.size() == wish.checks.size());
  changes.start.insert(changes.start.end(), added->start.begin(),
                       added->start.end());
  return {};
}

std::string restore_check(agent_ptr self, const model::kept_check& kept,
                          const model::kept_expiries& expiries,
                          model::probe_changes& changes) {
  auto& local = self->state.local;
  auto& id = kept.wish.id;
  if (local.checks.contains(id))
    return "the configuration files define it";
  if (auto fault = fault_of_kept(self->state, kept); !fault.empty())
    return fault;
  auto added = local.add_check(kept.wish, false);
  if (!added)
    return added.failure().text;
  if (kept.type == maintenance_type)
    local.checks.at(id).record.type = kept.type;
  // Until its first probe nobody knows how it stands, whatever was assumed
  // when it was registered.
  bool told = is_told(*self->state.parts, kept, expiries);
  local.set_status(id, told ? kept.status : model::check_status::critical,
                   told ? kept.output : "");
  changes.start.push_back(id);
  return {};
}

} // namespace

std::uint64_t system_wall_ms() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void keep(agent_ptr self, const std::vector<std::string>& services,
          const std::vector<std::string>& checks, done_callback done) {
  auto& state = self->state;
  auto count = services.size() + checks.size();
  if (!state.parts->store || count == 0)
    return done({});
  auto all = std::make_shared<batch>(batch{std::move(done), {}, count});
  for (auto& id : services) {
    auto found = state.local.services.find(id);
    if (found == state.local.services.end() || found->second.from_files) {
      ask(self, all, at::remove::value, at::service::value, id);
      continue;
    }
    auto wish = found->second.wish;
    wish.checks.clear(); // each has its own file
    ask(self, all, at::save::value, std::move(wish));
  }
  for (auto& id : checks) {
    auto found = state.local.checks.find(id);
    if (found == state.local.checks.end() || found->second.from_files)
      ask(self, all, at::remove::value, at::check::value, id);
    else
      ask(self, all, at::save::value, kept_form(found->second));
  }
}

void keep_status(agent_ptr self, const std::string& check, done_callback done) {
  auto& checks = self->state.local.checks;
  auto found = checks.find(check);
  bool is_kept = found != checks.end() && !found->second.from_files &&
                 has_ttl(found->second.wish);
  if (!is_kept)
    return done({});
  keep(self, {}, {check}, std::move(done));
}

void note_expiry(agent_ptr self, const std::string& check) {
  auto& state = self->state;
  auto found = state.local.checks.find(check);
  bool is_kept = state.parts->store && found != state.local.checks.end() &&
                 !found->second.from_files && has_ttl(found->second.wish);
  if (!is_kept)
    return;
  auto ttl = std::chrono::ceil<std::chrono::milliseconds>(
      std::min(found->second.wish.ttl, health::wait_max));
  state.expiries.by_check[check] =
      state.parts->wall_ms() + static_cast<std::uint64_t>(ttl.count());
  if (!std::exchange(state.expiries_are_new, true))
    state.parts->time->after(expiry_interval,
                             caf::actor_cast<caf::strong_actor_ptr>(self),
                             caf::make_message(at::flush::value));
}

void keep_expiries(agent_ptr self, std::function<void()> done) {
  auto& state = self->state;
  if (!std::exchange(state.expiries_are_new, false))
    return done();
  std::erase_if(state.expiries.by_check, [&](auto& one) {
    return !state.local.checks.contains(one.first);
  });
  auto all = std::make_shared<batch>(
      batch{[done](const std::string&) { done(); }, {}, 1});
  ask(self, all, at::save::value, state.expiries);
}

model::probe_changes restore(agent_ptr self, const model::kept_local& kept) {
  model::probe_changes changes;
  own_ids refused;
  self->state.expiries = kept.expiries;
  for (auto& one : kept.services)
    if (auto why = restore_service(self, one, changes); !why.empty()) {
      spdlog::warn("agent: a kept service is dropped: service={} error=\"{}\"",
                   one.service.id, why);
      refused.services.push_back(one.service.id);
    }
  for (auto& one : kept.checks)
    if (auto why = restore_check(self, one, kept.expiries, changes);
        !why.empty()) {
      spdlog::warn("agent: a kept check is dropped: check={} error=\"{}\"",
                   one.wish.id, why);
      refused.checks.push_back(one.wish.id);
    }
  keep(self, refused.services, refused.checks, [](const std::string&) {});
  return changes;
}

own_ids ids_from_api(const model::local_state& local) {
  own_ids found;
  for (auto& [id, one] : local.services)
    if (!one.from_files)
      found.services.push_back(id);
  for (auto& [id, one] : local.checks)
    if (!one.from_files)
      found.checks.push_back(id);
  return found;
}

} // namespace praetor::actors
