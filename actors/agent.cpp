// The agent holds its services and checks, starts a checker for each check,
// and answers what only it can. What changes goes to the catalogue at once.

#include "actors/agent.hpp"

#include "actors/agent_sidecar.hpp"
#include "http/proxies.hpp"
#include "http/replies.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

using reply_promise = caf::typed_response_promise<http::rendered_ptr>;
using http::error_reply;

constexpr const char* no_reason_node =
    "Maintenance mode is enabled for this node, but no reason was provided. "
    "This is a default message.";
constexpr const char* no_reason_service =
    "Maintenance mode is enabled for this service, but no reason was "
    "provided. This is a default message.";
constexpr const char* scripts_disabled =
    "Scripts are disabled on this agent from remote calls; to enable, "
    "configure 'enable_script_checks' to true";

void on_retire(agent_ptr self, const std::string& service);

void answer_hash_watchers(agent_ptr self) {
  auto& state = self->state;
  for (auto one = state.watchers.begin(); one != state.watchers.end();) {
    auto& watcher = one->second;
    if (content_hash(state, watcher.asked.id) == watcher.asked.hash) {
      ++one;
      continue;
    }
    watcher.promise.deliver(
        tell_service(state, watcher.asked.id, watcher.pretty));
    state.parts->time->cancel(watcher.timer);
    one = state.watchers.erase(one);
  }
}

// Output alone is not worth a log entry at once; the comparison with the
// catalogue takes it along after check_update_interval.
bool is_output_deferred(const agent_state& state) {
  return state.parts->facts->config.checks_policy.update_interval > span{};
}

reply_promise done_later(agent_ptr self) {
  return self->make_response_promise<http::rendered_ptr>();
}

reply_promise now(agent_ptr self, http::rendered_ptr answer) {
  auto promise = done_later(self);
  promise.deliver(std::move(answer));
  return promise;
}

// What an answer waits for: the catalogue has it, and the files.
struct settlement {
  explicit settlement(agent_ptr self) : promise(done_later(self)) {}

  reply_promise promise;
  std::string fault; // of the files
  int left = 2;

  void settle(const std::string& why = {}) {
    if (!why.empty())
      fault = why;
    if (--left == 0)
      promise.deliver(fault.empty() ? http::empty_reply(200)
                                    : error_reply(500, fault));
  }
};

// The files and the catalogue are written at once, whichever comes first:
// until both are, nothing was promised.
reply_promise
ok_when_settled(agent_ptr self, const own_ids& changed,
                const std::function<void(std::function<void()>)>& sync) {
  auto both = std::make_shared<settlement>(self);
  sync([both] { both->settle(); });
  keep(self, changed.services, changed.checks,
       [both](const std::string& fault) { both->settle(fault); });
  return both->promise;
}

struct call_handler {
  agent_ptr self;
  bool pretty;

  agent_state& state() const { return self->state; }

  reply_promise operator()(const http::agent::register_service& asked) {
    auto& wish = asked.wish;
    if (auto fault = model::fault_of(wish); !fault.empty())
      return now(self, error_reply(400, fault));
    if (auto fault = http::proxy_fault(wish.service); !fault.empty())
      return now(self, error_reply(400, fault));
    for (auto& check : wish.checks) {
      if (auto fault = check_fault(check); !fault.empty())
        return now(self, error_reply(400, fault));
      if (is_refused_script(state(), check))
        return now(self, error_reply(500, scripts_disabled));
    }
    auto sidecar = sidecar_of(state(), wish);
    if (!sidecar)
      return now(
          self,
          error_reply(sidecar.failure().code == errc::bad_input ? 400 : 500,
                      sidecar.failure().text));
    if (*sidecar) {
      // Kept and synced on its own; the client waits for its service alone.
      auto made = add_service(**sidecar, true);
      if (!made)
        return now(self, error_reply(500, made.failure().text));
      keep(self, made->services, made->checks, [](const std::string&) {});
      sync_service(self, made->services.front(), [] {});
    }
    auto made = add_service(wish, asked.replace_checks);
    if (!made)
      return now(self, error_reply(http::status_of(made.failure().code),
                                   made.failure().text));
    return ok_when_settled(self, *made, [&](auto done) {
      sync_service(self, made->services.front(), std::move(done));
    });
  }

  // The service and the checks whose files are not right any more.
  result<own_ids> add_service(const model::service_wish& wish,
                              bool replace_checks) {
    auto changes = state().local.add_service(wish, replace_checks, false);
    if (!changes)
      return changes.failure();
    carry_out(self, *changes);
    for (auto& check : changes->stop)
      sync_removal(self, {state().local.node, "", check}, [] {});
    auto id = wish.service.id.empty() ? wish.service.name : wish.service.id;
    own_ids changed{{id}, changes->start};
    changed.checks.insert(changed.checks.end(), changes->stop.begin(),
                          changes->stop.end());
    return changed;
  }

  reply_promise operator()(const http::agent::deregister_service& asked) {
    model::probe_changes changes;
    auto sidecar = registered_sidecar(state().local, asked.id);
    bool known = state().local.remove_service(asked.id, changes);
    if (known && !sidecar.empty())
      on_retire(self, sidecar);
    carry_out(self, changes);
    if (!known) {
      spdlog::warn("agent: Failed to deregister service: service={} "
                   "error=\"Service does not exist\"",
                   asked.id);
      return now(self, http::empty_reply(200));
    }
    return ok_when_settled(self, {{asked.id}, changes.stop}, [&](auto done) {
      sync_removal(self, {state().local.node, asked.id, ""}, std::move(done));
    });
  }

  reply_promise operator()(const http::agent::register_check& asked) {
    auto& wish = asked.wish;
    if (wish.name.empty())
      return now(self, error_reply(400, "Missing check name"));
    if (!wish.status.empty() && wish.status != model::check_status::passing &&
        wish.status != model::check_status::warning &&
        wish.status != model::check_status::critical)
      return now(self, error_reply(400, "Bad check status"));
    if (auto fault = check_fault(wish); !fault.empty())
      return now(self, error_reply(400, fault));
    if (is_refused_script(state(), wish))
      return now(self, error_reply(500, scripts_disabled));
    return put_check(wish);
  }

  reply_promise put_check(const model::check_wish& wish,
                          const char* type = nullptr) {
    auto changes = state().local.add_check(wish, false);
    if (!changes)
      return now(self, error_reply(500, changes.failure().text));
    auto id = wish.id.empty() ? wish.name : wish.id;
    if (type)
      state().local.checks.at(id).record.type = type;
    carry_out(self, *changes);
    return ok_when_settled(self, {{}, {id}}, [&](auto done) {
      sync_check(self, id, std::move(done));
    });
  }

  reply_promise operator()(const http::agent::deregister_check& asked) {
    model::probe_changes changes;
    bool known = state().local.remove_check(asked.id, changes);
    carry_out(self, changes);
    if (!known)
      return now(self, http::empty_reply(200));
    return ok_when_settled(self, {{}, {asked.id}}, [&](auto done) {
      sync_removal(self, {state().local.node, "", asked.id}, std::move(done));
    });
  }

  reply_promise operator()(const http::agent::update_check& asked) {
    auto found = state().local.checks.find(asked.id);
    if (found == state().local.checks.end() || found->second.wish.ttl <= span{})
      return now(self, error_reply(500, "CheckID \"" + asked.id +
                                            "\" does not have associated TTL"));
    auto checker = state().checkers.find(asked.id);
    PRAETOR_ASSERT(checker != state().checkers.end());
    self->send(checker->second, at::update::value, asked.status, asked.output);
    note_expiry(self, asked.id);
    auto before = found->second.record.status;
    auto most = health::make_settings(
                    found->second.wish,
                    state().parts->facts->config.checks_policy.output_max_size)
                    .output_max_size;
    if (!state().local.set_status(asked.id, asked.status,
                                  health::truncate_update(asked.output, most)))
      return now(self, http::empty_reply(200));
    follow_aliases(self);
    if (before == asked.status && is_output_deferred(state()))
      return now(self, http::empty_reply(200));
    auto both = std::make_shared<settlement>(self);
    sync_check(self, asked.id, [both] { both->settle(); });
    if (before == asked.status)
      both->settle();
    else
      keep_status(self, asked.id,
                  [both](const std::string& fault) { both->settle(fault); });
    return both->promise;
  }

  reply_promise maintain(const std::string& id, const char* name,
                         const std::string& service, bool enable,
                         const std::string& reason) {
    if (!enable)
      return (*this)(http::agent::deregister_check{id});
    if (state().local.checks.contains(id))
      return now(self, http::empty_reply(200));
    model::check_wish wish;
    wish.id = id;
    wish.name = name;
    wish.notes = reason;
    wish.service_id = service;
    wish.status = model::check_status::critical;
    return put_check(wish, "maintenance");
  }

  reply_promise operator()(const http::agent::service_maintenance& asked) {
    if (!state().local.services.contains(asked.id))
      return now(self, error_reply(404, "No service registered with ID \"" +
                                            asked.id + "\""));
    return maintain(model::service_maintenance_prefix + asked.id,
                    "Service Maintenance Mode", asked.id, asked.enable,
                    asked.reason.empty() ? no_reason_service : asked.reason);
  }

  reply_promise operator()(const http::agent::node_maintenance& asked) {
    return maintain(model::node_maintenance_id, "Node Maintenance Mode", "",
                    asked.enable,
                    asked.reason.empty() ? no_reason_node : asked.reason);
  }

  reply_promise operator()(const http::agent::list_services& asked) {
    return now(self, tell_services(state(), asked.filter, pretty));
  }
  reply_promise operator()(const http::agent::list_checks& asked) {
    return now(self, tell_checks(state(), asked.filter, pretty));
  }

  reply_promise operator()(const http::agent::get_service& asked) {
    auto& parts = *state().parts;
    if (asked.hash.empty() || content_hash(state(), asked.id) != asked.hash)
      return now(self, tell_service(state(), asked.id, pretty));
    auto promise = done_later(self);
    auto ticket = state().next_ticket++;
    auto timer = parts.time->after(
        asked.wait, caf::actor_cast<caf::strong_actor_ptr>(self),
        caf::make_message(at::expire::value, ticket));
    state().watchers.emplace(
        ticket, agent_state::hash_watcher{promise, asked, pretty, timer});
    return promise;
  }

  reply_promise operator()(const http::agent::health_by_id& asked) {
    return now(self, tell_health(state(), asked, pretty));
  }
  reply_promise operator()(const http::agent::health_by_name& asked) {
    return now(self, tell_health(state(), asked, pretty));
  }
  reply_promise operator()(const http::agent::self&) {
    return now(self, tell_self(state(), pretty));
  }
  reply_promise operator()(const http::agent::members& asked) {
    return show_members(self, asked, pretty);
  }
  reply_promise operator()(const http::agent::force_leave& asked) {
    return force_leave(self, asked);
  }
  reply_promise operator()(const http::agent::metrics& asked) {
    return now(self, tell_metrics(state(), asked, pretty));
  }
  reply_promise operator()(const http::agent::host&) {
    return now(self, tell_host(pretty));
  }

  reply_promise operator()(const http::agent::reload&) {
    auto ok = state().parts->on_reload();
    return now(self, ok ? http::empty_reply(200)
                        : error_reply(500, ok.failure().text));
  }
  reply_promise operator()(const http::agent::leave&) {
    state().parts->on_leave();
    return now(self, http::empty_reply(200));
  }
  reply_promise operator()(const http::agent::join& asked) {
    return join_members(self, asked);
  }
  // The session carries out the others itself.
  template <class Other>
  reply_promise operator()(const Other&) {
    return now(self, error_reply(500, "not for the agent"));
  }
};

void on_report(agent_ptr self, const check_report& news) {
  auto found = self->state.local.checks.find(news.id);
  if (found == self->state.local.checks.end())
    return;
  auto before = found->second.record.status;
  if (!self->state.local.set_status(news.id, news.status, news.output))
    return;
  if (before != news.status)
    spdlog::log(news.status == model::check_status::passing
                    ? spdlog::level::info
                    : spdlog::level::warn,
                "agent: Check is now {}: check={}", news.status, news.id);
  if (before != news.status)
    keep_status(self, news.id, [](const std::string&) {});
  if (before != news.status || !is_output_deferred(self->state))
    sync_check(self, news.id, [] {});
  follow_aliases(self);
}

void on_retire(agent_ptr self, const std::string& service) {
  model::probe_changes changes;
  if (!self->state.local.remove_service(service, changes))
    return;
  spdlog::info("agent: deregistered service: service={}", service);
  carry_out(self, changes);
  keep(self, {service}, changes.stop, [](const std::string&) {});
  sync_removal(self, {self->state.local.node, service, ""}, [] {});
}

void on_expire(agent_ptr self, std::uint64_t ticket) {
  auto found = self->state.watchers.find(ticket);
  if (found == self->state.watchers.end())
    return;
  auto watcher = std::move(found->second);
  self->state.watchers.erase(found);
  watcher.promise.deliver(
      tell_service(self->state, watcher.asked.id, watcher.pretty));
}

// One such timer at a time.
void sync_later(agent_ptr self, span delay) {
  auto& time = *self->state.parts->time;
  time.cancel(self->state.next_sync);
  self->state.next_sync =
      time.after(delay, caf::actor_cast<caf::strong_actor_ptr>(self),
                 caf::make_message(at::sync::value));
}

void on_lead(agent_ptr self, bool leads) {
  self->state.leads = leads;
  if (!leads)
    return;
  propose_defaults(self);
  sync_all(self);
  sync_later(self, sync_again);
}

void on_sync(agent_ptr self) {
  sync_all(self);
  sync_later(self, sync_interval);
}

} // namespace

void carry_out(agent_ptr self, const model::probe_changes& changes) {
  for (auto& id : changes.stop)
    stop_checker(self, id);
  for (auto& id : changes.start)
    start_checker(self, id);
  follow_aliases(self);
  answer_hash_watchers(self);
}

agent_actor::behavior_type agent(agent_ptr self,
                                 std::shared_ptr<agent_parts> parts) {
  auto& state = self->state;
  state.parts = std::move(parts);
  state.local = model::local_state(state.parts->facts->node.name);
  state.chance = prng(state.parts->seed);
  on_sync(self);
  return {
      [=](at::call, const http::agent_action& asked) {
        return std::visit(call_handler{self, asked.pretty}, asked.request);
      },
      [=](at::report, const check_report& news) { on_report(self, news); },
      [=](at::retire, const std::string& id) { on_retire(self, id); },
      [=](at::reload, const local_definitions& wanted) {
        return take_definitions(self, wanted);
      },
      [=](at::publish, const publication_note&) {},
      [=](at::lead, bool leads) { on_lead(self, leads); },
      [=](at::sync) { on_sync(self); },
      [=](at::stop) {
        for (auto& [id, checker] : self->state.checkers)
          self->send(checker, at::stop::value);
        self->state.checkers.clear();
        auto done = self->make_response_promise<bool>();
        keep_expiries(self, [=]() mutable { done.deliver(true); });
        return done;
      },
      [=](at::flush) { keep_expiries(self, [] {}); },
      [=](at::expire, std::uint64_t ticket) { on_expire(self, ticket); },
      [=](at::probe, std::uint64_t ticket, const std::string& status,
          const std::string& output) {
        on_dialed(self, ticket, status, output);
      },
  };
}

} // namespace praetor::actors
