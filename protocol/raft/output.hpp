#pragma once

// What a step asks of the shell. The order is the contract: save, send, apply,
// answer reads, act on the reports. Outputs are carried out in the order in
// which they were taken.
//
// No message leaves before every `save_state` up to and including that of its
// own output is durable. Entries may be on their way to the disk meanwhile:
// what a message claims about entries has been `core::saved` already, so that
// the disk of a leader works in parallel with the network.

#include "protocol/base/ids.hpp"
#include "protocol/raft/entry.hpp"
#include "protocol/raft/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace praetor::raft {

enum class role : std::uint8_t {
  follower,
  pre_candidate, // asks whether it would win (thesis, section 9.6)
  candidate,
  leader,
};

/// Where the server stands. One is put out for every change.
struct report {
  role now = role::follower;
  term in_term;
  /// The leader of that term as far as known; empty for none.
  node_id leader;
  friend bool operator==(const report&, const report&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, report& x) {
  auto& [now, in_term, leader] = x;
  return f(now, in_term, leader);
}

/// A piece of a snapshot that came in, to be written aside at its offset. An
/// offset of 0 begins anew and drops what was there.
struct snapshot_chunk {
  log_index last;
  std::uint64_t offset = 0;
  std::string bytes;
  friend bool operator==(const snapshot_chunk&,
                         const snapshot_chunk&) = default;
};

/// All pieces are there: make the snapshot durable together with its mark,
/// load it into the state machine, empty the log on disk, which does not lead
/// to the mark, and call `core::snapshot_installed`.
struct snapshot_install {
  snapshot_mark mark;
  friend bool operator==(const snapshot_install&,
                         const snapshot_install&) = default;
};

/// What became of a read, as `core::read` was given it.
struct read_answer {
  std::uint64_t ticket = 0;
  /// False when leadership was lost: ask elsewhere.
  bool granted = false;
  /// What the state machine must have applied, which it has when the applies
  /// up to this output are done.
  log_index index;
  friend bool operator==(const read_answer&, const read_answer&) = default;
};

struct output {
  /// To disk before the entries.
  std::optional<hard_state> save_state;
  /// To disk, in order. The first may lie at or before the end of what the
  /// disk holds: then the disk drops everything from there on first. When
  /// they are durable the shell calls `core::saved` with the last one.
  std::vector<entry> save;
  std::vector<snapshot_chunk> chunks;
  std::optional<snapshot_install> install;
  /// In order for each recipient; any of them may be lost.
  std::vector<message> send;
  /// Committed and durable here; each index is handed out exactly once.
  std::vector<entry> apply;
  std::vector<read_answer> reads;
  std::vector<report> reports;

  bool empty() const {
    return !save_state && save.empty() && chunks.empty() && !install &&
           send.empty() && apply.empty() && reads.empty() && reports.empty();
  }
  friend bool operator==(const output&, const output&) = default;
};

} // namespace praetor::raft
