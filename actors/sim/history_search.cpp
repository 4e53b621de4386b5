#include "actors/sim/history_search.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

namespace praetor::actors::sim {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

struct fingerprint_hash {
  std::size_t operator()(const fingerprint& x) const { return x.low; }
};

// The steps not yet placed, in the order in which they began. What was taken
// out last goes back first.
class waiting_list {
public:
  explicit waiting_list(std::size_t count)
      : next_(count + 1), previous_(count + 1), end_(count) {
    next_[end_] = previous_[end_] = end_;
  }

  void append(std::size_t which) {
    auto last = previous_[end_];
    next_[last] = which;
    previous_[which] = last;
    next_[which] = end_;
    previous_[end_] = which;
  }
  std::size_t first() const { return next_[end_]; }
  std::size_t after(std::size_t which) const { return next_[which]; }
  std::size_t end() const { return end_; }

  void take(std::size_t which) {
    next_[previous_[which]] = next_[which];
    previous_[next_[which]] = previous_[which];
  }
  void put_back(std::size_t which) {
    next_[previous_[which]] = which;
    previous_[next_[which]] = which;
  }

private:
  std::vector<std::size_t> next_;
  std::vector<std::size_t> previous_;
  std::size_t end_;
};

// What a step needs to find and what it leaves behind, as key and value.
using holding = std::pair<int, int>;
struct demands {
  std::vector<holding> needs;
  std::vector<holding> writes;
};

void add_needs(const model_part& what, const model_step& step, demands& out) {
  std::vector<int> keys = what.keys;
  switch (what.what) {
  case verb::get:
    keys.push_back(what.key);
    [[fallthrough]];
  case verb::list:
    if (!step.has_rows) {
      // A transaction fails as a whole where there is nothing to get.
      if (what.what == verb::get && step.is_transaction)
        out.needs.emplace_back(what.key, any_value);
      return;
    }
    for (auto& seen : what.rows) {
      out.needs.emplace_back(seen.key, seen.value);
      std::erase(keys, seen.key);
    }
    for (auto key : keys)
      out.needs.emplace_back(key, absent);
    return;
  case verb::cas:
  case verb::check_index:
    out.needs.emplace_back(what.key, what.index == 0 ? absent : what.expected);
    return;
  case verb::check_absent:
    out.needs.emplace_back(what.key, absent);
    return;
  case verb::remove_cas:
    out.needs.emplace_back(what.key, any_value);
    return;
  case verb::put:
  case verb::remove:
    return;
  }
}

demands demands_of(const timed_step& step) {
  demands out;
  if (step.step.is_refused) {
    for (auto key : step.keys)
      out.needs.emplace_back(key, any_value);
    return out;
  }
  for (auto& what : step.step.parts) {
    // What a transaction wrote itself it need not find.
    bool is_own = std::any_of(out.writes.begin(), out.writes.end(),
                              [&](auto& x) { return x.first == what.key; });
    if (!is_own && (what.what != verb::list || out.writes.empty()))
      add_needs(what, step.step, out);
    if (what.what == verb::put || what.what == verb::cas)
      out.writes.emplace_back(what.key, what.value);
    if (what.what == verb::remove || what.what == verb::remove_cas)
      out.writes.emplace_back(what.key, absent);
  }
  return out;
}

class order_search {
public:
  order_search(const std::vector<timed_step>& steps, std::size_t keys,
               std::uint64_t states_max);

  search_result run();

private:
  // A place in the order: what may stand there, and what was tried.
  struct level {
    std::size_t first_candidate = 0;
    std::size_t next_candidate = 0;
    std::size_t chosen = 0;
    std::size_t model_mark = 0;
  };

  void find_candidates();
  void add_known();
  void add_open(std::uint64_t before);
  bool helps(std::size_t open, std::size_t first, std::size_t last) const;
  bool place(std::size_t which);
  bool fits(std::size_t which);
  bool destroys(const std::vector<holding>& before) const;
  void count(std::size_t which, int by);
  void take_back(level& from);
  bool is_ended(std::size_t which) const { return steps_[which].ended != 0; }
  waiting_list& list_of(std::size_t which) {
    return is_ended(which) ? known_ : open_;
  }

  const std::vector<timed_step>& steps_;
  kv_model model_;
  std::uint64_t states_max_;
  waiting_list known_; // steps that must be placed
  waiting_list open_;  // steps that may be
  std::size_t left_ = 0;
  std::vector<demands> demands_;
  /// How many steps still need the key to hold the value, or would make it.
  struct balance {
    int needs = 0;
    int writes = 0;
  };
  std::map<holding, balance> balances_;
  /// Keys to which a value is written twice: whether the second time changes
  /// anything depends on what stood between.
  std::set<int> ambiguous_;
  /// Steps whose index is known must be placed in the order of it.
  std::vector<std::size_t> by_index_;
  std::size_t next_by_index_ = 0;
  /// Needs of the steps in `open_` that have any.
  std::vector<holding> open_needs_;
  std::vector<holding> before_; // kept for its memory
  std::vector<std::size_t> candidates_;
  std::vector<level> levels_;
  fingerprint placed_;
  std::unordered_set<fingerprint, fingerprint_hash> visited_;
  search_result found_;
  std::size_t fewest_left_ = std::numeric_limits<std::size_t>::max();
};

order_search::order_search(const std::vector<timed_step>& steps,
                           std::size_t keys, std::uint64_t states_max)
    : steps_(steps), model_(keys), states_max_(states_max),
      known_(steps.size()), open_(steps.size()) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    PRAETOR_ASSERT(i == 0 || steps_[i - 1].began < steps_[i].began);
    demands_.push_back(demands_of(steps_[i]));
    list_of(i).append(i);
    left_ += is_ended(i);
    if (is_ended(i) && steps_[i].step.index != 0)
      by_index_.push_back(i);
    if (!is_ended(i))
      for (auto& need : demands_[i].needs)
        open_needs_.push_back(need);
    count(i, 1);
    for (auto& what : demands_[i].writes)
      if (what.second != absent && balances_[what].writes > 1)
        ambiguous_.insert(what.first);
  }
  next_by_index_ = 0;
  std::sort(by_index_.begin(), by_index_.end(), [this](auto a, auto b) {
    return steps_[a].step.index < steps_[b].step.index;
  });
}

// What began before any of the others ended may come next. The one that ends
// first is tried first: an order of ends is often the true one.
void order_search::add_known() {
  auto first = candidates_.size();
  auto earliest_end = never;
  for (auto i = known_.first(); i != known_.end(); i = known_.after(i)) {
    if (steps_[i].began > earliest_end)
      break;
    earliest_end = std::min(earliest_end, steps_[i].ended);
    candidates_.push_back(i);
  }
  // A read that fits now may as well stand here: it changes nothing, so any
  // order with it further on is as good with it here.
  for (auto at = first; at < candidates_.size(); ++at) {
    auto which = candidates_[at];
    if (!steps_[which].step.is_pure)
      continue;
    auto mark = model_.mark();
    bool fits = model_.apply(steps_[which].step);
    bool settles = model_.mark() != mark;
    model_.undo(mark);
    if (fits && !settles) {
      candidates_.resize(first);
      candidates_.push_back(which);
      return;
    }
  }
  std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(first),
            candidates_.end(), [this](std::size_t a, std::size_t b) {
              return steps_[a].ended < steps_[b].ended;
            });
  add_open(earliest_end);
}

bool meets(const std::vector<holding>& writes, const holding& need) {
  return std::any_of(writes.begin(), writes.end(), [&](auto& made) {
    return made.first == need.first &&
           (need.second == any_value || made.second == need.second);
  });
}

bool order_search::helps(std::size_t open, std::size_t first,
                         std::size_t last) const {
  auto& writes = demands_[open].writes;
  // Its own condition may soon be gone, or one of its several writes must
  // come before another step.
  if (writes.size() > 1 || !demands_[open].needs.empty())
    return true;
  for (auto& made : writes)
    if (ambiguous_.contains(made.first))
      return true;
  auto met = [&](auto& need) { return meets(writes, need); };
  if (std::any_of(open_needs_.begin(), open_needs_.end(), met))
    return true;
  for (auto at = first; at < last; ++at) {
    auto& needs = demands_[candidates_[at]].needs;
    if (std::any_of(needs.begin(), needs.end(), met))
      return true;
  }
  return false;
}

// Of the steps without an answer only those matter here that bring about what
// comes next: any other may as well happen later, or never.
void order_search::add_open(std::uint64_t before) {
  auto first = levels_.back().first_candidate;
  auto last = candidates_.size();
  for (auto i = open_.first(); i != open_.end(); i = open_.after(i)) {
    if (steps_[i].began > before)
      break;
    if (helps(i, first, last))
      candidates_.push_back(i);
  }
}

void order_search::find_candidates() {
  level here;
  here.first_candidate = here.next_candidate = candidates_.size();
  levels_.push_back(here);
  add_known();
}

void order_search::count(std::size_t which, int by) {
  for (auto& what : demands_[which].needs)
    if (is_ended(which) && what.second != any_value)
      balances_[what].needs += by;
  for (auto& what : demands_[which].writes)
    balances_[what].writes += by;
  if (is_ended(which) && steps_[which].step.index != 0)
    next_by_index_ -= static_cast<std::size_t>(by);
}

// Whether one of the keys held what somebody still needs and nobody can make
// again.
bool order_search::destroys(const std::vector<holding>& before) const {
  for (auto& old : before) {
    if (model_.keys()[static_cast<std::size_t>(old.first)].value == old.second)
      continue;
    auto found = balances_.find(old);
    if (found != balances_.end() && found->second.needs > 0 &&
        found->second.writes == 0)
      return true;
  }
  return false;
}

// Applies the step; false if that cannot be, or cannot end well.
bool order_search::fits(std::size_t which) {
  auto& step = steps_[which].step;
  if (step.index != 0 && is_ended(which) &&
      by_index_[next_by_index_ - 1] != which)
    return false;
  before_.clear();
  for (auto& what : demands_[which].writes)
    before_.emplace_back(
        what.first, model_.keys()[static_cast<std::size_t>(what.first)].value);
  return model_.apply(step) && !destroys(before_);
}

// False if the step does not fit, or leads to where the search has been.
bool order_search::place(std::size_t which) {
  auto& here = levels_.back();
  here.model_mark = model_.mark();
  here.chosen = which;
  count(which, -1);
  bool may = fits(which);
  placed_.toggle(which + 1);
  if (may) {
    auto state = placed_;
    state.low ^= model_.state().low;
    state.high ^= model_.state().high;
    may = visited_.insert(state).second;
  }
  if (!may) {
    placed_.toggle(which + 1);
    model_.undo(here.model_mark);
    count(which, 1);
    return false;
  }
  list_of(which).take(which);
  left_ -= is_ended(which);
  return true;
}

void order_search::take_back(level& from) {
  list_of(from.chosen).put_back(from.chosen);
  left_ += is_ended(from.chosen);
  placed_.toggle(from.chosen + 1);
  model_.undo(from.model_mark);
  count(from.chosen, 1);
}

search_result order_search::run() {
  find_candidates();
  while (left_ > 0) {
    auto& here = levels_.back();
    if (here.next_candidate == candidates_.size()) {
      candidates_.resize(here.first_candidate);
      levels_.pop_back();
      if (levels_.empty()) {
        found_.is = verdict::violated;
        return found_;
      }
      take_back(levels_.back());
      continue;
    }
    if (!place(candidates_[here.next_candidate++]))
      continue;
    if (++found_.states > states_max_) {
      found_.is = verdict::undecided;
      return found_;
    }
    if (left_ < fewest_left_) {
      fewest_left_ = left_;
      found_.deepest = model_.keys();
    }
    find_candidates();
  }
  found_.deepest = model_.keys();
  return found_;
}

} // namespace

search_result find_order(const std::vector<timed_step>& steps, std::size_t keys,
                         std::uint64_t states_max) {
  order_search search(steps, keys, states_max);
  return search.run();
}

} // namespace praetor::actors::sim
