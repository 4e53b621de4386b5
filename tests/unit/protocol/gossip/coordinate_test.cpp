#include "protocol/gossip/coordinate.hpp"

#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

TEST_SUITE("gossip coordinate") {
  TEST_CASE("the distance adds heights, and adjustments where they may be") {
    coordinate a;
    coordinate b;
    a.height = b.height = 0.01;
    b.vector[0] = 0.03;
    CHECK(distance(a, b) == 50ms);
    CHECK(distance(b, a) == 50ms);
    a.adjustment = 0.005;
    CHECK(distance(a, b) == 55ms);
    // A negative time is none.
    b.adjustment = -1;
    CHECK(distance(a, b) == 50ms);
  }

  TEST_CASE("four members on a line find their places") {
    // Two milliseconds between neighbours; the heights take their share.
    prng chance(tests::seed());
    std::array<coordinate_client, 4> all;
    auto truth = [](std::size_t a, std::size_t b) {
      return std::chrono::milliseconds(a > b ? 2 * (a - b) : 2 * (b - a));
    };
    for (int round = 0; round < 2000; ++round) {
      auto a = chance.below(4);
      auto b = chance.below(4);
      if (a != b)
        CHECK(all[a].update(std::to_string(b), all[b].own(), truth(a, b),
                            chance));
    }
    for (std::size_t a = 0; a < 4; ++a)
      for (std::size_t b = a + 1; b < 4; ++b) {
        auto off = distance(all[a].own(), all[b].own()) - truth(a, b);
        CHECK(std::abs(off.count()) < span(1ms).count());
      }
    CHECK(all[0].own().error < 0.3);
  }

  TEST_CASE("one slow round trip among three does not move us") {
    prng chance(tests::seed());
    coordinate_client one;
    coordinate other;
    CHECK(one.update("b", other, 1ms, chance));
    CHECK(one.update("b", other, 1ms, chance));
    auto with_spike = one;
    auto without = one;
    prng same = chance;
    CHECK(with_spike.update("b", other, 5s, chance));
    CHECK(without.update("b", other, 1ms, same));
    CHECK(with_spike.own() == without.own());
  }

  TEST_CASE("poison is refused and leaves us as we were") {
    prng chance(tests::seed());
    coordinate_client one;
    coordinate bad;
    bad.vector[3] = std::numeric_limits<double>::infinity();
    CHECK_FALSE(one.update("b", bad, 1ms, chance));
    CHECK_FALSE(one.update("b", coordinate{}, 11s, chance));
    CHECK_FALSE(one.update("b", coordinate{}, -1ms, chance));
    CHECK(one.own() == coordinate{});
    // Valid, and yet so large that the sum is not.
    bad.vector.fill(1e200);
    CHECK(one.update("b", bad, 1ms, chance));
    CHECK(is_valid(one.own()));
  }
}
