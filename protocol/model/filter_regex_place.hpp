#pragma once

// What both matchers know of a place in the subject. Only
// filter_regex_match.cpp and filter_regex_capture.cpp include this.

#include "protocol/model/filter_regex.hpp"
#include "protocol/model/filter_text.hpp"

#include <algorithm>

namespace praetor::model {

inline constexpr char32_t no_rune = rune_max + 1;

// The runes on both sides of a place in the subject.
struct regex::place {
  char32_t before = no_rune;
  char32_t after = no_rune;
};

inline bool contains(const std::vector<std::pair<char32_t, char32_t>>& set,
                     char32_t rune) {
  auto above = std::upper_bound(
      set.begin(), set.end(), rune,
      [](char32_t x, const auto& range) { return x < range.first; });
  return above != set.begin() && rune <= std::prev(above)->second;
}

} // namespace praetor::model
