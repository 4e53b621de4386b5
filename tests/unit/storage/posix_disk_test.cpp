#include "storage/posix_disk.hpp"

#include "storage/hard_state.hpp"
#include "storage/wal.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace praetor;
using storage::open_mode;

namespace {

/// A directory of its own, gone with the test.
struct place {
  std::string path;

  place() {
    auto pattern =
        (std::filesystem::temp_directory_path() / "praetor_XXXXXX").string();
    auto* made = ::mkdtemp(pattern.data());
    REQUIRE(made != nullptr);
    path = made;
  }
  ~place() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string file(const std::string& name) const { return path + "/" + name; }
};

} // namespace

TEST_CASE("a real file gives back what was appended") {
  place here;
  storage::posix_disk disk;
  auto opened = disk.open(here.file("a"), open_mode::create_new);
  REQUIRE(opened);
  auto& to = **opened;
  REQUIRE(to.append("hello "));
  REQUIRE(to.append("world"));
  REQUIRE(to.append(""));
  REQUIRE(to.sync());
  CHECK(*to.size() == 11);
  CHECK(*to.read_at(6, 3) == "wor");
  CHECK(*to.read_at(6, 100) == "world");
  CHECK(*to.read_at(100, 1) == "");
  CHECK(*to.read_at(UINT64_MAX, 1) == "");
  CHECK(*disk.read_all(here.file("a"), 11) == "hello world");
}

TEST_CASE("appends follow a cut of a real file") {
  place here;
  storage::posix_disk disk;
  auto opened = disk.open(here.file("a"), open_mode::create_or_open);
  REQUIRE(opened);
  REQUIRE((*opened)->append("hello world"));
  REQUIRE((*opened)->truncate(5));
  REQUIRE((*opened)->append("!"));
  CHECK(*disk.read_all(here.file("a"), 100) == "hello!");
}

TEST_CASE("what was reserved of a real file reads as zeros and is written "
          "over") {
  place here;
  storage::posix_disk disk;
  auto opened = disk.open(here.file("a"), open_mode::create_new);
  REQUIRE(opened);
  auto& to = **opened;
  REQUIRE(to.append("head"));
  REQUIRE(to.reserve(10));
  CHECK(*disk.read_all(here.file("a"), 100) ==
        std::string("head\0\0\0\0\0\0", 10));
  REQUIRE(to.write_at(2, "roic"));
  REQUIRE(to.reserve(3));
  REQUIRE(to.append("end"));
  REQUIRE(to.sync());
  CHECK(*disk.read_all(here.file("a"), 100) ==
        std::string("heroic\0\0\0\0end", 13));
}

TEST_CASE("what cannot be reserved of a real file leaves it as it was") {
  place here;
  storage::posix_disk disk;
  auto opened = disk.open(here.file("a"), open_mode::create_new);
  REQUIRE(opened);
  REQUIRE((*opened)->append("head"));
  // More than any file may have.
  auto refused = (*opened)->reserve(std::uint64_t{1} << 62);
  REQUIRE(!refused);
  CHECK(refused.failure().text.starts_with("reserve " + here.file("a")));
  CHECK(*(*opened)->size() == 4);
}

TEST_CASE("the real disk says what kind of failure it met") {
  place here;
  storage::posix_disk disk;
  auto code = [](auto outcome) { return outcome.failure().code; };
  auto name = here.file("a");
  CHECK(code(disk.open(name, open_mode::existing)) == errc::not_found);
  CHECK(code(disk.read_all(name, 10)) == errc::not_found);
  CHECK(code(disk.remove(name)) == errc::not_found);
  CHECK(code(disk.rename(name, here.file("b"))) == errc::not_found);
  CHECK(code(disk.list(here.file("none"))) == errc::not_found);
  CHECK(code(disk.sync_directory(here.file("none"))) == errc::not_found);
  auto opened = disk.open(name, open_mode::create_new);
  REQUIRE(opened);
  REQUIRE((*opened)->append("12345"));
  CHECK(code(disk.open(name, open_mode::create_new)) == errc::conflict);
  CHECK(code(disk.read_all(name, 4)) == errc::too_large);
  CHECK(code(disk.create_directory(name)) == errc::io);
  auto missing = disk.read_all(here.file("x"), 1);
  CHECK(missing.failure().text ==
        "open " + here.file("x") + ": No such file or directory");
}

TEST_CASE("a full device is an error that says so") {
  if (!std::filesystem::exists("/dev/full"))
    return;
  storage::posix_disk disk;
  auto opened = disk.open("/dev/full", open_mode::existing);
  REQUIRE(opened);
  auto written = (*opened)->append("x");
  REQUIRE(!written);
  CHECK(written.failure().text == "write /dev/full: No space left on device");
  CHECK(written.failure().code == errc::disk_full);
}

TEST_CASE("directories are made with all above them, and list sorted files") {
  place here;
  storage::posix_disk disk;
  auto deep = here.file("x/y");
  REQUIRE(disk.create_directory(deep));
  REQUIRE(disk.create_directory(deep));
  REQUIRE(disk.create_directory(deep + "/directory"));
  for (auto name : {"/c", "/a", "/b"})
    REQUIRE(disk.open(deep + name, open_mode::create_new));
  REQUIRE(disk.rename(deep + "/c", deep + "/a"));
  REQUIRE(disk.sync_directory(deep));
  CHECK(*disk.list(deep) == std::vector<std::string>{"a", "b"});
  REQUIRE(disk.remove(deep + "/a"));
  CHECK(*disk.list(deep) == std::vector<std::string>{"b"});
}

TEST_CASE("only the owner may read what we write") {
  place here;
  storage::posix_disk disk;
  REQUIRE(disk.create_directory(here.file("d")));
  REQUIRE(disk.open(here.file("d/f"), open_mode::create_new));
  using std::filesystem::perms;
  auto others = perms::group_all | perms::others_all;
  for (auto name : {"d", "d/f"}) {
    auto found = std::filesystem::status(here.file(name)).permissions();
    CHECK((found & others) == perms::none);
  }
}

TEST_CASE("log, term and vote live on the real disk too") {
  place here;
  storage::posix_disk disk;
  raft::entry one{{1},
                  {2},
                  raft::entry_kind::command,
                  std::make_shared<const std::string>("put")};
  {
    auto log = storage::wal::open(disk, here.file("log"));
    REQUIRE(log);
    REQUIRE(log->log.append({&one, 1}));
    REQUIRE(log->log.sync());
    auto state = storage::hard_state_files::open(disk, here.path);
    REQUIRE(state);
    REQUIRE(state->files.save({{2}, "a"}));
  }
  auto log = storage::wal::open(disk, here.file("log"));
  REQUIRE(log);
  CHECK(log->entries == std::vector<raft::entry>{one});
  CHECK(log->torn_bytes == 0);
  auto state = storage::hard_state_files::open(disk, here.path);
  REQUIRE(state);
  CHECK(state->state == raft::hard_state{{2}, "a"});
}
