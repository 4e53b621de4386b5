// doctest's main, plus --seed: the one number that all chance in the tests
// comes from. A failing run says how to repeat it.

#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace praetor::tests {
namespace {

std::uint64_t chosen_seed = 1;

// False unless the whole text is one number.
bool choose_seed(std::string_view text) {
  auto end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, chosen_seed);
  return problem == std::errc{} && stop == end;
}

// Reads --seed N and --seed=N; doctest ignores what it does not know.
bool read_seed(int argc, char** argv) {
  if (auto* text = std::getenv("PRAETOR_SEED"); text && !choose_seed(text))
    return false;
  constexpr std::string_view flag = "--seed";
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == flag && (++i >= argc || !choose_seed(argv[i])))
      return false;
    if (argument.starts_with("--seed=") &&
        !choose_seed(argument.substr(flag.size() + 1)))
      return false;
  }
  return true;
}

} // namespace

std::uint64_t seed() {
  return chosen_seed;
}

} // namespace praetor::tests

int main(int argc, char** argv) {
  if (!praetor::tests::read_seed(argc, argv)) {
    std::fprintf(stderr, "--seed and PRAETOR_SEED take one number\n");
    return 2;
  }
  doctest::Context context(argc, argv);
  auto status = context.run();
  if (status != 0)
    std::fprintf(stderr, "replay with: %s --seed %llu\n", argv[0],
                 static_cast<unsigned long long>(praetor::tests::seed()));
  return status;
}
