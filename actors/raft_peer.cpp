// A Raft peer decides nothing. It feeds ticks, messages and proposals to
// `raft::core` and carries out the core's output: save, send, apply, answer,
// report. All proposals of one turn of its mailbox go into one batch, and
// while the disk is at work the next batch gathers.

#include "actors/raft_peer.hpp"

#include "actors/log_writer.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors {
namespace {

using outcome_promise = caf::typed_response_promise<model::outcome>;

void refuse(outcome_promise& whom, error why) {
  model::outcome refused;
  refused.failure = std::move(why);
  whom.deliver(std::move(refused));
}

void answer_proposers(raft_peer_ptr self, const applied& done) {
  auto& proposers = self->state.proposers;
  for (auto& [index, outcome] : done.outcomes) {
    auto found = proposers.find(index);
    if (found == proposers.end())
      continue;
    found->second.deliver(outcome);
    proposers.erase(found);
  }
}

// What was proposed may be committed yet, by whoever leads next.
void fail_waiting(raft_peer_ptr self, const char* why) {
  auto& state = self->state;
  for (auto& [index, promise] : std::exchange(state.proposers, {}))
    refuse(promise, fail(errc::in_doubt, why));
  for (auto& [ticket, promise] : std::exchange(state.readers_by, {}))
    promise.deliver(read_grant{fail(errc::no_leader, "No cluster leader"), {}});
}

// -- what readers and listeners know of who leads ----------------------------

std::vector<std::string> addresses(const raft_peer_state& state) {
  std::vector<std::string> found;
  auto& members = state.core->committed_members();
  for (auto* some : {&members.voters, &members.nonvoters})
    for (auto& id : *some) {
      auto known = state.neighbours.find(id);
      if (id == state.core->chosen().self)
        found.push_back(state.own_address);
      else if (known != state.neighbours.end())
        found.push_back(known->second.address);
    }
  return found;
}

void announce(raft_peer_ptr self) {
  auto& state = self->state;
  leadership now;
  now.leader = state.core->leader();
  now.is_leader = state.leads;
  now.in_term = state.core->current_term().value;
  // A leader whose state has not caught up is none for readers yet.
  now.leader_known =
      state.leads || (!now.leader.empty() && !state.core->is_leader());
  if (state.leads)
    now.leader_address = state.own_address;
  else if (auto found = state.neighbours.find(now.leader);
           found != state.neighbours.end())
    now.leader_address = found->second.address;
  now.peer_addresses = addresses(state);
  state.readers->set_leadership(std::move(now));
  for (auto& one : state.listeners)
    self->send(one, at::lead::value, state.leads);
}

void on_report(raft_peer_ptr self, const raft::report& news) {
  auto& state = self->state;
  state.won.reset();
  if (news.now == raft::role::leader) {
    spdlog::info("agent.raft: election won: term={}", news.in_term.value);
    state.won = news.in_term;
    return;
  }
  if (std::exchange(state.leads, false))
    spdlog::info("agent.server: cluster leadership lost");
  if (auto found = state.neighbours.find(news.leader);
      found != state.neighbours.end())
    spdlog::info("agent.server: New leader elected: payload={} term={}",
                 found->second.name, news.in_term.value);
  fail_waiting(self, "leadership lost while committing log");
  announce(self);
}

// An entry of the term just won is applied, and so is all before it: whoever
// reads here now misses nothing that was ever committed.
void on_caught_up(raft_peer_ptr self, term reached) {
  auto& state = self->state;
  if (state.won != reached || !state.core->is_leader())
    return;
  state.won.reset();
  state.leads = true;
  spdlog::info("agent.server: cluster leadership acquired: term={}",
               reached.value);
  announce(self);
}

// -- saving ------------------------------------------------------------------

// The request before these entries has not gone yet: they take the place of
// what they replace in it.
void merge(save_request& into, save_request&& more) {
  if (more.state)
    into.state = std::move(more.state);
  if (!more.entries.empty()) {
    auto first = more.entries.front().index;
    while (!into.entries.empty() && into.entries.back().index >= first)
      into.entries.pop_back();
    into.entries.insert(into.entries.end(), more.entries.begin(),
                        more.entries.end());
  }
  into.drop_upto = std::max(into.drop_upto, more.drop_upto);
}

void save_next(raft_peer_ptr self);

void on_saved(raft_peer_ptr self, const saved& done, bool anew) {
  auto& state = self->state;
  state.saving = false;
  if (std::exchange(state.refused_save, std::nullopt))
    spdlog::info("agent.raft: the disk of the Raft log has room again");
  state.states_durable = std::max(state.states_durable, state.states_saving);
  if (done.upto.value > 0 && !anew)
    state.core->saved(done.upto, done.in_term);
  while (!state.held.empty() &&
         state.held.front().first <= state.states_durable) {
    for (auto& letter : state.held.front().second)
      deliver(self, letter);
    state.held.pop_front();
  }
  save_next(self);
  perform(self);
}

// The log took nothing and goes on as soon as there is room. Until then
// somebody else had better lead.
void on_disk_full(raft_peer_ptr self, const caf::message& request) {
  auto& state = self->state;
  if (!state.refused_save)
    spdlog::error("agent.raft: the disk of the Raft log is full: no writes are "
                  "taken until there is room");
  state.refused_save = request;
  state.refused_due = state.time->now() + disk_full_retry;
  fail_waiting(self, "the disk of the Raft log is full; the write may still "
                     "happen when there is room");
  if (state.core->is_leader() && state.core->members().voters.size() > 1)
    (void)state.core->transfer_leadership({});
  perform(self);
}

void request_save(raft_peer_ptr self, const caf::message& request, bool anew) {
  self->request(caf::actor_cast<caf::actor>(self->state.writer), caf::infinite,
                request)
      .then([=](const saved& done) { on_saved(self, done, anew); },
            [=](caf::error& why) {
              // A peer that cannot save must not vote: stop, the node decides.
              if (is_disk_full(why))
                on_disk_full(self, request);
              else
                stop_on(self, "the log writer", why);
            });
}

void save_next(raft_peer_ptr self) {
  auto& state = self->state;
  if (state.saving || state.to_save.empty())
    return;
  state.saving = true;
  auto what = std::move(state.to_save.front());
  state.to_save.pop_front();
  // Changes of state are in the requests in order; the last request has all.
  if (state.to_save.empty())
    state.states_saving = state.states_out;
  state.saving_anew = what.begin_after.has_value();
  request_save(self, caf::make_message(at::save::value, std::move(what)),
               state.saving_anew);
}

void save_again(raft_peer_ptr self) {
  auto& state = self->state;
  if (!state.refused_save || state.time->now() < state.refused_due)
    return;
  state.refused_due = state.time->now() + disk_full_retry;
  request_save(self, *state.refused_save, state.saving_anew);
}

void save(raft_peer_ptr self, raft::output& out) {
  auto& state = self->state;
  save_request what;
  what.state = std::move(out.save_state);
  what.entries = std::move(out.save);
  what.drop_upto = std::exchange(state.drop_upto, {});
  if (what.state)
    ++state.states_out;
  if (what.state || !what.entries.empty() || what.drop_upto.value > 0)
    save_soon(self, std::move(what));
}

// -- the rest of an output ---------------------------------------------------

void send_letters(raft_peer_ptr self, std::vector<raft::message> letters) {
  auto& state = self->state;
  if (letters.empty())
    return;
  if (state.states_durable < state.states_out) {
    state.held.emplace_back(state.states_out, std::move(letters));
    return;
  }
  for (auto& letter : letters)
    deliver(self, letter);
}

void apply(raft_peer_ptr self, std::vector<raft::entry> entries) {
  if (entries.empty())
    return;
  auto& state = self->state;
  for (auto& entry : entries)
    state.bytes_since += entry.bytes().size() + raft::entry_overhead;
  auto reached = entries.back().in_term;
  auto members = std::any_of(entries.begin(), entries.end(), [](auto& one) {
    return one.kind == raft::entry_kind::configuration;
  });
  self->request(state.keeper, caf::infinite, at::apply::value,
                committed{std::move(entries)})
      .then(
          [=](const applied& done) {
            after_apply(self, done);
            answer_proposers(self, done);
            on_caught_up(self, reached);
            if (members)
              announce(self);
          },
          [=](caf::error& why) { stop_on(self, "the store keeper", why); });
}

void answer_reads(raft_peer_ptr self,
                  const std::vector<raft::read_answer>& reads) {
  for (auto& one : reads) {
    auto found = self->state.readers_by.find(one.ticket);
    if (found == self->state.readers_by.end())
      continue;
    read_grant grant{{errc::ok, {}}, one.index};
    if (!one.granted)
      grant.failure = fail(errc::no_leader, "No cluster leader");
    found->second.deliver(std::move(grant));
    self->state.readers_by.erase(found);
  }
}

// The flush is queued behind the messages that are already in the mailbox.
void flush_soon(raft_peer_ptr self) {
  if (std::exchange(self->state.flush_is_due, true))
    return;
  self->send(self, at::flush::value);
}

// -- messages ----------------------------------------------------------------

outcome_promise propose(raft_peer_ptr self, const proposal& given) {
  auto& state = self->state;
  auto promise = self->make_response_promise<model::outcome>();
  if (state.refused_save) {
    refuse(promise, fail(errc::unavailable,
                         "the disk of the Raft log is full: no writes are "
                         "taken until there is room"));
    return promise;
  }
  auto index = state.core->propose(given.data);
  if (!index) {
    refuse(promise, index.failure());
    return promise;
  }
  state.proposers.emplace(*index, promise);
  flush_soon(self);
  return promise;
}

caf::typed_response_promise<read_grant> read(raft_peer_ptr self,
                                             read_proof wanted) {
  auto& state = self->state;
  auto promise = self->make_response_promise<read_grant>();
  auto now = state.time->now();
  if (wanted == read_proof::lease) {
    if (auto index = state.core->lease_read(now)) {
      promise.deliver(read_grant{{errc::ok, {}}, *index});
      return promise;
    }
  }
  auto ticket = state.next_ticket++;
  if (auto ok = state.core->read(ticket, now); !ok) {
    promise.deliver(read_grant{ok.failure(), {}});
    return promise;
  }
  state.readers_by.emplace(ticket, promise);
  flush_soon(self);
  return promise;
}

template <class Letter>
void on_letter(raft_peer_ptr self, const Letter& letter) {
  auto& state = self->state;
  auto now = state.time->now();
  if constexpr (std::is_same_v<Letter, raft::append_entries>)
    if (letter.in_term == state.core->current_term())
      state.readers->set_contact(now);
  state.core->step(letter, now);
  flush_soon(self);
}

void on_roster(raft_peer_ptr self, const roster& known) {
  auto& state = self->state;
  if (!state.carrier)
    return;
  for (auto& one : known.servers) {
    if (one.id == state.core->chosen().self) {
      state.own_name = one.name;
      continue;
    }
    auto& there = state.neighbours[one.id];
    there.name = one.name;
    if (there.address == one.address)
      continue;
    there.address = one.address;
    auto handle = [&](io::lane by) {
      return caf::actor_cast<raft_peer_actor>(
          state.carrier->reach(one.address, raft_name, by));
    };
    there.control = handle(io::lane::control);
    there.bulk = handle(io::lane::bulk);
  }
  announce(self);
}

error bootstrap(raft_peer_ptr self, const std::vector<node_id>& voters) {
  auto ok = self->state.core->bootstrap({voters, {}});
  perform(self);
  return ok ? error{errc::ok, {}} : ok.failure();
}

error transfer(raft_peer_ptr self, const node_id& to) {
  auto ok = self->state.core->transfer_leadership(to);
  perform(self);
  return ok ? error{errc::ok, {}} : ok.failure();
}

void tick(raft_peer_ptr self) {
  auto& state = self->state;
  state.core->tick(state.time->now());
  perform(self);
  save_again(self);
  snapshot_if_due(self);
  observe_health(self);
  state.time->after(raft_tick, caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

} // namespace

void deliver(raft_peer_ptr self, const raft::message& letter) {
  auto found = self->state.neighbours.find(raft::recipient(letter));
  if (found == self->state.neighbours.end())
    return; // Raft takes any message for lost
  std::visit(
      [&](auto& one) {
        using kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<kind, raft::install_snapshot>) {
          if (one.bytes.empty())
            send_piece(self, one);
          else
            self->send(found->second.bulk, one);
        } else {
          self->send(found->second.control, one);
        }
      },
      letter);
}

void save_soon(raft_peer_ptr self, save_request what) {
  auto& waiting = self->state.to_save;
  // A log that begins anew does so after what came before, and before what
  // comes then.
  if (waiting.empty() || what.begin_after || waiting.back().begin_after)
    waiting.push_back(std::move(what));
  else
    merge(waiting.back(), std::move(what));
  save_next(self);
}

void stop_on(raft_peer_ptr self, const char* who, const caf::error& why) {
  auto& state = self->state;
  spdlog::critical("agent.raft: {} failed, this server stops: {}", who,
                   self->system().render(why));
  fail_waiting(self, "the server is stopping: its log failed");
  state.leads = false;
  state.readers->set_lease(std::nullopt, {});
  state.readers->set_leadership({});
  for (auto& one : state.listeners)
    self->send(one, at::lead::value, false);
  self->quit(why);
}

void perform(raft_peer_ptr self) {
  auto& state = self->state;
  auto out = state.core->take_output();
  // Readers know of every commit before anybody else hears of it.
  state.readers->set_lease(state.core->lease_end(), state.core->commit_index());
  save(self, out);
  take_snapshot(self, out);
  send_letters(self, std::move(out.send));
  apply(self, std::move(out.apply));
  answer_reads(self, out.reads);
  for (auto& news : out.reports)
    on_report(self, news);
}

raft_peer_actor::behavior_type
raft_peer(raft_peer_ptr self, std::shared_ptr<raft_peer_parts> parts) {
  auto& state = self->state;
  static_cast<raft_peer_parts&>(state) = std::move(*parts);
  PRAETOR_ASSERT(state.core && state.readers && state.time);
  // The log in memory begins where the snapshot ends, or a little before.
  state.snapshot_index = state.core->newest_snapshot().last.index;
  self->send(self, at::tick::value);
  return {
      [=](at::propose, const proposal& given) { return propose(self, given); },
      [=](at::read, read_proof wanted) { return read(self, wanted); },
      [=](at::tick) { tick(self); },
      [=](at::flush) {
        self->state.flush_is_due = false;
        perform(self);
      },
      [=](at::subscribe, const leadership_listener_actor& who) {
        self->state.listeners.push_back(who);
        self->send(who, at::lead::value, self->state.leads);
      },
      [=](at::update, const roster& known) { on_roster(self, known); },
      [=](at::bootstrap, const std::vector<node_id>& voters) {
        return bootstrap(self, voters);
      },
      [=](at::transfer, const node_id& to) { return transfer(self, to); },
      [=](at::members, bool stale) { return view_members(self, stale); },
      [=](at::remove, const node_id& id) {
        return change_members(self, {raft::change_kind::remove, id});
      },
      [=](at::add, const node_id& id, bool votes) {
        auto kind = votes ? raft::change_kind::promote
                          : raft::change_kind::add_nonvoter;
        return change_members(self, {kind, id});
      },
      [=](const raft::request_vote& m) { on_letter(self, m); },
      [=](const raft::request_vote_reply& m) { on_letter(self, m); },
      [=](const raft::append_entries& m) { on_letter(self, m); },
      [=](const raft::append_entries_reply& m) { on_letter(self, m); },
      [=](const raft::install_snapshot& m) { on_letter(self, m); },
      [=](const raft::install_snapshot_reply& m) { on_letter(self, m); },
      [=](const raft::timeout_now& m) { on_letter(self, m); },
  };
}

} // namespace praetor::actors
