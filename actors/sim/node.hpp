#pragma once

// The lives of one simulated server. Its disk stays, its actors come and go:
// they are the real ones, spawned as the node spawns them, but for two doors
// in between: saving takes time, and what is applied is looked at.

#include "actors/config.hpp"
#include "actors/server.hpp"
#include "actors/sim/front.hpp"
#include "actors/sim/network.hpp"
#include "actors/sim/node_clock.hpp"
#include "storage/simulated_disk.hpp"

namespace praetor::actors::sim {

/// How slow a disk is: each request takes something in between.
struct disk_pace {
  span least = std::chrono::microseconds(50);
  span most = std::chrono::milliseconds(2);
};

/// Who looks on at what a server does.
class witness {
public:
  virtual ~witness() = default;
  virtual void on_start(std::size_t which, modify_index applied) = 0;
  /// To be applied by a server that is in this term.
  virtual void on_commit(std::size_t which, const committed& what,
                         term in_term) = 0;
  virtual void on_adopt(std::size_t which, const state_ptr& what) = 0;
};

struct node_options {
  std::size_t number = 0;
  node_id id;
  std::uint64_t seed = 0;
  agent_config config;
  raft::mutation fault = raft::mutation::none;
  bool log_cuts_all_damage = false;
  bool small_batches = false;
  span clock_reads = std::chrono::hours(1);
  std::int64_t drift_ppm = 0;
};

class node {
public:
  node(network& net, timeline& time, trace& kept, witness& looks_on,
       node_options chosen);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  const node_id& id() const { return chosen_.id; }
  std::size_t number() const { return chosen_.number; }
  bool is_up() const { return net_.at(chosen_.number).is_up; }
  bool is_paused() const { return net_.at(chosen_.number).is_paused; }

  /// Recovers from the disk and runs; the others are where the roster says.
  /// `errc::corrupt` also for a log that lacks what was saved in it.
  status start(const roster& others);
  /// What the log lacked when the last start failed.
  enum class loss : std::uint8_t {
    none,
    tail, // the last batch: its damage looks like a torn write
    more,
  };
  loss lost() const { return lost_; }
  /// After each step: what would be there after a crash.
  void note_saved();
  /// The process ends and the power goes; actors die at the next settling.
  void crash(storage::simulated_disk::crash_options how);
  /// A save that is under way gets so many calls to the disk done before the
  /// crash; run between this and `crash`. False: there is none.
  bool begin_torn_save(std::size_t calls);
  void pause() { net_.pause(chosen_.number); }
  void resume() { net_.resume(chosen_.number); }

  /// Begins the cluster, of which this server is one.
  void bootstrap(std::vector<node_id> voters);
  void transfer_leadership(const node_id& to);
  void ask(asked_ptr what);

  /// Null when the server is down, or its Raft peer has given up.
  const raft::core* core() const;
  bool has_given_up() const;
  state_ptr newest() const;

  node_clock clock;
  storage::simulated_disk disk;
  disk_pace pace;

  // -- for the doors
  void on_keeper_input(const caf::type_erased_tuple& what);
  void save_later(bool is_snapshot, caf::strong_actor_ptr target,
                  caf::mailbox_element_ptr what);

private:
  struct waiting_save {
    caf::strong_actor_ptr target;
    caf::mailbox_element_ptr what;
  };
  void interpose(server& made);
  void spawn_front();
  void adopt(caf::strong_actor_ptr one) { ours_.push_back(std::move(one)); }
  void run_save(bool is_snapshot);
  void cut_all_damage();
  void note_batch(const caf::type_erased_tuple& request);
  loss lost_of(const raft::core& found) const;

  network& net_;
  timeline& time_;
  trace& trace_;
  witness& looks_on_;
  node_options chosen_;
  prng chance_;
  std::unique_ptr<io::carrier> carrier_;
  std::unique_ptr<answers> answers_;
  server handles_;
  front_actor front_;
  std::vector<caf::strong_actor_ptr> ours_;
  const raft::core* core_ = nullptr;
  std::deque<waiting_save> saves_[2]; // of the log, of snapshots
  instant disk_free_[2];
  raft::log_place saved_;          // durable, as the core was told
  std::vector<log_index> batches_; // of the log: the first index of each
  loss lost_ = loss::none;
};

} // namespace praetor::actors::sim
