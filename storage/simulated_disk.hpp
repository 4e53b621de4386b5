#pragma once

// A disk in memory that keeps exactly the promises of storage/disk.hpp and no
// others. Faults are named knobs. A path's directory is what precedes its
// last slash.

#include "storage/disk.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace praetor::storage {

class simulated_disk final : public disk {
public:
  simulated_disk();
  ~simulated_disk() override;
  simulated_disk(const simulated_disk&) = delete;
  simulated_disk& operator=(const simulated_disk&) = delete;

  // -- faults ----------------------------------------------------------------

  struct crash_options {
    /// How many bytes written after the last sync survive, counted from the
    /// first of them, in the file written last; if that file was cut, the cut
    /// survives too. Absent, or in any other file: nothing unsynced survives.
    std::optional<std::size_t> torn_bytes;
    /// The rest of those bytes reads as zeros instead of being absent, as
    /// when a file grew on disk before its blocks were written.
    bool zero_rest = false;
    /// Names created, changed or removed without a sync of their directory
    /// survive all the same.
    bool keep_names = false;
  };
  /// The power goes. Open files become useless; faults are taken back.
  void crash(crash_options how);
  void crash() { crash(crash_options{}); }

  /// The n-th call from now on fails with errc::io (0 is the next); one that
  /// writes gets half of its bytes down. `only` that call, or `for good`:
  /// every later one too.
  void fail_call(std::size_t n, bool for_good = false);
  /// Every sync fails from now on.
  void fail_syncs(bool on) { syncs_fail_ = on; }
  /// The disk holds this many more bytes, then it is full.
  void set_room(std::optional<std::size_t> bytes) { room_ = bytes; }

  // -- looking on ------------------------------------------------------------

  /// How many calls that could fail were made so far.
  std::size_t calls() const { return calls_; }
  /// How many syncs of files succeeded so far.
  std::size_t syncs() const { return syncs_; }
  /// Bytes of the file written last that the next crash may lose.
  std::size_t unsynced_bytes() const;
  bool has(const std::string& path) const { return names_.contains(path); }
  std::string contents(const std::string& path) const;
  /// Puts a file there, durable at once.
  void plant(const std::string& path, std::string bytes);

  // -- disk ------------------------------------------------------------------

  result<std::unique_ptr<file>> open(const std::string& path,
                                     open_mode mode) override;
  result<std::string> read_all(const std::string& path,
                               std::size_t size_max) override;
  status rename(const std::string& from, const std::string& to) override;
  status remove(const std::string& path) override;
  result<std::vector<std::string>> list(const std::string& directory) override;
  status create_directory(const std::string& directory) override;
  status sync_directory(const std::string& directory) override;

private:
  struct node {
    std::string now;
    std::string durable;
  };
  class handle;
  using names = std::map<std::string, std::shared_ptr<node>>;

  /// Counts the call; true when it is to fail.
  bool is_broken();

  names names_;
  names durable_names_;
  std::set<std::string> directories_;
  std::shared_ptr<node> written_last_;
  /// Handles of an earlier generation were open when the power went.
  std::size_t generation_ = 0;
  std::size_t calls_ = 0;
  std::size_t syncs_ = 0;
  std::optional<std::size_t> failing_call_;
  bool fails_for_good_ = false;
  bool syncs_fail_ = false;
  std::optional<std::size_t> room_;
};

} // namespace praetor::storage
