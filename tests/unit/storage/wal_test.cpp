#include "storage/wal.hpp"

#include "protocol/base/bytes.hpp"
#include "storage/simulated_disk.hpp"
#include "storage/wal_format.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace praetor;
using raft::entry;
using raft::entry_kind;
using storage::simulated_disk;
using storage::wal;

namespace {

const std::string directory = "raft/log";
/// Small enough that a few entries fill a segment.
constexpr storage::wal_settings small{200, 100};
/// Large enough that all is in one.
constexpr storage::wal_settings wide{8192, 4096};

std::string segment(std::uint64_t first) {
  return directory + "/" + storage::segment_name({first});
}

entry made(std::uint64_t index, std::uint64_t in_term = 1,
           std::size_t size = 20) {
  auto text = std::to_string(index) + "@" + std::to_string(in_term) + ":";
  text.resize(std::max(size, text.size()), 'x');
  return {{index},
          {in_term},
          entry_kind::command,
          std::make_shared<const std::string>(text)};
}

std::vector<entry> run_of(std::uint64_t from, std::uint64_t upto,
                          std::uint64_t in_term = 1) {
  std::vector<entry> entries;
  for (auto i = from; i <= upto; ++i)
    entries.push_back(made(i, in_term));
  return entries;
}

storage::recovered_wal open(simulated_disk& disk,
                            storage::wal_settings chosen = small) {
  auto found = wal::open(disk, directory, chosen);
  if (!found)
    FAIL(found.failure().text);
  return std::move(*found);
}

/// Appends and syncs each entry as a batch of its own.
void fill(wal& log, const std::vector<entry>& entries) {
  for (auto& one : entries) {
    REQUIRE(log.append({&one, 1}));
    REQUIRE(log.sync());
  }
}

std::vector<std::string> files(simulated_disk& disk) {
  auto names = disk.list(directory);
  REQUIRE(names);
  return *names;
}

/// Without what is only reserved.
std::string written(simulated_disk& disk, const std::string& path) {
  auto bytes = disk.contents(path);
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

error corruption(simulated_disk& disk) {
  auto found = wal::open(disk, directory, small);
  REQUIRE(!found);
  CHECK(found.failure().code == errc::corrupt);
  return found.failure();
}

} // namespace

TEST_CASE("a new log is empty and may begin anywhere") {
  simulated_disk disk;
  auto found = open(disk);
  CHECK(found.entries.empty());
  CHECK(found.log.last_index() == log_index{0});
  fill(found.log, run_of(7, 9));
  CHECK(found.log.first_index() == log_index{7});
  CHECK(open(disk).entries == run_of(7, 9));
}

TEST_CASE("what was synced is there after a crash, all else is not") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(1, 3));
  REQUIRE(found.log.append(run_of(4, 5)));
  disk.crash();
  auto again = open(disk);
  CHECK(again.entries == run_of(1, 3));
  CHECK(again.torn_bytes == 0);
}

TEST_CASE("all that was appended between two syncs costs one sync") {
  simulated_disk disk;
  auto found = open(disk, wide);
  fill(found.log, run_of(1, 1));
  auto before = disk.syncs();
  for (auto& one : run_of(2, 100))
    REQUIRE(found.log.append({&one, 1}));
  REQUIRE(found.log.sync());
  CHECK(disk.syncs() == before + 1);
  REQUIRE(found.log.sync());
  CHECK(disk.syncs() == before + 1);
  CHECK(open(disk, wide).entries == run_of(1, 100));
}

TEST_CASE("every kind, empty data and large data come back") {
  simulated_disk disk;
  std::vector<entry> entries{{{1}, {1}, entry_kind::noop, nullptr},
                             {{2}, {1}, entry_kind::configuration, nullptr},
                             made(3, 5, 100'000),
                             made(4, UINT64_MAX, 0)};
  auto found = open(disk);
  REQUIRE(found.log.append(entries));
  REQUIRE(found.log.sync());
  CHECK(open(disk).entries == entries);
}

TEST_CASE("a full segment is followed by one named by its first index") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(1, 20));
  CHECK(files(disk).size() > 3);
  CHECK(files(disk).front() == "0000000000000001.wal");
  for (auto& name : files(disk))
    CHECK(disk.contents(directory + "/" + name).size() <=
          small.segment_bytes_max);
  CHECK(open(disk).entries == run_of(1, 20));
}

TEST_CASE("an entry over the limit is refused and harms nothing") {
  simulated_disk disk;
  auto found = open(disk, wide);
  std::vector<entry> entries{made(1), made(2, 1, storage::entry_bytes_max + 1)};
  auto refused = found.log.append(entries);
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::too_large);
  fill(found.log, run_of(1, 1));
  CHECK(open(disk, wide).entries == run_of(1, 1));
}

TEST_CASE("a write torn at any byte loses that batch and nothing else") {
  for (bool zero_rest : {false, true}) {
    std::size_t size = 1;
    for (std::size_t torn = 0; torn <= size; ++torn) {
      CAPTURE(zero_rest);
      CAPTURE(torn);
      simulated_disk disk;
      auto found = open(disk, wide);
      fill(found.log, run_of(1, 2));
      REQUIRE(found.log.append(run_of(3, 4)));
      disk.fail_syncs(true);
      REQUIRE(!found.log.sync());
      size = disk.unsynced_bytes();
      disk.crash({torn, zero_rest, false});
      auto again = open(disk, wide);
      auto kept = torn == size ? 4u : 2u;
      CHECK(again.entries == run_of(1, kept));
      if (kept == 2)
        CHECK((again.torn_bytes > 0) == (torn > 0));
      CHECK(again.torn_bytes <= torn);
      fill(again.log, run_of(kept + 1, 9));
      CHECK(open(disk, wide).entries == run_of(1, 9));
    }
  }
}

TEST_CASE("a segment whose header is torn at any byte is no segment") {
  for (std::size_t torn = 0; torn <= storage::segment_header_size; ++torn) {
    CAPTURE(torn);
    simulated_disk disk;
    auto found = open(disk);
    fill(found.log, run_of(1, 3));
    REQUIRE(files(disk).size() == 1);
    REQUIRE(found.log.append(run_of(4, 5)));
    disk.fail_syncs(true);
    REQUIRE(!found.log.sync());
    disk.crash({torn, false, true});
    REQUIRE(files(disk).size() == 2);
    auto again = open(disk);
    CHECK(again.entries == run_of(1, 3));
    fill(again.log, run_of(4, 9));
    CHECK(open(disk).entries == run_of(1, 9));
  }
}

TEST_CASE("a file cut at any byte ends after its last whole batch") {
  simulated_disk source;
  auto found = open(source, wide);
  fill(found.log, run_of(1, 4));
  auto bytes = written(source, segment(1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    simulated_disk disk;
    disk.plant(segment(1), bytes.substr(0, size));
    auto again = open(disk);
    auto kept = again.entries.size();
    CHECK(kept < 4);
    CHECK(again.entries == run_of(1, kept));
    CHECK(open(disk).torn_bytes == 0);
    fill(again.log, run_of(kept + 1, 6));
    CHECK(open(disk).entries == run_of(1, 6));
  }
}

TEST_CASE("a damaged byte before the last batch is corruption, in the last "
          "batch a torn write") {
  simulated_disk source;
  auto found = open(source, wide);
  fill(found.log, run_of(1, 3));
  auto before_last = written(source, segment(1)).size();
  fill(found.log, run_of(4, 4));
  auto bytes = written(source, segment(1));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    simulated_disk disk;
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    disk.plant(segment(1), damaged);
    if (i < before_last) {
      auto why = corruption(disk);
      CHECK(why.text.starts_with(segment(1) + " at offset "));
      CHECK(disk.contents(segment(1)) == damaged);
    } else {
      CHECK(open(disk).entries == run_of(1, 3));
    }
  }
}

TEST_CASE("any damage to a segment that is not the last is corruption") {
  simulated_disk source;
  auto found = open(source);
  fill(found.log, run_of(1, 6));
  REQUIRE(files(source).size() == 2);
  auto bytes = written(source, segment(1));
  auto next = directory + "/" + files(source)[1];
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    simulated_disk disk;
    disk.plant(next, written(source, next));
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
    disk.plant(segment(1), damaged);
    corruption(disk);
    // Cut, it is damaged, or a batch is missing before the next segment.
    disk.plant(segment(1), bytes.substr(0, i));
    corruption(disk);
  }
}

TEST_CASE("a torn batch that is followed by a torn batch was durable once") {
  simulated_disk disk;
  auto found = open(disk, wide);
  fill(found.log, run_of(1, 1));
  auto first_size = written(disk, segment(1)).size();
  fill(found.log, run_of(2, 2));
  auto bytes = written(disk, segment(1));
  bytes[first_size - 1] ^= 1;
  disk.plant(segment(1), bytes.substr(0, first_size + 3));
  CHECK(corruption(disk).text.starts_with(segment(1) + " at offset 20: "));
}

TEST_CASE("a copy of a batch inside torn data is not taken for a batch") {
  simulated_disk source;
  auto found = open(source, wide);
  fill(found.log, run_of(1, 2));
  auto bytes = written(source, segment(1));
  auto evil = made(3);
  evil.data = std::make_shared<const std::string>(bytes + bytes);
  fill(found.log, {evil});
  auto all = written(source, segment(1));
  simulated_disk disk;
  disk.plant(segment(1), all.substr(0, all.size() - 1));
  CHECK(open(disk).entries == run_of(1, 2));
}

TEST_CASE("a missing segment is corruption") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(1, 20));
  REQUIRE(files(disk).size() > 2);
  REQUIRE(disk.remove(directory + "/" + files(disk)[1]));
  auto why = corruption(disk);
  CHECK(why.text.find("should follow") != std::string::npos);
}

TEST_CASE("a segment under another's name is corruption") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(5, 6));
  REQUIRE(disk.rename(segment(5), segment(4)));
  corruption(disk);
}

TEST_CASE("a segment of another version is left alone") {
  simulated_disk disk;
  std::string bytes("PRSG\x02\0\0\0\x01\0\0\0\0\0\0\0", 16);
  auto crc = crc32c(bytes);
  for (int i = 0; i < 4; ++i)
    bytes.push_back(static_cast<char>(crc >> (8 * i)));
  disk.plant(segment(1), bytes);
  auto found = wal::open(disk, directory, small);
  REQUIRE(!found);
  CHECK(found.failure().code == errc::unsupported);
  CHECK(disk.contents(segment(1)) == bytes);
}

TEST_CASE("files of other names are left alone") {
  simulated_disk disk;
  disk.plant(directory + "/notes.txt", "mine");
  disk.plant(directory + "/0000000000000000.wal", "mine");
  disk.plant(directory + "/000000000000000A.wal", "mine");
  auto found = open(disk);
  fill(found.log, run_of(1, 3));
  CHECK(open(disk).entries == run_of(1, 3));
  CHECK(disk.contents(directory + "/notes.txt") == "mine");
}

TEST_CASE("the end can be cut at any entry and written anew") {
  for (std::uint64_t from = 1; from <= 21; ++from) {
    CAPTURE(from);
    simulated_disk disk;
    auto found = open(disk);
    REQUIRE(found.log.append(run_of(1, 12)));
    REQUIRE(found.log.sync());
    fill(found.log, run_of(13, 20));
    REQUIRE(found.log.truncate_suffix({from}));
    CHECK(found.log.last_index() == log_index{from - 1});
    disk.crash();
    auto again = open(disk);
    CHECK(again.entries == run_of(1, from - 1));
    auto expected = run_of(1, from - 1);
    for (auto& one : run_of(from, 25, 2))
      expected.push_back(one);
    // Both the log that was cut and one opened later can go on.
    if (from % 2 == 0)
      REQUIRE(again.log.truncate_suffix({from}));
    fill(again.log, run_of(from, 25, 2));
    CHECK(open(disk).entries == expected);
  }
}

TEST_CASE("entries that were appended and not synced can be cut too") {
  simulated_disk disk;
  auto found = open(disk);
  REQUIRE(found.log.append(run_of(1, 2)));
  REQUIRE(found.log.truncate_suffix({2}));
  fill(found.log, run_of(2, 3, 2));
  auto entries = open(disk).entries;
  REQUIRE(entries.size() == 3);
  CHECK(entries[0] == made(1));
  CHECK(entries[1] == made(2, 2));
}

TEST_CASE("the front goes by whole segments and keeps what it must") {
  for (std::uint64_t upto = 0; upto <= 20; ++upto) {
    CAPTURE(upto);
    simulated_disk disk;
    auto found = open(disk);
    fill(found.log, run_of(1, 20));
    auto before = files(disk).size();
    REQUIRE(found.log.truncate_prefix({upto}));
    disk.crash();
    auto again = open(disk);
    REQUIRE(!again.entries.empty());
    auto first = again.entries.front().index;
    CHECK(first == found.log.first_index());
    CHECK(first.value <= upto + 1);
    CHECK(again.entries == run_of(first.value, 20));
    if (upto == 20)
      CHECK(files(disk).size() == 1);
    if (upto == 0)
      CHECK(files(disk).size() == before);
  }
}

TEST_CASE("a reset log begins where the snapshot ends") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(1, 20));
  REQUIRE(found.log.reset({101}));
  CHECK(files(disk).empty());
  fill(found.log, run_of(101, 103));
  disk.crash();
  CHECK(open(disk).entries == run_of(101, 103));
}

TEST_CASE("a failed sync ends the use of the log") {
  simulated_disk disk;
  auto found = open(disk);
  fill(found.log, run_of(1, 2));
  REQUIRE(found.log.append(run_of(3, 3)));
  disk.fail_syncs(true);
  CHECK(!found.log.sync());
  disk.fail_syncs(false);
  CHECK(found.log.poison());
  for (auto& outcome : {found.log.sync(), found.log.append(run_of(4, 4)),
                        found.log.truncate_suffix({2}),
                        found.log.truncate_prefix({1}), found.log.reset({9})}) {
    REQUIRE(!outcome);
    CHECK(outcome.failure().text.starts_with(
        "the log is out of use since: fdatasync "));
  }
}

TEST_CASE("a disk that fills up anywhere loses nothing that was confirmed") {
  bool fitted = false;
  for (std::size_t room = 0; !fitted; ++room) {
    CAPTURE(room);
    simulated_disk disk;
    auto found = open(disk);
    disk.set_room(room);
    std::uint64_t confirmed = 0;
    for (auto& one : run_of(1, 5)) {
      auto done = found.log.append({&one, 1});
      if (done)
        done = found.log.sync();
      if (!done) {
        CHECK(done.failure().text.find("No space left") != std::string::npos);
        break;
      }
      confirmed = one.index.value;
    }
    fitted = confirmed == 5;
    disk.set_room(std::nullopt);
    auto again = open(disk);
    CHECK(again.entries == run_of(1, confirmed));
    fill(again.log, run_of(confirmed + 1, 8));
    CHECK(open(disk).entries == run_of(1, 8));
  }
}

namespace {

/// A fixed life of a log that uses all operations. Returns false when one
/// failed; `sure` are the entries that must be there, `maybe` what may be.
bool live(simulated_disk& disk, std::vector<entry>& sure,
          std::vector<entry>& maybe) {
  auto found = wal::open(disk, directory, small);
  if (!found)
    return false;
  auto& log = found->log;
  auto add = [&](const std::vector<entry>& entries) {
    maybe.insert(maybe.end(), entries.begin(), entries.end());
    auto done = log.append(entries);
    if (done)
      done = log.sync();
    if (done)
      sure = maybe;
    return done.has_value();
  };
  auto cut = [&](std::uint64_t from) {
    sure.resize(from - 1);
    auto done = log.truncate_suffix({from});
    if (done)
      maybe = sure;
    return done.has_value();
  };
  return add(run_of(1, 2)) && add(run_of(3, 7)) && add(run_of(8, 9)) &&
         cut(9) && add(run_of(9, 12, 2)) && cut(5) && add(run_of(5, 14, 3)) &&
         log.truncate_prefix({6}).has_value() && add(run_of(15, 16, 3));
}

bool is_tail_of(const std::vector<entry>& part,
                const std::vector<entry>& whole) {
  if (part.empty())
    return true;
  auto skipped = part.front().index.value - 1;
  return skipped + part.size() <= whole.size() &&
         std::equal(part.begin(), part.end(),
                    whole.begin() + static_cast<std::ptrdiff_t>(skipped));
}

} // namespace

TEST_CASE("whichever call fails first, and wherever the crash tears, what was "
          "confirmed is there and nothing is made up") {
  bool got_through = false;
  for (std::size_t n = 0; !got_through; ++n) {
    REQUIRE(n < 500);
    for (std::size_t torn = 0; torn < 120; torn += 11) {
      CAPTURE(n);
      CAPTURE(torn);
      simulated_disk disk;
      disk.fail_call(n, torn % 3 != 0);
      std::vector<entry> sure;
      std::vector<entry> maybe;
      got_through = live(disk, sure, maybe);
      disk.crash({torn, torn % 2 == 1, torn % 5 == 1});
      auto found = open(disk);
      CHECK(is_tail_of(found.entries, maybe));
      CHECK(found.log.last_index().value >= sure.size());
      auto next = found.log.last_index().value + 1;
      fill(found.log, run_of(next, next + 5, 9));
      disk.crash();
      CHECK(open(disk).log.last_index().value == next + 5);
    }
  }
}
