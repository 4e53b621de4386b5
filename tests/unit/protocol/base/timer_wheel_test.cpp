#include "protocol/base/timer_wheel.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>

using namespace praetor;
using std::chrono::hours;
using std::chrono::milliseconds;
using wheel = timer_wheel<int>;

namespace {

constexpr auto tick = wheel::tick;

instant at(span since_start) {
  return instant{since_start};
}

std::vector<int> fired(wheel& on, instant to) {
  std::vector<int> order;
  on.advance(to, [&](int which) { order.push_back(which); });
  return order;
}

using numbers = std::vector<int>;

// Deadlines that reach every level, and beyond the last one.
span random_delay(prng& random) {
  constexpr std::uint64_t reach[] = {64, 64 * 64, 64 * 64 * 64,
                                     64ull * 64 * 64 * 64,
                                     64ull * 64 * 64 * 64 * 3};
  auto most = reach[random.below(std::size(reach))];
  return span(static_cast<std::int64_t>(
      random.below(most * static_cast<std::uint64_t>(tick.count()))));
}

// A wheel beside what it should do.
struct pair_of_wheels {
  explicit pair_of_wheels(instant start) : now(start), real(start) {}

  instant now;
  wheel real;
  std::multimap<instant, int> model; // by the earliest time to fire
  std::map<int, timer_id> ids;
  int next_number = 0;

  void add(instant deadline) {
    auto number = next_number++;
    ids[number] = real.add(deadline, number);
    // What is over already fires with the next tick.
    model.emplace(std::max(deadline, now), number);
  }

  void cancel(int number) {
    auto found = ids.find(number);
    REQUIRE(found != ids.end());
    auto payload = real.cancel(found->second);
    REQUIRE(payload);
    CHECK(*payload == number);
    CHECK_FALSE(real.cancel(found->second));
    ids.erase(found);
    std::erase_if(model, [&](auto& one) { return one.second == number; });
  }

  // All that must have fired did, and nothing before its time.
  void advance(instant to) {
    std::set<int> gone;
    real.advance(to, [&](int number) { gone.insert(number); });
    now = to;
    for (auto one = model.begin(); one != model.end();) {
      bool must = one->first + 2 * tick <= to;
      bool may = one->first <= to;
      bool did = gone.contains(one->second);
      REQUIRE((!must || did));
      REQUIRE((!did || may));
      ids.erase(did ? one->second : -1);
      one = did ? model.erase(one) : std::next(one);
    }
    REQUIRE(real.size() == model.size());
    REQUIRE(real.next().has_value() == !model.empty());
  }
};

} // namespace

TEST_CASE("a timer fires in the tick of its deadline or the next, not before") {
  for (int nanoseconds : {0, 1, 3'999'999, 4'000'000, 4'000'001}) {
    CAPTURE(nanoseconds);
    wheel on(at(span{}));
    auto deadline = at(milliseconds(20) + span(nanoseconds));
    on.add(deadline, 1);
    CHECK(fired(on, deadline - span(1)).empty());
    CHECK(fired(on, deadline + tick) == numbers{1});
    CHECK(on.size() == 0);
  }
}

TEST_CASE("a deadline that is over fires with the next tick") {
  wheel on(at(hours(1)));
  on.add(at(span{}), 1);
  CHECK(fired(on, at(hours(1))).empty());
  CHECK(on.next() == at(hours(1) + tick));
  CHECK(fired(on, at(hours(1) + tick)) == numbers{1});
}

TEST_CASE("timers of different ticks fire in the order of their deadlines") {
  wheel on(at(span{}));
  on.add(at(hours(5)), 4);
  on.add(at(milliseconds(300)), 2);
  on.add(at(milliseconds(8)), 1);
  on.add(at(milliseconds(20'000)), 3);
  on.add(at(hours(300)), 5); // beyond the last level
  CHECK(fired(on, at(hours(301))) == numbers{1, 2, 3, 4, 5});
  CHECK_FALSE(on.next());
}

TEST_CASE("a timer that is cancelled gives its payload back, once") {
  wheel on(at(span{}));
  auto first = on.add(at(milliseconds(8)), 1);
  auto second = on.add(at(milliseconds(8)), 2);
  auto third = on.add(at(milliseconds(8)), 3);
  CHECK(on.cancel(second) == 2);
  CHECK_FALSE(on.cancel(second));
  CHECK(on.size() == 2);
  CHECK(fired(on, at(milliseconds(100))).size() == 2);
  CHECK_FALSE(on.cancel(first));
  CHECK_FALSE(on.cancel(third));
}

TEST_CASE("a stale id does not reach the timer that took its place") {
  wheel on(at(span{}));
  auto old = on.add(at(milliseconds(8)), 1);
  CHECK(on.cancel(old) == 1);
  auto young = on.add(at(milliseconds(8)), 2);
  CHECK(young.place == old.place);
  CHECK_FALSE(on.cancel(old));
  CHECK_FALSE(on.cancel(timer_id{}));
  CHECK_FALSE(on.cancel(timer_id{99, 1}));
  CHECK(on.cancel(young) == 2);
}

TEST_CASE("a timer may add and cancel others while it fires") {
  wheel on(at(span{}));
  numbers order;
  timer_id doomed = on.add(at(milliseconds(40)), 9);
  on.add(at(milliseconds(8)), 1);
  on.advance(at(milliseconds(100)), [&](int which) {
    order.push_back(which);
    if (which == 1) {
      on.add(at(milliseconds(4)), 2); // over already: the next tick
      on.add(at(milliseconds(60)), 3);
      CHECK(on.cancel(doomed) == 9);
    }
  });
  CHECK(order == numbers{1, 2, 3});
  CHECK(on.size() == 0);
}

TEST_CASE("a payload is let go when its timer is") {
  auto held = std::make_shared<int>(1);
  timer_wheel<std::shared_ptr<int>> on(at(span{}));
  auto id = on.add(at(milliseconds(8)), held);
  on.add(at(milliseconds(12)), held);
  CHECK(held.use_count() == 3);
  (void)on.cancel(id);
  CHECK(held.use_count() == 2);
  on.advance(at(milliseconds(100)), [](auto) {});
  CHECK(held.use_count() == 1);
}

TEST_CASE("the time to come back is never after the next deadline") {
  wheel on(at(span{}));
  CHECK_FALSE(on.next());
  on.add(at(tick * 70), 1); // in a coarse slot that starts at tick 64
  (void)fired(on, at(tick * 60));
  on.add(at(tick * 100), 2); // in a fine slot
  REQUIRE(on.next());
  CHECK(*on.next() <= at(tick * 70));
}

TEST_CASE("random timers fire as in an ordered list") {
  prng random(tests::seed() + 811);
  for (int round = 0; round < 40; ++round) {
    pair_of_wheels both(at(random_delay(random)));
    for (int step = 0; step < 300; ++step) {
      switch (random.below(4)) {
      case 0:
      case 1:
        both.add(both.now + random_delay(random) - milliseconds(10));
        break;
      case 2:
        if (!both.ids.empty()) {
          auto one = both.ids.begin();
          std::advance(
              one, static_cast<std::ptrdiff_t>(random.below(both.ids.size())));
          both.cancel(one->first);
        }
        break;
      default:
        // Small steps, for a wheel walks through every tick.
        both.advance(both.now + span(static_cast<std::int64_t>(
                                    random.below(64 * 64 * 10) * 400'000)));
      }
    }
  }
}

TEST_CASE("who comes back when told to is never late") {
  prng random(tests::seed() + 812);
  for (int round = 0; round < 20; ++round) {
    pair_of_wheels both(at(random_delay(random)));
    for (int step = 0; step < 200; ++step) {
      if (random.below(3) == 0 || both.model.empty())
        both.add(both.now + random_delay(random) / 4096);
      auto told = both.real.next();
      REQUIRE(told);
      REQUIRE(*told > both.now);
      REQUIRE(*told <= both.model.begin()->first + 2 * tick);
      both.advance(*told);
    }
  }
}
