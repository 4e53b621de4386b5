// A blocking query waits here, not in an actor or a thread of its own. A
// publication wakes the groups whose interest it touches; a group whose index
// moved is answered once for all its watchers.

#include "actors/watch_keeper.hpp"

#include "http/replies.hpp"

namespace praetor::actors {
namespace {

using group = watch_keeper_state::group;
using watcher = watch_keeper_state::watcher;

// Waits are stretched by up to a sixteenth, so that clients which began
// together do not all come back together (as Consul does).
constexpr int jitter_fraction = 16;

void link(watch_keeper_state& state, group* one) {
  auto& interest = one->interest;
  switch (interest.what) {
  case model::interest::shape::key:
    state.by_key[interest.key].insert(one);
    break;
  case model::interest::shape::key_prefix:
    state.by_prefix[interest.key].insert(one);
    ++state.prefix_lengths[interest.key.size()];
    break;
  case model::interest::shape::topics:
    for (auto& topic : interest.topics)
      state.by_topic[topic].insert(one);
    break;
  }
}

void remove_from(
    std::unordered_map<std::string, watch_keeper_state::group_set>& index,
    const std::string& key, group* one) {
  auto found = index.find(key);
  PRAETOR_ASSERT(found != index.end());
  found->second.erase(one);
  if (found->second.empty())
    index.erase(found);
}

void unlink(watch_keeper_state& state, group* one) {
  auto& interest = one->interest;
  switch (interest.what) {
  case model::interest::shape::key:
    remove_from(state.by_key, interest.key, one);
    break;
  case model::interest::shape::key_prefix:
    remove_from(state.by_prefix, interest.key, one);
    if (--state.prefix_lengths[interest.key.size()] == 0)
      state.prefix_lengths.erase(interest.key.size());
    break;
  case model::interest::shape::topics:
    for (auto& topic : interest.topics)
      remove_from(state.by_topic, topic, one);
    break;
  }
}

// Takes the watcher out; its group goes with the last one.
watcher take(watch_keeper_state& state, group* from, std::uint64_t ticket) {
  auto found = from->watchers.find(ticket);
  PRAETOR_ASSERT(found != from->watchers.end());
  auto one = std::move(found->second);
  from->watchers.erase(found);
  state.tickets.erase(ticket);
  state.numbers.erase({one.who->id(), one.number});
  state.time->cancel(one.timer);
  --state.watchers;
  if (from->watchers.empty() && !from->marked) {
    unlink(state, from);
    state.groups.erase(from->asked->cache_key);
  }
  return one;
}

void deliver(watch_keeper_ptr self, const watcher& to,
             const http::rendered_ptr& answer) {
  self->send(to.who, at::watch::value, watch_answer{to.number, answer});
}

void look_at(watch_keeper_ptr self, group* one, const storage::state& state) {
  auto index = storage::index_of(state, one->asked->query);
  std::vector<std::uint64_t> ready;
  for (auto& [ticket, who] : one->watchers)
    if (index > who.seen)
      ready.push_back(ticket);
  if (ready.empty())
    return;
  auto answer = self->state.readers->answer(*one->asked, state);
  one->marked = true; // stays until we are done with it
  for (auto ticket : ready)
    deliver(self, take(self->state, one, ticket), answer);
  one->marked = false;
  if (one->watchers.empty()) {
    unlink(self->state, one);
    self->state.groups.erase(one->asked->cache_key);
  }
}

void on_publication(watch_keeper_ptr self, const publication_note& note) {
  auto& state = self->state;
  if (state.groups.empty())
    return;
  watch_keeper_state::group_set touched;
  auto touch = [&](auto& index, const std::string& key) {
    if (auto found = index.find(key); found != index.end())
      touched.insert(found->second.begin(), found->second.end());
  };
  for (auto& key : note.changes->keys) {
    touch(state.by_key, key);
    for (auto& [length, count] : state.prefix_lengths) {
      if (length > key.size())
        break;
      touch(state.by_prefix, key.substr(0, length));
    }
  }
  for (auto& topic : note.changes->topics)
    touch(state.by_topic, topic);
  if (note.changes->everything)
    for (auto& [name, one] : state.groups)
      touched.insert(one.get());
  for (auto* one : touched)
    look_at(self, one, *note.state);
}

void refuse(watch_keeper_ptr self, const watch_request& asked) {
  self->send(
      asked.who, at::watch::value,
      watch_answer{asked.number,
                   http::error_reply(429, "too many blocking queries: " +
                                              std::to_string(watchers_max) +
                                              " wait already")});
}

span stretched(watch_keeper_state& state, span wait) {
  auto most = static_cast<std::uint64_t>(wait.count() / jitter_fraction) + 1;
  return wait + span{static_cast<std::int64_t>(state.chance.below(most))};
}

void on_watch(watch_keeper_ptr self, const watch_request& asked) {
  auto& state = self->state;
  auto& wanted = *asked.asked;
  auto newest = state.readers->newest();
  // The state may have moved on since the session looked at it.
  if (storage::index_of(*newest, wanted.query) > wanted.options.index) {
    self->send(
        asked.who, at::watch::value,
        watch_answer{asked.number, state.readers->answer(wanted, *newest)});
    return;
  }
  if (state.watchers >= watchers_max)
    return refuse(self, asked);
  auto& slot = state.groups[wanted.cache_key];
  if (!slot) {
    slot = std::make_unique<group>();
    slot->serial = state.next_ticket;
    slot->asked = asked.asked;
    slot->interest = model::watched_by(wanted.query);
    link(state, slot.get());
  }
  auto ticket = state.next_ticket++;
  auto timer = state.time->after(stretched(state, wanted.options.wait),
                                 caf::actor_cast<caf::strong_actor_ptr>(self),
                                 caf::make_message(at::expire::value, ticket));
  slot->watchers.emplace(
      ticket, watcher{asked.who, asked.number, wanted.options.index, timer});
  state.tickets.emplace(ticket, slot.get());
  state.numbers.emplace(std::pair{asked.who->id(), asked.number}, ticket);
  ++state.watchers;
}

void on_expire(watch_keeper_ptr self, std::uint64_t ticket) {
  auto found = self->state.tickets.find(ticket);
  if (found == self->state.tickets.end())
    return;
  auto asked = found->second->asked;
  auto one = take(self->state, found->second, ticket);
  deliver(self, one,
          self->state.readers->answer(*asked, *self->state.readers->newest()));
}

void on_unwatch(watch_keeper_ptr self, const watcher_actor& who,
                std::uint64_t number) {
  auto found = self->state.numbers.find({who->id(), number});
  if (found == self->state.numbers.end())
    return;
  auto ticket = found->second;
  take(self->state, self->state.tickets.at(ticket), ticket);
}

} // namespace

watch_keeper_actor::behavior_type watch_keeper(watch_keeper_ptr self,
                                               answers* readers, clock* time,
                                               std::uint64_t seed) {
  PRAETOR_ASSERT(readers && time);
  self->state.readers = readers;
  self->state.time = time;
  self->state.chance = prng(seed);
  return {
      [=](at::watch, const watch_request& asked) { on_watch(self, asked); },
      [=](at::unwatch, const watcher_actor& who, std::uint64_t number) {
        on_unwatch(self, who, number);
      },
      [=](at::publish, const publication_note& note) {
        on_publication(self, note);
      },
      [=](at::expire, std::uint64_t ticket) { on_expire(self, ticket); },
  };
}

} // namespace praetor::actors
