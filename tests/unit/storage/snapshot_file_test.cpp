#include "storage/snapshot_file.hpp"

#include "protocol/base/bytes.hpp"
#include "storage/recovery.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/snapshot_transfer.hpp"
#include "storage/state_codec.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using storage::simulated_disk;
using storage::snapshot_meta;
using storage::snapshot_name;
using storage::snapshot_reader;
using storage::snapshot_writer;

namespace {

const std::string directory = "raft/snapshots";
const std::string aside = directory + "/next.new";

std::string path_of(const snapshot_name& name) {
  return directory + "/" + to_text(name);
}

snapshot_meta meta_of(std::uint64_t index) {
  return {{index}, {2}, "who the servers are"};
}

snapshot_name name_of(std::uint64_t index) {
  return {{index}, {2}};
}

using pieces = std::vector<std::string>;

status write(simulated_disk& disk, const snapshot_meta& meta,
             const pieces& chunks) {
  auto to = snapshot_writer::create(disk, directory, meta);
  if (!to)
    return to.failure();
  for (auto& one : chunks)
    if (auto ok = to->append(one); !ok)
      return ok;
  if (auto done = to->commit(); !done)
    return done.failure();
  return {};
}

result<pieces> read(simulated_disk& disk, const snapshot_name& name) {
  auto from = snapshot_reader::open(disk, directory, name);
  if (!from)
    return from.failure();
  pieces chunks;
  for (;;) {
    auto chunk = from->next();
    if (!chunk)
      return chunk.failure();
    if (chunk->empty())
      return chunks;
    chunks.push_back(*chunk);
  }
}

std::vector<std::uint64_t> listed(simulated_disk& disk) {
  auto names = storage::list_snapshots(disk, directory);
  REQUIRE(names);
  std::vector<std::uint64_t> indexes;
  for (auto& one : *names)
    indexes.push_back(one.index.value);
  return indexes;
}

/// A state of so many keys, the last set at that index.
storage::state state_of(std::uint64_t index) {
  storage::state made;
  for (std::uint64_t at = 1; at <= index; ++at) {
    model::change_set changes;
    model::kv_operation put;
    put.key = "k" + std::to_string(at);
    put.value = std::to_string(at);
    (void)apply(made, at, put, changes);
  }
  return made;
}

void snapshot(simulated_disk& disk, std::uint64_t index) {
  pieces chunks;
  storage::state_encoder encoder(state_of(index));
  for (auto one = encoder.next(); !one.empty(); one = encoder.next())
    chunks.push_back(one);
  REQUIRE(write(disk, meta_of(index), chunks));
}

void damage(simulated_disk& disk, std::uint64_t index) {
  auto bytes = disk.contents(path_of(name_of(index)));
  bytes[bytes.size() / 2] ^= 1;
  disk.plant(path_of(name_of(index)), bytes);
}

result<storage::recovered_state>
recover(simulated_disk& disk, std::uint64_t first, std::uint64_t last) {
  return storage::recover_state(disk, directory, {{first}, {last}});
}

} // namespace

TEST_CASE("a snapshot gives back what was written, chunk by chunk") {
  simulated_disk disk;
  pieces chunks = {"one", std::string(storage::snapshot_chunk_bytes_max, 'x'),
                   "three"};
  REQUIRE(write(disk, meta_of(7), chunks));
  disk.crash();
  auto opened = snapshot_reader::open(disk, directory, name_of(7));
  REQUIRE(opened);
  CHECK(opened->meta() == meta_of(7));
  CHECK(*read(disk, name_of(7)) == chunks);
  CHECK_FALSE(disk.has(aside));
}

TEST_CASE("a snapshot may be empty and name no servers") {
  simulated_disk disk;
  REQUIRE(write(disk, {{1}, {1}, ""}, {}));
  auto found = read(disk, {{1}, {1}});
  REQUIRE(found);
  CHECK(found->empty());
}

TEST_CASE("names sort as snapshots do, and no others are taken") {
  CHECK(storage::to_text({{255}, {16}}) ==
        "00000000000000ff-0000000000000010.snapshot");
  CHECK(storage::parse_snapshot_name(storage::to_text({{255}, {16}})) ==
        snapshot_name{{255}, {16}});
  for (auto* bad :
       {"", "next.new", "00000000000000ff-0000000000000010.snapshot.damaged",
        "00000000000000FF-0000000000000010.snapshot",
        "0000000000000000-0000000000000010.snapshot",
        "00000000000000ff-0000000000000000.snapshot",
        "00000000000000ff_0000000000000010.snapshot",
        "00000000000000f -0000000000000010.snapshot"})
    CHECK_FALSE(storage::parse_snapshot_name(bad));
}

TEST_CASE("the last two snapshots are kept, the newest listed first") {
  simulated_disk disk;
  CHECK(listed(disk).empty());
  for (auto index : {3, 20, 100})
    REQUIRE(write(disk, meta_of(static_cast<std::uint64_t>(index)), {"x"}));
  CHECK(listed(disk) == std::vector<std::uint64_t>{100, 20});
  disk.crash();
  CHECK(listed(disk).front() == 100);
}

TEST_CASE("a flipped bit in any byte of a snapshot is seen") {
  simulated_disk disk;
  REQUIRE(write(disk, meta_of(7), {"abc", "defg"}));
  auto path = path_of(name_of(7));
  auto whole = disk.contents(path);
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      disk.plant(path, bytes);
      auto found = read(disk, name_of(7));
      CAPTURE(i);
      REQUIRE_FALSE(found);
      REQUIRE(found.failure().code == errc::corrupt);
      REQUIRE(found.failure().text.starts_with(path));
    }
}

TEST_CASE("a snapshot cut anywhere, or with more behind it, is seen") {
  simulated_disk disk;
  REQUIRE(write(disk, meta_of(7), {"abc", "defg"}));
  auto path = path_of(name_of(7));
  auto whole = disk.contents(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    disk.plant(path, whole.substr(0, size));
    auto found = read(disk, name_of(7));
    REQUIRE_FALSE(found);
    REQUIRE(found.failure().code == errc::corrupt);
  }
  disk.plant(path, whole + '\0');
  CHECK(read(disk, name_of(7)).failure().code == errc::corrupt);
}

TEST_CASE("chunks that changed places, and a file of another name, are seen") {
  simulated_disk disk;
  REQUIRE(write(disk, meta_of(7), {"abcd", "efgh"}));
  auto bytes = disk.contents(path_of(name_of(7)));
  auto first = bytes.find("abcd") - 8;
  auto second = bytes.find("efgh") - 8;
  auto one = bytes.substr(first, 12);
  bytes.replace(first, 12, bytes.substr(second, 12));
  bytes.replace(second, 12, one);
  auto whole = disk.contents(path_of(name_of(7)));
  disk.plant(path_of(name_of(7)), bytes);
  CHECK(read(disk, name_of(7)).failure().code == errc::corrupt);
  disk.plant(path_of(name_of(8)), whole);
  CHECK(read(disk, name_of(8)).failure().code == errc::corrupt);
}

TEST_CASE("whichever call fails first, a crash leaves the old snapshot or the "
          "new one, whole, and a later one can be made") {
  const pieces old = {"old"};
  const pieces fresh = {"new one", "in two chunks"};
  bool got_through = false;
  for (std::size_t n = 0; !got_through; ++n) {
    REQUIRE(n < 100);
    for (std::size_t torn = 0; torn < 120; torn += 9) {
      CAPTURE(n);
      CAPTURE(torn);
      simulated_disk disk;
      REQUIRE(write(disk, meta_of(3), old));
      disk.fail_call(n, true);
      got_through = write(disk, meta_of(9), fresh).has_value();
      disk.crash({torn, torn % 2 == 1, torn % 3 == 0});
      auto indexes = listed(disk);
      REQUIRE_FALSE(indexes.empty());
      if (got_through)
        CHECK(indexes.front() == 9);
      for (auto index : indexes) {
        auto found = read(disk, name_of(index));
        REQUIRE(found);
        CHECK(*found == (index == 9 ? fresh : old));
      }
      REQUIRE(write(disk, meta_of(12), fresh));
      CHECK(*read(disk, name_of(12)) == fresh);
    }
  }
}

TEST_CASE("a single failing call is told, and harms no other snapshot") {
  for (std::size_t n = 0; n < 40; ++n) {
    simulated_disk disk;
    REQUIRE(write(disk, meta_of(3), {"old"}));
    disk.fail_call(n);
    auto done = write(disk, meta_of(9), {"new"}).has_value();
    CAPTURE(n);
    disk.fail_call(1'000'000);
    CHECK(*read(disk, name_of(3)) == pieces{"old"});
    if (done)
      CHECK(*read(disk, name_of(9)) == pieces{"new"});
  }
}

TEST_CASE("nothing of a damaged snapshot is sent to another server") {
  simulated_disk disk;
  REQUIRE(write(disk, meta_of(7), {"a chunk", "another"}));
  auto piece = storage::read_piece(disk, directory, name_of(7), 0);
  REQUIRE(piece);
  CHECK(piece->last);
  damage(disk, 7);
  auto damaged = storage::read_piece(disk, directory, name_of(7), 0);
  REQUIRE(!damaged);
  CHECK(damaged.failure().code == errc::corrupt);
}

TEST_CASE("a full disk has its room back") {
  for (std::size_t room = 0; room < 100; ++room) {
    simulated_disk disk;
    REQUIRE(write(disk, meta_of(3), {"old"}));
    disk.set_room(room);
    REQUIRE_FALSE(write(disk, meta_of(9), {std::string(100, 'x')}));
    CHECK_FALSE(disk.has(aside));
    CHECK(listed(disk) == std::vector<std::uint64_t>{3});
  }
}

TEST_CASE("a snapshot that failed takes nothing more") {
  simulated_disk disk;
  auto to = snapshot_writer::create(disk, directory, meta_of(7));
  REQUIRE(to);
  disk.fail_call(0);
  CHECK_FALSE(to->append("x"));
  CHECK_FALSE(to->append("x"));
  CHECK_FALSE(to->commit());
  CHECK(listed(disk).empty());
}

TEST_CASE("without snapshots a server begins with the log's first entry") {
  simulated_disk disk;
  for (std::uint64_t last : {0, 5}) {
    auto found = recover(disk, last > 0 ? 1 : 0, last);
    REQUIRE(found);
    CHECK(found->state.applied == 0);
    CHECK(found->meta == snapshot_meta{});
  }
  // Its beginning is gone and nothing stands for it.
  CHECK(recover(disk, 4, 9).failure().code == errc::corrupt);
  CHECK(recover(disk, 4, 3).failure().code == errc::corrupt);
}

TEST_CASE("the newest snapshot is taken, and the log must continue it") {
  simulated_disk disk;
  snapshot(disk, 5);
  snapshot(disk, 20);
  for (auto [first, last] :
       {std::pair{0, 0}, {1, 30}, {21, 30}, {21, 20}, {2, 20}, {2, 9}}) {
    auto found = recover(disk, static_cast<std::uint64_t>(first),
                         static_cast<std::uint64_t>(last));
    REQUIRE(found);
    CHECK(found->meta == meta_of(20));
    CHECK(found->state.applied == 20);
    CHECK(found->damaged.empty());
  }
  auto gap = recover(disk, 22, 30);
  REQUIRE_FALSE(gap);
  CHECK(gap.failure().text == "snapshots in raft/snapshots: the log begins at "
                              "index 22 where 21 should follow");
}

TEST_CASE("a damaged snapshot is told of, and an older one is taken when the "
          "log has all entries since") {
  simulated_disk disk;
  snapshot(disk, 5);
  snapshot(disk, 20);
  damage(disk, 20);
  for (auto [first, last] : {std::pair{7, 30}, {2, 19}, {0, 0}}) {
    auto found = recover(disk, static_cast<std::uint64_t>(first),
                         static_cast<std::uint64_t>(last));
    REQUIRE_FALSE(found);
    CHECK(found.failure().text.find(path_of(name_of(20))) != std::string::npos);
    CHECK(listed(disk) == std::vector<std::uint64_t>{20, 5});
  }
  auto found = recover(disk, 6, 20);
  REQUIRE(found);
  CHECK(found->meta == meta_of(5));
  REQUIRE(found->damaged.size() == 1);
  // It is out of the way, so that it does not count as one of the two.
  CHECK(listed(disk) == std::vector<std::uint64_t>{5});
  CHECK(disk.has(path_of(name_of(20)) + ".damaged"));
  CHECK(recover(disk, 6, 20)->damaged.empty());
}

TEST_CASE("with all snapshots damaged a whole log is enough") {
  simulated_disk disk;
  snapshot(disk, 5);
  snapshot(disk, 20);
  damage(disk, 5);
  damage(disk, 20);
  CHECK_FALSE(recover(disk, 2, 20));
  auto found = recover(disk, 1, 20);
  REQUIRE(found);
  CHECK(found->state.applied == 0);
  CHECK(found->damaged.size() == 2);
}

TEST_CASE("a snapshot whose state is that of another index is damaged") {
  simulated_disk disk;
  snapshot(disk, 5);
  pieces chunks = *read(disk, name_of(5));
  REQUIRE(write(disk, meta_of(6), chunks));
  auto found = recover(disk, 1, 6);
  REQUIRE(found);
  CHECK(found->meta == meta_of(5));
  CHECK(found->damaged.size() == 1);
}

TEST_CASE("a snapshot of another version is left alone, and nothing is lost") {
  simulated_disk disk;
  snapshot(disk, 5);
  auto bytes = disk.contents(path_of(name_of(5)));
  bytes[4] = 2;
  std::string crc;
  byte_writer(crc).u32(crc32c(std::string_view(bytes).substr(0, 28)));
  bytes.replace(28, 4, crc);
  disk.plant(path_of(name_of(5)), bytes);
  auto found = recover(disk, 1, 5);
  REQUIRE_FALSE(found);
  CHECK(found.failure().code == errc::unsupported);
  CHECK(disk.contents(path_of(name_of(5))) == bytes);
}

TEST_CASE("a disk that cannot be read stops the start, whichever call fails") {
  simulated_disk disk;
  snapshot(disk, 5);
  snapshot(disk, 20);
  for (std::size_t n = 0;; ++n) {
    REQUIRE(n < 100);
    disk.fail_call(n);
    auto found = recover(disk, 21, 30);
    disk.fail_call(1'000'000);
    if (!found)
      continue;
    CHECK(found->meta == meta_of(20));
    CHECK(found->damaged.empty());
    break;
  }
}
