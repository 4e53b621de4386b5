// A request that was certainly not taken may be sent again, to whoever leads
// then; one whose fate is unknown is sent again only if that changes nothing.

#include "actors/gateway.hpp"

#include "actors/raft_peer.hpp"

namespace praetor::actors {
namespace {

error no_leader() {
  return fail(errc::no_leader, "No cluster leader");
}

bool never_left(const caf::error& why) {
  return why == caf::sec::cannot_connect_to_node;
}

void tick_soon(gateway_ptr self) {
  auto& state = self->state;
  if (std::exchange(state.tick_is_due, true))
    return;
  state.time->after(leader_retry, caf::actor_cast<caf::strong_actor_ptr>(self),
                    caf::make_message(at::tick::value));
}

void hold(gateway_ptr self, gateway_state::waiting what) {
  auto& state = self->state;
  if (state.time->now() >= what.until)
    return what.give_up(no_leader());
  if (state.held.size() >= leader_waiters_max)
    return what.give_up(
        fail(errc::unavailable, std::to_string(leader_waiters_max) +
                                    " requests wait for a leader already"));
  state.held.push_back(std::move(what));
  tick_soon(self);
}

// The leader's actor of that kind, or nothing while nobody is known to lead.
template <class Handle>
Handle leader(const gateway_state& state, const Handle& ours,
              Handle gateway_state::neighbour::*theirs) {
  auto now = state.readers->who_leads();
  if (now->leader.empty())
    return {};
  if (now->leader == state.self)
    return ours;
  auto found = state.neighbours.find(now->leader);
  return found == state.neighbours.end() ? Handle{} : found->second.*theirs;
}

// -- writes ------------------------------------------------------------------

struct write_job {
  proposal what;
  bool locks = false;
  instant until;
  caf::typed_response_promise<model::outcome> promise;
};
using write_ptr = std::shared_ptr<write_job>;

void refuse(const write_ptr& job, error why) {
  model::outcome refused;
  refused.failure = std::move(why);
  job->promise.deliver(std::move(refused));
}

void send_write(gateway_ptr self, const write_ptr& job);

void hold_write(gateway_ptr self, const write_ptr& job) {
  hold(self, {job->until, [=] { send_write(self, job); },
              [=](error why) { refuse(job, std::move(why)); }});
}

void on_write_failure(gateway_ptr self, const write_ptr& job,
                      const caf::error& why) {
  if (never_left(why))
    return hold_write(self, job);
  if (why == caf::sec::runtime_error)
    return refuse(job, fail(errc::unavailable, self->system().render(why)));
  refuse(job, fail(errc::in_doubt,
                   "the connection to the leader was lost while the write was "
                   "under way"));
}

template <class Handle>
void send_write_to(gateway_ptr self, const Handle& whom, const write_ptr& job) {
  if (!whom)
    return hold_write(self, job);
  self->request(whom, caf::infinite, at::propose::value, job->what)
      .then(
          [=](const model::outcome& done) {
            if (done.failure.code == errc::no_leader)
              hold_write(self, job);
            else
              job->promise.deliver(done);
          },
          [=](caf::error& why) { on_write_failure(self, job, why); });
}

void send_write(gateway_ptr self, const write_ptr& job) {
  auto& state = self->state;
  if (job->locks)
    send_write_to(
        self,
        leader(state, state.sessions, &gateway_state::neighbour::sessions),
        job);
  else
    send_write_to(
        self, leader(state, state.raft, &gateway_state::neighbour::raft), job);
}

caf::result<model::outcome> write(gateway_ptr self, const proposal& given,
                                  bool locks) {
  auto& state = self->state;
  if (state.readers->who_leads()->is_leader)
    return locks ? self->delegate(state.sessions, at::propose::value, given)
                 : self->delegate(state.raft, at::propose::value, given);
  auto job = std::make_shared<write_job>();
  job->what = given;
  job->locks = locks;
  job->until = state.time->now() + state.leader_wait;
  job->promise = self->make_response_promise<model::outcome>();
  send_write(self, job);
  return job->promise;
}

// -- renewals ----------------------------------------------------------------

struct renew_job {
  session_id id;
  instant until;
  caf::typed_response_promise<read_grant> promise;
};
using renew_ptr = std::shared_ptr<renew_job>;

void send_renewal(gateway_ptr self, const renew_ptr& job);

void hold_renewal(gateway_ptr self, const renew_ptr& job) {
  hold(self, {job->until, [=] { send_renewal(self, job); },
              [=](error why) {
                job->promise.deliver(read_grant{std::move(why), {}});
              }});
}

void finish_renewal(gateway_ptr self, const renew_ptr& job,
                    const read_grant& found);

void send_renewal(gateway_ptr self, const renew_ptr& job) {
  auto& state = self->state;
  auto whom =
      leader(state, state.sessions, &gateway_state::neighbour::sessions);
  if (!whom)
    return hold_renewal(self, job);
  self->request(whom, caf::infinite, at::renew::value, job->id)
      .then([=](const read_grant& found) { finish_renewal(self, job, found); },
            [=](caf::error&) { hold_renewal(self, job); });
}

caf::typed_response_promise<read_grant> renew(gateway_ptr self,
                                              const session_id& id) {
  auto& state = self->state;
  auto job = std::make_shared<renew_job>();
  job->id = id;
  job->until = state.time->now() + state.leader_wait;
  job->promise = self->make_response_promise<read_grant>();
  send_renewal(self, job);
  return job->promise;
}

// -- reads -------------------------------------------------------------------

void send_reads(gateway_ptr self, read_proof proof);

// Answers now if our state has come so far, else when it has.
void grant(gateway_ptr self, gateway_state::reader one,
           const read_grant& given) {
  auto& state = self->state;
  if (given.failure.code != errc::ok ||
      state.readers->newest()->applied >= given.index.value) {
    one.promise.deliver(given);
    return;
  }
  state.behind.emplace(given.index.value, std::move(one));
  tick_soon(self);
}

void finish_renewal(gateway_ptr self, const renew_ptr& job,
                    const read_grant& found) {
  if (found.failure.code == errc::no_leader)
    return hold_renewal(self, job);
  // The client is shown the session from our own state.
  grant(self, {job->until, job->promise}, found);
}

void ask_again(gateway_ptr self, read_proof proof,
               std::vector<gateway_state::reader> whom) {
  for (auto& one : whom)
    hold(self,
         {one.until,
          [=] {
            self->state.queues[static_cast<int>(proof)].next.push_back(one);
            send_reads(self, proof);
          },
          [promise = one.promise](error why) mutable {
            promise.deliver(read_grant{std::move(why), {}});
          }});
}

void send_reads(gateway_ptr self, read_proof proof) {
  auto& state = self->state;
  auto& queue = state.queues[static_cast<int>(proof)];
  if (queue.asking || queue.next.empty())
    return;
  auto asking = std::exchange(queue.next, {});
  auto whom = leader(state, state.raft, &gateway_state::neighbour::raft);
  if (!whom)
    return ask_again(self, proof, std::move(asking));
  queue.asking = true;
  auto batch =
      std::make_shared<std::vector<gateway_state::reader>>(std::move(asking));
  auto finish = [=](const read_grant& given) {
    self->state.queues[static_cast<int>(proof)].asking = false;
    if (given.failure.code == errc::ok)
      for (auto& one : *batch)
        grant(self, std::move(one), given);
    else if (given.failure.code == errc::no_leader)
      ask_again(self, proof, std::move(*batch));
    else
      for (auto& one : *batch)
        one.promise.deliver(given);
    send_reads(self, proof);
  };
  self->request(whom, caf::infinite, at::read::value, proof)
      .then(finish, [=](caf::error&) {
        finish({no_leader(), {}});
      });
}

caf::typed_response_promise<read_grant> read(gateway_ptr self,
                                             read_proof proof) {
  auto& state = self->state;
  auto promise = self->make_response_promise<read_grant>();
  state.queues[static_cast<int>(proof)].next.push_back(
      {state.time->now() + state.leader_wait, promise});
  send_reads(self, proof);
  return promise;
}

// -- operators ---------------------------------------------------------------

// What only the leader's Raft peer can answer or do.
template <class Answer>
struct leader_question {
  caf::message what;
  instant until;
  caf::typed_response_promise<Answer> promise;
};

const error& failure_of(const cluster_view& answer) {
  return answer.failure;
}
const error& failure_of(const error& answer) {
  return answer;
}
void refuse(leader_question<cluster_view>& job, error why) {
  job.promise.deliver(cluster_view{std::move(why), {}});
}
void refuse(leader_question<error>& job, error why) {
  job.promise.deliver(std::move(why));
}

template <class Answer>
void send_question(gateway_ptr self,
                   const std::shared_ptr<leader_question<Answer>>& job) {
  auto& state = self->state;
  auto wait = [=] {
    hold(self, {job->until, [=] { send_question(self, job); },
                [=](error why) { refuse(*job, std::move(why)); }});
  };
  auto whom = leader(state, state.raft, &gateway_state::neighbour::raft);
  if (!whom)
    return wait();
  self->request(caf::actor_cast<caf::actor>(whom), caf::infinite, job->what)
      .then(
          [=](const Answer& answer) {
            if (failure_of(answer).code == errc::no_leader)
              wait();
            else
              job->promise.deliver(answer);
          },
          [=](caf::error& why) {
            if (never_left(why))
              return wait();
            refuse(*job, fail(errc::in_doubt,
                              "the connection to the leader was lost before "
                              "it answered"));
          });
}

template <class Answer>
caf::typed_response_promise<Answer> ask_leader(gateway_ptr self,
                                               caf::message what) {
  auto job = std::make_shared<leader_question<Answer>>();
  job->what = std::move(what);
  job->until = self->state.time->now() + self->state.leader_wait;
  job->promise = self->make_response_promise<Answer>();
  send_question(self, job);
  return job->promise;
}

caf::result<cluster_view> ask_members(gateway_ptr self, bool stale) {
  if (stale)
    return self->delegate(self->state.raft, at::members::value, true);
  return ask_leader<cluster_view>(self,
                                  caf::make_message(at::members::value, false));
}

// -- what changes ------------------------------------------------------------

void catch_up(gateway_ptr self, modify_index applied) {
  auto& behind = self->state.behind;
  while (!behind.empty() && behind.begin()->first <= applied) {
    auto one = std::move(behind.begin()->second);
    auto index = behind.begin()->first;
    behind.erase(behind.begin());
    one.promise.deliver(read_grant{{errc::ok, {}}, {index}});
  }
}

void try_held(gateway_ptr self) {
  for (auto& one : std::exchange(self->state.held, {})) {
    if (self->state.time->now() >= one.until)
      one.give_up(no_leader());
    else
      one.again();
  }
}

void tick(gateway_ptr self) {
  auto& state = self->state;
  state.tick_is_due = false;
  catch_up(self, state.readers->newest()->applied);
  auto now = state.time->now();
  // A server that falls so far behind is of no use to its readers.
  for (auto at = state.behind.begin(); at != state.behind.end();) {
    if (now < at->second.until) {
      ++at;
      continue;
    }
    at->second.promise.deliver(read_grant{no_leader(), {}});
    at = state.behind.erase(at);
  }
  try_held(self);
  if (!state.held.empty() || !state.behind.empty())
    tick_soon(self);
}

void on_lead(gateway_ptr self) {
  auto& state = self->state;
  auto known = state.readers->who_leads()->leader_known;
  if (std::exchange(state.leader_is_known, known) != known)
    for (auto& one : state.listeners)
      self->send(one, at::lead::value, known);
  if (known)
    try_held(self);
}

// A restored state may know nothing of what was told before: whoever tells
// the leader things begins anew, as with another leader.
void on_other_state(gateway_ptr self) {
  for (auto& one : self->state.listeners)
    self->send(one, at::lead::value, self->state.leader_is_known);
}

void on_roster(gateway_ptr self, const roster& known) {
  auto& state = self->state;
  if (!state.carrier)
    return;
  for (auto& one : known.servers) {
    auto& there = state.neighbours[one.id];
    if (one.id == state.self || there.address == one.address)
      continue;
    there.address = one.address;
    there.raft = caf::actor_cast<raft_peer_actor>(
        state.carrier->reach(one.address, raft_name, io::lane::bulk));
    there.sessions = caf::actor_cast<session_keeper_actor>(
        state.carrier->reach(one.address, sessions_name, io::lane::bulk));
  }
}

} // namespace

gateway_actor::behavior_type gateway(gateway_ptr self,
                                     std::shared_ptr<gateway_parts> parts) {
  static_cast<gateway_parts&>(self->state) = std::move(*parts);
  PRAETOR_ASSERT(self->state.readers && self->state.time);
  return {
      [=](at::propose, const proposal& given) {
        return write(self, given, false);
      },
      [=](at::lock, const proposal& given) { return write(self, given, true); },
      [=](at::renew, const session_id& id) { return renew(self, id); },
      [=](at::read, read_proof proof) { return read(self, proof); },
      [](at::call, const remote_request&) {
        remote_reply refused;
        refused.failure = fail(errc::unavailable, "No path to datacenter");
        return refused;
      },
      [](at::unwatch, std::uint64_t) {},
      [](at::resolve, const remote_question&) { return remote_packet{}; },
      // What is published here is of the whole catalogue.
      [](at::sync, const std::string&) {
        return error{errc::ok, {}};
      },
      [=](at::members, bool stale) { return ask_members(self, stale); },
      [=](at::remove, const node_id& id) {
        return ask_leader<error>(self,
                                 caf::make_message(at::remove::value, id));
      },
      [=](at::transfer, const node_id& id) {
        return ask_leader<error>(self,
                                 caf::make_message(at::transfer::value, id));
      },
      [=](at::update, const roster& known) { on_roster(self, known); },
      [=](at::subscribe, const leadership_listener_actor& who) {
        self->state.listeners.push_back(who);
        self->send(who, at::lead::value, self->state.leader_is_known);
      },
      [=](at::lead, bool) { on_lead(self); },
      [=](at::publish, const publication_note& note) {
        catch_up(self, note.state->applied);
        if (note.changes->everything)
          on_other_state(self);
      },
      [=](at::tick) { tick(self); },
  };
}

} // namespace praetor::actors
