// The log on a disk that fills up, and what it keeps in advance against that.

#include "storage/hard_state.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using raft::entry;
using storage::simulated_disk;
using storage::wal;

namespace {

const std::string directory = "raft/log";
constexpr storage::wal_settings small{200, 100};

std::string segment(std::uint64_t first) {
  return directory + "/" + storage::segment_name({first});
}

std::vector<entry> run_of(std::uint64_t from, std::uint64_t upto,
                          std::size_t size = 20) {
  std::vector<entry> entries;
  for (auto i = from; i <= upto; ++i)
    entries.push_back({{i},
                       {1},
                       raft::entry_kind::command,
                       std::make_shared<const std::string>(size, 'x')});
  return entries;
}

storage::recovered_wal open(simulated_disk& disk,
                            storage::wal_settings chosen = small) {
  auto found = wal::open(disk, directory, chosen);
  if (!found)
    FAIL(found.failure().text);
  return std::move(*found);
}

status add(wal& log, const std::vector<entry>& entries) {
  if (auto done = log.append(entries); !done)
    return done;
  return log.sync();
}

} // namespace

TEST_CASE("a segment has its room before the first entry is in it") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(add(found.log, run_of(1, 1)));
  CHECK(disk.contents(segment(1)).size() == small.segment_bytes_max);
  disk.set_room(0);
  REQUIRE(add(found.log, run_of(2, 2)));
  REQUIRE(add(found.log, run_of(3, 3)));
  CHECK(open(disk).entries == run_of(1, 3));
}

TEST_CASE("a full segment gives back what it did not need") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(add(found.log, run_of(1, 2)));
  REQUIRE(add(found.log, run_of(3, 6)));
  CHECK(disk.contents(segment(1)).size() < small.segment_bytes_max);
  CHECK(disk.contents(segment(3)).size() == small.segment_bytes_max);
  CHECK(open(disk).entries == run_of(1, 6));
}

TEST_CASE("a full disk takes nothing of an append, and all of it later") {
  for (std::size_t size : {20u, 1000u}) {
    simulated_disk disk;
    auto found = open(disk);
    REQUIRE(add(found.log, run_of(1, 3)));
    disk.set_room(150);
    auto more = run_of(4, 9, size);
    for (int i = 0; i < 3; ++i) {
      auto refused = found.log.append(more);
      REQUIRE(!refused);
      CHECK(refused.failure().code == errc::disk_full);
      CHECK(refused.failure().text.ends_with("No space left on device"));
      CHECK(!found.log.poison());
      CHECK(found.log.last_index() == log_index{3});
      CHECK(disk.room() == 150);
      REQUIRE(found.log.sync());
    }
    CHECK(open(disk).entries == run_of(1, 3));
    disk.set_room(std::nullopt);
    REQUIRE(add(found.log, more));
    auto all = open(disk).entries;
    REQUIRE(all.size() == 9);
    CHECK(std::vector<entry>(all.begin() + 3, all.end()) == more);
  }
}

TEST_CASE("what was appended before the disk was full can be synced") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(found.log.append(run_of(1, 2)));
  disk.set_room(0);
  CHECK(!found.log.append(run_of(3, 9)));
  REQUIRE(found.log.sync());
  disk.crash();
  CHECK(open(disk).entries == run_of(1, 2));
}

TEST_CASE("a full disk drops nothing of the end, and all of it later") {
  simulated_disk disk;
  // Batches of two entries that fill their segments, cut in the middle.
  auto found = open(disk, {108, 100});
  for (std::uint64_t i = 1; i < 9; i += 2)
    REQUIRE(add(found.log, run_of(i, i + 1)));
  auto before = disk.paths();
  disk.set_room(0);
  auto refused = found.log.truncate_suffix({4});
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::disk_full);
  CHECK(!found.log.poison());
  CHECK(disk.paths() == before);
  CHECK(found.log.last_index() == log_index{8});
  disk.set_room(28);
  REQUIRE(found.log.truncate_suffix({4}));
  CHECK(open(disk, {108, 100}).entries == run_of(1, 3));
}

TEST_CASE("a write that finds no room although it was kept ends the use of the "
          "log, and not as one to try again") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(add(found.log, run_of(1, 1)));
  disk.fail_call(0);
  auto failed = add(found.log, run_of(2, 2));
  REQUIRE(!failed);
  CHECK(failed.failure().code == errc::io);
  CHECK(found.log.poison());
}

TEST_CASE("whichever sectors of the last write survive, that batch is there or "
          "cut") {
  std::size_t whole = 0;
  for (std::uint64_t drawn = 0; drawn < 200; ++drawn) {
    CAPTURE(drawn);
    simulated_disk disk;
    storage::wal_settings chosen{8192, 4096};
    auto found = open(disk, chosen);
    REQUIRE(add(found.log, run_of(1, 2)));
    REQUIRE(found.log.append(run_of(3, 4, 500 + drawn * 5)));
    disk.fail_syncs(true);
    REQUIRE(!found.log.sync());
    disk.crash({{}, false, false, drawn});
    auto again = open(disk, chosen);
    auto kept = again.log.last_index().value;
    CHECK((kept == 2 || kept == 4));
    whole += kept == 4;
    REQUIRE(add(again.log, run_of(kept + 1, 9)));
    CHECK(open(disk, chosen).log.last_index() == log_index{9});
    CHECK(open(disk, chosen).torn_bytes == 0);
  }
  CHECK(whole > 0);
  CHECK(whole < 200);
}

TEST_CASE("damage before zeros is told from a torn write by what follows") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(add(found.log, run_of(1, 1)));
  REQUIRE(add(found.log, run_of(2, 2)));
  auto bytes = disk.contents(segment(1));
  // The first batch reads as never written; the second speaks against it.
  std::fill(bytes.begin() + 20, bytes.begin() + 78, '\0');
  disk.plant(segment(1), bytes);
  auto damaged = wal::open(disk, directory, small);
  REQUIRE(!damaged);
  CHECK(damaged.failure().code == errc::corrupt);
  CHECK(damaged.failure().text.starts_with(segment(1) + " at offset 20: "));
}

TEST_CASE("term and vote are saved on a full disk") {
  simulated_disk disk;
  auto found = storage::hard_state_files::open(disk, "raft");
  REQUIRE(found);
  disk.set_room(0);
  std::string longest(storage::vote_bytes_max, 'x');
  REQUIRE(found->files.save({{7}, longest}));
  disk.crash();
  auto again = storage::hard_state_files::open(disk, "raft");
  REQUIRE(again);
  CHECK(again->state == raft::hard_state{{7}, longest});
}
