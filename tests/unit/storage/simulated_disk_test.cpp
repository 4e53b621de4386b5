#include "storage/simulated_disk.hpp"

#include "protocol/base/prng.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using storage::open_mode;
using storage::simulated_disk;

namespace {

std::unique_ptr<storage::file> open(simulated_disk& disk,
                                    const std::string& path) {
  REQUIRE(disk.create_directory("d"));
  auto opened = disk.open(path, open_mode::create_or_open);
  REQUIRE(opened);
  REQUIRE(disk.sync_directory("d"));
  return std::move(*opened);
}

template <class T>
errc code(const T& outcome) {
  return outcome.has_value() ? errc::ok : outcome.failure().code;
}

std::string zeros(std::size_t n) {
  return std::string(n, '\0');
}

} // namespace

TEST_CASE("what was reserved takes its room at once and needs no more") {
  simulated_disk disk;
  auto file = open(disk, "d/a");
  disk.set_room(10);
  REQUIRE(file->reserve(8));
  CHECK(disk.room() == 2);
  CHECK(disk.contents("d/a") == zeros(8));
  REQUIRE(file->write_at(0, "12345678"));
  CHECK(disk.room() == 2);
  CHECK(code(file->write_at(6, "abcde")) == errc::disk_full);
  CHECK(disk.contents("d/a") == "123456abcd");
  CHECK(disk.room() == 0);
}

TEST_CASE("a reservation that finds no room changes nothing") {
  simulated_disk disk;
  auto file = open(disk, "d/a");
  REQUIRE(file->append("head"));
  disk.set_room(3);
  CHECK(code(file->reserve(8)) == errc::disk_full);
  CHECK(disk.contents("d/a") == "head");
  CHECK(disk.room() == 3);
  REQUIRE(file->reserve(7));
  CHECK(code(disk.open("d/b", open_mode::create_new)) == errc::disk_full);
}

TEST_CASE("removing, cutting and replacing give room back") {
  simulated_disk disk;
  disk.set_room(20);
  for (auto path : {"d/a", "d/b", "d/c"})
    REQUIRE(open(disk, path)->append("12345"));
  CHECK(disk.room() == 5);
  REQUIRE(disk.remove("d/a"));
  CHECK(disk.room() == 10);
  REQUIRE(open(disk, "d/b")->truncate(2));
  CHECK(disk.room() == 13);
  REQUIRE(disk.rename("d/b", "d/c"));
  CHECK(disk.room() == 18);
}

TEST_CASE("a torn write survives up to its byte, in place or at the end") {
  for (std::size_t torn = 0; torn <= 6; ++torn) {
    CAPTURE(torn);
    simulated_disk disk;
    auto file = open(disk, "d/a");
    REQUIRE(file->append("0123456789"));
    REQUIRE(file->sync());
    REQUIRE(file->write_at(2, "abc"));
    REQUIRE(file->append("xyz"));
    CHECK(disk.unsynced_bytes() == 6);
    disk.crash({torn, false, false, {}});
    auto expected = std::string("0123456789");
    auto inner = std::min<std::size_t>(torn, 3);
    expected.replace(2, inner, std::string("abc").substr(0, inner));
    expected += std::string("xyz").substr(0, torn - inner);
    CHECK(disk.contents("d/a") == expected);
  }
}

TEST_CASE("scattered, any sectors of unsynced writes survive, and no others") {
  bool first_alone = false;
  bool second_alone = false;
  for (std::uint64_t drawn = 0; drawn < 20; ++drawn) {
    simulated_disk disk;
    auto file = open(disk, "d/a");
    REQUIRE(file->reserve(2048));
    REQUIRE(file->sync());
    REQUIRE(file->write_at(500, std::string(100, 'x')));
    disk.crash({{}, false, false, drawn});
    auto bytes = disk.contents("d/a");
    auto first = bytes.substr(500, 12) == std::string(12, 'x');
    auto second = bytes.substr(512, 88) == std::string(88, 'x');
    CHECK((first || bytes.substr(0, 512) == zeros(512)));
    CHECK((second || bytes.substr(512, 88) == zeros(88)));
    CHECK(bytes.substr(600) == zeros(2048 - 600));
    first_alone = first_alone || (first && !second);
    second_alone = second_alone || (second && !first);
  }
  CHECK(first_alone);
  CHECK(second_alone);
}

TEST_CASE("the read that was named fails, and no other") {
  simulated_disk disk;
  disk.plant("d/a", "a");
  disk.plant("d/b", "b");
  disk.fail_read("d/a", 1);
  CHECK(disk.read_all("d/a", 9));
  CHECK(disk.read_all("d/b", 9));
  CHECK(code(disk.read_all("d/a", 9)) == errc::io);
  CHECK(disk.read_all("d/a", 9));
  disk.fail_read("", 0, true);
  auto file = open(disk, "d/b");
  CHECK(code(file->read_at(0, 1)) == errc::io);
  CHECK(code(disk.read_all("d/a", 9)) == errc::io);
  disk.crash();
  CHECK(disk.read_all("d/a", 9));
}

TEST_CASE("a bit turns at rest and stays so") {
  simulated_disk disk;
  disk.plant("d/a", "abc");
  disk.flip_bit({"d/a", 1}, 1);
  CHECK(disk.contents("d/a") == "a`c");
  disk.crash();
  CHECK(disk.contents("d/a") == "a`c");
}

TEST_CASE("decay meets one written byte, the same for the same number") {
  for (std::uint64_t drawn = 0; drawn < 50; ++drawn) {
    simulated_disk disk;
    disk.plant("d/a", "abc" + zeros(100));
    disk.plant("d/b", zeros(10));
    disk.plant("e/c", "xyz");
    simulated_disk other;
    other.plant("e/c", "xyz");
    auto where = disk.decay(drawn, "e/");
    REQUIRE(where);
    CHECK(where->path == "e/c");
    CHECK(disk.contents("e/c") != "xyz");
    CHECK(other.decay(drawn, "e/") == where);
    CHECK(other.contents("e/c") == disk.contents("e/c"));
    auto any = disk.decay(drawn);
    REQUIRE(any);
    CHECK(any->offset < 3);
    CHECK(any->path != "d/b");
  }
  CHECK(!simulated_disk().decay(1));
}

TEST_CASE("a misdirected write is reported as done and lies elsewhere") {
  simulated_disk disk;
  disk.plant("d/b", "0123456789");
  auto file = open(disk, "d/a");
  disk.misdirect_write(1, simulated_disk::place{"d/b", 8});
  REQUIRE(file->append("one"));
  REQUIRE(file->append("two"));
  REQUIRE(file->append("six"));
  REQUIRE(file->sync());
  CHECK(disk.contents("d/a") == "one" + zeros(3) + "six");
  disk.crash();
  CHECK(disk.contents("d/a") == "one" + zeros(3) + "six");
  CHECK(disk.contents("d/b") == "01234567tw");
}

TEST_CASE("a write that is lost is reported as done and lies nowhere") {
  simulated_disk disk;
  auto file = open(disk, "d/a");
  REQUIRE(file->reserve(4));
  disk.misdirect_write(0, std::nullopt);
  REQUIRE(file->write_at(0, "lost"));
  REQUIRE(file->sync());
  CHECK(disk.contents("d/a") == zeros(4));
  CHECK(disk.writes() == 1);
}
