#pragma once

// Term and vote on disk, in two files that are written in turn, each whole
// and synced before the other is touched (FORMATS.md). At every moment one of
// them is good, and what was saved is in both: neither a torn write nor the
// decay of one file can make this server forget a vote. They are written over
// in place, so that a full disk does not keep a server from voting.

#include "protocol/base/result.hpp"
#include "protocol/raft/entry.hpp"
#include "storage/disk.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace praetor::storage {

/// A node id is 36 characters; leave room for ids that people choose.
inline constexpr std::size_t vote_bytes_max = 256;

struct recovered_hard_state;

class hard_state_files {
public:
  /// Makes directory and files if need be, reads the newest good file and
  /// repairs the other. `errc::corrupt` when both are damaged.
  static result<recovered_hard_state> open(disk& on, std::string directory);

  /// Durable in both files when it returns. After a failure every further
  /// use is refused. `errc::bad_input` for a vote that is too long.
  status save(const raft::hard_state& state);

  const std::optional<error>& poison() const { return poison_; }

private:
  hard_state_files(disk& on, std::string directory);

  std::string path_of(std::size_t which) const;
  status write(std::size_t which, const raft::hard_state& state);

  disk* disk_;
  std::string directory_;
  std::uint64_t sequence_ = 0;
  std::optional<error> poison_;
};

struct recovered_hard_state {
  hard_state_files files;
  raft::hard_state state;
  /// One file was damaged, missing or behind, and has been written anew.
  bool repaired = false;
};

} // namespace praetor::storage
