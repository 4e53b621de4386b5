#include "actors/sim/world.hpp"

#include "actors/type_table.hpp"

#include <spdlog/spdlog.h>

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// Messages that may be handled in one instant: above any burst, and below
// what two actors that answer each other for ever would reach.
constexpr std::uint64_t steps_per_instant_max = 1'000'000;

// A server whose process ended is started again after at most so long.
constexpr span restart_min = 50ms;
constexpr span restart_max = 1500ms;

constexpr span formation_max = 10s;

std::string address_of(std::size_t number) {
  return "10.0.0." + std::to_string(number + 1) + ":8300";
}

node_id id_of(std::size_t number) {
  return "node-" + std::to_string(number);
}

} // namespace

world::system_config::system_config() {
  register_messages(*this);
  set("scheduler.policy", caf::atom("testing"));
}

world::world(world_options chosen)
    : chosen_(std::move(chosen)), chance_(chosen_.seed * 0x9E3779B97F4A7C15ull),
      system_(std::make_unique<caf::actor_system>(config_)),
      damaged_(chosen_.nodes), lost_(chosen_.nodes) {
  kept.write_to(chosen_.lines);
  system_->await_actors_before_shutdown(false);
  scheduler_ =
      dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  PRAETOR_ASSERT(scheduler_);
  checks_ = std::make_unique<auditor>(chosen_.nodes, time, kept);
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < chosen_.nodes; ++i)
    addresses.push_back(address_of(i));
  net_ = std::make_unique<network>(*system_, time, kept, chance_.next(),
                                   std::move(addresses));
  shuffles_ = chance_.below(2) == 0;
  auto small_batches = chance_.below(2) == 0;
  auto width = static_cast<std::uint64_t>(2 * chosen_.drift_ppm_max + 1);
  node_options one;
  one.fault = chosen_.fault;
  one.log_cuts_all_damage = chosen_.log_cuts_all_damage;
  one.small_batches = small_batches;
  one.config.data_dir = "/data";
  one.config.raft_snapshot_threshold =
      20 + static_cast<int>(chance_.below(150));
  one.config.raft_snapshot_interval = 1ms * (1 + chance_.below(1000));
  one.config.raft_trailing_logs = 1 + static_cast<int>(chance_.below(60));
  if (chosen_.eager_snapshots) {
    one.config.raft_snapshot_threshold = 3 + static_cast<int>(chance_.below(8));
    one.config.raft_snapshot_interval = 1ms;
    one.config.raft_trailing_logs = 1;
  }
  for (std::size_t i = 0; i < chosen_.nodes; ++i) {
    one.number = i;
    one.id = id_of(i);
    one.seed = chance_.next();
    one.clock_reads = 1h + 1us * chance_.below(1'000'000);
    one.drift_ppm =
        static_cast<std::int64_t>(chance_.below(width)) - chosen_.drift_ppm_max;
    nodes_.push_back(std::make_unique<node>(*net_, time, kept, *checks_, one));
  }
  users_ = std::make_unique<clients>(time, *net_, nodes_, *checks_,
                                     chance_.next(), chosen_.work);
}

world::~world() {
  for (auto& one : nodes_)
    if (one->is_up())
      one->crash({});
  time.clear();
  net_->clear();
  settle();
  users_.reset();
}

// -- time --------------------------------------------------------------------

void world::step_clocks() {
  for (auto& one : nodes_)
    one->clock.move_to(time.now());
}

// CAF's queue is first come, first served. Actors of different threads give
// no such promise, so half of all seeds pick any that is ready.
void world::settle() {
  auto& jobs = scheduler_->jobs;
  std::uint64_t steps = 0;
  while (!jobs.empty()) {
    if (shuffles_ && jobs.size() > 1)
      std::swap(jobs.front(), jobs[chance_.below(jobs.size())]);
    scheduler_->run_once();
    if (++steps > steps_per_instant_max)
      return checks_->violate("the actors do not come to rest");
  }
  kept.counts.steps += steps;
}

void world::after_event() {
  settle();
  if (on_event)
    on_event();
  for (auto& one : nodes_) {
    if (!net_->take_touched(one->number()))
      continue;
    one->note_saved();
    if (one->has_given_up())
      bury(one->number());
    else
      checks_->look_at(*one);
  }
}

// Its Raft peer has stopped: so does the process, and is started again.
void world::bury(std::size_t which) {
  kept.line(time.now(), [&] {
    return "server " + std::to_string(which) + " has given up";
  });
  crash(which, {});
  if (!chosen_.restarts_itself)
    return;
  auto width = static_cast<std::uint64_t>((restart_max - restart_min).count());
  start_later(which, restart_min +
                         span{static_cast<std::int64_t>(chance_.below(width))});
}

bool world::run_for(span passing) {
  auto end = time.now() + passing;
  while (is_sound()) {
    auto next = time.next();
    node* whose = nullptr;
    for (auto& one : nodes_) {
      if (!one->is_up() || one->is_paused())
        continue;
      auto due = std::max(one->clock.next(), time.now());
      if (due < next) {
        next = due;
        whose = one.get();
      }
    }
    if (next > end) {
      time.move_to(end);
      step_clocks();
      return true;
    }
    time.move_to(next);
    step_clocks();
    if (whose) {
      whose->clock.fire();
      net_->touch(whose->number());
    } else {
      time.run_one();
    }
    after_event();
  }
  return false;
}

bool world::run_until(const std::function<bool()>& is_true, span limit) {
  auto end = time.now() + limit;
  while (!is_true()) {
    if (time.now() >= end || !run_for(5ms))
      return false;
  }
  return true;
}

// -- lives -------------------------------------------------------------------

roster world::everybody() const {
  roster all;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    server_record one;
    one.id = nodes_[i]->id();
    one.name = one.id;
    one.address = address_of(i);
    all.servers.push_back(std::move(one));
  }
  return all;
}

bool world::begin() {
  std::vector<node_id> voters;
  for (auto& one : nodes_) {
    if (!start(one->number())) {
      checks_->violate("a server cannot start on an empty disk");
      return false;
    }
    voters.push_back(one->id());
  }
  settle();
  nodes_[0]->bootstrap(voters);
  auto formed = [&] {
    if (!leader())
      return false;
    for (auto& one : nodes_)
      if (one->core()->applied_index().value < 2)
        return false;
    return true;
  };
  if (run_until(formed, formation_max))
    return true;
  checks_->violate("no cluster was formed although all is well");
  return false;
}

std::optional<std::size_t> world::leader() const {
  std::optional<std::size_t> found;
  term newest;
  for (auto& one : nodes_)
    if (auto* core = one->core(); core && core->is_leader() &&
                                  (!found || core->current_term() > newest)) {
      found = one->number();
      newest = core->current_term();
    }
  return found;
}

void world::note_fault(const char* name, const std::string& detail) {
  ++kept.counts.faults[name];
  if (on_fault)
    on_fault(name);
  kept.note(time.now(), '!', kept.counts.faults[name]);
  kept.line(time.now(), [&] {
    return "fault: " + std::string(name) + (detail.empty() ? "" : " ") + detail;
  });
}

void world::crash(std::size_t which,
                  storage::simulated_disk::crash_options how) {
  if (!nodes_[which]->is_up())
    return;
  nodes_[which]->crash(how);
  users_->on_crash(which);
  settle();
}

void world::crash_in_save(std::size_t which, std::size_t calls,
                          storage::simulated_disk::crash_options how) {
  auto& one = *nodes_[which];
  if (!one.is_up())
    return;
  if (!one.is_paused() && one.begin_torn_save(calls))
    settle();
  crash(which, how);
}

bool world::start(std::size_t which) {
  auto& one = *nodes_[which];
  if (one.is_up())
    return true;
  auto ok = one.start(everybody());
  kept.line(time.now(), [&] {
    return "server " + std::to_string(which) +
           (ok ? " starts" : " cannot start: " + ok.failure().text);
  });
  if (ok) {
    net_->touch(which);
    return true;
  }
  if (ok.failure().code == errc::corrupt)
    on_corrupt(which, ok.failure());
  one.disk.crash(); // what failed once may work the next time
  return false;
}

// A damaged log never votes again: its server stays down.
void world::on_corrupt(std::size_t which, const error& why) {
  if (!damaged_[which] || nodes_[which]->lost() == node::loss::more)
    return checks_->violate("server " + std::to_string(which) +
                            " cannot start: " + why.text);
  lost_[which] = true;
  note_fault(nodes_[which]->lost() == node::loss::tail ? "lost_tail"
                                                       : "found_damage");
}

bool world::may_damage(std::size_t which) {
  auto so_far = std::count(damaged_.begin(), damaged_.end(), true);
  auto most = static_cast<std::ptrdiff_t>((size() - 1) / 2);
  if (damaged_[which] || so_far >= most)
    return false;
  damaged_[which] = true;
  return true;
}

void world::start_later(std::size_t which, span delay) {
  time.after(delay, [this, which] {
    if (!is_lost(which) && !start(which))
      start_later(which, restart_max);
  });
}

void world::heal() {
  kept.line(time.now(), [] { return "all is healed"; });
  net_->sky = {};
  net_->mend_all();
  for (auto& one : nodes_) {
    one->disk.mend();
    one->pace = {};
    if (one->is_paused())
      one->resume();
    if (!one->is_up())
      start_later(one->number(), span{});
  }
}

} // namespace praetor::actors::sim
