#pragma once

// From the text of a regular expression to the program that
// filter_regex_match.cpp runs: first a tree, so that repeats can be
// multiplied out, then the instructions. Only filter_regex*.cpp include this.

#include "protocol/model/filter_regex.hpp"
#include "protocol/model/filter_text.hpp"

#include <optional>

namespace praetor::model {

class regex_compiler {
public:
  explicit regex_compiler(std::string_view pattern)
      : pattern_(pattern), rest_(pattern) {}

  result<regex> run();

private:
  using rune_set = regex::rune_set;
  using position = regex::position;
  using opcode = regex::opcode;
  using node_id = std::uint32_t;

  enum class shape : std::uint8_t {
    set,
    assertion,
    sequence,
    choice,
    repeat,
    group,
  };

  struct node {
    shape what = shape::sequence;
    position where = position::text_begin;
    std::uint32_t set = 0; // of runes; of a group: its number
    bool lazy = false;     // repeat: as few as will do
    int least = 0;
    int most = -1; // repeat: -1 is without end
    std::vector<node_id> children;
  };

  struct flags {
    bool fold_case = false;
    bool multi_line = false;
    bool dot_newline = false;
    bool swap_lazy = false;
  };

  // -- reading (filter_regex.cpp) -------------------------------------------
  std::optional<node_id> choice(int depth);
  bool term(std::vector<node_id>& items, int depth);
  bool group(std::vector<node_id>& items, int depth);
  bool group_flags(bool& opens);
  bool named_group();
  bool repeat(std::vector<node_id>& items);
  bool counted(std::string_view& behind, int& least, int& most) const;
  bool apply_repeat(std::vector<node_id>& items, std::string_view start,
                    int least, int most);
  bool repeats_at_most(node_id of, int limit) const;
  bool escape(std::vector<node_id>& items);
  void literal_until_end(std::vector<node_id>& items);

  // -- classes (filter_regex_class.cpp) -------------------------------------
  bool bracket(std::vector<node_id>& items);
  bool bracket_item(rune_set& set, std::string_view start);
  bool named_class(rune_set& set, bool& taken);
  bool class_rune(char32_t& rune, std::string_view start);
  bool escaped_rune(char32_t& rune);
  bool hex_rune(char32_t& rune, std::string_view start);
  static std::optional<rune_set> perl_class(char letter);
  static rune_set negated(rune_set set);
  static rune_set ordered(rune_set set);
  void add_folded(rune_set& set, char32_t low, char32_t high) const;

  node_id add(node what);
  node_id add_set(rune_set set);
  node_id add_rune(char32_t rune);
  node_id add_assertion(position where);

  // -- writing (filter_regex.cpp) --------------------------------------------
  bool write(node_id what);
  bool write_choice(const node& what);
  bool write_group(const node& what);
  void prefer(std::uint32_t split, bool lazy);
  bool write_repeat(const node& what);
  bool write_loop(node_id what, bool at_least_once, bool lazy);
  bool write_optionals(node_id what, int count, bool lazy);
  std::uint32_t emit(regex::instruction what);
  std::uint32_t here() const;

  bool refuse(const char* what, std::string_view culprit);
  // From `start` to where reading has come.
  std::string_view since(std::string_view start) const {
    PRAETOR_ASSERT(start.size() >= rest_.size());
    return start.substr(0, start.size() - rest_.size());
  }

  std::string_view pattern_;
  std::string_view rest_;
  std::string_view last_repeat_; // where it began; empty: none just before
  flags flags_;
  std::vector<node> nodes_;
  regex out_;
  error why_;
};

} // namespace praetor::model
