// One test per sentence of the Raft paper (extended version) that we rely on,
// as far as one server can show it. Elections begin with a pre-vote (Ongaro's
// thesis, section 9.6), which b grants here where the paper has none.

#include "protocol/raft/core.hpp"
#include "protocol/raft/invariants.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace praetor;
using namespace std::chrono_literals;
using raft::entry_kind;
using raft::role;

namespace {

raft::settings settings_of(std::vector<node_id> voters) {
  return {"a", std::move(voters), 150ms, 20ms, 1 << 20, 1 << 10};
}

raft::core made(std::vector<node_id> voters, raft::hard_state state = {},
                raft::log entries = {}, std::uint64_t seed = 1) {
  return {settings_of(std::move(voters)),
          std::move(state),
          std::move(entries),
          {},
          prng(seed)};
}

void tick(raft::core& one, span since) {
  auto before = one;
  one.tick(instant{since});
  one.check_invariants();
  raft::check_step(before, one);
}

/// b would vote for `one`, if anybody asked on trial.
void grant_trial(raft::core& one, span since) {
  auto before = one;
  term next{one.current_term().value + 1};
  one.step(raft::request_vote_reply{"b", "a", next, true, true},
           instant{since});
  one.check_invariants();
  raft::check_step(before, one);
}

/// When the server stands for the first time, in milliseconds.
int stands_at(std::uint64_t seed) {
  auto one = made({"a", "b", "c"}, {}, {}, seed);
  for (int ms = 0; ms < 1000; ++ms) {
    tick(one, ms * 1ms);
    if (one.current_role() == role::pre_candidate)
      return ms;
  }
  return -1;
}

raft::log old_entries() {
  raft::log entries;
  entries.append({{1}, {1}, entry_kind::command, nullptr});
  entries.append({{2}, {2}, entry_kind::command, nullptr});
  return entries;
}

} // namespace

TEST_CASE("servers start up as followers (5.2)") {
  CHECK(made({"a", "b", "c"}).current_role() == role::follower);
  CHECK(made({"a"}, {{5}, "a"}).current_role() == role::follower);
}

TEST_CASE("a follower that hears nothing over the election timeout stands: "
          "it increments its term and votes for itself (5.2)") {
  auto one = made({"a", "b", "c"}, {{4}, "b"});
  tick(one, 0ms);
  CHECK(one.take_output().empty());
  tick(one, 300ms);
  CHECK(one.current_term() == term{4});
  grant_trial(one, 300ms);
  CHECK(one.current_role() == role::candidate);
  auto out = one.take_output();
  CHECK(out.save_state == raft::hard_state{{5}, "a"});
  CHECK(out.save.empty());
}

TEST_CASE("one vote of three does not elect (5.2)") {
  auto one = made({"a", "b", "c"});
  for (int i = 0; i < 100; ++i) {
    tick(one, i * 100ms);
    grant_trial(one, i * 100ms);
  }
  CHECK(one.current_term() > term{0});
  CHECK(!one.is_leader());
}

TEST_CASE("a candidate without a winner times out and starts a new election "
          "by incrementing its term (5.2)") {
  auto one = made({"a", "b", "c"});
  tick(one, 0ms);
  tick(one, 300ms);
  grant_trial(one, 300ms);
  CHECK(one.current_term() == term{1});
  tick(one, 600ms);
  grant_trial(one, 600ms);
  CHECK(one.current_role() == role::candidate);
  CHECK(one.current_term() == term{2});
}

TEST_CASE("election timeouts are chosen randomly from a fixed interval "
          "(5.2)") {
  std::set<int> times;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto ms = stands_at(seed);
    CHECK(ms >= 150);
    CHECK(ms <= 300);
    times.insert(ms);
  }
  CHECK(times.size() > 15);
}

TEST_CASE("a leader never overwrites or deletes entries in its log; it only "
          "appends (5.3)") {
  auto one = made({"a"}, {{2}, "a"}, old_entries());
  tick(one, 0ms);
  auto before = one;
  REQUIRE(one.propose(std::make_shared<const std::string>("x")));
  raft::check_step(before, one);
  CHECK(one.last_index() == log_index{4});
  for (std::uint64_t i = 1; i <= 3; ++i)
    CHECK(one.entries().at({i}) == before.entries().at({i}));
}

TEST_CASE("only entries of the leader's current term are committed by "
          "counting replicas (5.4.2)") {
  auto one = made({"a"}, {{2}, "a"}, old_entries());
  tick(one, 0ms);
  // The two old entries are saved on a majority all the time.
  CHECK(one.is_leader());
  CHECK(one.saved_index() == log_index{2});
  CHECK(one.commit_index() == log_index{0});
  one.saved({2}, {2});
  CHECK(one.commit_index() == log_index{0});
}

TEST_CASE("once an entry of the current term is committed, all before it are "
          "committed indirectly (5.4.2)") {
  auto one = made({"a"}, {{2}, "a"}, old_entries());
  tick(one, 0ms);
  one.take_output();
  one.saved({3}, {3});
  CHECK(one.commit_index() == log_index{3});
  CHECK(one.take_output().apply.size() == 3);
}

TEST_CASE("a leader commits a no-op at the start of its term to learn what is "
          "committed (8)") {
  auto one = made({"a"}, {{2}, "a"}, old_entries());
  tick(one, 0ms);
  auto out = one.take_output();
  REQUIRE(out.save.size() == 1);
  CHECK(out.save[0].kind == entry_kind::noop);
  CHECK(out.save[0].in_term == term{3});
  CHECK(!one.has_committed_in_term());
  one.saved({3}, {3});
  CHECK(one.has_committed_in_term());
}

TEST_CASE("term and vote are on stable storage before they are used "
          "(figure 2)") {
  auto one = made({"a"});
  tick(one, 0ms);
  auto out = one.take_output();
  // The same output carries both, and the state is saved first.
  CHECK(out.save_state == raft::hard_state{{1}, "a"});
  CHECK(out.save.size() == 1);
  CHECK(out.apply.empty());
}
