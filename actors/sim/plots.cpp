#include "actors/sim/plots.hpp"

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;
using enum fault_kind;

// All are up again and one leads: elections, and starts that fail at first.
constexpr span clearing_max = 3s;

// The longest that a change may stay unseen by `await`.
constexpr span glance = 100us;

// Writes of plots that wait for an answer: more would only make the search
// for an order of all operations longer.
constexpr std::size_t puts_max = 16;

constexpr span never_saved = 1s;

// -- leases and reads --------------------------------------------------------

/// The leader stands still, cut off, while others go on; then it answers what
/// it was asked meanwhile.
void freeze(stage& on) {
  on.isolate(on.leader());
  on.where().at(on.leader()).pause();
  on.use(on.leader(), on.some_ms(250, 700));
  on.where().at(on.leader()).resume();
  on.pass(on.some_ms(1, 50));
}

/// The old leader is cut off as soon as its successor has been told.
void late_transfer(stage& on) {
  on.write(1);
  on.where().at(on.leader()).transfer_leadership({});
  on.pass(on.some_ms(0, 6));
  on.isolate(on.leader());
  on.use(on.leader(), on.some_ms(50, 250));
}

/// Some followers miss the leader and want to be elected; the others, which
/// heard it, forget that in a crash.
void hasty_restart(stage& on) {
  auto eager = on.where().size() - on.majority();
  for (std::size_t i = 0; i < eager; ++i)
    on.cut(on.leader(), on.rest()[i]);
  // Just before they stand.
  on.pass(on.some_ms(140, 220));
  on.isolate(on.leader());
  for (auto i = eager; i < on.rest().size(); ++i) {
    on.crash(on.rest()[i]);
    on.start(on.rest()[i]);
  }
  on.use(on.leader(), on.some_ms(100, 250));
}

/// What followers answered long ago goes on arriving at a leader that they no
/// longer hear.
void late_answers(stage& on) {
  for (auto late = 80ms; late <= 320ms; late += 80ms) {
    for (auto one : on.rest())
      on.where().net().clog(one, on.leader(), late, instant::max());
    on.pass(on.some_ms(60, 150));
  }
  for (auto one : on.rest())
    on.cut(on.leader(), one);
  on.use(on.leader(), on.some_ms(250, 600));
}

// -- the log -----------------------------------------------------------------

/// An entry is with just enough servers, and some of these have not saved it
/// yet when their power goes. Then the others are among themselves.
void slow_disks(stage& on) {
  std::vector<std::size_t> have{on.leader()};
  have.insert(have.end(), on.rest().begin(),
              on.rest().begin() + static_cast<std::ptrdiff_t>(on.majority()) -
                  1);
  for (auto one : on.rest())
    if (std::find(have.begin(), have.end(), one) == have.end())
      on.cut(on.leader(), one);
  auto slow = have;
  if (on.chance().below(2) == 0)
    slow.resize(1);
  else
    slow.erase(slow.begin());
  for (auto one : slow)
    on.where().at(one).pace = {never_saved, never_saved};
  on.where().users().put_at(on.leader());
  on.pass(on.some_ms(5, 120));
  for (auto one : slow) {
    on.crash(one);
    on.where().at(one).pace = {};
    std::erase(have, one);
  }
  on.mend();
  on.part(have);
  for (auto one : slow)
    on.start(one);
  on.pass(on.some_ms(300, 900));
}

/// Raft paper, figure 8: an entry of an old term gets to a majority, and then
/// somebody leads who has a later entry instead.
void figure_8(stage& on) {
  auto old_leader = on.leader();
  on.isolate(old_leader);
  on.where().users().put_at(old_leader);
  auto second = on.await_leader_of(on.rest(), 1500ms);
  if (!second || !on.core(old_leader))
    return;
  auto old = on.core(old_leader)->entries().last_index();
  auto others = on.rest();
  std::erase(others, *second);
  for (auto one : others)
    on.crash(one);
  on.pass(on.some_ms(2, 8));
  on.crash(*second);
  for (std::size_t i = 0; i + 1 < on.majority(); ++i)
    on.start(others[i]);
  on.mend();
  // The old leader is the only one of these who can win.
  auto spread = [&] {
    auto* core = on.core(old_leader);
    return core && core->is_leader() && core->commit_index() >= old;
  };
  if (!on.await(spread, 2s))
    return;
  auto newest = on.core(old_leader)->current_term();
  std::vector<std::size_t> away{old_leader};
  for (auto one : others)
    if (auto* core = on.core(one);
        core && core->entries().last_term() == newest)
      away.push_back(one);
  on.part(away);
  on.start(*second);
  for (auto one : others)
    on.start(one);
  on.pass(on.some_ms(400, 1000));
}

/// One leader after the other gets little done.
void churn(stage& on) {
  for (int i = 0; i < 6; ++i) {
    auto leads = on.where().leader();
    if (!leads)
      return;
    on.where().users().put_at(*leads);
    for (std::size_t one = 0; one < on.where().size(); ++one)
      if (one != *leads && on.chance().below(3) != 0)
        on.cut(*leads, one);
    on.pass(on.some_ms(0, 30));
    if (on.chance().below(2) == 0) {
      on.crash(*leads);
      on.start(*leads);
    } else {
      on.isolate(*leads);
    }
    if (on.chance().below(2) == 0)
      on.mend();
    on.await([&] { return on.where().leader().value_or(*leads) != *leads; },
             600ms);
    on.pass(on.some_ms(0, 6));
  }
}

/// A follower is so late that it gets a snapshot, whose pieces come again
/// when it has gone on and cut its own log.
void old_snapshot(stage& on) {
  on.isolate(on.rest()[0]);
  for (int i = 0; i < 12; ++i) {
    on.write(4);
    on.pass(10ms);
  }
  auto& sky = on.where().net().sky;
  sky.duplicate = 500;
  sky.straggle = 300;
  sky.delay_max = 10ms;
  on.mend();
  for (int i = 0; i < 40; ++i) {
    on.write(6);
    on.pass(10ms);
  }
}

} // namespace

const std::vector<plot>& plots() {
  static const std::vector<plot> all{
      {"freeze",
       "a leader stands still and then answers",
       {isolate, pause},
       freeze},
      {"late_transfer",
       "a leader is cut off while it hands over",
       {isolate, transfer},
       late_transfer},
      {"hasty_restart",
       "who heard the leader forgets it in a crash",
       {isolate, crash},
       hasty_restart},
      {"late_answers",
       "a leader hears on what was said long ago",
       {cut, clog},
       late_answers},
      {"slow_disks",
       "the power goes before some have saved",
       {slow_disk, crash},
       slow_disks},
      {"figure_8", "figure 8 of the Raft paper", {isolate, crash}, figure_8},
      {"churn",
       "one leader after the other gets little done",
       {isolate, crash},
       churn},
      {"old_snapshot",
       "a snapshot comes again when it is old",
       {isolate},
       old_snapshot,
       true},
  };
  return all;
}

const plot* draw_plot(const profile& from, std::uint64_t seed) {
  prng chance(seed);
  auto has = [&](fault_kind kind) {
    return std::find(from.kinds.begin(), from.kinds.end(), kind) !=
           from.kinds.end();
  };
  std::vector<const plot*> fit;
  for (auto& one : plots())
    if (std::all_of(one.needs.begin(), one.needs.end(), has))
      fit.push_back(&one);
  // A quarter has none, and the whole time for other faults.
  if (fit.empty() || chance.below(4) == 0)
    return nullptr;
  return fit[chance.below(fit.size())];
}

// -- the stage ---------------------------------------------------------------

span stage::some_ms(std::uint64_t least, std::uint64_t most) {
  PRAETOR_ASSERT(least <= most);
  return 1us * (least * 1000 + chance_.below((most - least) * 1000 + 1));
}

bool stage::await(const std::function<bool()>& is_true, span limit) {
  auto end = world_.time.now() + limit;
  while (!is_true())
    if (world_.time.now() >= end || !world_.run_for(glance))
      return false;
  return true;
}

bool stage::clear() {
  for (std::size_t i = 0; i < world_.size(); ++i)
    if (world_.is_lost(i))
      return false; // too few for a plot
  world_.heal();
  auto is_calm = [this] {
    auto leads = world_.leader();
    if (!leads)
      return false;
    for (std::size_t i = 0; i < world_.size(); ++i)
      if (!core(i) || core(i)->leader() != world_.at(*leads).id())
        return false;
    return core(*leads)->lease_end().has_value();
  };
  if (!world_.run_until(is_calm, clearing_max))
    return false;
  leader_ = *world_.leader();
  rest_.clear();
  for (std::size_t i = 0; i < world_.size(); ++i)
    if (i != leader_)
      rest_.push_back(i);
  for (std::size_t i = rest_.size(); i > 1; --i)
    std::swap(rest_[i - 1], rest_[chance_.below(i)]);
  return true;
}

void stage::part(const std::vector<std::size_t>& some) {
  auto is_in = [&](std::size_t one) {
    return std::find(some.begin(), some.end(), one) != some.end();
  };
  for (std::size_t from = 0; from < world_.size(); ++from)
    for (std::size_t to = 0; to < world_.size(); ++to)
      if (is_in(from) != is_in(to))
        cut(from, to);
}

void stage::use(std::size_t at, span time) {
  auto level = chance_.below(2) == 0 ? http::consistency::leader
                                     : http::consistency::consistent;
  auto end = world_.time.now() + time;
  auto& users = world_.users();
  while (world_.time.now() < end && world_.run_for(some_ms(2, 16))) {
    auto leads = world_.leader();
    if (leads && *leads != at && users.puts_waiting() == 0)
      users.put_at(*leads);
    users.get_at(at, level);
  }
}

void stage::write(std::size_t count) {
  auto leads = world_.leader();
  auto& users = world_.users();
  for (; leads && count > 0 && users.puts_waiting() < puts_max; --count)
    users.put_at(*leads);
}

std::optional<std::size_t>
stage::await_leader_of(const std::vector<std::size_t>& some, span limit) {
  std::optional<std::size_t> found;
  auto elected = [&] {
    for (auto one : some)
      if (auto* its = core(one); its && its->is_leader())
        found = one;
    return found.has_value();
  };
  await(elected, limit);
  return found;
}

} // namespace praetor::actors::sim
