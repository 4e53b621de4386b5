#include "actors/sim/history_facts.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>

namespace praetor::actors::sim {
namespace {

int place_in(const std::vector<std::string>& sorted, const std::string& text) {
  auto at = std::lower_bound(sorted.begin(), sorted.end(), text);
  PRAETOR_ASSERT(at != sorted.end() && *at == text);
  return static_cast<int>(at - sorted.begin());
}

bool has_value(verb what) {
  return what == verb::put || what == verb::cas;
}

bool is_write(const operation& what) {
  return std::any_of(what.parts.begin(), what.parts.end(),
                     [](const part& x) { return sim::is_write(x.what); });
}

verdict violated(std::string why, std::vector<history::id> which) {
  verdict out;
  out.is = verdict::violated;
  out.why = std::move(why);
  out.operations = std::move(which);
  return out;
}

std::string quoted(const row& seen) {
  return seen.key + " = \"" + seen.value + "\"";
}

} // namespace

bool is_write(verb what) {
  return has_value(what) || what == verb::remove || what == verb::remove_cas;
}

history_facts::history_facts(const std::vector<operation>& operations)
    : operations_(operations), index_(operations.size()),
      ended_(operations.size()) {
  note_names();
  note_writers();
  note_sightings();
  resolve();
}

void history_facts::note_names() {
  std::set<std::string> keys;
  std::set<std::string> values;
  for (auto& what : operations_)
    for (auto& one : what.parts) {
      if (one.what != verb::list)
        keys.insert(one.key);
      values.insert(one.value);
      for (auto& seen : one.rows) {
        keys.insert(seen.key);
        values.insert(seen.value);
      }
    }
  keys_.assign(keys.begin(), keys.end());
  values_.assign(values.begin(), values.end());
}

void history_facts::note_writers() {
  for (history::id i = 0; i < operations_.size(); ++i) {
    auto how = operations_[i].how;
    if (how == outcome::refused || how == outcome::nothing)
      continue;
    for (auto& one : operations_[i].parts) {
      if (!has_value(one.what))
        continue;
      auto& writers = writers_[{one.key, one.value}];
      if (writers.empty() || writers.back() != i)
        writers.push_back(i);
      if (writers.size() > 1)
        ambiguous_.insert(key(one.key));
    }
  }
}

void history_facts::note_sightings() {
  for (history::id i = 0; i < operations_.size(); ++i)
    if (operations_[i].how == outcome::accepted)
      for (auto& one : operations_[i].parts)
        for (auto& seen : one.rows) {
          sightings_[{seen.key, seen.value}].push_back({seen.modified, i});
          if (seen.modified != 0)
            values_at_[{seen.key, seen.modified}] = value(seen.value);
        }
}

void history_facts::resolve() {
  for (history::id i = 0; i < operations_.size(); ++i) {
    if (operations_[i].how != outcome::unknown)
      ended_[i] = operations_[i].ended;
    if (operations_[i].how == outcome::accepted && is_write(operations_[i]))
      index_[i] = operations_[i].index;
  }
  for (auto& [what, sightings] : sightings_) {
    auto writers = writers_.find(what);
    if (writers == writers_.end() || writers->second.size() != 1)
      continue;
    auto writer = writers->second[0];
    for (auto& seen : sightings) {
      auto& index = index_[writer];
      if (index == 0)
        index = seen.modified;
      auto by = operations_[seen.by].ended;
      auto& ended = ended_[writer];
      // A transaction sees what it wrote itself, which proves nothing.
      if (operations_[writer].how == outcome::unknown && seen.by != writer)
        ended = ended == 0 ? by : std::min(ended, by);
    }
  }
}

int history_facts::key(const std::string& name) const {
  return place_in(keys_, name);
}

std::vector<int> history_facts::keys_below(const std::string& prefix) const {
  std::vector<int> out;
  auto at = std::lower_bound(keys_.begin(), keys_.end(), prefix);
  for (; at != keys_.end() && at->starts_with(prefix); ++at)
    out.push_back(static_cast<int>(at - keys_.begin()));
  return out;
}

int history_facts::value(const std::string& text) const {
  return place_in(values_, text);
}

const std::string& history_facts::value_text(int number) const {
  return values_[static_cast<std::size_t>(number)];
}

std::optional<int> history_facts::value_at(const std::string& key,
                                           modify_index index) const {
  auto found = values_at_.find({key, index});
  if (found == values_at_.end())
    return {};
  return found->second;
}

bool history_facts::was_seen(const std::string& key,
                             const std::string& value) const {
  return sightings_.contains({key, value});
}

verdict history_facts::contradiction(history::id reader,
                                     const row& seen) const {
  auto& what = operations_[reader];
  auto writers = writers_.find({seen.key, seen.value});
  if (writers == writers_.end())
    return violated("nobody wrote " + quoted(seen) +
                        ", or it was refused, and yet it was read\n  " +
                        describe(what),
                    {reader});
  auto first = writers->second.front();
  if (operations_[first].began > what.ended)
    return violated(quoted(seen) + " was read before it was written\n  " +
                        describe(what) + "\n  " + describe(operations_[first]),
                    {reader, first});
  return {};
}

verdict history_facts::applied_twice() const {
  for (auto& [what, sightings] : sightings_) {
    auto writers = writers_.find(what);
    if (writers == writers_.end() || writers->second.size() != 1)
      continue;
    auto writer = writers->second[0];
    for (auto& seen : sightings) {
      if (seen.modified == 0 || seen.modified == index_[writer])
        continue;
      row shown{what.first, what.second, seen.modified};
      return violated("one write was applied twice: " + quoted(shown) +
                          " has index " + std::to_string(index_[writer]) +
                          " and index " + std::to_string(seen.modified) +
                          "\n  " + describe(operations_[writer]) + "\n  " +
                          describe(operations_[seen.by]),
                      {writer, seen.by});
    }
  }
  return {};
}

verdict history_facts::contradiction(bool of_stale_reads) const {
  for (history::id i = 0; i < operations_.size(); ++i) {
    auto& what = operations_[i];
    if (what.how != outcome::accepted || what.is_stale != of_stale_reads)
      continue;
    for (auto& one : what.parts)
      for (auto& seen : one.rows)
        if (auto bad = contradiction(i, seen); bad.is != verdict::ok)
          return bad;
  }
  return applied_twice();
}

verdict check_stale(const std::vector<operation>& operations) {
  return history_facts(operations).contradiction(true);
}

verdict check_index_order(const std::vector<operation>& operations) {
  history_facts facts(operations);
  struct sight {
    std::uint64_t ended = 0;
    modify_index index = 0;
    history::id by = 0;
  };
  std::vector<sight> sights;
  std::vector<history::id> writes;
  for (history::id i = 0; i < operations.size(); ++i) {
    auto& what = operations[i];
    if (facts.index(i) != 0)
      writes.push_back(i);
    if (what.how != outcome::accepted)
      continue;
    sights.push_back({what.ended, facts.index(i), i});
    for (auto& one : what.parts)
      for (auto& seen : one.rows)
        sights.push_back({what.ended, seen.modified, i});
  }
  std::sort(sights.begin(), sights.end(),
            [](auto& a, auto& b) { return a.ended < b.ended; });
  std::sort(writes.begin(), writes.end(), [&](auto a, auto b) {
    return operations[a].began < operations[b].began;
  });
  std::map<modify_index, history::id> taken;
  sight newest;
  auto next = sights.begin();
  for (auto which : writes) {
    auto& what = operations[which];
    for (; next != sights.end() && next->ended < what.began; ++next)
      if (next->index > newest.index)
        newest = *next;
    auto index = facts.index(which);
    if (newest.index >= index)
      return violated("index " + std::to_string(newest.index) +
                          " was known before the write began that has index " +
                          std::to_string(index) + "\n  " +
                          describe(operations[newest.by]) + "\n  " +
                          describe(what),
                      {newest.by, which});
    auto [same, is_new] = taken.emplace(index, which);
    if (!is_new)
      return violated("two writes have index " + std::to_string(index) +
                          "\n  " + describe(operations[same->second]) + "\n  " +
                          describe(what),
                      {same->second, which});
  }
  return {};
}

} // namespace praetor::actors::sim
