// Hunts for seeds under which the Raft core breaks a promise. A storm of
// faults, membership changes, transfers, snapshots and clients comes first;
// the cluster checks safety after every step. Then the sky clears, and the
// cluster must come back to life and stay undisturbed by those who were away.
//
// Each seed runs in a process of its own, so that one which aborts can be
// named, and so that the same hunt can be let loose on cores that are broken
// on purpose: it must catch every one of them.

#include "tests/support/cluster.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <vector>

using namespace praetor;
using namespace std::chrono_literals;
using raft::mutation;
using tests::cluster;

namespace {

/// Takes some ten seconds on one slow core.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t seeds_by_default = 50;
constexpr bool is_slow = true; // each seed is a fork of much memory
#else
constexpr std::uint64_t seeds_by_default = 500;
constexpr bool is_slow = false;
#endif

/// How many seeds a broken core may survive at most.
constexpr std::uint64_t seeds_to_catch = 1000;

struct storm {
  cluster& all;
  prng chance;
  /// How often what happens, for this seed.
  std::map<std::string, std::uint64_t> odds;

  storm(cluster& where, std::uint64_t seed) : all(where), chance(seed) {
    odds["write"] = 20 + chance.below(60);
    odds["read"] = 10 + chance.below(30);
    odds["lease read"] = 10 + chance.below(30);
    for (auto* what : {"crash", "crash leader", "pause", "pause leader", "cut",
                       "isolate leader", "change", "transfer", "compact"})
      odds[what] = chance.below(3) == 0 ? 0 : 1 + chance.below(8);
    odds["start"] = odds["crash"] + odds["crash leader"] + 1;
    odds["resume"] = odds["pause"] + odds["pause leader"] + 1;
    odds["mend"] = odds["cut"] + odds["isolate leader"];
    all.sky.drop = chance.below(2) * chance.below(150);
    all.sky.duplicate = chance.below(2) * chance.below(200);
    all.sky.straggle = chance.below(2) * chance.below(200);
    all.sky.delay_max = 1ms + chance.below(30) * 1ms;
    all.sky.disk_max = 1ms + chance.below(2) * chance.below(60) * 1ms;
    // Most seeds have a plot that they repeat: a chain of mishaps that chance
    // alone would seldom find.
    constexpr const char* plots[] = {
        "none",          "freeze",      "late transfer",
        "hasty restart", "two changes", "two leaders change",
        "churn",         "slow leader", "old snapshot",
        "late answers",  "figure 8"};
    plot = plots[chance.below(std::size(plots))];
    if (plot != "none")
      odds[plot] = 3 + chance.below(8);
    if (plot == "two leaders change" || plot == "two changes")
      odds["change"] = 0;
  }
  std::string plot;

  span some_ms(std::uint64_t least, std::uint64_t most) {
    return 1ms * (least + chance.below(most - least + 1));
  }
  const node_id& anyone() { return all.ids()[chance.below(all.ids().size())]; }
  // Clients take whoever leads in its own opinion, deposed or not.
  node_id some_leader() {
    auto first = chance.below(all.ids().size());
    for (std::size_t i = 0; i < all.ids().size(); ++i) {
      auto& id = all.ids()[(first + i) % all.ids().size()];
      if (all.is_running(id) && all.core(id).is_leader())
        return id;
    }
    return anyone();
  }
  std::string draw() {
    std::uint64_t total = 0;
    for (auto& [what, weight] : odds)
      total += weight;
    auto place = chance.below(total);
    for (auto& [what, weight] : odds) {
      if (place < weight)
        return what;
      place -= weight;
    }
    return "write";
  }

  void change_members() {
    constexpr raft::change_kind kinds[] = {
        raft::change_kind::add_nonvoter, raft::change_kind::promote,
        raft::change_kind::promote, raft::change_kind::demote,
        raft::change_kind::remove};
    (void)all.change(some_leader(), kinds[chance.below(5)], anyone());
  }

  bool disturb(const std::string& what) {
    if (what == "crash")
      all.crash(anyone());
    else if (what == "crash leader")
      all.crash(some_leader());
    else if (what == "pause")
      all.pause(anyone());
    else if (what == "pause leader")
      all.pause(some_leader());
    else if (what == "isolate leader")
      all.isolate(some_leader());
    else if (what == "cut")
      all.cut(anyone(), anyone());
    else if (what == "start")
      all.start(anyone());
    else if (what == "resume")
      all.resume(anyone());
    else if (what == "mend")
      all.mend();
    else
      return false;
    return true;
  }

  bool serve(const std::string& what) {
    if (what == "write")
      for (auto n = 1 + chance.below(4); n > 0; --n)
        (void)all.write(some_leader(), std::to_string(chance.below(100)));
    else if (what == "read")
      all.read(some_leader(), false);
    else if (what == "lease read")
      all.read(some_leader(), true);
    else if (what == "change")
      change_members();
    else if (what == "transfer")
      (void)all.transfer(some_leader(), anyone());
    else if (what == "compact")
      all.compact(anyone());
    else
      return false;
    return true;
  }

  void rage(int actions) {
    for (int i = 0; i < actions; ++i) {
      all.run_for(some_ms(0, 12));
      auto what = draw();
      if (!disturb(what) && !serve(what))
        perform(what);
    }
  }

  // -- plots -----------------------------------------------------------------

  /// Everybody in `some` hears only those in it, and nobody else does.
  void part(const std::vector<node_id>& some) {
    auto is_in = [&](auto& id) {
      return std::find(some.begin(), some.end(), id) != some.end();
    };
    for (auto& from : all.ids())
      for (auto& to : all.ids())
        if (is_in(from) != is_in(to))
          all.cut(from, to);
  }
  /// Writes for a while at whoever leads now, and reads at `at`.
  void use(const node_id& at, span time) {
    for (span spent{}; spent < time; spent += 20ms) {
      if (auto now = all.leader(); !now.empty())
        (void)all.write(now, "w");
      all.read(at, chance.below(2) == 0);
      all.run_for(20ms);
    }
  }
  /// Voters of the leader's configuration, itself left out, in any order.
  std::vector<node_id> others(const node_id& leader) {
    auto found = all.core(leader).members().voters;
    std::erase(found, leader);
    for (std::size_t i = found.size(); i > 1; --i)
      std::swap(found[i - 1], found[chance.below(i)]);
    return found;
  }

  void perform(const std::string& what) {
    all.heal();
    auto leader = all.await_leader();
    if (leader.empty())
      return;
    auto rest = others(leader);
    if (rest.size() < 2)
      return;
    if (what == "freeze")
      freeze(leader);
    else if (what == "late transfer")
      late_transfer(leader);
    else if (what == "hasty restart")
      hasty_restart(leader, rest);
    else if (what == "two changes")
      two_changes(leader, rest);
    else if (what == "two leaders change")
      two_leaders_change(leader, rest);
    else if (what == "churn")
      churn();
    else if (what == "slow leader")
      slow_leader(leader, rest);
    else if (what == "figure 8")
      figure_8(leader, rest);
    else if (what == "late answers")
      late_answers(leader);
    else
      old_snapshot(rest);
    all.heal();
  }

  /// The leader stands still while others go on, then answers what waited.
  void freeze(const node_id& leader) {
    all.pause(leader);
    use(leader, some_ms(150, 600));
    all.resume(leader);
  }

  /// The old leader is cut off as soon as its successor has been told.
  void late_transfer(const node_id& leader) {
    (void)all.write(leader, "w");
    (void)all.transfer(leader, "");
    all.run_for(some_ms(0, 6));
    all.isolate(leader);
    use(leader, some_ms(20, 200));
  }

  /// One follower misses the leader and wants to be elected; another, which
  /// heard it, forgets that in a crash.
  void hasty_restart(const node_id& leader, std::vector<node_id> rest) {
    all.cut(leader, rest[0]);
    all.run_for(some_ms(150, 350));
    all.isolate(leader);
    for (std::size_t i = 1; i < rest.size(); ++i) {
      all.crash(rest[i]);
      all.start(rest[i]);
    }
    use(leader, some_ms(20, 200));
  }

  /// A leader with only one friend left takes votes away from the others.
  void two_changes(const node_id& leader, std::vector<node_id> rest) {
    part({leader, rest[0]});
    for (std::size_t i = 1; i < rest.size(); ++i)
      (void)all.change(leader, raft::change_kind::demote, rest[i]);
    use(leader, some_ms(100, 500));
  }

  /// A leader begins a change that hardly anybody hears of; the next leader
  /// begins another before anything is committed in its term; then the first
  /// comes back (raft-dev, 2015: "bug in single-server membership changes").
  void two_leaders_change(const node_id& leader, std::vector<node_id> rest) {
    auto friends = all.core(leader).members().nonvoters;
    if (friends.empty()) {
      (void)all.change(leader, raft::change_kind::demote, rest[0]);
      all.run_for(300ms);
      friends = {rest[0]};
      rest.erase(rest.begin());
    }
    if (rest.size() < 2)
      return;
    part({leader, friends[0]});
    (void)all.change(leader, raft::change_kind::promote, friends[0]);
    all.run_for(20ms);
    node_id second;
    auto elected = [&] {
      for (auto& id : rest)
        if (all.core(id).is_leader())
          second = id;
      return !second.empty();
    };
    if (!all.run_until(elected, 1s, 100us))
      return;
    std::erase(rest, second);
    all.crash(rest[0]);
    (void)all.change(second, raft::change_kind::demote, leader);
    all.run_for(some_ms(5, 60));
    all.mend();
    all.start(rest[0]);
    auto back = std::vector<node_id>{leader, friends[0], rest[0]};
    part(back);
    all.run_for(some_ms(300, 900));
  }

  /// Raft paper, figure 8, with three servers: an entry of an old term gets to
  /// a majority, and then somebody leads who has a later entry instead.
  void figure_8(const node_id& leader, std::vector<node_id> rest) {
    all.isolate(leader);
    auto old = all.write(leader, "old");
    node_id second;
    auto elected = [&] {
      for (auto& id : rest)
        if (all.core(id).is_leader())
          second = id;
      return !second.empty();
    };
    if (rest.size() != 2 || !old || !all.run_until(elected, 1s, 100us))
      return;
    std::erase(rest, second);
    all.crash(rest[0]);
    all.run_for(some_ms(1, 8));
    all.crash(second);
    all.start(rest[0]);
    all.mend();
    auto committed = [&] { return all.core(leader).commit_index() >= *old; };
    all.run_until(committed, 2s, 100us);
    all.isolate(leader);
    all.crash(rest[0]);
    all.start(rest[0]);
    all.start(second);
    all.run_for(some_ms(300, 900));
  }

  /// One leader after the other gets little done.
  void churn() {
    for (int i = 0; i < 8; ++i) {
      auto now = all.leader();
      if (!now.empty()) {
        (void)all.write(now, "w");
        for (auto& id : all.ids())
          if (id != now && chance.below(3) != 0)
            all.cut(now, id);
        all.run_for(some_ms(0, 30));
        if (chance.below(2) == 0) {
          all.crash(now);
          all.start(now);
        } else {
          all.isolate(now);
        }
      }
      if (chance.below(2) == 0)
        all.mend();
      all.run_until([&] { return !all.leader().empty(); }, 600ms, 500us);
      all.run_for(some_ms(0, 6));
    }
  }

  /// The leader's disk hangs, it crashes, and who had its entries is gone.
  void slow_leader(const node_id& leader, std::vector<node_id> rest) {
    all.slow_disk(leader, 300ms);
    for (std::size_t i = rest.size() / 2 + 1; i-- > 1;)
      all.cut(leader, rest[i]);
    (void)all.write(leader, "w");
    all.run_for(some_ms(5, 120));
    all.crash(leader);
    all.mend();
    all.isolate(rest[0]);
    all.start(leader);
    all.run_for(some_ms(300, 800));
  }

  /// What followers answered long ago goes on arriving at a leader that they
  /// no longer hear.
  void late_answers(const node_id& leader) {
    all.sky.delay_max = 40ms;
    all.sky.straggle = 300;
    all.run_for(300ms);
    for (auto& id : all.ids())
      if (id != leader)
        all.cut(leader, id);
    use(leader, some_ms(100, 400));
  }

  /// A follower is so late that it gets a snapshot, whose pieces come again
  /// when it has gone on and cut its own log.
  void old_snapshot(std::vector<node_id> rest) {
    all.sky.straggle = 300;
    all.sky.duplicate = 500;
    all.sky.delay_max = 20ms;
    all.isolate(rest[0]);
    for (int i = 0; i < 20; ++i) {
      if (auto now = all.leader(); !now.empty()) {
        (void)all.write(now, "w");
        all.run_for(15ms);
        all.compact(now);
      }
      if (i == 8)
        all.mend();
      if (i > 8)
        all.compact(rest[0]);
    }
  }
};

[[noreturn]] void give_up(std::uint64_t seed, const char* why) {
  std::fprintf(stderr, "raft hunt, seed %llu: %s\n",
               static_cast<unsigned long long>(seed), why);
  std::abort();
}

/// A server that was away, whether it heard the others or they heard it,
/// deposes nobody.
void check_calm(cluster& all, prng& chance, std::uint64_t seed) {
  auto leader = all.await_leader();
  if (leader.empty())
    give_up(seed, "nobody leads although all is well");
  auto members = all.core(leader).members();
  auto in_term = all.core(leader).current_term();
  std::erase(members.voters, leader);
  if (members.voters.size() < 2)
    return;
  auto& away = members.voters[chance.below(members.voters.size())];
  auto way = chance.below(3);
  for (auto& other : all.ids()) {
    if (way != 0)
      all.cut(away, other);
    if (way != 1)
      all.cut(other, away);
  }
  all.run_for(800ms);
  all.mend();
  all.run_for(500ms);
  if (all.leader() != leader || all.core(leader).current_term() != in_term)
    give_up(seed, "a server that was away deposed a healthy leader");
  // And a leader that is cut off gives up, and another takes over.
  all.isolate(leader);
  all.run_for(400ms);
  if (all.core(leader).is_leader())
    give_up(seed, "a leader that nobody hears leads on");
  if (all.await_leader().empty())
    give_up(seed, "nobody took over");
  all.mend();
}

void hunt(std::uint64_t seed, mutation fault) {
  prng chance(seed * 7919);
  tests::cluster_options chosen;
  chosen.seed = seed;
  chosen.fault = fault;
  chosen.servers = 3 + chance.below(3);
  chosen.voters = chance.below(2) ? 0 : 2 + chance.below(2);
  auto narrow = chance.below(2) == 0;
  auto trailing = chance.below(2) * chance.below(8);
  chosen.adjust = [narrow, trailing](raft::settings& x) {
    if (narrow)
      x.append_entries_max = 1;
    x.trailing_entries = trailing;
  };
  chosen.chunk_bytes = chance.below(2) ? 16 : 64;
  cluster all(chosen);
  storm faults(all, chance.next());
  faults.rage(250);
  all.heal();
  all.run_for(1s);
  if (!all.settles(10s))
    give_up(seed, "no write gets through although all is well");
  check_calm(all, chance, seed);
  if (!all.settles(10s))
    give_up(seed, "no write gets through at the end");
}

/// Whether the seed brings a promise down. Runs in a child process.
bool breaks(std::uint64_t seed, mutation fault) {
  std::fflush(nullptr);
  auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    // A broken core is expected to complain.
    if (fault != mutation::none && !freopen("/dev/null", "w", stderr))
      _exit(0);
    hunt(seed, fault);
    _exit(0);
  }
  int state = 0;
  REQUIRE(waitpid(child, &state, 0) == child);
  return !WIFEXITED(state) || WEXITSTATUS(state) != 0;
}

/// The first seed that catches the fault, or 0.
std::uint64_t catching_seed(mutation fault) {
  for (std::uint64_t seed = 1; seed <= seeds_to_catch; ++seed)
    if (breaks(seed, fault))
      return seed;
  return 0;
}

} // namespace

TEST_CASE("no storm breaks a promise of Raft") {
  auto chosen = tests::seed();
  if (chosen != 1) {
    CHECK(!breaks(chosen, mutation::none));
    return;
  }
  for (std::uint64_t seed = 1; seed <= seeds_by_default; ++seed) {
    CAPTURE(seed);
    REQUIRE(!breaks(seed, mutation::none));
  }
}

TEST_CASE("the hunt catches every core that is broken on purpose" *
          doctest::skip(is_slow)) {
  struct named {
    mutation fault;
    const char* name;
  };
#define FAULT(x)                                                               \
  named {                                                                      \
    mutation::x, #x                                                            \
  }
  constexpr named faults[] = {
      FAULT(commit_older_term),     FAULT(follower_commits_tail),
      FAULT(append_cuts_tail),      FAULT(acknowledge_unsaved),
      FAULT(leader_counts_unsaved), FAULT(apply_uncommitted),
      FAULT(install_old_snapshot),  FAULT(snapshot_without_members),
      FAULT(vote_not_saved),        FAULT(double_vote),
      FAULT(vote_for_shorter_log),  FAULT(trial_changes_term),
      FAULT(stale_leader_stays),    FAULT(votes_after_restart),
      FAULT(change_before_noop),    FAULT(change_before_commit),
      FAULT(read_without_round),    FAULT(read_before_noop),
      FAULT(lease_through_pause),   FAULT(lease_from_receipt),
      FAULT(lease_after_transfer),
  };
#undef FAULT
  for (auto& [fault, name] : faults) {
    auto seed = catching_seed(fault);
    MESSAGE(std::string(name) << ": caught by seed " << seed);
    CHECK_MESSAGE(seed != 0, std::string(name) << " went unnoticed");
  }
}
