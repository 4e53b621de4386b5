#include "storage/hard_state.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"

#include <array>
#include <utility>

namespace praetor::storage {
namespace {

constexpr std::uint32_t magic = 0x53485250; // "PRHS"
constexpr std::uint32_t version = 2;
constexpr std::size_t checksum_size = 4;
// Always the same, so that a save writes over what is there and needs no room
// on the disk; a whole sector with the longest vote.
constexpr std::size_t file_size = 512;

struct numbered_state {
  std::uint64_t sequence = 0;
  raft::hard_state state;
};

std::string encode(const numbered_state& one) {
  std::string bytes;
  byte_writer out(bytes);
  out.u32(magic);
  out.u32(version);
  out.u64(one.sequence);
  out.u64(one.state.current.value);
  out.bytes(one.state.voted_for);
  PRAETOR_ASSERT(bytes.size() <= file_size - checksum_size);
  bytes.resize(file_size - checksum_size, '\0');
  out.u32(crc32c(bytes));
  PRAETOR_ASSERT(bytes.size() == file_size);
  return bytes;
}

// Nothing for bytes that are damaged; another version is an error, because
// writing over it would lose a vote.
result<std::optional<numbered_state>> decode(std::string_view bytes) {
  std::optional<numbered_state> nothing;
  if (bytes.size() < checksum_size)
    return nothing;
  auto covered = bytes.substr(0, bytes.size() - checksum_size);
  if (byte_reader(bytes.substr(covered.size())).u32() != crc32c(covered))
    return nothing;
  byte_reader in(covered);
  auto found_magic = in.u32();
  auto found_version = in.u32();
  if (in.failed() || found_magic != magic)
    return nothing;
  if (found_version != version)
    return fail(errc::unsupported,
                "format version " + std::to_string(found_version) +
                    "; this build reads " + std::to_string(version));
  numbered_state one;
  one.sequence = in.u64();
  one.state.current.value = in.u64();
  one.state.voted_for = in.bytes();
  if (in.failed() || one.sequence == 0 || bytes.size() != file_size ||
      one.state.voted_for.size() > vote_bytes_max)
    return nothing;
  return std::optional(std::move(one));
}

struct found_file {
  bool is_there = false;
  std::optional<numbered_state> content;
};

result<found_file> read(disk& on, const std::string& path) {
  auto bytes = on.read_all(path, file_size);
  if (!bytes && bytes.failure().code == errc::not_found)
    return found_file{};
  if (!bytes && bytes.failure().code == errc::too_large)
    return found_file{true, std::nullopt};
  if (!bytes)
    return bytes.failure();
  auto content = decode(*bytes);
  if (!content)
    return fail(content.failure().code, path + ": " + content.failure().text);
  return found_file{true, std::move(*content)};
}

// A file may have been read from the system's memory only.
status sync_file(disk& on, const std::string& path) {
  auto opened = on.open(path, open_mode::existing);
  if (!opened)
    return opened.failure();
  return (*opened)->sync();
}

bool are_equal(const numbered_state& one, const numbered_state& other) {
  return one.sequence == other.sequence && one.state == other.state;
}

} // namespace

hard_state_files::hard_state_files(disk& on, std::string directory)
    : disk_(&on), directory_(std::move(directory)) {
  PRAETOR_ASSERT(!directory_.empty());
}

std::string hard_state_files::path_of(std::size_t which) const {
  PRAETOR_ASSERT(which < 2);
  return directory_ + (which == 0 ? "/hard_state.0" : "/hard_state.1");
}

result<recovered_hard_state> hard_state_files::open(disk& on,
                                                    std::string directory) {
  if (auto made = on.create_directory(directory); !made)
    return made.failure();
  recovered_hard_state found{
      hard_state_files(on, std::move(directory)), {}, {}};
  auto& files = found.files;
  std::array<found_file, 2> both;
  for (std::size_t i = 0; i < both.size(); ++i) {
    auto one = read(on, files.path_of(i));
    if (!one)
      return one.failure();
    both[i] = std::move(*one);
  }
  auto& [zero, one] = both;
  // The second file is made only after the first is good. So one damaged
  // file alone is the trace of a first start that did not finish.
  if (zero.is_there && one.is_there && !zero.content && !one.content)
    return fail(errc::corrupt, files.path_of(0) + " and " + files.path_of(1) +
                                   ": both are damaged");
  std::size_t good =
      !zero.content ||
      (one.content && one.content->sequence > zero.content->sequence);
  numbered_state newest{1, {}};
  if (both[good].content)
    newest = *both[good].content;
  files.sequence_ = newest.sequence;
  found.state = newest.state;
  auto other = 1 - good;
  auto even = both[other].content && both[good].content &&
              are_equal(*both[other].content, newest);
  // First make sure of the good one, only then touch the other.
  auto done = both[good].content ? sync_file(on, files.path_of(good))
                                 : files.write(good, newest.state);
  if (done && !even)
    done = files.write(other, newest.state);
  if (done)
    done = on.sync_directory(files.directory_);
  if (!done)
    return done.failure();
  found.repaired = !even && (zero.is_there || one.is_there);
  return found;
}

status hard_state_files::save(const raft::hard_state& state) {
  if (poison_)
    return fail(poison_->code,
                "term and vote are out of use since: " + poison_->text);
  if (state.voted_for.size() > vote_bytes_max)
    return fail(errc::bad_input, "a vote for an id of " +
                                     std::to_string(state.voted_for.size()) +
                                     " bytes; allowed are " +
                                     std::to_string(vote_bytes_max));
  ++sequence_;
  PRAETOR_ASSERT(sequence_ > 1);
  for (std::size_t which : {0, 1})
    if (auto written = write(which, state); !written) {
      poison_ = written.failure();
      // It has its room, so there is none to wait for.
      if (poison_->code == errc::disk_full)
        poison_->code = errc::io;
      return *poison_;
    }
  return {};
}

status hard_state_files::write(std::size_t which,
                               const raft::hard_state& state) {
  PRAETOR_ASSERT(sequence_ > 0);
  auto opened = disk_->open(path_of(which), open_mode::create_or_open);
  if (!opened)
    return opened.failure();
  auto& to = **opened;
  auto size = to.size();
  if (!size)
    return size.failure();
  // A file that decay or another build made too long.
  if (*size > file_size)
    if (auto done = to.truncate(file_size); !done)
      return done;
  if (auto done = to.reserve(file_size); !done)
    return done;
  if (auto done = to.write_at(0, encode({sequence_, state})); !done)
    return done;
  return to.sync();
}

} // namespace praetor::storage
