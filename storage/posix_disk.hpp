#pragma once

// The disk of the operating system. The only file here with system calls.

#include "storage/disk.hpp"

namespace praetor::storage {

class posix_disk final : public disk {
public:
  result<std::unique_ptr<file>> open(const std::string& path,
                                     open_mode mode) override;
  result<std::string> read_all(const std::string& path,
                               std::size_t size_max) override;
  status rename(const std::string& from, const std::string& to) override;
  status remove(const std::string& path) override;
  result<std::vector<std::string>> list(const std::string& directory) override;
  status create_directory(const std::string& directory) override;
  status sync_directory(const std::string& directory) override;
};

/// Holds a directory for this process alone, by a lock on a file in it, until
/// it is destroyed or the process ends, however that happens.
class directory_lock {
public:
  directory_lock(directory_lock&& other) noexcept;
  directory_lock& operator=(directory_lock&&) = delete;
  ~directory_lock();

  /// errc::conflict when another process holds it.
  static result<directory_lock> take(const std::string& directory);

private:
  explicit directory_lock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

} // namespace praetor::storage
