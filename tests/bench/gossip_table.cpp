// Prints the table of tests/sim/GOSSIP.md. Minutes, most of them for the
// thousand members:
//
//   ninja -C build tests/gossip_table && build/tests/gossip_table [MOST]

#include "tests/support/gossip_trial.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;

namespace {

double seconds(const std::optional<span>& time) {
  return time ? std::chrono::duration<double>(*time).count() : -1;
}

void print_accusations(const char* what, std::size_t members,
                       gossip_weather weather, slowness slow) {
  auto chosen = gossip::lan_settings();
  auto plain = gossip::without_lifeguard(chosen);
  accusations with;
  accusations without;
  accusations paper;
  auto published = chosen;
  published.stall = span{};
  auto add = [&](accusations& to, const gossip::settings& by,
                 std::uint64_t seed) {
    auto one = count_accusations(by, members, weather, slow, 120s, seed);
    to.false_all += one.false_all;
    to.false_healthy += one.false_healthy;
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    add(without, plain, seed);
    add(paper, published, seed);
    add(with, chosen, seed);
  }
  std::printf("| %zu | %s | %zu / %zu | %zu / %zu | %zu / %zu |\n", members,
              what, without.false_all, without.false_healthy, paper.false_all,
              paper.false_healthy, with.false_all, with.false_healthy);
  std::fflush(stdout);
}

// Mean and most of twenty seeds.
void print_detection(std::size_t members) {
  std::printf("| %zu |", members);
  for (bool host_answers : {true, false}) {
    double sum = 0;
    double most = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      auto found =
          detect_crash(gossip::lan_settings(), members, host_answers, seed);
      sum += seconds(found.first);
      most = std::max(most, seconds(found.first));
    }
    std::printf(" %.1f, %.1f |", sum / 20, most);
  }
  std::printf("\n");
  std::fflush(stdout);
}

void print_speed(std::size_t members) {
  auto chosen = gossip::lan_settings();
  gossip_weather loss;
  loss.loss = 0.05;
  std::printf("| %zu | %.2f | %.2f | %.2f | ", members,
              seconds(converge(chosen, members, {}, 1)),
              seconds(converge(chosen, members, loss, 1)),
              seconds(spread_event(chosen, members, loss, 1)));
  std::printf("%.1f |\n", seconds(heal_partition(chosen, members, 60s, 1)));
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  std::size_t most =
      argc > 1 ? static_cast<std::size_t>(std::atoi(argv[1])) : 1000;
  std::printf("| members | killed | silent |\n|---|---|---|\n");
  for (std::size_t members : {3, 10, 23, 32, 100})
    if (members <= most)
      print_detection(members);
  std::printf("\n| members | joins | joins, 5 %% lost | event, 5 %% lost "
              "| healing |\n|---|---|---|---|---|\n");
  for (std::size_t members : {3, 10, 32, 100, 316, 1000})
    if (members <= most)
      print_speed(members);
  std::printf("\n| members | what | SWIM | Lifeguard | praetor |\n"
              "|---|---|---|---|---|\n");
  gossip_weather lossy;
  lossy.loss = 0.25;
  for (std::size_t members : {32, 128}) {
    if (members > most)
      continue;
    print_accusations("25 % of packets lost", members, lossy, {});
    print_accusations("1 slow, 8 s in 8.001", members, {}, {1, 8s, 1ms});
    print_accusations("1/8 slow, 8 s in 8.001", members, {},
                      {members / 8, 8s, 1ms});
    print_accusations("1/4 slow, 8 s in 8.001", members, {},
                      {members / 4, 8s, 1ms});
    print_accusations("1/4 slow, 16 s in 16.001", members, {},
                      {members / 4, 16s, 1ms});
  }
}
