#include "storage/hard_state.hpp"

#include "protocol/base/prng.hpp"
#include "storage/simulated_disk.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using storage::hard_state_files;
using storage::simulated_disk;

namespace {

const raft::hard_state first{{3}, "a"};
const raft::hard_state second{{4}, "b"};
const std::string zero = "raft/hard_state.0";
const std::string one = "raft/hard_state.1";

storage::recovered_hard_state open(simulated_disk& disk) {
  auto found = hard_state_files::open(disk, "raft");
  REQUIRE(found);
  return std::move(*found);
}

/// A disk on which `first` and then `second` were saved.
void fill(simulated_disk& disk) {
  auto found = open(disk);
  REQUIRE(found.files.save(first));
  REQUIRE(found.files.save(second));
}

} // namespace

TEST_CASE("a new server has no term and no vote") {
  simulated_disk disk;
  auto found = open(disk);
  CHECK(found.state == raft::hard_state{});
  CHECK(!found.repaired);
}

TEST_CASE("what was saved last is there after a crash") {
  simulated_disk disk;
  fill(disk);
  disk.crash();
  auto found = open(disk);
  CHECK(found.state == second);
  CHECK(!found.repaired);
  REQUIRE(found.files.save({{5}, ""}));
  disk.crash();
  CHECK(open(disk).state == raft::hard_state{{5}, ""});
}

TEST_CASE("the decay of either file forgets nothing and is repaired") {
  for (auto& path : {zero, one}) {
    simulated_disk disk;
    fill(disk);
    auto whole = disk.contents(path).size();
    for (std::size_t i = 0; i < whole; ++i) {
      auto bytes = disk.contents(path);
      bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
      disk.plant(path, bytes);
      auto found = open(disk);
      CHECK(found.state == second);
      CHECK(found.repaired);
      CHECK(disk.contents(zero) == disk.contents(one));
    }
  }
}

TEST_CASE("a missing file is made anew from the other") {
  for (auto& path : {zero, one}) {
    simulated_disk disk;
    fill(disk);
    REQUIRE(disk.remove(path));
    auto found = open(disk);
    CHECK(found.state == second);
    CHECK(found.repaired);
    CHECK(disk.contents(zero) == disk.contents(one));
  }
}

TEST_CASE("two damaged files are corruption") {
  simulated_disk disk;
  fill(disk);
  disk.plant(zero, "");
  disk.plant(one, std::string(2000, 'x'));
  auto found = hard_state_files::open(disk, "raft");
  REQUIRE(!found);
  CHECK(found.failure().code == errc::corrupt);
}

TEST_CASE("a vote that is too long is refused and harms nothing") {
  simulated_disk disk;
  auto found = open(disk);
  auto saved =
      found.files.save({{1}, std::string(storage::vote_bytes_max + 1, 'x')});
  REQUIRE(!saved);
  CHECK(saved.failure().code == errc::bad_input);
  CHECK(found.files.save({{1}, std::string(storage::vote_bytes_max, 'x')}));
}

TEST_CASE("a failed save ends the use of the files") {
  simulated_disk disk;
  auto found = open(disk);
  disk.fail_syncs(true);
  CHECK(!found.files.save(first));
  disk.fail_syncs(false);
  auto again = found.files.save(first);
  REQUIRE(!again);
  CHECK(
      again.failure().text.starts_with("term and vote are out of use since: "));
}

TEST_CASE("whichever call fails first, a crash leaves the old state or the "
          "new, and what was confirmed stays") {
  bool got_through = false;
  for (std::size_t n = 0; !got_through; ++n) {
    REQUIRE(n < 100);
    for (std::size_t torn = 0; torn < 50; torn += 7) {
      CAPTURE(n);
      CAPTURE(torn);
      simulated_disk disk;
      disk.fail_call(n, true);
      raft::hard_state confirmed;
      raft::hard_state tried;
      if (auto found = hard_state_files::open(disk, "raft")) {
        got_through = true;
        for (auto& state : {first, second}) {
          tried = state;
          if (!found->files.save(state)) {
            got_through = false;
            break;
          }
          confirmed = state;
        }
      }
      disk.crash({torn, torn % 2 == 1, torn % 3 == 0});
      auto state = open(disk).state;
      CHECK((state == confirmed || state == tried));
      // And it stays, whatever happens after it was told.
      disk.crash();
      CHECK(open(disk).state == state);
    }
  }
}

TEST_CASE("any bytes in the files are survived") {
  prng chance(7);
  for (int i = 0; i < 500; ++i) {
    simulated_disk disk;
    fill(disk);
    auto bytes = disk.contents(zero);
    for (auto n = chance.below(4); n > 0; --n)
      bytes[chance.below(bytes.size())] = static_cast<char>(chance.next());
    bytes.resize(chance.below(bytes.size() + 1));
    disk.plant(zero, bytes);
    CHECK(open(disk).state == second);
  }
}
