#include "actors/sim/run.hpp"

#include "actors/sim/plots.hpp"

namespace praetor::actors::sim {
namespace {

using namespace std::chrono_literals;

// From the moment in which all is well until every server serves: an
// election, the restart of who is down, and what `link` takes to connect.
constexpr span recovery_max = 10s;

// Longer than any client waits.
constexpr span patience_max = 6s;

// Busy clients meet each other, others leave the servers time.
span draw_pause(prng chance) {
  constexpr span pauses[] = {120ms, 400ms, 1200ms};
  return pauses[chance.below(std::size(pauses))];
}

bool all_up(world& one) {
  for (std::size_t i = 0; i < one.size(); ++i)
    if (!one.at(i).core() && !one.is_lost(i))
      return false;
  return one.leader().has_value();
}

// Asks until it is answered, and says so.
struct prober {
  world& where;
  std::size_t server;
  asked what;
  instant until;
  bool done = false;
  told answer;

  void go() {
    where.users().ask(server, what, 2s, [this](const told& given) {
      if (given.is == told::done && given.outcome.failure.code == errc::ok) {
        done = true;
        answer = given;
      } else if (where.time.now() < until) {
        where.time.after(20ms, [this] { go(); });
      }
    });
  }
};

// Each question goes to the server of its number.
bool ask_all(world& one, const std::vector<asked>& questions,
             std::vector<told>& answers, instant until) {
  std::vector<std::unique_ptr<prober>> all;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (one.is_lost(i))
      continue;
    all.push_back(std::make_unique<prober>(
        prober{one, i, questions[i], until, false, {}}));
    all.back()->go();
  }
  auto done = [&] {
    return std::all_of(all.begin(), all.end(), [&](auto& x) {
      return x->done || one.is_lost(x->server);
    });
  };
  auto in_time = one.run_until(done, until - one.time.now());
  auto waits = [](auto& x) { return !x->done; };
  if (std::any_of(all.begin(), all.end(), waits) && one.is_sound())
    // Their callbacks must not outlive them.
    one.run_for(patience_max);
  for (auto& x : all)
    if (x->done)
      answers.push_back(x->answer);
  return in_time;
}

bool serves_everywhere(world& one, instant until) {
  std::vector<asked> writes, reads;
  for (std::size_t i = 0; i < one.size(); ++i) {
    asked write;
    write.is = asked::write;
    model::kv_operation put;
    put.key = "probe/" + std::to_string(i);
    put.value = "here";
    write.command = put;
    writes.push_back(write);
    asked read;
    read.query.name = put.key;
    read.level = http::consistency::consistent;
    reads.push_back(read);
  }
  std::vector<told> wrote, found;
  if (!ask_all(one, writes, wrote, until) || !ask_all(one, reads, found, until))
    return false;
  for (auto& answer : found)
    if (std::get<model::kv_list>(answer.answer.records).empty())
      one.checks().violate("a consistent read misses a write that was "
                           "acknowledged before it");
  return true;
}

bool all_agree(world& one) {
  for (std::size_t i = 0; i < one.size(); ++i) {
    auto state = one.at(i).newest();
    if (one.is_lost(i))
      continue;
    if (!state || state->applied != one.checks().reached())
      return false;
  }
  return true;
}

std::string who_lags(world& one) {
  std::string text;
  for (std::size_t i = 0; i < one.size(); ++i) {
    auto state = one.at(i).newest();
    text += " " + (state ? std::to_string(state->applied) : "down");
  }
  return text;
}

} // namespace

void check_recovery(world& one) {
  one.heal();
  one.users().stop_writing();
  auto until = one.time.now() + recovery_max;
  auto fail = [&](const std::string& why) {
    one.checks().violate(why + " " +
                         std::to_string(recovery_max.count() / 1'000'000'000) +
                         " s after all was healed");
  };
  if (!one.run_until([&] { return all_up(one); }, recovery_max))
    return fail("not every server is up, or nobody leads,");
  if (!serves_everywhere(one, until))
    return fail("not every server takes writes and consistent reads");
  if (!one.run_until([&] { return all_agree(one); }, until - one.time.now()))
    return fail("the servers have not applied the same, of " +
                std::to_string(one.checks().reached()) +
                " entries:" + who_lags(one));
  auto expected = digest(one.checks().reference());
  for (std::size_t i = 0; i < one.size(); ++i)
    if (!one.is_lost(i) && digest(*one.at(i).newest()) != expected)
      one.checks().violate("the state of server " + std::to_string(i) +
                           " differs in the end");
  // Who waits is answered, and watchers hear of the last change.
  one.run_for(patience_max);
  one.users().stop();
  one.run_for(patience_max);
}

void check_history(world& one, run_result& result) {
  if (!one.is_sound())
    return;
  one.users().check_watches();
  auto& all = one.users().past().operations();
  result.operations = all.size();
  auto judge = [&](const verdict& given) {
    result.states += given.states;
    if (given.is == verdict::violated)
      one.checks().violate(given.why);
  };
  judge(check_linearizable(all));
  judge(check_index_order(all));
  judge(check_stale(all));
}

run_result run(const run_options& chosen) {
  auto seed = chosen.world.seed ^ 0x5DEECE66Dull;
  auto& from = chosen.faults ? *chosen.faults : profiles()[0];
  run_result result;
  auto* repeated = chosen.world.nodes > 2 ? draw_plot(from, ~seed) : nullptr;
  auto options = chosen.world;
  options.eager_snapshots = repeated && repeated->eager_snapshots;
  options.work.pause_max = draw_pause(prng(seed + 1));
  world one(std::move(options));
  auto began = one.time.now();
  std::optional<recording> film;
  if (chosen.records)
    film.emplace(one);
  if (one.begin()) {
    one.users().start();
    storm faults(one, from, repeated, seed);
    if (faults.rage(chosen.storm_time))
      check_recovery(one);
    check_history(one, result);
  }
  if (repeated)
    result.plot = repeated->name;
  result.violation = one.checks().violation();
  if (film)
    result.recorded =
        film->take("praetor sim --seed " + std::to_string(chosen.world.seed));
  result.hash = one.kept.hash();
  result.time = one.time.now() - began;
  result.counts = one.kept.counts;
  result.users = one.users().counts();
  result.entries = one.checks().reached();
  return result;
}

} // namespace praetor::actors::sim
