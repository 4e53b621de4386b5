#pragma once

// The Raft log on disk: segments of batches (FORMATS.md). A batch is written
// only when the one before it is durable, so a crash can damage the last
// batch and no other. That is what lets `open` tell a torn write, which
// nobody was told of and which it cuts away, from corruption, which it
// reports and never hides.
//
// After a failed operation nothing is known about the file any more: the log
// is poisoned, refuses every further use, and has to be opened anew.

#include "protocol/base/result.hpp"
#include "protocol/raft/entry.hpp"
#include "storage/disk.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace praetor::storage {

/// An entry's bytes at most: several times the largest request we take, and
/// with a full batch before it still within one segment.
inline constexpr std::size_t entry_bytes_max = std::size_t{32} << 20;

/// What is read of one segment file at most. Truncation marks may make a file
/// larger than a segment should be, but never as large as this.
inline constexpr std::size_t segment_file_bytes_max = std::size_t{256} << 20;

struct wal_settings {
  /// A batch that would make a segment larger begins the next one. Old
  /// segments are removed whole, so this is also what a prefix may keep too
  /// much.
  std::size_t segment_bytes_max = std::size_t{64} << 20;
  /// A body this large is written without waiting for `sync`: it bounds the
  /// buffer, and more would not make the disk any faster.
  std::size_t batch_bytes_max = std::size_t{4} << 20;
};

struct recovered_wal;

class wal {
public:
  /// Makes the directory if need be, cuts a torn tail, and makes all that it
  /// gives back durable. `errc::corrupt` names file and offset.
  static result<recovered_wal> open(disk& on, std::string directory,
                                    wal_settings chosen = {});

  /// Takes the entries, which follow the last index without a gap, into the
  /// current batch. They are durable after the next `sync`.
  /// `errc::too_large` takes none of them and harms nothing.
  status append(std::span<const raft::entry> entries);
  /// One write and one fdatasync for all that was appended; neither if
  /// nothing was.
  status sync();
  /// Drops `from` and everything after it, durably.
  status truncate_suffix(log_index from);
  /// Removes segments that hold nothing after `upto`; the newest stays.
  status truncate_prefix(log_index upto);
  /// Removes everything; the next entry is `first`. For a snapshot that
  /// reaches beyond the log.
  status reset(log_index first);

  /// The first index that is still there; one past the last when empty.
  log_index first_index() const;
  /// The last index appended; 0 for a log that never had one.
  log_index last_index() const;
  /// Why the log refuses use; nothing while it works.
  const std::optional<error>& poison() const { return poison_; }

private:
  friend class wal_reader;
  wal(disk& on, std::string directory, wal_settings chosen);

  status check_usable() const;
  status poisoned(error why);
  std::string path_of(log_index segment) const;
  status start_segment(log_index first);
  status reopen_last_segment();
  status remove_segment(log_index first);
  status write_batch(log_index first, std::uint32_t count,
                     std::string_view body);
  status flush();
  status drop_suffix(log_index from);

  disk* disk_;
  std::string directory_;
  wal_settings settings_;
  std::optional<error> poison_;

  /// First indexes of the segments, ascending; the last one is written to.
  std::vector<log_index> segments_;
  std::unique_ptr<file> active_;
  std::uint64_t active_size_ = 0;

  /// What the next entry must be; 0 while any index may come first.
  log_index next_;

  std::string pending_;
  log_index pending_first_;
  std::uint32_t pending_count_ = 0;
};

struct recovered_wal {
  wal log;
  std::vector<raft::entry> entries;
  /// What was cut away, and of which file; 0 after a clean stop.
  std::uint64_t torn_bytes = 0;
  std::string torn_file;
};

} // namespace praetor::storage
