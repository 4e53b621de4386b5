#pragma once

// What a leader knows of one follower, and how it sends to it: carefully
// until the logs are known to meet, then without waiting, or by snapshot.

#include "protocol/base/ids.hpp"
#include "protocol/base/time.hpp"
#include "protocol/raft/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace praetor::raft {

enum class sending : unsigned char {
  probe,     // one message at a time: where do our logs meet?
  replicate, // as many as the window holds, without waiting for answers
  snapshot,  // what it lacks is gone from our log
};

struct progress {
  sending how = sending::probe;
  /// Durable there, for sure.
  log_index match;
  /// What to send next.
  log_index next{1};
  /// The commit index that was sent last.
  log_index commit_sent;
  /// Replicating: the last index of each message that is under way.
  std::deque<log_index> in_flight;
  /// Probing: a question is under way.
  bool is_asked = false;
  bool heartbeat_due = false;

  /// When a message left that has been answered: nothing else proves that
  /// the follower still hears us.
  std::optional<instant> contact;
  /// The latest round of reads that it has confirmed.
  std::uint64_t round = 0;

  /// Sending a snapshot: which, how far, and when to repeat a piece.
  snapshot_mark snapshot;
  std::uint64_t offset = 0;
  bool chunk_due = false;
  std::optional<instant> chunk_repeat;

  friend bool operator==(const progress&, const progress&) = default;

  /// Everything up to `upto` is durable there.
  void matched(log_index upto);
  /// The logs meet at `at`: send on from there without waiting.
  void replicate_after(log_index at);
  /// Ask again, from `from` on.
  void probe_from(log_index from);
  void send_snapshot(snapshot_mark mark);
  /// Entries up to `last` have been sent.
  void sent(log_index last);
  bool has_room(std::size_t window) const;
};

} // namespace praetor::raft
