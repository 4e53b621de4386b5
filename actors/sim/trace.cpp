#include "actors/sim/trace.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace praetor::actors::sim {
namespace {

constexpr std::uint64_t fnv_prime = 0x100000001B3ull;

} // namespace

// FNV-1a by words instead of bytes, with the high bits brought down.
void trace::mix(std::uint64_t x) {
  hash_ = (hash_ ^ x) * fnv_prime;
  hash_ ^= hash_ >> 29;
}

void trace::note_bytes(std::string_view bytes) {
  mix(bytes.size());
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    auto taken = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), taken);
    mix(word);
    bytes.remove_prefix(taken);
  }
}

void trace::write(instant at, const std::string& text) {
  sink_(seconds_text(at) + " " + text + "\n");
}

std::string seconds_text(instant at) {
  auto passed = at.time_since_epoch() - std::chrono::hours(1);
  auto us = std::chrono::duration_cast<std::chrono::microseconds>(passed);
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%06lld",
                static_cast<long long>(us.count() / 1'000'000),
                static_cast<long long>(us.count() % 1'000'000));
  return text;
}

} // namespace praetor::actors::sim
