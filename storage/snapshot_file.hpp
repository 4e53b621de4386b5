#pragma once

// A snapshot on disk: chunks of bytes that stand for everything up to one
// index of the log (FORMATS.md). It is written aside and gets its name only
// when it is whole and durable, so that a crash leaves no half of one. Every
// byte is under a checksum: what reads to its end is what was written.

#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"
#include "storage/disk.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::storage {

/// One chunk; a reader holds no more than one at a time.
inline constexpr std::size_t snapshot_chunk_bytes_max = std::size_t{256} << 10;

/// The opaque bytes that say who the servers are.
inline constexpr std::size_t snapshot_servers_bytes_max = std::size_t{64} << 10;

/// A second one, should the newest decay.
inline constexpr std::size_t snapshots_kept = 2;

/// Synced each time so much was written, so that the log's own syncs need not
/// wait for all of it at once.
inline constexpr std::uint64_t snapshot_sync_bytes = std::uint64_t{4} << 20;

/// What a snapshot stands for.
struct snapshot_meta {
  log_index index; // of the last entry in it
  term in_term;    // of that entry
  /// Who the servers are as of that entry; means nothing here.
  std::string servers;
  friend bool operator==(const snapshot_meta&, const snapshot_meta&) = default;
};

/// The name says index and term, so that names sort as snapshots do.
struct snapshot_name {
  log_index index;
  term in_term;
  friend auto operator<=>(const snapshot_name&, const snapshot_name&) = default;
};
std::string to_text(const snapshot_name& name);
/// Nothing unless it is a text that `to_text` makes.
std::optional<snapshot_name> parse_snapshot_name(std::string_view text);

/// Those in the directory, the newest first; none when it does not exist.
result<std::vector<snapshot_name>> list_snapshots(disk& on,
                                                  const std::string& directory);

/// Removes those beyond the newest `snapshots_kept`.
status remove_old_snapshots(disk& on, const std::string& directory);

/// A snapshot being written. Left unfinished it is nothing: a failure removes
/// it, so that a full disk has its room back, and the next one begins by
/// removing what a crash left.
class snapshot_writer {
public:
  /// Makes the directory if need be.
  static result<snapshot_writer> create(disk& on, std::string directory,
                                        snapshot_meta what);

  /// 1 to `snapshot_chunk_bytes_max` bytes.
  status append(std::string_view chunk);
  /// The snapshot is there, durably; those beyond the newest
  /// `snapshots_kept` are gone. Its size in bytes.
  result<std::uint64_t> commit();

private:
  snapshot_writer(disk& on, std::string directory, snapshot_meta what);
  error given_up(error why);
  status write(std::string_view bytes);
  status close();

  disk* disk_;
  std::string directory_;
  snapshot_meta what_;
  std::unique_ptr<file> to_;
  std::uint64_t chunks_ = 0;
  std::uint64_t bytes_ = 0; // in all chunks
  std::uint64_t size_ = 0;  // of the file
  std::uint64_t unsynced_ = 0;
};

class snapshot_reader {
public:
  /// `errc::corrupt` names the file and what is wrong with it,
  /// `errc::unsupported` a version of another build.
  static result<snapshot_reader> open(disk& on, const std::string& directory,
                                      const snapshot_name& name);

  const snapshot_meta& meta() const { return meta_; }
  /// The next chunk; none at the end, which is then known to be the true one.
  result<std::string> next();

private:
  snapshot_reader() = default;
  status read_header(const snapshot_name& name);
  result<std::string> read(std::size_t size);
  status check_end(std::uint32_t expected);
  error corrupt(const std::string& what) const;

  std::unique_ptr<file> from_;
  std::string path_;
  snapshot_meta meta_;
  std::uint64_t offset_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

} // namespace praetor::storage
