#include "tests/support/stand_ins.hpp"

namespace praetor::tests {

using namespace praetor::actors;
using caf::event_based_actor;
using caf::message_handler;

state_listener_actor record_publications(actor_world& world,
                                         std::vector<publication_note>& into) {
  return world.stand_in<state_listener_actor>([&](event_based_actor*) {
    return message_handler{[&](at::publish, const publication_note& note) {
      into.push_back(note);
    }};
  });
}

leadership_listener_actor record_leadership(actor_world& world,
                                            std::vector<bool>& into) {
  return world.stand_in<leadership_listener_actor>([&](event_based_actor*) {
    return message_handler{
        [&](at::lead, bool leads) { into.push_back(leads); }};
  });
}

http_session_actor record_watch_answers(actor_world& world,
                                        std::vector<watch_answer>& into) {
  return world.stand_in<http_session_actor>([&](event_based_actor*) {
    return message_handler{
        [&](at::watch, const watch_answer& answer) { into.push_back(answer); }};
  });
}

watch_keeper_actor record_watches(actor_world& world, watch_log& into) {
  return world.stand_in<watch_keeper_actor>([&](event_based_actor*) {
    return message_handler{
        [&](at::watch, const watch_request& asked) {
          into.asked.push_back(asked);
        },
        [&](at::unwatch, const watcher_actor&, std::uint64_t number) {
          into.unwatched.push_back(number);
        }};
  });
}

agent_actor record_agent(actor_world& world, agent_log& into) {
  return world.stand_in<agent_actor>([&](event_based_actor*) {
    return message_handler{[&](at::call, const http::agent_action& asked) {
                             into.calls.push_back(asked);
                             return into.answer;
                           },
                           [&](at::report, const check_report& news) {
                             into.reports.push_back(news);
                           },
                           [&](at::retire, const std::string& service) {
                             into.retired.push_back(service);
                           }};
  });
}

gateway_actor record_sessions(actor_world& world, session_log& into,
                              raft_peer_actor raft) {
  return world.stand_in<gateway_actor>([&into, raft](event_based_actor* self) {
    auto pass_on = [self, raft](const proposal& given) {
      auto promise = self->make_response_promise<model::outcome>();
      self->request(raft, caf::infinite, at::propose::value, given)
          .then([promise](const model::outcome& done) mutable {
            promise.deliver(done);
          });
      return promise;
    };
    return message_handler{
        [pass_on](at::propose, const proposal& given) {
          return pass_on(given);
        },
        [&into, pass_on](at::lock, const proposal& given) {
          into.proposals.push_back(*model::decode_command(*given.data));
          return pass_on(given);
        },
        [&into](at::read, read_proof proof) {
          into.reads.push_back(proof);
          return read_grant{into.read_failure, {}};
        },
        [](at::sync, const std::string&) {
          return error{errc::ok, {}};
        },
        [&into](at::members, bool stale) {
          into.stale.push_back(stale);
          return into.view;
        },
        [&into](at::remove, const node_id& id) {
          into.removed.push_back(id);
          return error{errc::ok, {}};
        },
        [&into](at::renew, const session_id& id) {
          into.renewals.push_back(id);
          if (into.lives)
            return read_grant{{errc::ok, {}}, {}};
          return read_grant{
              fail(errc::not_found, "Session id '" + id + "' not found"), {}};
        }};
  });
}

log_writer_actor record_saves(actor_world& world, writer_log& into) {
  return world.stand_in<log_writer_actor>([&into](event_based_actor* self) {
    return message_handler{[&into, self](at::save, const save_request& what) {
      auto promise = self->make_response_promise<saved>();
      into.requests.push_back({what, promise});
      ++into.seen;
      return promise;
    }};
  });
}

void finish_save(actor_world& world, const log_writer_actor& writer,
                 writer_log& log) {
  PRAETOR_ASSERT(!log.requests.empty());
  auto one = std::move(log.requests.front());
  log.requests.erase(log.requests.begin());
  saved done;
  if (!one.what.entries.empty())
    done = {one.what.entries.back().index, one.what.entries.back().in_term};
  world.inside(writer, [&] { one.promise.deliver(done); });
}

fake_raft::fake_raft(actor_world& world) : world_(world) {
  readers->set_leadership(
      {true, true, "a", 1, "127.0.0.1:8300", {"127.0.0.1:8300"}});
  readers->set_lease(instant::max(), {});
  handle = world.stand_in<raft_peer_actor>([this](event_based_actor* self) {
    return message_handler{[this, self](at::propose, const proposal& given) {
                             auto promise =
                                 self->make_response_promise<model::outcome>();
                             auto command = model::decode_command(*given.data);
                             PRAETOR_ASSERT(command);
                             commands.push_back(*command);
                             model::outcome refused;
                             if (refusal) {
                               refused.failure = *refusal;
                               promise.deliver(refused);
                             } else if (holds) {
                               waiting_.push_back({*command, promise});
                             } else {
                               promise.deliver(apply(*command));
                             }
                             return promise;
                           },
                           [](at::sync, const std::string&) {
                             return error{errc::ok, {}};
                           }};
  });
}

gateway_actor fake_raft::gate() const {
  return caf::actor_cast<gateway_actor>(handle);
}

model::outcome fake_raft::apply(const model::command& command) {
  auto changes = std::make_shared<model::change_set>();
  auto done = storage::apply(state_, state_.applied + 1, command, *changes);
  auto snapshot = std::make_shared<const storage::state>(state_);
  readers->publish(snapshot);
  if (!changes->empty())
    for (auto& one : listeners)
      world_.post(one, at::publish::value,
                  publication_note{snapshot, changes, done.released});
  return done;
}

void fake_raft::release() {
  holds = false;
  world_.inside(handle, [this] {
    for (auto& one : std::exchange(waiting_, {}))
      one.promise.deliver(apply(one.command));
  });
}

model::outcome fake_raft::put(const model::command& command) {
  auto done = apply(command);
  world_.settle();
  return done;
}

void fake_raft::set_key(const std::string& key, const std::string& value) {
  put(set_operation(key, value));
}

std::unique_ptr<raft::core> make_sole_core() {
  raft::settings chosen;
  chosen.self = "a";
  chosen.voters = {"a"};
  chosen.election_timeout = std::chrono::milliseconds(150);
  chosen.heartbeat = std::chrono::milliseconds(50);
  chosen.uncommitted_bytes_max = 1u << 20;
  chosen.proposal_bytes_max = 1u << 16;
  return std::make_unique<raft::core>(chosen, raft::hard_state{}, raft::log{},
                                      log_index{}, prng(1));
}

proposal encoded(const model::command& command) {
  return {std::make_shared<const std::string>(model::encode(command))};
}

model::kv_operation set_operation(std::string key, std::string value) {
  model::kv_operation made;
  made.key = std::move(key);
  made.value = std::move(value);
  return made;
}

model::kv_operation lock_operation(std::string key, session_id session) {
  auto made = set_operation(std::move(key), "held");
  made.verb = model::kv_verb::lock;
  made.session = std::move(session);
  return made;
}

model::catalog_register register_node(const std::string& name,
                                      const std::string& address) {
  model::catalog_register made;
  made.node.name = name;
  made.node.address = address;
  return made;
}

model::session_create create_session(session_id id, std::string ttl) {
  model::session_create made;
  made.session.id = std::move(id);
  made.session.node = "n";
  made.session.ttl = std::move(ttl);
  return made;
}

probe_starter probe_log::starter() {
  return [this](const model::check_wish& wish, const health::settings& rules,
                praetor::io::probe_callback done) {
    starts.push_back({wish, rules, std::move(done)});
    return praetor::io::probe{};
  };
}

void probe_log::finish(actor_world& world, std::string status,
                       std::string output) {
  PRAETOR_ASSERT(!starts.empty());
  starts.back().done({std::move(status), std::move(output)});
  world.settle();
}

} // namespace praetor::tests
