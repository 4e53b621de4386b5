// Any bytes as a snapshot: the first byte chooses a file or the stream within
// it. A file is tried as it is and as chunks whose checksums hold; what a
// stream gives must be a state that can be asked, changed and written again.

#include "protocol/base/assert.hpp"
#include "protocol/base/prng.hpp"
#include "storage/recovery.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/state_codec.hpp"
#include "tests/support/state_world.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace praetor;

namespace {

const std::string directory = "snapshots";
const storage::snapshot_name name{{60}, {2}};

std::string encode(const storage::state& what) {
  storage::state_encoder encoder(what);
  std::string bytes;
  for (auto one = encoder.next(); !one.empty(); one = encoder.next())
    bytes += one;
  return bytes;
}

void try_state(storage::state found) {
  auto bytes = encode(found);
  storage::state_decoder decoder;
  PRAETOR_ASSERT(decoder.feed(bytes));
  auto again = std::move(decoder).finish();
  PRAETOR_ASSERT(again);
  PRAETOR_ASSERT(encode(*again) == bytes);
  // Every query, but not of every state: that would be most of the time.
  if (bytes.size() % 16 == 0)
    (void)test::all_answers(found);
  prng chance(1);
  auto first = found.applied;
  for (auto at = first; at < UINT64_MAX && at - first < 10;) {
    ++at;
    model::change_set changes;
    (void)apply(found, at, test::random_command(chance, found, at), changes);
  }
}

void try_stream(std::string_view bytes) {
  constexpr std::size_t piece = 61;
  storage::state_decoder decoder;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!decoder.feed(bytes.substr(at, piece)))
      return;
  if (auto found = std::move(decoder).finish())
    try_state(*std::move(found));
}

void try_file(const std::string& bytes) {
  storage::simulated_disk disk;
  auto path = directory + "/" + to_text(name);
  disk.plant(path, bytes);
  auto from = storage::snapshot_reader::open(disk, directory, name);
  if (!from)
    return;
  for (;;) {
    auto chunk = from->next();
    if (!chunk || chunk->empty())
      return;
    PRAETOR_ASSERT(chunk->size() <= storage::snapshot_chunk_bytes_max);
  }
}

// The bytes as the one chunk of a whole file.
void try_chunk(const std::string& bytes) {
  storage::simulated_disk disk;
  auto to = storage::snapshot_writer::create(disk, directory,
                                             {name.index, name.in_term, ""});
  PRAETOR_ASSERT(to);
  PRAETOR_ASSERT(bytes.empty() || to->append(bytes));
  PRAETOR_ASSERT(to->commit());
  (void)storage::recover_state(disk, directory, {{1}, {name.index}});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'f') {
    try_file(bytes);
    try_chunk(bytes);
  } else {
    try_stream(bytes);
  }
  return 0;
}
