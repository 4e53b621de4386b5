#pragma once

// Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus
// Algorithm", extended version; Ongaro's thesis for what the paper leaves
// open) as a value: what happens goes in by a call, what to do comes out by
// `take_output`. No clock, disk, network or chance of its own; a copy is a
// fork of history.

#include "protocol/base/prng.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"
#include "protocol/raft/log.hpp"
#include "protocol/raft/messages.hpp"
#include "protocol/raft/output.hpp"
#include "protocol/raft/progress.hpp"
#include "protocol/raft/quorum.hpp"
#include "protocol/raft/settings.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace praetor::raft {

/// Whether what the disk gave back fits together: `errc::corrupt` otherwise.
/// The shell asks before it makes a core.
status check_recovered(const hard_state& state, const log& entries,
                       log_index applied);

class core {
public:
  /// `recovered_log` is durable as it is; the state machine already has
  /// everything up to `applied`.
  core(settings chosen, hard_state recovered, log recovered_log,
       log_index applied, prng seed);

  // -- what happens ----------------------------------------------------------

  /// Begins a cluster: the first entry names its members, and we are one of
  /// them. One server does so, once; the others wait to hear from it.
  /// `errc::conflict` when this server has a history already.
  status bootstrap(const configuration& first);

  /// Time has passed. An instant that is older than one seen before is
  /// ignored.
  void tick(instant now);

  /// A message came in. Any bytes whatsoever may be in it.
  void step(const message& received, instant now);

  /// Appends a command to the log of the leader. The index answers nothing
  /// yet: the command has happened when it comes out in `output::apply` with
  /// the term of now. `errc::no_leader`, `errc::too_large`, or
  /// `errc::unavailable` when too much waits already.
  result<log_index> propose(std::shared_ptr<const std::string> data);

  /// Appends a configuration that differs by one server. `errc::unavailable`
  /// while the last change, or the first entry of this term, is not committed
  /// yet, and while who is to be promoted lags behind.
  result<log_index> change_membership(const membership_change& change);

  /// Makes another voter stand as soon as it has the whole log; an empty name
  /// means whoever is nearest to that. Proposals are refused meanwhile, for at
  /// most an election timeout.
  status transfer_leadership(const node_id& to);

  /// Asks for a linearizable read; `output::reads` returns the ticket. One
  /// round to a quorum serves all who wait.
  status read(std::uint64_t ticket, instant now);

  /// While the lease holds: what the state machine must have applied before
  /// it may answer a linearizable read at once. Nothing otherwise. `now` must
  /// be fresh: a lease is a promise about time.
  std::optional<log_index> lease_read(instant now) const;

  /// Until when `lease_read` would grant, as far as is known now; nothing when
  /// it would not. A reader on another thread may compare it with a fresh
  /// clock, and must see all that `commit_index` says.
  std::optional<instant> lease_end() const;

  /// Everything up to this entry is durable here. Old news, about entries
  /// that have been replaced since, is ignored. News comes in the order of
  /// the outputs, that of `snapshot_installed` too, and the last comes always.
  void saved(log_index upto, term in_term);

  /// A durable snapshot covers everything up to `upto`, which has been
  /// applied: forget those entries, except for some that stay for followers
  /// which are a little late.
  void compact(log_index upto);

  /// What `output::install` asked for is durable, and the state machine has
  /// it; or it could not be done, and the snapshot is asked for again.
  void snapshot_installed();
  void snapshot_refused();

  /// This server no longer has the snapshot that it was sending to `to`, or
  /// cannot read it: another way is looked for.
  void snapshot_lost(const node_id& to);

  /// What to do now; each thing is put out once.
  output take_output();

  // -- facts -----------------------------------------------------------------

  role current_role() const { return role_; }
  bool is_leader() const { return role_ == role::leader; }
  term current_term() const { return state_.current; }
  const node_id& voted_for() const { return state_.voted_for; }
  /// Empty when none is known.
  const node_id& leader() const { return leader_; }
  log_index commit_index() const { return commit_; }
  log_index last_index() const { return log_.last_index(); }
  /// The last index put out to be saved.
  log_index handed_index() const { return handed_; }
  /// The last index known to be durable here.
  log_index saved_index() const { return saved_; }
  /// The last index put out to be applied.
  log_index applied_index() const { return applied_; }
  /// The last index that could be put out to be applied.
  log_index applicable_index() const;
  /// A leader knows what is committed only when an entry of its own term is
  /// (Raft paper, section 8); before that it must not answer reads.
  bool has_committed_in_term() const;
  std::size_t uncommitted_bytes() const { return uncommitted_bytes_; }
  const log& entries() const { return log_; }
  const settings& chosen() const { return settings_; }
  /// The newest configuration of the log, committed or not.
  const configuration& members() const;
  /// The last of them that is committed. Everyone agrees on this one.
  const configuration& committed_members() const;
  bool is_voter() const;
  /// Voters do, and those whose removal is not known to be committed.
  bool may_stand() const;
  bool is_transferring() const { return !lead_.successor.empty(); }
  std::size_t reads_waiting() const;
  /// What a leader knows of the others; empty for everyone else.
  const std::map<node_id, progress>& followers() const {
    return lead_.followers;
  }
  /// When a quorum is sure to have heard this leader last.
  instant quorum_contact() const;

  /// What a snapshot of the state machine at `at`, which is not after the
  /// applied index, must keep beside the state.
  snapshot_mark mark_at(log_index at) const;
  /// The newest snapshot, as far as the core knows.
  const snapshot_mark& newest_snapshot() const { return snapshot_; }
  /// Snapshots from this index on are in use; older ones may be deleted.
  log_index oldest_snapshot_in_use() const;

  /// Aborts when something is not as it must be after every step.
  void check_invariants() const;

  friend bool operator==(const core&, const core&) = default;

private:
  struct waiting_read {
    std::uint64_t ticket = 0;
    /// What is to be applied before it is answered.
    log_index index;
    friend bool operator==(const waiting_read&, const waiting_read&) = default;
  };

  /// What only a leader has; made anew with each term.
  struct leadership {
    std::map<node_id, progress> followers;
    instant since{};
    instant heartbeat_due{};
    /// The number of rounds begun; every message carries it.
    std::uint64_t round = 0;
    std::vector<waiting_read> reads;
    /// Confirmed, and the state machine is not there yet.
    std::vector<waiting_read> confirmed;
    /// Came while a round was under way, or before the no-op is committed.
    std::vector<std::uint64_t> next_reads;
    /// Who is to lead next, until when we wait for it, and whether it knows.
    node_id successor;
    instant successor_due{};
    bool successor_told = false;
    /// A successor may stand at any time now, whatever our lease says.
    bool lease_is_void = false;
    friend bool operator==(const leadership&, const leadership&) = default;
  };

  /// What is known of a snapshot that comes in.
  struct incoming {
    node_id from;
    term in_term;
    snapshot_mark mark;
    std::uint64_t offset = 0;
    /// The shell is at it: neither the log nor the state may move.
    bool installing = false;
    friend bool operator==(const incoming&, const incoming&) = default;
  };

  // core.cpp
  bool has_fault(mutation one) const { return settings_.fault == one; }
  void see(instant now);
  void become(role next, node_id leader);
  void report_change();
  void enter_term(term next, node_id vote);
  /// Whether a message of this term is still of interest; steps down first
  /// when it is from a later term.
  bool meet_term(const message& received);
  void send(message one) { send_.push_back(std::move(one)); }

  // election.cpp
  bool hears_leader() const;
  void hear_leader(const node_id& from);
  void tick_election(instant now);
  void arm_election(instant now);
  void stand(instant now);
  void campaign(instant now, bool transfer);
  void ask_votes(bool trial, bool transfer);
  void count_election();
  void become_leader();
  void step_down(node_id next);
  void on(const request_vote& asked);
  void on(const request_vote_reply& answer);
  void on(const timeout_now& order);

  // leadership.cpp
  void tick_leader(instant now);
  instant quorum_heard(instant by_self, instant by_nobody) const;
  void note_contact(progress& of, const echo& returned);
  void tell_successor();
  node_id best_successor() const;

  // replication.cpp
  log_index append(entry_kind kind, std::shared_ptr<const std::string> data);
  void advance_commit();
  void commit_upto(log_index reached);
  void flush_appends();
  void send_appends(const node_id& to, progress& of);
  log_index batch_end(log_index after) const;
  void send_append(const node_id& to, progress& of, log_index upto);
  void on(const append_entries_reply& answer);
  void on_refusal(progress& of, const append_entries_reply& answer);

  // following.cpp
  void on(const append_entries& sent);
  bool is_sound(const append_entries& sent) const;
  void refuse(const append_entries& sent);
  /// Makes the log equal to the leader's; says up to where it is.
  log_index take_entries(const append_entries& sent);
  void acknowledge();

  // membership.cpp
  void learn_configuration(const entry& one);
  void cut_log(log_index from);
  void follow_members(log_index next);
  std::optional<error> change_obstacle(const membership_change& change) const;

  // reads.cpp
  void begin_round();
  void confirm_reads();
  void fail_reads();
  void take_reads(output& out);

  // snapshots.cpp
  void send_chunk(const node_id& to, progress& of);
  void on(const install_snapshot& piece);
  void on(const install_snapshot_reply& answer);
  void reply_chunk(const install_snapshot& piece, std::uint64_t offset);

  settings settings_;
  prng chance_;

  hard_state state_;
  bool state_changed_ = false;
  role role_ = role::follower;
  node_id leader_;
  report reported_;
  std::vector<report> reports_;
  std::vector<message> send_;

  log log_;
  log_index handed_;
  log_index saved_;
  log_index commit_;
  log_index applied_;
  /// Cost of the entries after the commit index.
  std::size_t uncommitted_bytes_ = 0;
  /// Where each configuration that is still of interest begins to rule; the
  /// first is the one that rules where the log begins.
  std::map<log_index, configuration> configurations_;
  snapshot_mark snapshot_;

  /// The latest instant seen; nothing before the first.
  std::optional<instant> now_;
  /// When to stand for election unless a leader is heard; not for leaders.
  std::optional<instant> election_due_;
  /// Until then nobody gets our vote: we have heard a leader, or may have
  /// before a restart.
  std::optional<instant> quiet_until_;
  /// A candidate's votes so far.
  std::map<node_id, bool> votes_;

  leadership lead_;

  /// A follower's: up to where the log is that of this term's leader, how
  /// much of it the leader has been told is saved, and its latest echo.
  log_index accepted_;
  log_index acknowledged_;
  echo echo_;
  std::optional<incoming> incoming_;
  std::vector<snapshot_chunk> chunks_;
  std::optional<snapshot_install> install_;
  std::vector<read_answer> answers_;
};

} // namespace praetor::raft
