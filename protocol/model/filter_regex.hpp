#pragma once

// Regular expressions for `matches`, in RE2's syntax, matched in time that
// grows with (pattern x subject) whatever they say: filters come from
// clients, and a matcher that backtracks can be held up for hours by thirty
// bytes. The pattern becomes a program; matching follows all its threads in
// step (Pike's machine). Unicode classes (\pL) are refused, and (?i) folds
// ASCII letters only: both would take tables.

#include "protocol/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace praetor::model {

/// Longer patterns are refused; people write patterns of a few dozen bytes.
inline constexpr std::size_t regex_pattern_bytes_max = 1024;
/// Instructions after counted repeats are unrolled: bounds a match's time.
inline constexpr std::size_t regex_program_max = 4096;
/// Groups within groups; bounds the compiler's stack.
inline constexpr int regex_nesting_max = 100;
/// RE2's limit of a counted repeat, and of such repeats multiplied.
inline constexpr int regex_repeat_max = 1000;
/// Only so much of a subject is looked at. Names and metadata are far
/// shorter; the output of a check may be cut.
inline constexpr std::size_t regex_subject_bytes_max = 16 * 1024;
/// The same where groups are asked for, whose places each thread carries
/// along: names that are looked up in DNS have at most 253 bytes.
inline constexpr std::size_t regex_capture_bytes_max = 1024;
/// Groups whose place is told; the places of further ones are not kept.
inline constexpr std::size_t regex_groups_max = 64;

class regex {
public:
  /// Failures carry RE2's text, with the culprit in backquotes.
  static result<regex> compile(std::string_view pattern);

  /// Whether the pattern occurs anywhere in the subject.
  bool search(std::string_view subject) const;

  /// The first occurrence, and in it what each group matched, as RE2 chooses
  /// among several; empty when there is none. Looks at the first
  /// `regex_capture_bytes_max` bytes only.
  std::vector<std::string> captures(std::string_view subject) const;

  std::size_t program_size() const { return program_.size(); }

private:
  friend class regex_compiler;

  enum class opcode : std::uint8_t {
    any_of, // a rune within a set; `next`
    split,  // both `next` and `other`
    jump,   // `next`
    save,   // notes the place as `set`; `next`
    assertion,
    accept,
  };

  enum class position : std::uint8_t {
    text_begin,
    text_end,
    line_begin,
    line_end,
    word_boundary,
    no_word_boundary,
  };

  struct instruction {
    opcode code = opcode::accept;
    position where = position::text_begin;
    std::uint32_t next = 0;
    std::uint32_t other = 0;
    std::uint32_t set = 0;
  };

  // Sorted, disjoint ranges of runes.
  using rune_set = std::vector<std::pair<char32_t, char32_t>>;

  struct thread_list;
  struct place;
  struct capturing;
  bool follow(thread_list& threads, std::uint32_t start, const place& at) const;
  static bool holds(position where, const place& at);

  std::vector<instruction> program_;
  std::vector<rune_set> sets_;
  std::size_t groups_ = 1; // with the whole
};

} // namespace praetor::model
