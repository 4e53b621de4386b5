#pragma once

// One run of a simulated cluster: whole servers, one seed, and what becomes
// of them. First a storm of faults while clients work and safety is checked
// after every step; then all is healed, and within a bound every server must
// serve again and all must agree.

#include "actors/sim/client.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace praetor::actors::sim {

struct world_options {
  std::uint64_t seed = 1;
  std::size_t nodes = 5;
  raft::mutation fault = raft::mutation::none;
  bool log_cuts_all_damage = false; // a mutant too, of the log's recovery
  client_options work;
  /// Clocks run wrong by at most so much; a tenth of the lease margin.
  std::int64_t drift_ppm_max = 5'000;
  /// Servers cut their logs as often as they can.
  bool eager_snapshots = false;
  /// A server whose process ends is started again after a while.
  bool restarts_itself = true;
  /// Everything that happens, as text.
  trace::line_sink lines;
};

class world final {
public:
  explicit world(world_options chosen);
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  const world_options& chosen() const { return chosen_; }
  trace kept;
  timeline time;

  network& net() { return *net_; }
  node& at(std::size_t which) { return *nodes_[which]; }
  std::size_t size() const { return nodes_.size(); }
  auditor& checks() { return *checks_; }
  clients& users() { return *users_; }

  /// After everything that happens, and for each fault; for recordings.
  std::function<void()> on_event;
  std::function<void(const char*)> on_fault;

  // -- time ------------------------------------------------------------------

  /// False as soon as something is violated.
  bool run_for(span passing);
  bool run_until(const std::function<bool()>& is_true, span limit);
  bool is_sound() const { return checks_->violation().empty(); }

  /// All servers start, and the first one begins the cluster.
  bool begin();

  // -- what may go wrong; each is counted and traced -------------------------

  void note_fault(const char* name, const std::string& detail = {});
  void crash(std::size_t which, storage::simulated_disk::crash_options how);
  /// In the middle of a save, if there is one, after so many calls.
  void crash_in_save(std::size_t which, std::size_t calls,
                     storage::simulated_disk::crash_options how);
  /// False, and another try later, when its disk cannot be read.
  bool start(std::size_t which);
  void start_later(std::size_t which, span delay);
  /// Ends all faults and starts who is down, and can be started.
  void heal();

  /// What is on this server's disk is going to be damaged: false if that
  /// would be one too many. A majority must be whole.
  bool may_damage(std::size_t which);
  /// Down for good: its log was damaged, and it said so when it started.
  bool is_lost(std::size_t which) const { return lost_[which]; }

  /// The server that leads in the newest term, if any does.
  std::optional<std::size_t> leader() const;

private:
  void step_clocks();
  void settle();
  void after_event();
  void bury(std::size_t which);
  void on_corrupt(std::size_t which, const error& why);
  roster everybody() const;

  struct system_config : caf::actor_system_config {
    system_config();
  };

  world_options chosen_;
  prng chance_;
  system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::unique_ptr<auditor> checks_;
  std::unique_ptr<network> net_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::unique_ptr<clients> users_;
  bool shuffles_ = false;
  std::vector<bool> damaged_; // what was on its disk, at some time
  std::vector<bool> lost_;
};

} // namespace praetor::actors::sim
