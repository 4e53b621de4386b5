#pragma once

// The Raft log on disk: segments of batches (FORMATS.md). A batch is written
// only when the one before it is durable, so a crash can damage the last
// batch and no other. That is what lets `open` tell a torn write, which
// nobody was told of and which it cuts away, from corruption, which it
// reports and never hides.
//
// Segments are reserved at their full size, so that a sync has no new size to
// write down and a full disk is met before anything is written:
// `errc::disk_full` means that nothing was taken and that the log is unharmed.
// The same call succeeds when there is room.
//
// After any other failed operation nothing is known about the file any more:
// the log is poisoned, refuses every further use, and has to be opened anew.

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

/// What one call may append, with all that it is framed by: several times what
/// a server has uncommitted at once. It lies in one segment.
inline constexpr std::size_t append_bytes_max = std::size_t{128} << 20;

/// What is read of one segment file at most. Large appends and truncation
/// marks may make a file larger than a segment should be, but never as large
/// as this.
inline constexpr std::size_t segment_file_bytes_max = std::size_t{256} << 20;

struct wal_settings {
  /// What a new segment reserves. Entries that would not fit any more begin
  /// the next one. Old segments are removed whole, so this is also what a
  /// prefix may keep too much.
  std::size_t segment_bytes_max = std::size_t{8} << 20;
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
  /// `errc::too_large` and `errc::disk_full` take none of them and harm
  /// nothing; what was appended before is there and can be synced.
  status append(std::span<const raft::entry> entries);
  /// One write and one fdatasync for all that was appended; neither if
  /// nothing was.
  status sync();
  /// Drops `from` and everything after it, durably. `errc::disk_full` drops
  /// nothing: a mark has to be written.
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
  status make_room(log_index first, std::uint64_t bytes);
  status reserve(std::uint64_t end);
  status start_segment(log_index first, std::uint64_t bytes);
  result<std::unique_ptr<file>> create_segment(log_index first,
                                               std::uint64_t size);
  status reopen_last_segment();
  status remove_segment(log_index first);
  status write_batch(log_index first, std::uint32_t count,
                     std::string_view body);
  status flush();
  status drop_suffix(log_index from);
  status shorten(std::size_t kept, bool with_mark);

  disk* disk_;
  std::string directory_;
  wal_settings settings_;
  std::optional<error> poison_;

  struct segment {
    log_index first;
    /// Where the next batch goes; what lies behind is reserved at most.
    std::uint64_t end = 0;
  };
  /// In order; the last one is written to.
  std::vector<segment> segments_;
  std::unique_ptr<file> active_;
  /// Up to here the active file has room for sure.
  std::uint64_t reserved_ = 0;

  /// What the next entry must be; 0 while any index may come first.
  log_index next_;

  std::string pending_;
  log_index pending_first_;
  std::uint32_t pending_count_ = 0;
};

struct recovered_wal {
  wal log;
  std::vector<raft::entry> entries;
  /// What was cut away, up to its last byte that is not 0, and of which file;
  /// 0 after a clean stop.
  std::uint64_t torn_bytes = 0;
  std::string torn_file;
};

} // namespace praetor::storage
