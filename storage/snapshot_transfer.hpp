#pragma once

// A snapshot on its way from one server's disk to another's (Raft paper,
// section 7): its file, byte by byte, in pieces. What arrives lies aside until
// it is whole; then every checksum is read before it becomes a snapshot here.

#include "storage/snapshot_file.hpp"
#include "storage/state_store.hpp"

namespace praetor::storage {

/// One piece on the wire: long enough to fill it, short beside heartbeats.
inline constexpr std::size_t snapshot_piece_bytes_max = std::size_t{256} << 10;

struct snapshot_bytes {
  std::string bytes; // never none
  bool last = false;
};

/// What the file holds from that offset on. `errc::not_found` when the
/// snapshot is gone, `errc::bad_input` for an offset behind its end. The first
/// piece comes only of a file whose every byte was read and found whole
/// (`errc::corrupt`): nobody else could take it.
result<snapshot_bytes> read_piece(disk& on, const std::string& directory,
                                  const snapshot_name& name,
                                  std::uint64_t offset);

/// A snapshot that comes in. One at a time: a piece of another, or one at
/// offset 0, drops what was there.
class snapshot_receiver {
public:
  snapshot_receiver(disk& on, std::string directory)
      : disk_(&on), directory_(std::move(directory)) {}

  /// `errc::conflict` for a piece that does not follow the last one.
  status take(log_index last, std::uint64_t offset, std::string_view bytes);

  /// All pieces are there: reads the snapshot, makes it durable, removes the
  /// ones it replaces. Damage and a snapshot of something else leave nothing
  /// behind.
  result<state> install(const snapshot_name& name,
                        std::string_view servers_expected,
                        std::size_t shards = kv_shards_default);

private:
  std::string aside() const { return directory_ + "/incoming"; }
  void drop();
  result<state> read(const snapshot_name& name, std::string_view servers,
                     std::size_t shards) const;

  disk* disk_;
  std::string directory_;
  log_index last_;
  std::uint64_t size_ = 0;
  std::unique_ptr<file> to_;
};

} // namespace praetor::storage
