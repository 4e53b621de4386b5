#pragma once

// All that praetor asks of a disk. One implementation talks to the operating
// system, one lives in memory and breaks on command.
//
// Promises that callers may rest on, and none beyond them:
//   - appended bytes survive a crash once `file::sync` has succeeded; before
//     that any part of them may be lost, and what survives may be damaged
//   - a created, renamed or removed name survives once `sync_directory` of
//     its directory has succeeded; the bytes of a file do not make its name
//     durable
//   - after a failed sync nothing is known about the bytes since the last
//     good one, and a second sync would not tell: give the file up
//   - what was reserved needs no more room: a write into it does not meet a
//     full disk, and a sync after it has no new size to write down. (A file
//     system that copies on write cannot keep this; there such a write may
//     fail, and a failed write ends the use of the file.)
//   - `errc::disk_full` says that there is no room now, or that a quota is
//     used up. Opening and reserving change nothing then and may be tried
//     again; of a write some bytes may be there, as after any error

#include "protocol/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::storage {

/// An open file. It grows at its end, or is cut; what was reserved may be
/// written over.
class file {
public:
  virtual ~file() = default;

  /// All bytes or an error; after an error some may be there.
  virtual status append(std::string_view bytes) = 0;
  /// The same at a place that is not beyond the end. What lies within the
  /// file is written over, the rest makes it grow.
  virtual status write_at(std::uint64_t offset, std::string_view bytes) = 0;
  /// The file has `size` bytes at least, and room for all of them. New ones
  /// read as zeros. `errc::disk_full` leaves it as it was.
  virtual status reserve(std::uint64_t size) = 0;
  /// Makes bytes and size durable (fdatasync).
  virtual status sync() = 0;
  virtual result<std::uint64_t> size() const = 0;
  /// Fewer bytes than asked for only at the end of the file.
  virtual result<std::string> read_at(std::uint64_t offset,
                                      std::size_t size) const = 0;
  /// Cuts the file to `size` bytes; later appends go there.
  virtual status truncate(std::uint64_t size) = 0;
};

enum class open_mode : unsigned char {
  existing,      // errc::not_found when absent
  create_new,    // errc::conflict when present
  create_or_open // either
};

class disk {
public:
  virtual ~disk() = default;

  virtual result<std::unique_ptr<file>> open(const std::string& path,
                                             open_mode mode) = 0;
  /// The whole file; errc::too_large when it has more than `size_max` bytes,
  /// errc::not_found when it is absent.
  virtual result<std::string> read_all(const std::string& path,
                                       std::size_t size_max) = 0;
  /// Replaces `to` when it exists.
  virtual status rename(const std::string& from, const std::string& to) = 0;
  /// errc::not_found when absent.
  virtual status remove(const std::string& path) = 0;
  /// Names of the files directly in it, without the directory, sorted.
  virtual result<std::vector<std::string>>
  list(const std::string& directory) = 0;
  /// The directory and those above it; no error when they exist.
  virtual status create_directory(const std::string& directory) = 0;
  virtual status sync_directory(const std::string& directory) = 0;
};

} // namespace praetor::storage
