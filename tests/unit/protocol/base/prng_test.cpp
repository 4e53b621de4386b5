#include "protocol/base/prng.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace praetor;

TEST_CASE("the generator is splitmix64 to the bit") {
  // The sequence that the algorithm's authors' code prints for this seed.
  prng chance(1234567);
  CHECK(chance.next() == 6457827717110365317ull);
  CHECK(chance.next() == 3203168211198807973ull);
  CHECK(chance.next() == 9817491932198370423ull);
  CHECK(chance.next() == 4593380528125082431ull);
  CHECK(chance.next() == 16408922859458223821ull);
}

TEST_CASE("seed zero is as good as any") {
  prng chance(0);
  CHECK(chance.next() == 0xE220A8397B1DCDAFull);
  CHECK(chance.next() == 0x6E789E6AA1B965F4ull);
}

TEST_CASE("one seed is one sequence") {
  prng one(42);
  prng two(42);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(one.next() == two.next());
  CHECK(one == two);
}

TEST_CASE("different seeds part at once") {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    firsts.insert(prng(seed).next());
  CHECK(firsts.size() == 1000);
}

TEST_CASE("a copy goes its own way from where it was made") {
  prng one(7);
  one.next();
  auto two = one;
  CHECK(one == two);
  auto drawn = one.next();
  CHECK_FALSE(one == two);
  CHECK(two.next() == drawn);
  CHECK(one == two);
}

TEST_CASE("a bounded number stays below its bound") {
  prng chance(3);
  for (std::uint64_t bound : {1ull, 2ull, 3ull, 7ull, 1000ull, ~0ull})
    for (int i = 0; i < 200; ++i)
      REQUIRE(chance.below(bound) < bound);
}

TEST_CASE("a bound of one leaves zero alone, and still draws") {
  prng chance(9);
  auto before = chance;
  CHECK(chance.below(1) == 0);
  CHECK_FALSE(chance == before);
}

TEST_CASE("each number below a small bound comes up about equally often") {
  prng chance(11);
  std::array<int, 8> seen{};
  for (int i = 0; i < 8000; ++i)
    ++seen[chance.below(seen.size())];
  for (auto count : seen) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
}
