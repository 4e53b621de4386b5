#pragma once

// The newest applied state, for readers on any thread. The store keeper
// publishes after every batch and before the writers of that batch hear of
// it: whoever was told of a write reads it.

#include "storage/state_store.hpp"

#include <atomic>
#include <memory>

namespace praetor::actors {

using state_ptr = std::shared_ptr<const storage::state>;

/// What raft tells readers: whether default reads may be answered here.
struct leadership {
  bool leader_known = false;
  bool is_leader = false;
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

private:
  std::atomic<bool> had_leader_{false};
  std::atomic<state_ptr> newest_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::shared_ptr<const leadership>> leadership_{
      std::make_shared<const leadership>()};
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

private:
  std::shared_ptr<const publication> from_;
  state_ptr seen_;
  std::uint64_t version_ = 0;
};

} // namespace praetor::actors
