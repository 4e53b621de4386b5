#include "protocol/raft/core.hpp"

#include "protocol/raft/invariants.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace std::chrono_literals;
using raft::entry_kind;
using raft::role;

namespace {

constexpr std::size_t proposal_max = 100;
constexpr std::size_t uncommitted_max = 1000;

raft::settings alone() {
  return {"a", {"a"}, 150ms, 20ms, uncommitted_max, proposal_max};
}

raft::settings of_three() {
  return {"a", {"a", "b", "c"}, 150ms, 20ms, uncommitted_max, proposal_max};
}

instant at(span since) {
  return instant{since};
}

std::shared_ptr<const std::string> text(std::string_view bytes) {
  return std::make_shared<const std::string>(bytes);
}

raft::log with(std::vector<std::uint64_t> terms) {
  raft::log made;
  for (auto one : terms)
    made.append(
        {made.last_index().next(), {one}, entry_kind::command, text("old")});
  return made;
}

/// A core whose invariants are checked after every step.
struct server {
  raft::core core;

  explicit server(raft::settings chosen, raft::hard_state state = {},
                  raft::log entries = {}, log_index applied = {},
                  std::uint64_t seed = 1)
      : core(std::move(chosen), std::move(state), std::move(entries), applied,
             prng(seed)) {}

  template <class Action>
  auto step(Action action) {
    auto before = core;
    auto outcome = action(core);
    core.check_invariants();
    raft::check_step(before, core);
    return outcome;
  }
  void tick(span since) {
    step([&](raft::core& c) { return c.tick(at(since)), 0; });
  }
  result<log_index> propose(std::string_view bytes) {
    return step([&](raft::core& c) { return c.propose(text(bytes)); });
  }
  void saved(std::uint64_t upto, std::uint64_t in_term) {
    step([&](raft::core& c) { return c.saved({upto}, {in_term}), 0; });
  }
  raft::output take() {
    return step([](raft::core& c) { return c.take_output(); });
  }
  /// Plays a disk that saves at once; gives what was applied.
  std::vector<raft::entry> settle() {
    std::vector<raft::entry> applied;
    for (auto out = take(); !out.empty(); out = take()) {
      applied.insert(applied.end(), out.apply.begin(), out.apply.end());
      if (!out.save.empty())
        saved(out.save.back().index.value, out.save.back().in_term.value);
    }
    return applied;
  }
};

} // namespace

TEST_CASE("a server does nothing before time begins") {
  server one(alone());
  CHECK(one.take().empty());
  CHECK(one.core.current_role() == role::follower);
  CHECK(one.core.current_term() == term{0});
}

TEST_CASE("a sole voter elects itself at the first tick") {
  server one(alone());
  one.tick(0ms);
  CHECK(one.core.is_leader());
  CHECK(one.core.leader() == "a");
  auto out = one.take();
  CHECK(out.save_state == raft::hard_state{{1}, "a"});
  REQUIRE(out.save.size() == 1);
  CHECK(out.save[0].kind == entry_kind::noop);
  CHECK(out.apply.empty());
  CHECK(out.reports == std::vector<raft::report>{{role::candidate, {1}, ""},
                                                 {role::leader, {1}, "a"}});
}

TEST_CASE("an output is put out once") {
  server one(alone());
  one.tick(0ms);
  CHECK(!one.take().empty());
  CHECK(one.take().empty());
}

TEST_CASE("nothing is committed before the own disk has saved it") {
  server one(alone());
  one.tick(0ms);
  one.take();
  CHECK(one.core.commit_index() == log_index{0});
  CHECK(!one.core.has_committed_in_term());
  one.saved(1, 1);
  CHECK(one.core.commit_index() == log_index{1});
  CHECK(one.core.has_committed_in_term());
  CHECK(one.take().apply.size() == 1);
}

TEST_CASE("a proposal is applied in its place once it is saved") {
  server one(alone());
  one.tick(0ms);
  one.settle();
  auto index = one.propose("put a");
  REQUIRE(index);
  CHECK(*index == log_index{2});
  auto applied = one.settle();
  REQUIRE(applied.size() == 1);
  CHECK(applied[0].index == log_index{2});
  CHECK(applied[0].bytes() == "put a");
}

TEST_CASE("proposals made while the disk is busy share one batch") {
  server one(alone());
  one.tick(0ms);
  one.settle();
  REQUIRE(one.propose("1"));
  auto first = one.take();
  REQUIRE(one.propose("2"));
  REQUIRE(one.propose("3"));
  auto second = one.take();
  CHECK(first.save.size() == 1);
  CHECK(second.save.size() == 2);
  one.saved(2, 1);
  CHECK(one.take().apply.size() == 1);
  one.saved(4, 1);
  CHECK(one.take().apply.size() == 2);
}

TEST_CASE("a server that does not lead refuses proposals") {
  server one(of_three());
  auto refused = one.propose("x");
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::no_leader);
  CHECK(refused.failure().text == "No cluster leader");
}

TEST_CASE("a proposal over the limit is refused, one at the limit is not") {
  server one(alone());
  one.tick(0ms);
  one.settle();
  CHECK(one.propose(std::string(proposal_max, 'x')));
  auto refused = one.propose(std::string(proposal_max + 1, 'x'));
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::too_large);
}

TEST_CASE("proposals are refused while too much waits for the disk") {
  server one(alone());
  one.tick(0ms);
  one.settle();
  std::size_t taken = 0;
  while (one.propose(""))
    ++taken;
  CHECK(taken == uncommitted_max / raft::entry_overhead);
  CHECK(one.propose("").failure().code == errc::unavailable);
  CHECK(one.settle().size() == taken);
  CHECK(one.core.uncommitted_bytes() == 0);
  CHECK(one.propose(""));
}

TEST_CASE("after a restart the log is applied again, in a new term") {
  server one(alone(), {{3}, "a"}, with({1, 1, 3}));
  CHECK(one.take().empty());
  one.tick(0ms);
  CHECK(one.core.current_term() == term{4});
  auto applied = one.settle();
  REQUIRE(applied.size() == 4);
  CHECK(applied[2].bytes() == "old");
  CHECK(applied[3].kind == entry_kind::noop);
  CHECK(applied[3].in_term == term{4});
}

TEST_CASE("what the state machine has already is not applied again") {
  server one(alone(), {{3}, "a"}, with({1, 1, 3}), {2});
  one.tick(0ms);
  auto applied = one.settle();
  REQUIRE(applied.size() == 2);
  CHECK(applied[0].index == log_index{3});
}

TEST_CASE("a compacted server goes on as before") {
  server one(alone(), {{3}, "a"}, with({1, 1, 3}));
  one.tick(0ms);
  one.settle();
  one.step([](raft::core& c) { return c.compact({4}), 0; });
  CHECK(one.core.entries().empty());
  one.saved(3, 3);
  REQUIRE(one.propose("x"));
  auto applied = one.settle();
  REQUIRE(applied.size() == 1);
  CHECK(applied[0].index == log_index{5});
}

TEST_CASE("old news from the disk changes nothing") {
  server one(alone());
  one.tick(0ms);
  one.settle();
  REQUIRE(one.propose("x"));
  one.take();
  auto before = one.core;
  one.saved(2, 7);
  one.saved(9, 1);
  one.saved(1, 1);
  CHECK(one.core == before);
}

TEST_CASE("an older instant changes nothing") {
  server one(of_three());
  one.tick(1s);
  auto before = one.core;
  one.tick(10ms);
  CHECK(one.core == before);
}

TEST_CASE("a server without a vote never stands") {
  auto chosen = of_three();
  chosen.self = "x";
  server one(chosen);
  for (int i = 0; i < 100; ++i)
    one.tick(i * 100ms);
  CHECK(one.core.current_role() == role::follower);
  CHECK(one.core.current_term() == term{0});
}

TEST_CASE("one seed is one run") {
  server one(of_three(), {}, {}, {}, 5);
  server other(of_three(), {}, {}, {}, 5);
  for (int i = 0; i < 50; ++i) {
    one.tick(i * 30ms);
    other.tick(i * 30ms);
    CHECK(one.take() == other.take());
  }
  CHECK(one.core == other.core);
}

TEST_CASE("settings that contradict themselves are refused") {
  CHECK(raft::check_settings(alone()));
  CHECK(raft::check_settings(of_three()));
  auto broken = [](auto change) {
    auto chosen = of_three();
    change(chosen);
    auto checked = raft::check_settings(chosen);
    return !checked && checked.failure().code == errc::bad_input;
  };
  CHECK(broken([](auto& x) { x.self.clear(); }));
  CHECK(broken([](auto& x) { x.voters.clear(); }));
  CHECK(broken([](auto& x) { x.voters = {"b", "a"}; }));
  CHECK(broken([](auto& x) { x.voters = {"a", "a"}; }));
  CHECK(broken([](auto& x) { x.voters = {"", "a"}; }));
  CHECK(broken([](auto& x) { x.heartbeat = 0ms; }));
  CHECK(broken([](auto& x) { x.heartbeat = x.election_timeout; }));
  CHECK(broken([](auto& x) { x.proposal_bytes_max = 0; }));
  CHECK(broken([](auto& x) { x.uncommitted_bytes_max = 120; }));
  CHECK(broken([](auto& x) { x.uncommitted_bytes_max = 10; }));
}

TEST_CASE("a disk whose files do not fit together is refused") {
  CHECK(raft::check_recovered({{3}, "a"}, with({1, 3}), {1}));
  auto broken = [](const status& checked) {
    return !checked && checked.failure().code == errc::corrupt;
  };
  CHECK(broken(raft::check_recovered({{2}, "a"}, with({1, 3}), {1})));
  CHECK(broken(raft::check_recovered({{3}, "a"}, with({1, 3}), {3})));
  CHECK(broken(raft::check_recovered({{3}, ""}, raft::log({5}, {2}), {4})));
  CHECK(broken(raft::check_recovered({{0}, "a"}, {}, {})));
}

TEST_CASE("any mix of steps keeps the invariants") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    prng chance(seed);
    server one(alone());
    std::uint64_t next_applied = 1;
    std::vector<raft::entry> at_disk;
    for (int i = 0; i < 200; ++i) {
      auto what = chance.below(4);
      if (what == 0)
        one.tick(i * 10ms);
      if (what == 1)
        (void)one.propose(std::string(chance.below(proposal_max + 10), 'x'));
      if (what == 2 && !at_disk.empty()) {
        auto& last = at_disk[chance.below(at_disk.size())];
        one.saved(last.index.value, last.in_term.value);
      }
      if (what == 3) {
        auto out = one.take();
        at_disk.insert(at_disk.end(), out.save.begin(), out.save.end());
        for (auto& each : out.apply)
          REQUIRE(each.index.value == next_applied++);
      }
    }
    REQUIRE(one.core.applied_index().value > 0);
  }
}
