#pragma once

// The words of one line of a scenario, and readers of each kind of word. The
// first error stays; what is read after it is of no use and does no harm.

#include "actors/sim/script.hpp"

#include <initializer_list>
#include <set>

namespace praetor::actors::sim {

struct script_word {
  std::string text;
  std::size_t column = 1;
  bool is_quoted = false; // never a keyword
};

/// What a scenario has said so far, as far as later words depend on it.
struct script_names {
  std::uint64_t nodes = 3;
  std::set<std::string> remembered;
};

class script_words {
public:
  /// Splits the line; a comment ends it.
  script_words(std::string_view line, std::size_t number,
               const script_names& names);

  bool is_empty() const { return words_.empty(); }
  bool at_end() const { return next_ >= words_.size(); }
  const std::optional<error>& failure() const { return failure_; }

  /// Whether the next word is this one, which is then read.
  bool take(std::string_view keyword);
  /// The next word must be one of these; returns which.
  std::size_t choose(std::initializer_list<std::string_view> keywords);
  std::string text(std::string_view what);
  std::uint64_t number(std::string_view what, std::uint64_t least,
                       std::uint64_t most);
  span time(std::string_view what, bool may_be_negative = false);
  /// "10%" as 0.1.
  double share(double least, double most);
  node_name node();
  /// A name that `remember` gives.
  std::string new_name();
  void end();
  /// Complains about the word read last, or the next one.
  void refuse(std::string_view allowed, bool about_last = false);

private:
  void split(std::string_view line);
  std::string allowed_nodes() const;

  std::size_t line_;
  const script_names& names_;
  std::vector<script_word> words_;
  std::size_t next_ = 0;
  std::size_t end_column_ = 1;
  std::optional<error> failure_;
};

/// Reads the step that the line is, `repeat` and `end` apart.
step_action read_step(script_words& words);

} // namespace praetor::actors::sim
