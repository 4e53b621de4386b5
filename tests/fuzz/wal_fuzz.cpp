// Any bytes as a segment of the log: opening must neither crash nor hang, and
// what it accepts must be a log that goes on. The bytes are tried as they are
// and with their checksums made right, to reach what lies behind those.

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

using namespace praetor;

namespace {

// Small: what is reserved is written as zeros each time.
constexpr storage::wal_settings chosen{4096, 4096};

// A segment of the same batches whose checksums hold.
std::string repaired(std::string bytes) {
  if (bytes.size() < storage::segment_header_size)
    return bytes;
  bytes.replace(0, storage::segment_header_size,
                storage::encode_segment_header({1}));
  auto at = storage::segment_header_size;
  while (bytes.size() - at >= storage::batch_header_size) {
    byte_reader in(std::string_view(bytes).substr(at));
    in.u32();
    storage::batch_header header;
    header.body_size = in.u32();
    header.first.value = in.u64();
    header.count = in.u32();
    auto body = at + storage::batch_header_size;
    if (header.body_size > bytes.size() - body)
      break;
    // The encoder asserts what every batch of ours has.
    if ((header.count == 0) != (header.body_size == 0))
      break;
    header.body_crc =
        crc32c(std::string_view(bytes).substr(body, header.body_size));
    bytes.replace(at, storage::batch_header_size,
                  storage::encode_batch_header({{1}, at}, header));
    at = body + header.body_size;
  }
  return bytes;
}

void try_segment(const std::string& bytes) {
  storage::simulated_disk disk;
  auto path = "log/" + storage::segment_name({1});
  disk.plant(path, bytes);
  auto found = storage::wal::open(disk, "log", chosen);
  if (!found)
    return;
  // What was cut is gone: opening again finds the same, whole.
  auto again = storage::wal::open(disk, "log", chosen);
  PRAETOR_ASSERT(again);
  PRAETOR_ASSERT(again->torn_bytes == 0);
  PRAETOR_ASSERT(again->entries == found->entries);
  auto& log = again->log;
  raft::entry next{
      log.last_index().next(), {1}, raft::entry_kind::noop, nullptr};
  PRAETOR_ASSERT(log.append({&next, 1}));
  PRAETOR_ASSERT(log.sync());
  auto third = storage::wal::open(disk, "log", chosen);
  PRAETOR_ASSERT(third);
  PRAETOR_ASSERT(third->entries.size() == again->entries.size() + 1);
  PRAETOR_ASSERT(third->entries.back() == next);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  try_segment(bytes);
  // The same with room behind it, as a segment that was reserved has.
  try_segment(bytes + std::string(100, '\0'));
  try_segment(repaired(std::move(bytes)));
  return 0;
}
