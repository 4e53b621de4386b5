#pragma once

// The newest applied state, for readers on any thread, and what they must
// know of who leads. The store keeper publishes after every batch and before
// the writers of that batch hear of it: whoever was told of a write reads it.

#include "protocol/base/time.hpp"
#include "storage/state_store.hpp"

#include <atomic>
#include <memory>

namespace praetor::actors {

using state_ptr = std::shared_ptr<const storage::state>;

/// What raft tells readers: who leads, and where the servers are.
struct leadership {
  bool leader_known = false;
  bool is_leader = false;     // this node leads, and its state has caught up
  node_id leader;             // empty when nobody is known to lead
  std::uint64_t in_term = 0;  // the newest that is known here
  std::string leader_address; // "host:port" of its server port, or empty
  std::vector<std::string> peer_addresses; // of all servers, ours included
};

class publication {
public:
  publication() : newest_(std::make_shared<const storage::state>()) {}

  void publish(state_ptr state) {
    PRAETOR_ASSERT(state);
    newest_.store(std::move(state), std::memory_order_release);
    version_.fetch_add(1, std::memory_order_release);
  }
  state_ptr newest() const { return newest_.load(std::memory_order_acquire); }
  std::uint64_t version() const {
    return version_.load(std::memory_order_acquire);
  }

  void set_leadership(leadership now) {
    if (now.leader_known)
      had_leader_.store(true, std::memory_order_release);
    leadership_.store(std::make_shared<const leadership>(std::move(now)));
  }
  std::shared_ptr<const leadership> who_leads() const {
    return leadership_.load();
  }

  /// Whether there ever was a leader: before, the state may be nothing yet.
  bool had_leader() const {
    return had_leader_.load(std::memory_order_acquire);
  }

  /// Until `end`, nobody else leads, and who reads here must have applied
  /// `committed`. `instant::max()`: nobody else can lead at all; nothing: ask.
  void set_lease(std::optional<instant> end, log_index committed) {
    auto until = end ? end->time_since_epoch().count() : no_lease;
    // The new commit index is seen by whoever sees the new lease.
    committed_.store(committed.value, std::memory_order_release);
    lease_end_.store(until, std::memory_order_release);
  }
  /// Whether a read that misses nothing may be answered from a state that has
  /// applied so much. `now` must be fresh: a lease is a promise about time.
  bool lease_covers(instant now, modify_index applied) const {
    auto until = lease_end_.load(std::memory_order_acquire);
    return now.time_since_epoch().count() < until &&
           applied >= committed_.load(std::memory_order_acquire);
  }
  /// Nobody else can lead: not even a reader who wants proof must wait.
  bool rules_alone(modify_index applied) const {
    return lease_covers(instant::max() - span{1}, applied);
  }

  /// When the leader was last heard of.
  void set_contact(instant at) {
    contact_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  instant last_contact() const {
    return instant(span(contact_.load(std::memory_order_relaxed)));
  }

private:
  static constexpr span::rep no_lease =
      instant::min().time_since_epoch().count();

  std::atomic<bool> had_leader_{false};
  std::atomic<state_ptr> newest_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::shared_ptr<const leadership>> leadership_{
      std::make_shared<const leadership>()};
  std::atomic<span::rep> lease_end_{no_lease};
  std::atomic<std::uint64_t> committed_{0};
  std::atomic<span::rep> contact_{0};
};

/// One thread's view: keeps the last state it saw, so that a read without a
/// change in between touches nothing that other threads write.
class state_reader {
public:
  explicit state_reader(std::shared_ptr<const publication> from)
      : from_(std::move(from)) {}

  const state_ptr& newest() {
    auto version = from_->version();
    if (!seen_ || version != version_) {
      // Read after the version: at worst newer than it, never older.
      seen_ = from_->newest();
      version_ = version;
    }
    return seen_;
  }
  const publication& source() const { return *from_; }
  const std::shared_ptr<const publication>& shared_source() const {
    return from_;
  }

private:
  std::shared_ptr<const publication> from_;
  state_ptr seen_;
  std::uint64_t version_ = 0;
};

} // namespace praetor::actors
