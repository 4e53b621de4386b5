#pragma once

// What a whole history tells before any order is sought: who may have written
// each value, and at which index. A value that only one operation wrote and
// that somebody saw gives away that operation's index, and that it happened
// although nobody was told so.

#include "actors/sim/history.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace praetor::actors::sim {

bool is_write(verb what);

class history_facts {
public:
  explicit history_facts(const std::vector<operation>& operations);

  /// Every key that was named or shown, in order; and their numbers.
  const std::vector<std::string>& keys() const { return keys_; }
  int key(const std::string& name) const;
  std::vector<int> keys_below(const std::string& prefix) const;
  /// Values have numbers too, for the model.
  int value(const std::string& text) const;
  const std::string& value_text(int number) const;
  /// The number of what the key held at the index, if somebody saw it.
  std::optional<int> value_at(const std::string& key, modify_index index) const;

  bool was_seen(const std::string& key, const std::string& value) const;
  /// Two operations may have written the same value to it.
  bool is_ambiguous(int key) const { return ambiguous_.contains(key); }
  /// Where the write was applied, or 0 if nobody knows.
  modify_index index(history::id which) const { return index_[which]; }
  /// The event by which it must have happened; 0 if there is none.
  std::uint64_t ended(history::id which) const { return ended_[which]; }

  /// An answer that no order can explain: a value that nobody had written, or
  /// one write that was applied twice. Of stale reads, or of all others.
  verdict contradiction(bool of_stale_reads = false) const;

private:
  using value_of_key = std::pair<std::string, std::string>;
  struct sighting {
    modify_index modified = 0;
    history::id by = 0;
  };

  void note_names();
  void note_writers();
  void note_sightings();
  void resolve();
  verdict contradiction(history::id reader, const row& seen) const;
  verdict applied_twice() const;

  const std::vector<operation>& operations_;
  std::vector<std::string> keys_;
  std::vector<std::string> values_;
  std::map<value_of_key, std::vector<history::id>> writers_;
  std::map<value_of_key, std::vector<sighting>> sightings_;
  std::map<std::pair<std::string, modify_index>, int> values_at_;
  std::set<int> ambiguous_;
  std::vector<modify_index> index_;
  std::vector<std::uint64_t> ended_;
};

} // namespace praetor::actors::sim
