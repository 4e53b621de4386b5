#pragma once

// What must hold at every moment, and is looked at while the cluster runs: one
// leader in a term, who has all that was ever applied (Raft paper, figure 3);
// the same entries applied everywhere, with the same result; what clients
// were told of their writes is what the log says.

#include "actors/sim/node.hpp"
#include "actors/sim/watches.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace praetor::actors::sim {

class auditor final : public witness {
public:
  auditor(std::size_t nodes, timeline& time, trace& kept)
      : time_(time), trace_(kept), servers_(nodes) {}

  /// What was violated first; empty while all is well.
  const std::string& violation() const { return violation_; }
  void violate(std::string what);

  // -- what servers do
  void on_start(std::size_t which, modify_index applied) override;
  void on_commit(std::size_t which, const committed& what,
                 term in_term) override;
  void on_adopt(std::size_t which, const state_ptr& what) override;
  /// After every step of this server.
  void look_at(const node& one);

  // -- what clients were told
  /// A write was answered; `bytes` is the command as it was proposed.
  void on_acknowledged(const std::string& bytes, const model::outcome& told);
  /// All that a key has been through, in order.
  std::vector<applied_change> changes(const std::string& key) const;
  /// The index of a key's last change.
  modify_index last_change(const std::string& key) const;

  /// The last index that was applied anywhere.
  modify_index reached() const { return entries_.size(); }
  const storage::state& reference() const { return reference_; }

private:
  struct known {
    raft::entry entry;
    term committed_by; // in this term it was committed, or in one before
    bool accepted = false;
    errc failure = errc::ok;
  };
  struct server {
    modify_index next = 1; // to be applied
    modify_index looked_at = 0;
    term seen_term;
    bool led = false;
    std::uint64_t looks = 0;
    log_index commit;
  };

  void learn(const raft::entry& one, term in_term);
  void apply(known& one);
  void note_keys(const model::change_set& changes, modify_index at);
  void check_locks();
  void check_leader(std::size_t which, const raft::core& core);
  void check_state(std::size_t which, const state_ptr& state);

  timeline& time_;
  trace& trace_;
  std::vector<server> servers_;
  std::vector<known> entries_; // the first is at index 1
  storage::state reference_;
  std::map<modify_index, std::uint64_t> digests_;
  std::map<std::uint64_t, std::size_t> leaders_; // by term
  std::map<std::string, std::vector<applied_change>> changes_;
  std::string violation_;
};

/// Equal for equal states.
std::uint64_t digest(const storage::state& of);

/// Keys below this are locks.
inline constexpr const char* lock_prefix = "lock/";

} // namespace praetor::actors::sim
