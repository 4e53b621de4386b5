#pragma once

// The part of the Raft log that follows the snapshot, in memory. The entry at
// the base itself is gone, only its index and term are still known; an empty
// base (0, 0) is the start of time.

#include "protocol/base/result.hpp"
#include "protocol/raft/entry.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace praetor::raft {

class log {
public:
  log() = default;
  log(log_index base, term base_term);

  /// A log of what the disk gave back. Entries that the base covers are left
  /// out; a gap, or a term that goes back, is `errc::corrupt`.
  static result<log> recover(log_index base, term base_term,
                             const std::vector<entry>& entries);

  log_index base_index() const { return base_; }
  term base_term() const { return base_term_; }
  log_index last_index() const { return {base_.value + entries_.size()}; }
  term last_term() const;
  bool empty() const { return entries_.empty(); }

  /// The term of the entry at `index`, also for the base; nothing for what
  /// lies before the base or after the end.
  std::optional<term> term_at(log_index index) const;
  const entry& at(log_index index) const;
  /// The entries of (after, upto].
  std::vector<entry> slice(log_index after, log_index upto) const;

  /// Adds the entry that follows the last.
  void append(entry one);
  /// Removes `from` and everything after it (Raft paper, section 5.3).
  void truncate_suffix(log_index from);
  /// Makes `upto` the base: a snapshot covers everything up to it.
  void truncate_prefix(log_index upto);

  friend bool operator==(const log&, const log&) = default;

private:
  log_index base_;
  term base_term_;
  /// Entry i has the index base + 1 + i; terms never decrease.
  std::deque<entry> entries_;
};

} // namespace praetor::raft
