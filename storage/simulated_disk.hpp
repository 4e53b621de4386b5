#pragma once

// A disk in memory that keeps exactly the promises of storage/disk.hpp and no
// others. Faults are named knobs, and what they do follows from their
// arguments alone: who draws the arguments from a seed has one run per seed.
// A path's directory is what precedes its last slash.

#include "protocol/base/prng.hpp"
#include "storage/disk.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace praetor::storage {

/// What is written or lost as one when the power goes.
inline constexpr std::size_t simulated_sector_size = 512;

class simulated_disk final : public disk {
public:
  simulated_disk();
  ~simulated_disk() override;
  simulated_disk(const simulated_disk&) = delete;
  simulated_disk& operator=(const simulated_disk&) = delete;

  // -- faults ----------------------------------------------------------------

  struct crash_options {
    /// How many bytes written after the last sync survive, in the order in
    /// which they were written, in the file written last; cuts and
    /// reservations before them survive too. Absent, or in any other file:
    /// nothing unsynced survives.
    std::optional<std::size_t> torn_bytes;
    /// The rest of those bytes reads as zeros instead of being absent, as
    /// when a file grew on disk before its blocks were written.
    bool zero_rest = false;
    /// Names created, changed or removed without a sync of their directory
    /// survive all the same.
    bool keep_names = false;
    /// Drawn from this, each sector of each unsynced write survives or not,
    /// in every file: a disk writes in the order it likes. Not together with
    /// `torn_bytes`.
    std::optional<std::uint64_t> scatter;
  };
  /// The power goes. Open files become useless; faults that are yet to come
  /// are taken back. What decayed stays so.
  void crash(crash_options how);
  void crash() { crash(crash_options{}); }
  /// Faults that are yet to come are taken back.
  void mend();

  /// The n-th call from now on fails with errc::io (0 is the next); one that
  /// writes gets half of its bytes down. `only` that call, or `for good`:
  /// every later one too.
  void fail_call(std::size_t n, bool for_good = false);
  /// Every sync fails from now on.
  void fail_syncs(bool on) { syncs_fail_ = on; }
  /// The n-th read from now on of this file, or of any when the path is
  /// empty, fails with errc::io; `for_good`, every later one too.
  void fail_read(std::string path, std::size_t n = 0, bool for_good = false);
  /// The disk holds this many more bytes, then it is full. Removing and
  /// cutting gives room back. Nothing: as many as you like.
  void set_room(std::optional<std::size_t> bytes) { room_ = bytes; }
  const std::optional<std::size_t>& room() const { return room_; }

  struct place {
    std::string path;
    std::size_t offset = 0;
    friend bool operator==(const place&, const place&) = default;
  };
  /// A bit of a durable file turns. The place is within the file.
  void flip_bit(const place& at, unsigned bit = 0);
  /// The same at a place drawn from the number, among the bytes up to the
  /// last that is not 0 of the files whose paths begin so. Nothing when there
  /// is no such byte.
  std::optional<place> decay(std::uint64_t drawn,
                             const std::string& path_prefix = {});
  /// The n-th write from now on is reported as done, but its bytes lie in
  /// another place, durably; only so many of them as that file has room for.
  /// Nothing: they lie nowhere. Where they belong stays as it was, or reads
  /// as zeros where the file grew.
  void misdirect_write(std::size_t n, std::optional<place> to);

  // -- looking on ------------------------------------------------------------

  /// How many calls that could fail were made so far.
  std::size_t calls() const { return calls_; }
  /// How many syncs of files succeeded so far.
  std::size_t syncs() const { return syncs_; }
  /// How many writes were begun so far.
  std::size_t writes() const { return writes_; }
  /// Bytes of the file written last that the next crash may lose.
  std::size_t unsynced_bytes() const;
  bool has(const std::string& path) const { return names_.contains(path); }
  /// All files, sorted.
  std::vector<std::string> paths() const;
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
  /// Bytes written at an offset, or a new size.
  struct change {
    bool resizes = false;
    std::size_t at = 0; // the offset, or the size
    std::string bytes;
  };
  struct node {
    std::string now;
    std::string durable;
    /// What leads from the one to the other.
    std::vector<change> unsynced;

    void make(change one);
    void sync();
  };
  struct read_fault {
    std::string path;
    std::size_t n = 0;
    bool for_good = false;
  };
  struct misdirection {
    std::size_t write = 0;
    std::optional<place> to;
  };
  class handle;
  using names = std::map<std::string, std::shared_ptr<node>>;

  static void apply(std::string& bytes, const change& one);
  static void tear(node& one, const crash_options& how);
  static void scatter(node& one, prng& chance);
  /// Counts the call; true when it is to fail.
  bool is_broken();
  /// The same for a read of that file.
  bool is_read_broken(const std::string& path);
  /// Whether the write that begins now is one that goes astray; if so, it is.
  bool goes_astray(std::string_view bytes);
  void give_room(std::size_t bytes);

  names names_;
  names durable_names_;
  std::set<std::string> directories_;
  std::shared_ptr<node> written_last_;
  /// Handles of an earlier generation were open when the power went.
  std::size_t generation_ = 0;
  std::size_t calls_ = 0;
  std::size_t syncs_ = 0;
  std::size_t writes_ = 0;
  std::optional<std::size_t> failing_call_;
  bool fails_for_good_ = false;
  bool syncs_fail_ = false;
  std::vector<read_fault> read_faults_;
  std::vector<misdirection> misdirections_;
  std::optional<std::size_t> room_;
};

} // namespace praetor::storage
