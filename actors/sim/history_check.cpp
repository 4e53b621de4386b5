// Divides a history by the keys that operations tie together, has an order
// sought for each group, and puts into words why there is none.

#include "actors/sim/history_facts.hpp"
#include "actors/sim/history_search.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace praetor::actors::sim {
namespace {

// Lines shown around the operation that cannot be placed: a screen of them.
constexpr std::size_t context_max = 16;

class groups {
public:
  explicit groups(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  int find(int x) {
    auto& up = parent_[static_cast<std::size_t>(x)];
    return up == x ? x : up = find(up);
  }
  void tie(int a, int b) {
    parent_[static_cast<std::size_t>(find(a))] = find(b);
  }

private:
  std::vector<int> parent_;
};

// Keys of one group become 0, 1, 2, ...
struct group {
  std::vector<timed_step> steps;
  std::vector<int> keys; // their numbers among all keys
};

bool is_pure(const operation& what) {
  if (what.how == outcome::refused)
    return true;
  return std::none_of(what.parts.begin(), what.parts.end(),
                      [](const part& x) { return is_write(x.what); });
}

class linearizability {
public:
  linearizability(const std::vector<operation>& operations,
                  const check_limits& limits)
      : operations_(operations), facts_(operations), limits_(limits) {}

  verdict run();

private:
  void collect();
  bool is_inert(const timed_step& step) const;
  timed_step make_step(history::id which) const;
  std::vector<group> split();
  verdict check(const group& part);
  search_result search(const group& part, std::uint64_t upto);
  std::uint64_t first_bad_end(const group& part);
  verdict explain(const group& part, std::uint64_t at);
  std::string state_text(const group& part, const timed_step& culprit,
                         const std::vector<key_state>& keys) const;

  const std::vector<operation>& operations_;
  history_facts facts_;
  check_limits limits_;
  std::vector<timed_step> steps_;
  /// Keys that somebody may have found to exist, or not, without a word of
  /// what they held.
  std::set<int> touchy_keys_;
  std::uint64_t states_ = 0;
};

timed_step linearizability::make_step(history::id which) const {
  auto& what = operations_[which];
  timed_step out;
  out.which = which;
  out.began = what.began;
  out.ended = facts_.ended(which);
  out.step.is_transaction = what.is_transaction || what.parts.size() > 1;
  out.step.is_refused = what.how == outcome::refused;
  out.step.has_rows = what.how == outcome::accepted;
  out.step.is_pure = is_pure(what);
  out.step.index = facts_.index(which);
  for (auto& one : what.parts) {
    model_part made;
    made.what = one.what;
    made.index = one.index;
    if (one.index != 0)
      made.expected = facts_.value_at(one.key, one.index).value_or(any_value);
    if (one.what == verb::list)
      made.keys = facts_.keys_below(one.key);
    else
      made.key = facts_.key(one.key);
    if (one.what == verb::put || one.what == verb::cas)
      made.value = facts_.value(one.value);
    for (auto& seen : one.rows)
      if (out.step.has_rows)
        made.rows.push_back(
            {facts_.key(seen.key), facts_.value(seen.value), seen.modified});
    if (one.what != verb::list)
      out.keys.push_back(made.key);
    for (auto key : made.keys)
      out.keys.push_back(key);
    for (auto& seen : made.rows)
      out.keys.push_back(seen.key);
    out.step.parts.push_back(std::move(made));
  }
  std::sort(out.keys.begin(), out.keys.end());
  out.keys.erase(std::unique(out.keys.begin(), out.keys.end()), out.keys.end());
  return out;
}

// A put of unknown outcome whose value nobody saw explains nothing, unless a
// refusal may be due to it, or that another put of a value that the key had
// already was a change, or that a transaction without an answer found a key.
bool linearizability::is_inert(const timed_step& step) const {
  if (step.ended != 0)
    return false;
  if (step.step.is_pure)
    return true;
  for (auto& one : operations_[step.which].parts)
    if (one.what != verb::put || facts_.was_seen(one.key, one.value))
      return false;
  return std::none_of(step.keys.begin(), step.keys.end(),
                      [this](int key) { return touchy_keys_.contains(key); });
}

void linearizability::collect() {
  for (history::id i = 0; i < operations_.size(); ++i) {
    auto& what = operations_[i];
    if (what.is_stale || what.how == outcome::nothing)
      continue;
    auto step = make_step(i);
    if (step.keys.empty())
      continue; // a list of a prefix that nobody ever wrote below
    if (step.step.is_refused)
      touchy_keys_.insert(step.keys.begin(), step.keys.end());
    for (auto& one : step.step.parts)
      if (step.step.is_transaction && !step.step.has_rows &&
          one.what == verb::get)
        touchy_keys_.insert(one.key);
    steps_.push_back(std::move(step));
  }
  std::erase_if(steps_, [this](auto& step) { return is_inert(step); });
  std::sort(steps_.begin(), steps_.end(),
            [](auto& a, auto& b) { return a.began < b.began; });
}

std::vector<group> linearizability::split() {
  groups tied(facts_.keys().size());
  for (auto& step : steps_)
    for (auto key : step.keys)
      tied.tie(key, step.keys[0]);
  std::map<int, group> by_root;
  std::vector<int> local(facts_.keys().size());
  for (int key = 0; key < static_cast<int>(local.size()); ++key) {
    auto& keys = by_root[tied.find(key)].keys;
    local[static_cast<std::size_t>(key)] = static_cast<int>(keys.size());
    keys.push_back(key);
  }
  auto rename = [&local](int& key) {
    key = local[static_cast<std::size_t>(key)];
  };
  for (auto& step : steps_) {
    auto root = tied.find(step.keys[0]);
    auto made = step;
    for (auto& key : made.keys)
      rename(key);
    for (auto& one : made.step.parts) {
      if (one.what == verb::list)
        one.key = 0;
      else
        rename(one.key);
      for (auto& key : one.keys)
        rename(key);
      for (auto& seen : one.rows)
        rename(seen.key);
    }
    by_root[root].steps.push_back(std::move(made));
  }
  std::vector<group> out;
  for (auto& [root, made] : by_root)
    out.push_back(std::move(made));
  return out;
}

// Only what had happened up to that event: later ends are not known yet.
search_result linearizability::search(const group& part, std::uint64_t upto) {
  std::vector<timed_step> steps;
  for (auto& step : part.steps) {
    if (step.began > upto)
      continue;
    steps.push_back(step);
    if (step.ended <= upto)
      continue;
    steps.back().ended = 0;
    steps.back().step.has_rows = false;
    if (step.step.is_pure)
      steps.pop_back();
  }
  auto left = limits_.states_max - std::min(states_, limits_.states_max);
  auto found = find_order(steps, part.keys.size(), left);
  states_ += found.states;
  return found;
}

// A history that has an order has one for each of its beginnings, so the
// first end after which there is none can be halved for.
std::uint64_t linearizability::first_bad_end(const group& part) {
  std::vector<std::uint64_t> ends;
  for (auto& step : part.steps)
    if (step.ended != 0)
      ends.push_back(step.ended);
  std::sort(ends.begin(), ends.end());
  PRAETOR_ASSERT(!ends.empty());
  std::size_t good = 0; // so many ends are fine
  std::size_t bad = ends.size();
  while (good + 1 < bad) {
    auto middle = good + (bad - good) / 2;
    states_ = 0; // the verdict stands; only its wording is sought
    auto is = search(part, ends[middle - 1]).is;
    if (is == verdict::undecided)
      break;
    (is == verdict::ok ? good : bad) = middle;
  }
  return ends[bad - 1];
}

std::string
linearizability::state_text(const group& part, const timed_step& culprit,
                            const std::vector<key_state>& keys) const {
  std::string text;
  for (auto key : culprit.keys) {
    auto at = static_cast<std::size_t>(key);
    if (at >= keys.size())
      continue;
    auto& now = keys[at];
    auto number = static_cast<std::size_t>(part.keys[at]);
    text += (text.empty() ? "" : ", ") + facts_.keys()[number] + " ";
    text += now.value == absent
                ? "did not exist"
                : "was \"" + facts_.value_text(now.value) + "\"";
    if (now.index != 0)
      text += " (index " + std::to_string(now.index) + ")";
  }
  return text;
}

verdict linearizability::explain(const group& part, std::uint64_t at) {
  states_ = 0;
  // Everything before that end has an order, and in it the keys a state.
  auto found = search(part, at - 1);
  auto culprit = std::find_if(part.steps.begin(), part.steps.end(),
                              [at](auto& step) { return step.ended == at; });
  PRAETOR_ASSERT(culprit != part.steps.end());
  std::vector<const timed_step*> around;
  for (auto& step : part.steps) {
    bool shares = std::find_first_of(step.keys.begin(), step.keys.end(),
                                     culprit->keys.begin(),
                                     culprit->keys.end()) != step.keys.end();
    if (shares && step.began < at && &step != &*culprit)
      around.push_back(&step);
  }
  verdict out;
  out.is = verdict::violated;
  out.why = "not linearizable: no order of the operations explains\n  " +
            describe(operations_[culprit->which]);
  out.operations.push_back(culprit->which);
  auto state = state_text(part, *culprit, found.deepest);
  if (!state.empty())
    out.why += "\nin an order of all before it, " + state;
  auto first = around.size() - std::min(around.size(), context_max);
  if (!around.empty())
    out.why += "\nbefore it or beside it on the same keys:";
  if (first > 0)
    out.why += "\n  (" + std::to_string(first) + " older ones)";
  for (auto i = first; i < around.size(); ++i) {
    out.why += "\n  " + describe(operations_[around[i]->which]);
    out.operations.push_back(around[i]->which);
  }
  return out;
}

verdict linearizability::check(const group& part) {
  constexpr auto end = ~std::uint64_t{0};
  auto found = search(part, end);
  if (found.is == verdict::violated)
    return explain(part, first_bad_end(part));
  verdict out;
  out.is = found.is;
  if (out.is == verdict::undecided)
    out.why = "no order of " + std::to_string(part.steps.size()) +
              " operations on " + std::to_string(part.keys.size()) +
              " keys was found or ruled out within " +
              std::to_string(limits_.states_max) + " states";
  return out;
}

verdict linearizability::run() {
  auto worst = facts_.contradiction();
  if (worst.is == verdict::violated)
    return worst;
  collect();
  std::uint64_t states = 0;
  for (auto& part : split()) {
    if (part.steps.empty())
      continue;
    states_ = states;
    auto is = check(part);
    states = std::max(states, states_);
    if (is.is == verdict::violated) {
      is.states = states;
      return is;
    }
    if (is.is == verdict::undecided)
      worst = is;
  }
  worst.states = states;
  return worst;
}

} // namespace

verdict check_linearizable(const std::vector<operation>& operations,
                           const check_limits& limits) {
  return linearizability(operations, limits).run();
}

} // namespace praetor::actors::sim
