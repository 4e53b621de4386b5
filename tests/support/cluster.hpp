#pragma once

// A Raft cluster in one process: cores, disks that lose what was not synced,
// a network that loses, doubles, delays and reorders, clocks that disagree,
// and clients. All chance comes from one seed. After every step everything
// that must hold is checked; what does not aborts with the reason.
//
//   cluster five({.seed = 7, .servers = 5});
//   auto first = five.await_leader();
//   five.isolate(first);
//   CHECK(five.await_leader() != first);

#include "protocol/base/prng.hpp"
#include "protocol/raft/core.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

namespace praetor::tests {

struct cluster_options {
  std::uint64_t seed = 1;
  std::size_t servers = 3;
  /// How many of them vote from the start; all when 0. The others wait to be
  /// added.
  std::size_t voters = 0;
  raft::mutation fault = raft::mutation::none;
  /// Of a snapshot, in one message; a whole one has 40.
  std::size_t chunk_bytes = 16;
  /// Changes the settings of each server.
  std::function<void(raft::settings&)> adjust = {};
};

/// How bad things are. Chances are out of 1000.
struct weather {
  std::uint64_t drop = 0;
  std::uint64_t duplicate = 0;
  /// Messages that take `delay_max` ten times over.
  std::uint64_t straggle = 0;
  span delay_min = std::chrono::microseconds(200);
  span delay_max = std::chrono::milliseconds(2);
  span disk_max = std::chrono::milliseconds(3);
};

class cluster {
public:
  explicit cluster(cluster_options chosen);
  cluster(const cluster&) = delete;

  // -- time ------------------------------------------------------------------
  void run_for(span time);
  /// Whether it came true within the time.
  bool run_until(const std::function<bool()>& is_true, span limit,
                 span stride = std::chrono::milliseconds(5));
  span now() const { return now_; }
  prng& chance() { return chance_; }

  // -- what may go wrong -----------------------------------------------------
  weather sky;
  void crash(const node_id& id);
  void start(const node_id& id);
  void pause(const node_id& id);
  void resume(const node_id& id);
  /// The disk of this one takes up to so long; 0 is as the sky has it.
  void slow_disk(const node_id& id, span most);
  /// Messages of one direction no longer arrive.
  void cut(const node_id& from, const node_id& to);
  /// From and to everybody.
  void isolate(const node_id& id);
  /// The network is whole again.
  void mend() { cuts_.clear(); }
  /// The network is whole, calm, and everybody runs.
  void heal();

  // -- what clients do -------------------------------------------------------
  /// Both are meant for `at` and fail when it does not lead.
  result<log_index> write(const node_id& at, const std::string& text);
  void read(const node_id& at, bool by_lease);
  result<log_index> change(const node_id& at, raft::change_kind kind,
                           const node_id& who);
  status transfer(const node_id& at, const node_id& to);
  /// `at` makes a snapshot of what it has applied and forgets the log.
  void compact(const node_id& at);

  // -- facts -----------------------------------------------------------------
  const std::vector<node_id>& ids() const { return ids_; }
  bool is_running(const node_id& id) const;
  bool is_paused(const node_id& id) const;
  const raft::core& core(const node_id& id) const;
  /// The leader of the latest term, paused ones left out; empty for none.
  node_id leader() const;
  /// Lets time pass until somebody leads and has committed in its term. Waits
  /// for at most 10 seconds, then gives an empty name.
  node_id await_leader();
  /// Writes at the leader until all its members have applied the write.
  bool settles(span limit);
  log_index acknowledged() const { return acknowledged_; }
  std::uint64_t reads_answered() const { return reads_answered_; }
  std::uint64_t messages_sent() const { return messages_sent_; }
  std::uint64_t snapshots_installed() const { return installed_; }
  log_index applied(const node_id& id) const;
  /// Every message as it leaves, for tests that look at them.
  std::function<void(const raft::message&)> on_send;

private:
  struct event {
    span at;
    std::uint64_t order;
    std::function<void()> what;
    friend bool operator<(const event& x, const event& y) {
      return std::pair(x.at, x.order) > std::pair(y.at, y.order);
    }
  };

  /// The state machine: a checksum over everything that was applied.
  struct machine {
    log_index applied;
    std::uint64_t sum = 0;
  };

  struct snapshot_file {
    raft::snapshot_mark mark;
    std::string bytes;
  };

  /// What survives a crash.
  struct disk {
    raft::hard_state state;
    std::map<log_index, raft::entry> entries;
    std::optional<snapshot_file> snapshot;
  };

  /// Asked of the disk and not synced. The messages wait for it.
  struct disk_work {
    std::optional<raft::hard_state> state;
    std::vector<raft::entry> entries;
    std::optional<snapshot_file> own_snapshot;
    std::optional<snapshot_file> install;
    std::vector<raft::message> messages;
  };

  /// A read that is under way, and what it must not miss.
  struct pending_read {
    log_index floor;
    std::optional<log_index> index;
  };

  struct server {
    node_id id;
    disk durable;
    std::optional<raft::core> core;
    std::uint64_t lives = 0;
    std::deque<disk_work> work;
    bool disk_busy = false;
    span disk_max{};
    machine state;
    std::string arriving;
    std::map<log_index, std::string> files;
    bool is_paused = false;
    std::vector<std::function<void()>> held;
    std::int64_t clock_ahead = 0;
    std::int64_t clock_rate = 1000; // thousandths
    std::map<std::uint64_t, pending_read> reads;
    /// Proposed here and not yet answered.
    std::map<log_index, term> proposed;
  };

  void after(span delay, std::function<void()> what);
  /// Runs `what` at the server unless it dies before; a pause holds it up.
  void at_server(server& who, span delay, std::function<void(server&)> what);
  void step(server& who, const std::function<void(server&)>& what);
  instant clock_of(const server& who) const;
  span between(span least, span most);

  raft::settings settings_of(const server& who) const;
  void tick(server& who);
  void perform(server& who);
  void ask_disk(server& who, raft::output& out);
  void serve_disk(server& who);
  void finish_work(server& who);
  static void to_disk(disk& durable, const disk_work& done);
  void send(server& who, raft::message one);
  void carry(const raft::message& one);
  void apply(server& who, const raft::entry& one);
  void answer_reads(server& who, const std::vector<raft::read_answer>& answers);

  void check(const server& who);
  void check_leader(const server& who);
  [[noreturn]] void stop(const std::string& why) const;

  cluster_options chosen_;
  prng chance_;
  span now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<event> events_;
  std::vector<node_id> ids_;
  std::map<node_id, server> servers_;
  std::set<std::pair<node_id, node_id>> cuts_;

  /// What was applied anywhere first, and the state after it: nothing else
  /// may ever be applied there.
  std::map<log_index, raft::entry> history_;
  std::map<log_index, std::uint64_t> sums_;
  std::map<term, node_id> leaders_;
  log_index acknowledged_;
  log_index seen_;
  std::uint64_t next_ticket_ = 0;
  std::uint64_t reads_answered_ = 0;
  std::uint64_t messages_sent_ = 0;
  std::uint64_t installed_ = 0;
};

} // namespace praetor::tests
