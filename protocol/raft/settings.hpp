#pragma once

// What a server is told before it begins, and the limits it keeps.

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"
#include "protocol/raft/configuration.hpp"
#include "protocol/raft/mutation.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace praetor::raft {

/// What an entry costs in memory beside its bytes, counted so that a flood of
/// empty proposals meets the limit too.
inline constexpr std::size_t entry_overhead = 64;

/// The lease of a leader ends this fraction of the election timeout before a
/// follower may vote: room for clocks that run unequally.
inline constexpr int lease_margin_divisor = 10;

/// A snapshot that is under way keeps at most this many entries after it in
/// the log: without them the follower would need the next snapshot at once,
/// and with all of them a follower that hangs would fill the memory.
inline constexpr std::uint64_t held_for_snapshot_max = 1u << 20;

struct settings {
  node_id self;
  /// Who votes where the recovered log begins: at the start of time whom the
  /// operator names, else whom the snapshot names. Sorted, without doubles. A
  /// server that is not in it never stands. Nobody, with `self` as the only
  /// non-voter, is a server that waits to be added.
  std::vector<node_id> voters;
  /// The least time without a leader before standing; each wait is drawn
  /// from [this, twice this) (Raft paper, section 5.2).
  span election_timeout{};
  /// How often a leader makes itself heard; well below the above.
  span heartbeat{};
  /// What may be proposed and not yet committed, `entry_overhead` included.
  std::size_t uncommitted_bytes_max = 0;
  std::size_t proposal_bytes_max = 0;

  /// Who follows without a vote where the recovered log begins.
  std::vector<node_id> nonvoters = {};
  /// One message carries what has queued up to this: more would delay the
  /// heartbeats behind it. A single entry goes however large it is.
  std::size_t append_bytes_max = 1u << 20;
  std::size_t append_entries_max = 4096;
  /// Messages under way to one follower: enough to fill a long wire.
  std::size_t in_flight_max = 64;
  /// Entries that stay behind a snapshot, so that a follower which is a
  /// little late needs no snapshot.
  std::uint64_t trailing_entries = 0;
  /// A non-voter that lacks more is not promoted: as a voter it would hold up
  /// the commits of all.
  std::uint64_t promotion_lag_max = 1024;
  /// Reads that wait for a quorum to confirm the leader.
  std::size_t reads_max = 1u << 16;
  /// For tests only.
  mutation fault = mutation::none;

  friend bool operator==(const settings&, const settings&) = default;
};

/// Whether the settings make sense: `errc::bad_input` names the first that
/// does not.
status check_settings(const settings& chosen);

} // namespace praetor::raft
