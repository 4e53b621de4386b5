#include "actors/session_keeper.hpp"

#include "protocol/base/duration.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace praetor::actors {
namespace {

proposal encoded(const model::command& command) {
  return {std::make_shared<const std::string>(model::encode(command))};
}

void propose_quietly(session_keeper_ptr self, const model::command& command,
                     const char* what) {
  self->request(self->state.raft, caf::infinite, at::propose::value,
                encoded(command))
      .then(
          [what](const model::outcome& outcome) {
            if (outcome.failure.code != errc::ok)
              spdlog::warn("agent.sessions: {} failed: {}", what,
                           outcome.failure.text);
          },
          [what](caf::error&) {
            spdlog::warn("agent.sessions: {} was not taken", what);
          });
}

void disarm(session_keeper_state& state, const session_id& id) {
  auto found = state.expiries.find(id);
  if (found == state.expiries.end())
    return;
  state.time->cancel(found->second);
  state.expiries.erase(found);
}

void arm(session_keeper_ptr self, const model::session& session) {
  auto& state = self->state;
  disarm(state, session.id);
  auto ttl = parse_duration(session.ttl);
  if (!state.leads || session.ttl.empty() || !ttl || *ttl <= span{})
    return;
  auto timer = state.time->after(
      *ttl * session_ttl_factor, caf::actor_cast<caf::strong_actor_ptr>(self),
      caf::make_message(at::expire::value, session.id));
  state.expiries.emplace(session.id, timer);
}

// True while a lock of that key is in its delay.
bool is_delayed(session_keeper_state& state, const std::string& key) {
  auto found = state.delayed.find(key);
  if (found == state.delayed.end())
    return false;
  if (state.time->now() < found->second)
    return true;
  state.delayed.erase(found);
  return false;
}

// The outcome that refuses the command for a delay, or nothing.
std::optional<model::outcome> refusal(session_keeper_state& state,
                                      const model::command& command) {
  model::outcome refused;
  refused.accepted = false;
  if (auto* one = std::get_if<model::kv_operation>(&command)) {
    if (one->verb == model::kv_verb::lock && is_delayed(state, one->key))
      return refused;
    return std::nullopt;
  }
  auto* all = std::get_if<model::transaction>(&command);
  if (!all)
    return std::nullopt;
  for (std::size_t i = 0; i < all->operations.size(); ++i) {
    auto* operation = std::get_if<model::kv_operation>(&all->operations[i]);
    if (operation && operation->verb == model::kv_verb::lock &&
        is_delayed(state, operation->key))
      refused.failures.push_back({i, "failed to lock key \"" + operation->key +
                                         "\" due to lock delay"});
  }
  if (refused.failures.empty())
    return std::nullopt;
  return refused;
}

caf::typed_response_promise<model::outcome> propose(session_keeper_ptr self,
                                                    const proposal& given) {
  auto promise = self->make_response_promise<model::outcome>();
  auto command = model::decode_command(*given.data);
  if (!command) {
    model::outcome refused;
    refused.failure = command.failure();
    promise.deliver(std::move(refused));
    return promise;
  }
  if (auto refused = refusal(self->state, *command)) {
    promise.deliver(std::move(*refused));
    return promise;
  }
  self->request(self->state.raft, caf::infinite, at::propose::value, given)
      .then([=](const model::outcome& done) mutable { promise.deliver(done); },
            [=](caf::error& why) mutable { promise.deliver(std::move(why)); });
  return promise;
}

// All get their whole time; those that are gone are not waited for.
void arm_all(session_keeper_ptr self, const storage::state& now) {
  while (!self->state.expiries.empty())
    disarm(self->state, session_id(self->state.expiries.begin()->first));
  for (auto& session : now.catalog.sessions())
    arm(self, *session);
}

void on_publication(session_keeper_ptr self, const publication_note& note) {
  auto& state = self->state;
  for (auto& lock : note.released)
    state.delayed[lock.key] = state.time->now() + lock.delay;
  if (note.changes->everything)
    arm_all(self, *note.state);
  const std::string prefix = model::topic::session("");
  for (auto& topic : note.changes->topics) {
    if (!topic.starts_with(prefix))
      continue;
    auto id = topic.substr(prefix.size());
    if (auto session = note.state->catalog.session(id))
      arm(self, *session);
    else
      disarm(state, id);
  }
}

void expire(session_keeper_ptr self, const session_id& id) {
  self->state.expiries.erase(id);
  if (!self->state.leads)
    return;
  spdlog::info("agent.sessions: session expired: id={}", id);
  propose_quietly(self, model::session_destroy{id}, "the end of a session");
}

read_grant renew(session_keeper_ptr self, const session_id& id) {
  if (!self->state.leads)
    return {fail(errc::no_leader, "No cluster leader"), {}};
  auto newest = self->state.readers->newest();
  auto session = newest->catalog.session(id);
  if (!session)
    return {fail(errc::not_found, "Session id '" + id + "' not found"),
            {newest->applied}};
  arm(self, *session);
  return {{errc::ok, {}}, {newest->applied}};
}

void lead(session_keeper_ptr self, bool leads) {
  auto& state = self->state;
  state.leads = leads;
  // A new leader cannot know when sessions were last renewed.
  arm_all(self, *state.readers->newest());
}

bool has_tombstones(const storage::state& state) {
  return std::any_of(state.shards.begin(), state.shards.end(),
                     [](auto& shard) { return shard.tombstones() > 0; });
}

void tick(session_keeper_ptr self) {
  auto& state = self->state;
  auto newest = state.readers->newest();
  if (state.leads && has_tombstones(*newest) && state.ripe > 0)
    propose_quietly(self, model::reap_tombstones{state.ripe},
                    "the reaping of tombstones");
  state.ripe = storage::newest_index(*newest);
  auto now = state.time->now();
  std::erase_if(state.delayed, [&](auto& one) { return one.second <= now; });
  state.time->after(tombstone_age_max,
                    caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

} // namespace

session_keeper_actor::behavior_type
session_keeper(session_keeper_ptr self, raft_peer_actor raft,
               std::shared_ptr<publication> readers, clock* time) {
  self->state.raft = std::move(raft);
  self->state.readers = std::move(readers);
  self->state.time = time;
  tick(self);
  return {
      [=](at::propose, const proposal& given) { return propose(self, given); },
      [=](at::renew, const session_id& id) { return renew(self, id); },
      [=](at::publish, const publication_note& note) {
        on_publication(self, note);
      },
      [=](at::expire, const session_id& id) { expire(self, id); },
      [=](at::tick) { tick(self); },
      [=](at::lead, bool leads) { lead(self, leads); },
  };
}

} // namespace praetor::actors
