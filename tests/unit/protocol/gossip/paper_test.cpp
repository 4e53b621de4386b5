// One test per sentence of the papers that we rely on: SWIM (2002) and
// Lifeguard (2017), with the section; and the parts that keep them.

#include "protocol/gossip/broadcasts.hpp"
#include "protocol/gossip/event_log.hpp"
#include "protocol/gossip/suspicion.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::gossip;
using namespace std::chrono_literals;

namespace {

const instant start{1h};

suspicion_rules usual() {
  return {5s, 30s, 3, 1s};
}

std::string rumour(char which) {
  return std::string(100, which);
}

std::string told(broadcasts& queue, std::size_t most, int limit = 3) {
  std::string packet;
  queue.fill(packet, most, limit);
  return packet;
}

} // namespace

TEST_SUITE("gossip papers") {
  TEST_CASE("Lifeguard 4.2: doubt is long until others confirm it") {
    suspicion doubt("a", false, usual(), start);
    CHECK(doubt.deadline() == start + 30s);
    CHECK(doubt.confirm("b", false));
    auto one = doubt.deadline();
    CHECK(one < start + 30s);
    CHECK(doubt.confirm("c", false));
    CHECK(doubt.deadline() < one);
    CHECK(doubt.confirm("d", false));
    CHECK(doubt.deadline() == start + 5s);
  }

  TEST_CASE("Lifeguard 4.2: only independent confirmations count, and only so "
            "many") {
    suspicion doubt("a", false, usual(), start);
    CHECK_FALSE(doubt.confirm("a", false));
    CHECK(doubt.confirm("b", false));
    CHECK_FALSE(doubt.confirm("b", false));
    CHECK(doubt.confirm("c", false));
    CHECK(doubt.confirm("d", false));
    CHECK_FALSE(doubt.confirm("e", false));
    CHECK(doubt.confirmations() == 3);
  }

  TEST_CASE("with nobody to confirm, the doubt is as short as it gets") {
    auto rules = usual();
    rules.confirmations = 0;
    CHECK(suspicion("a", false, rules, start).deadline() == start + 5s);
  }

  TEST_CASE("a refused connection needs nobody's word, and is news once") {
    suspicion doubt("a", false, usual(), start);
    CHECK(doubt.confirm("b", true));
    CHECK(doubt.deadline() == start + 1s);
    CHECK_FALSE(doubt.confirm("b", true));
    CHECK(suspicion("a", true, usual(), start).deadline() == start + 1s);
  }

  TEST_CASE("SWIM 4.2: the time of doubt grows with the log of the members") {
    CHECK(suspicion_timeout(4, 1, 1s) == 4s);
    CHECK(suspicion_timeout(4, 10, 1s) == 4s);
    CHECK(suspicion_timeout(4, 100, 1s) == 8s);
    CHECK(suspicion_timeout(4, 1000, 1s) == 12s);
  }

  TEST_CASE("SWIM 4.1: a rumour is told λ log n times, then no more") {
    CHECK(retransmit_limit(4, 9) == 4);
    CHECK(retransmit_limit(4, 10) == 8);
    CHECK(retransmit_limit(4, 999) == 12);
    broadcasts queue(10);
    queue.put("a", rumour('a'));
    for (int i = 0; i < 3; ++i)
      CHECK(told(queue, 1000) == rumour('a'));
    CHECK(queue.empty());
    CHECK(told(queue, 1000).empty());
  }

  TEST_CASE("SWIM 4.1: the least told go first") {
    broadcasts queue(10);
    queue.put("a", rumour('a'));
    CHECK(told(queue, 150) == rumour('a'));
    queue.put("b", rumour('b'));
    CHECK(told(queue, 150) == rumour('b'));
    CHECK(told(queue, 250) == rumour('b') + rumour('a'));
  }

  TEST_CASE("a newer rumour about a member takes the place of the older") {
    broadcasts queue(10);
    queue.put("a", rumour('x'));
    queue.put("a", rumour('y'));
    CHECK(queue.size() == 1);
    CHECK(told(queue, 1000) == rumour('y'));
  }

  TEST_CASE("a full queue lets go of what was told most") {
    broadcasts queue(2);
    queue.put("a", rumour('a'));
    (void)told(queue, 150);
    queue.put("b", rumour('b'));
    queue.put("c", rumour('c'));
    CHECK(queue.size() == 2);
    CHECK_FALSE(queue.has("a"));
  }

  TEST_CASE("a rumour that does not fit lets shorter ones pass") {
    broadcasts queue(10);
    queue.put("b", rumour('b'));
    queue.put("a", std::string(500, 'a'));
    CHECK(told(queue, 150) == rumour('b'));
  }

  TEST_CASE("each event is delivered once, in whatever order they come") {
    event_log log;
    CHECK(log.accept({5, "x", ""}));
    CHECK(log.accept({3, "y", ""}));
    CHECK_FALSE(log.accept({5, "x", ""}));
    CHECK(log.accept({5, "x", "other"}));
    CHECK(log.time() == 6);
    CHECK(log.fire("z", "").time == 6);
    CHECK(log.time() == 7);
  }

  TEST_CASE("events that are older than all we remember are refused") {
    event_log log;
    for (std::uint64_t i = 1; i <= recent_events_max + 10; ++i)
      CHECK(log.accept({i, "x", ""}));
    CHECK(log.recent().size() == recent_events_max);
    CHECK_FALSE(log.accept({1, "x", ""}));
    CHECK_FALSE(log.accept({UINT64_MAX, "x", ""}));
    log.ignore_before(5000);
    CHECK_FALSE(log.accept({4999, "x", ""}));
    CHECK(log.accept({5000, "x", ""}));
  }
}
