// What comes from other servers is never trusted: any message whatsoever may
// come at any time, and the core must keep its invariants.

#include "tests/unit/protocol/raft/lab.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using tests::lab;

namespace {

struct nonsense {
  prng chance;

  std::uint64_t number() {
    switch (chance.below(8)) {
    case 0:
      return chance.next();
    case 1:
      return UINT64_MAX - chance.below(3);
    default:
      return chance.below(12);
    }
  }
  node_id name() {
    constexpr const char* names[] = {"a", "b", "c", "x", ""};
    return names[chance.below(8) == 0 ? chance.below(5) : 1 + chance.below(2)];
  }
  node_id to() { return chance.below(20) == 0 ? name() : "a"; }
  bool coin() { return chance.below(2) == 0; }
  // Mostly near the term of now, or every message would begin a new one.
  term near(const raft::core& core) {
    if (chance.below(20) == 0)
      return {number()};
    return {core.current_term().value + (chance.below(10) == 0)};
  }
  raft::log_place place() { return {{number()}, {number()}}; }

  std::vector<raft::entry> entries(raft::log_place after) {
    std::vector<raft::entry> made;
    for (auto n = chance.below(4); n > 0; --n) {
      raft::entry one{after.index.next(), after.in_term,
                      raft::entry_kind::command, nullptr};
      if (chance.below(10) == 0)
        one.index = {number()};
      if (chance.below(10) == 0)
        one.in_term = {number()};
      if (chance.below(20) == 0)
        one.kind = static_cast<raft::entry_kind>(chance.below(5));
      if (chance.below(20) == 0)
        one = tests::configuration_entry(one.index.value, one.in_term.value,
                                         {{"a", "b", "c"}, {}});
      after = {one.index, one.in_term};
      made.push_back(one);
    }
    return made;
  }
  raft::append_entries append(const raft::core& core) {
    // Often a place that is really there, so that something happens.
    auto previous = place();
    if (chance.below(4) != 0) {
      auto base = core.entries().base_index();
      auto held = core.last_index().value - base.value;
      previous.index = {base.value + chance.below(held + 1)};
      previous.in_term = *core.entries().term_at(previous.index);
    }
    auto sent = entries(previous);
    for (auto& one : sent)
      if (coin() && one.in_term < core.current_term())
        one.in_term = core.current_term();
    return {name(),
            to(),
            near(core),
            previous,
            sent,
            {number()},
            {static_cast<std::int64_t>(number()), number()}};
  }
  raft::message any(const raft::core& core) {
    auto in_term = near(core);
    switch (chance.below(8)) {
    case 0:
      return raft::request_vote{name(), to(), in_term, place(), coin(), coin()};
    case 1:
      return raft::request_vote_reply{name(), to(), in_term, coin(), true};
    case 2:
      return raft::append_entries_reply{
          name(),
          to(),
          in_term,
          coin(),
          {number()},
          {number()},
          {number()},
          place(),
          {static_cast<std::int64_t>(number()), number()}};
    case 3:
      return raft::install_snapshot{
          name(),          to(),
          in_term,         {place(), {{"a", "b", "c"}, {}}},
          chance.below(3), std::string(chance.below(3), 'x'),
          coin()};
    case 4:
      return raft::install_snapshot_reply{name(),     to(),     in_term,
                                          {number()}, number(), coin()};
    case 5:
      return raft::timeout_now{name(), to(), in_term};
    default:
      return append(core);
    }
  }
};

} // namespace

TEST_CASE("no message whatsoever breaks a core") {
  std::uint64_t committed = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    nonsense from{prng(seed)};
    lab one(tests::lab_settings({"a", "b", "c"}));
    for (int i = 0; i < 200; ++i) {
      auto what = from.chance.below(10);
      if (what == 0)
        one.tick(from.chance.below(200) * 1ms);
      else if (what == 1)
        one.save();
      else if (what == 2 && one.core.is_leader())
        one.step([](raft::core& c) {
          (void)c.propose(std::make_shared<const std::string>("x"));
        });
      else
        one.hear(from.any(one.core));
      if (one.out.install)
        one.step([](raft::core& c) { c.snapshot_installed(); });
    }
    committed += one.core.commit_index().value;
  }
  CHECK(committed > 0);
}
