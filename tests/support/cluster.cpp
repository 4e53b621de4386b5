#include "tests/support/cluster.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/raft/invariants.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace praetor::tests {
namespace {

using namespace std::chrono_literals;

constexpr span tick_every = 10ms;

std::uint64_t mixed(std::uint64_t sum, std::string_view bytes) {
  for (auto c : bytes)
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return sum;
}

} // namespace

cluster::cluster(cluster_options chosen)
    : chosen_(std::move(chosen)), chance_(chosen_.seed) {
  if (chosen_.voters == 0)
    chosen_.voters = chosen_.servers;
  for (std::size_t i = 0; i < chosen_.servers; ++i)
    ids_.push_back(std::string(1, static_cast<char>('a' + i)));
  for (auto& id : ids_) {
    auto& made = servers_[id];
    made.id = id;
    start(id);
  }
}

// -- time --------------------------------------------------------------------

void cluster::after(span delay, std::function<void()> what) {
  events_.push({now_ + delay, order_++, std::move(what)});
}

void cluster::at_server(server& who, span delay,
                        std::function<void(server&)> what) {
  auto life = who.lives;
  after(delay, [this, &who, life, what = std::move(what)] {
    if (who.lives != life || !who.core)
      return;
    if (who.is_paused)
      who.held.push_back([this, &who, what] { step(who, what); });
    else
      step(who, what);
  });
}

void cluster::step(server& who, const std::function<void(server&)>& what) {
  auto before = *who.core;
  auto life = who.lives;
  what(who);
  if (who.lives != life || !who.core)
    return;
  perform(who);
  raft::check_step(before, *who.core);
  check(who);
}

span cluster::between(span least, span most) {
  auto room = static_cast<std::uint64_t>((most - least).count());
  return least + span{static_cast<span::rep>(chance_.below(room + 1))};
}

// Each server's clock begins somewhere and runs up to 4 % fast or slow.
instant cluster::clock_of(const server& who) const {
  return instant{span{who.clock_ahead + now_.count() / 1000 * who.clock_rate}};
}

void cluster::run_for(span time) {
  auto end = now_ + time;
  while (!events_.empty() && events_.top().at <= end) {
    auto next = events_.top();
    events_.pop();
    now_ = next.at;
    next.what();
  }
  now_ = end;
}

bool cluster::run_until(const std::function<bool()>& is_true, span limit,
                        span stride) {
  auto end = now_ + limit;
  while (!is_true()) {
    if (now_ >= end)
      return false;
    run_for(stride);
  }
  return true;
}

void cluster::tick(server& who) {
  who.core->tick(clock_of(who));
  auto& core = *who.core;
  if (core.is_leader() &&
      core.quorum_contact() + core.chosen().election_timeout <= clock_of(who))
    stop(who.id + " leads although no quorum hears it");
  at_server(who, tick_every, [this](server& s) { tick(s); });
}

// -- what may go wrong -------------------------------------------------------

raft::settings cluster::settings_of(const server& who) const {
  raft::settings made;
  made.self = who.id;
  if (who.durable.snapshot) {
    made.voters = who.durable.snapshot->mark.members.voters;
    made.nonvoters = who.durable.snapshot->mark.members.nonvoters;
  } else if (static_cast<std::size_t>(who.id[0] - 'a') < chosen_.voters) {
    made.voters = {ids_.begin(),
                   ids_.begin() + static_cast<std::ptrdiff_t>(chosen_.voters)};
  } else {
    made.nonvoters = {who.id};
  }
  made.election_timeout = 150ms;
  made.heartbeat = 40ms;
  made.uncommitted_bytes_max = 1 << 16;
  made.proposal_bytes_max = 1 << 10;
  made.append_entries_max = 8;
  made.in_flight_max = 4;
  made.trailing_entries = 4;
  made.fault = chosen_.fault;
  if (chosen_.adjust)
    chosen_.adjust(made);
  return made;
}

void cluster::start(const node_id& id) {
  auto& who = servers_.at(id);
  if (who.core)
    return;
  raft::log_place base;
  who.state = {};
  who.files.clear();
  if (auto& kept = who.durable.snapshot) {
    base = kept->mark.last;
    who.state = {base.index, std::stoull(kept->bytes)};
    who.files[base.index] = kept->bytes;
  }
  std::vector<raft::entry> entries;
  for (auto& [index, one] : who.durable.entries)
    entries.push_back(one);
  auto log = raft::log::recover(base.index, base.in_term, entries);
  if (!log)
    stop(id + " cannot recover: " + log.failure().text);
  auto ok = raft::check_recovered(who.durable.state, *log, base.index);
  if (!ok)
    stop(id + " cannot recover: " + ok.failure().text);
  who.clock_ahead = static_cast<std::int64_t>(chance_.below(1'000'000'000));
  who.clock_rate = 960 + static_cast<std::int64_t>(chance_.below(81));
  who.core.emplace(settings_of(who), who.durable.state, *std::move(log),
                   base.index, prng(chance_.next()));
  at_server(who, between(0ms, tick_every), [this](server& s) { tick(s); });
}

// What the disk was asked for and had not confirmed may have happened in
// part: some of the work, and some of the entries of the next piece.
void cluster::crash(const node_id& id) {
  auto& who = servers_.at(id);
  if (!who.core)
    return;
  auto done = chance_.below(who.work.size() + 1);
  for (std::size_t i = 0; i < done; ++i)
    to_disk(who.durable, who.work[i]);
  if (done < who.work.size() && !who.work[done].entries.empty()) {
    auto& torn = who.work[done];
    disk_work part;
    part.state = torn.state;
    auto some = chance_.below(torn.entries.size() + 1);
    part.entries.assign(torn.entries.begin(),
                        torn.entries.begin() +
                            static_cast<std::ptrdiff_t>(some));
    if (chance_.below(2) == 0)
      to_disk(who.durable, part);
  }
  who.work.clear();
  who.disk_busy = false;
  who.core.reset();
  ++who.lives;
  who.is_paused = false;
  who.held.clear();
  who.reads.clear();
  who.proposed.clear();
  who.arriving.clear();
}

void cluster::pause(const node_id& id) {
  auto& who = servers_.at(id);
  who.is_paused = who.core.has_value();
}

// Everything that waited for it comes at once, the clock included, and in any
// order: that of mailboxes and timers is nobody's promise.
void cluster::resume(const node_id& id) {
  auto& who = servers_.at(id);
  if (!std::exchange(who.is_paused, false))
    return;
  auto held = std::exchange(who.held, {});
  for (std::size_t i = held.size(); i > 1; --i)
    std::swap(held[i - 1], held[chance_.below(i)]);
  for (auto& one : held)
    if (who.core)
      one();
}

void cluster::slow_disk(const node_id& id, span most) {
  servers_.at(id).disk_max = most;
}

void cluster::cut(const node_id& from, const node_id& to) {
  cuts_.emplace(from, to);
}

void cluster::isolate(const node_id& id) {
  for (auto& other : ids_)
    if (other != id) {
      cut(id, other);
      cut(other, id);
    }
}

void cluster::heal() {
  cuts_.clear();
  sky = {};
  for (auto& id : ids_) {
    slow_disk(id, {});
    start(id);
    resume(id);
  }
}

// -- the shell of a core -----------------------------------------------------

void cluster::perform(server& who) {
  auto life = who.lives;
  for (auto out = who.core->take_output(); !out.empty();
       out = who.core->take_output()) {
    for (auto& one : out.chunks) {
      if (one.offset == 0)
        who.arriving.clear();
      if (one.offset != who.arriving.size())
        stop(who.id + " was handed pieces of a snapshot out of order");
      who.arriving += one.bytes;
    }
    ask_disk(who, out);
    for (auto& one : out.apply)
      apply(who, one);
    answer_reads(who, out.reads);
    if (who.lives != life)
      return;
  }
}

void cluster::ask_disk(server& who, raft::output& out) {
  disk_work asked;
  asked.state = out.save_state;
  asked.entries = std::move(out.save);
  if (out.install)
    asked.install = {out.install->mark, who.arriving};
  if (asked.state || !asked.entries.empty() || asked.install)
    who.work.push_back(std::move(asked));
  // Messages wait for the last term and vote that are not durable yet.
  auto rests_on =
      std::find_if(who.work.rbegin(), who.work.rend(),
                   [](const disk_work& x) { return x.state.has_value(); });
  for (auto& one : out.send)
    if (rests_on != who.work.rend())
      rests_on->messages.push_back(std::move(one));
    else
      send(who, std::move(one));
  serve_disk(who);
}

void cluster::serve_disk(server& who) {
  if (who.disk_busy || who.work.empty())
    return;
  who.disk_busy = true;
  auto slow = std::max(who.disk_max, sky.disk_max);
  at_server(who, between(who.disk_max / 2, slow), [this](server& s) {
    s.disk_busy = false;
    finish_work(s);
    serve_disk(s);
  });
}

void cluster::finish_work(server& who) {
  PRAETOR_ASSERT(!who.work.empty());
  auto done = std::move(who.work.front());
  who.work.pop_front();
  to_disk(who.durable, done);
  if (!done.entries.empty())
    who.core->saved(done.entries.back().index, done.entries.back().in_term);
  if (auto& mine = done.own_snapshot) {
    auto at = mine->mark.last.index;
    who.files[at] = mine->bytes;
    if (at >= who.core->entries().base_index())
      who.core->compact(at);
    auto& entries = who.durable.entries;
    entries.erase(entries.begin(),
                  entries.upper_bound(who.core->entries().base_index()));
    who.files.erase(who.files.begin(),
                    who.files.lower_bound(who.core->oldest_snapshot_in_use()));
  }
  if (auto& theirs = done.install) {
    auto at = theirs->mark.last.index;
    who.state = {at, std::stoull(theirs->bytes)};
    if (sums_.contains(at) && sums_.at(at) != who.state.sum)
      stop(who.id + " installed a snapshot of another state");
    who.files = {{at, theirs->bytes}};
    ++installed_;
    who.core->snapshot_installed();
  }
  for (auto& one : done.messages)
    send(who, std::move(one));
}

void cluster::to_disk(disk& durable, const disk_work& done) {
  if (done.state)
    durable.state = *done.state;
  if (!done.entries.empty()) {
    auto& entries = durable.entries;
    entries.erase(entries.lower_bound(done.entries.front().index),
                  entries.end());
    for (auto& one : done.entries)
      entries[one.index] = one;
  }
  if (done.own_snapshot)
    durable.snapshot = done.own_snapshot;
  if (done.install) {
    durable.snapshot = done.install;
    durable.entries.clear();
  }
}

void cluster::send(server& who, raft::message one) {
  if (auto* piece = std::get_if<raft::install_snapshot>(&one)) {
    auto file = who.files.find(piece->mark.last.index);
    if (file == who.files.end() || piece->offset > file->second.size()) {
      who.core->snapshot_lost(piece->to);
      return;
    }
    piece->bytes = file->second.substr(piece->offset, chosen_.chunk_bytes);
    piece->last_chunk =
        piece->offset + piece->bytes.size() == file->second.size();
  }
  ++messages_sent_;
  if (on_send)
    on_send(one);
  auto copies = chance_.below(1000) < sky.duplicate ? 2 : 1;
  for (int i = 0; i < copies; ++i)
    if (chance_.below(1000) >= sky.drop)
      carry(one);
}

void cluster::carry(const raft::message& one) {
  auto found = servers_.find(recipient(one));
  if (found == servers_.end() || cuts_.contains({sender(one), recipient(one)}))
    return;
  auto delay = between(sky.delay_min, sky.delay_max);
  if (chance_.below(1000) < sky.straggle)
    delay *= 10;
  auto& to = found->second;
  // It is lost when the receiver is down on arrival, not when it leaves.
  after(delay, [this, &to, one] {
    at_server(to, 0ms,
              [this, one](server& s) { s.core->step(one, clock_of(s)); });
  });
}

void cluster::apply(server& who, const raft::entry& one) {
  if (one.index != who.state.applied.next())
    stop(who.id + " applied an entry out of order");
  auto& state = who.state;
  auto head = std::to_string(one.index.value) + "/" +
              std::to_string(one.in_term.value) + ":";
  state = {one.index, mixed(mixed(state.sum, head), one.bytes())};
  auto [first, is_first] = history_.emplace(one.index, one);
  if (!(first->second == one))
    stop(who.id + " applied something else than others at " +
         std::to_string(one.index.value));
  auto [sum, is_new] = sums_.emplace(one.index, state.sum);
  if (sum->second != state.sum)
    stop(who.id + " has another state than others at " +
         std::to_string(one.index.value));
  auto mine = who.proposed.find(one.index);
  if (mine == who.proposed.end())
    return;
  if (mine->second == one.in_term)
    acknowledged_ = std::max(acknowledged_, one.index);
  who.proposed.erase(mine);
}

// -- clients -----------------------------------------------------------------

result<log_index> cluster::write(const node_id& at, const std::string& text) {
  auto& who = servers_.at(at);
  auto index =
      result<log_index>(fail(errc::unavailable, at + " does not answer"));
  if (!who.core || who.is_paused)
    return index;
  step(who, [&](server& s) {
    index = s.core->propose(std::make_shared<const std::string>(text));
    if (index)
      s.proposed[*index] = s.core->current_term();
  });
  return index;
}

void cluster::read(const node_id& at, bool by_lease) {
  auto ticket = next_ticket_++;
  auto floor = std::max(acknowledged_, seen_);
  at_server(servers_.at(at), 0ms, [this, ticket, floor, by_lease](server& s) {
    std::optional<log_index> index;
    if (by_lease) {
      index = s.core->lease_read(clock_of(s));
      if (!index)
        return;
    } else if (!s.core->read(ticket, clock_of(s))) {
      return;
    }
    s.reads[ticket] = {floor, index};
    answer_reads(s, {});
  });
}

void cluster::answer_reads(server& who,
                           const std::vector<raft::read_answer>& answers) {
  for (auto& one : answers) {
    if (one.granted)
      who.reads.at(one.ticket).index = one.index;
    else
      who.reads.erase(one.ticket);
  }
  auto applied = who.state.applied;
  for (auto i = who.reads.begin(); i != who.reads.end();) {
    auto& [ticket, one] = *i;
    if (!one.index || *one.index > applied) {
      ++i;
      continue;
    }
    if (applied < one.floor)
      stop(who.id + " answered a read at " + std::to_string(applied.value) +
           " although " + std::to_string(one.floor.value) + " was known");
    seen_ = std::max(seen_, applied);
    ++reads_answered_;
    i = who.reads.erase(i);
  }
}

result<log_index> cluster::change(const node_id& at, raft::change_kind kind,
                                  const node_id& who) {
  auto& server_at = servers_.at(at);
  auto index =
      result<log_index>(fail(errc::unavailable, at + " does not answer"));
  if (server_at.core && !server_at.is_paused)
    step(server_at, [&](server& s) {
      index = s.core->change_membership({kind, who});
    });
  return index;
}

status cluster::transfer(const node_id& at, const node_id& to) {
  auto& who = servers_.at(at);
  status done = fail(errc::unavailable, at + " does not answer");
  if (who.core && !who.is_paused)
    step(who, [&](server& s) { done = s.core->transfer_leadership(to); });
  return done;
}

void cluster::compact(const node_id& at) {
  auto& who = servers_.at(at);
  if (!who.core || who.is_paused || who.core->applied_index().value == 0 ||
      who.core->applied_index() != who.state.applied)
    return;
  // What is being installed is newer.
  for (auto& one : who.work)
    if (one.install)
      return;
  step(who, [this](server& s) {
    // Digits enough for several pieces.
    auto sum = std::to_string(s.state.sum);
    sum.insert(0, 40 - std::min<std::size_t>(40, sum.size()), '0');
    disk_work asked;
    asked.own_snapshot = {s.core->mark_at(s.state.applied), sum};
    s.work.push_back(std::move(asked));
    serve_disk(s);
  });
}

// -- facts -------------------------------------------------------------------

bool cluster::is_running(const node_id& id) const {
  return servers_.at(id).core.has_value();
}

bool cluster::is_paused(const node_id& id) const {
  return servers_.at(id).is_paused;
}

const raft::core& cluster::core(const node_id& id) const {
  return *servers_.at(id).core;
}

log_index cluster::applied(const node_id& id) const {
  return servers_.at(id).state.applied;
}

node_id cluster::leader() const {
  const server* found = nullptr;
  for (auto& [id, one] : servers_)
    if (one.core && one.core->is_leader() && !one.is_paused &&
        (!found || found->core->current_term() < one.core->current_term()))
      found = &one;
  return found ? found->id : node_id();
}

node_id cluster::await_leader() {
  auto leads = [this] {
    auto id = leader();
    return !id.empty() && core(id).has_committed_in_term();
  };
  return run_until(leads, 10s) ? leader() : node_id();
}

bool cluster::settles(span limit) {
  auto end = now_ + limit;
  while (now_ < end) {
    auto id = leader();
    auto index = id.empty() ? log_index{} : log_index{UINT64_MAX};
    if (!id.empty())
      if (auto wrote = write(id, "settled?"))
        index = *wrote;
    auto all_have = [&] {
      if (index.value == 0 || index.value == UINT64_MAX || !is_running(id))
        return false;
      auto& members = core(id).committed_members();
      return std::all_of(ids_.begin(), ids_.end(), [&](auto& each) {
        return !members.has(each) || applied(each) >= index;
      });
    };
    if (run_until(all_have, 300ms))
      return true;
  }
  return false;
}

// -- what must hold ----------------------------------------------------------

void cluster::check(const server& who) {
  who.core->check_invariants();
  if (who.core->applied_index() > who.state.applied)
    stop(who.id + " believes to have applied more than it was handed");
  for (auto& [id, other] : servers_)
    if (other.core && id != who.id)
      raft::check_pair(*who.core, *other.core);
  if (who.core->is_leader())
    check_leader(who);
}

// Election safety and leader completeness (Raft paper, figure 3).
void cluster::check_leader(const server& who) {
  // A sole voter elects itself at once; nobody hears of it, and nothing is
  // committed, before its vote is durable.
  if (who.durable.state.current < who.core->current_term())
    return;
  auto [known, is_new] = leaders_.emplace(who.core->current_term(), who.id);
  if (known->second != who.id)
    stop(who.id + " and " + known->second + " both led in term " +
         std::to_string(who.core->current_term().value));
  // Nothing is asked of a leader that a later one has overtaken already.
  if (!is_new || leaders_.rbegin()->first != known->first)
    return;
  auto& log = who.core->entries();
  for (auto i = history_.upper_bound(log.base_index()); i != history_.end();
       ++i)
    if (i->first > log.last_index() || !(log.at(i->first) == i->second))
      stop(who.id + " was elected without the committed entry " +
           std::to_string(i->first.value));
}

void cluster::stop(const std::string& why) const {
  std::fprintf(stderr, "cluster, seed %llu, at %lld ms: %s\n",
               static_cast<unsigned long long>(chosen_.seed),
               static_cast<long long>(now_ / 1ms), why.c_str());
  std::abort();
}

} // namespace praetor::tests
