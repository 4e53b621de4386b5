#include "actors/sim/watches.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/duration.hpp"

#include <algorithm>
#include <map>

namespace praetor::actors::sim {
namespace {

std::string text_of(const std::vector<row>& rows) {
  if (rows.empty())
    return "nothing";
  std::string text;
  for (auto& one : rows)
    text += (text.empty() ? "" : ", ") + one.key + "=\"" + one.value +
            "\" (index " + std::to_string(one.modified) + ")";
  return text;
}

bool agree(const std::vector<row>& seen, const std::vector<row>& real) {
  auto same = [](const row& a, const row& b) {
    return a.key == b.key && a.value == b.value &&
           (a.modified == 0 || a.modified == b.modified);
  };
  return seen.size() == real.size() &&
         std::equal(seen.begin(), seen.end(), real.begin(), same);
}

class watch_check {
public:
  watch_check(const std::vector<applied_change>& changes, const watch& what,
              const watch_limits& limits)
      : what_(what), limits_(limits) {
    for (auto& one : changes) {
      PRAETOR_ASSERT(last_ <= one.index);
      last_ = one.index;
      if (what.is_prefix ? one.key.starts_with(what.key) : one.key == what.key)
        changes_.push_back(&one);
    }
  }

  watch_verdict run(instant end);

private:
  std::string index_trouble(const watch_answer& now) const;
  std::string overslept(const watch_answer& now, instant until) const;
  std::vector<row> state_at(modify_index index) const;
  void count(const watch_answer& now);

  const watch& what_;
  const watch_limits& limits_;
  std::vector<const applied_change*> changes_;
  modify_index last_ = 0;
  modify_index newest_ = 0; // that the client was given
  watch_verdict out_;
};

std::vector<row> watch_check::state_at(modify_index index) const {
  std::map<std::string, row> rows;
  for (auto* one : changes_) {
    if (one->index > index)
      break;
    if (one->value)
      rows[one->key] = {one->key, *one->value, one->index};
    else
      rows.erase(one->key);
  }
  std::vector<row> out;
  for (auto& [key, one] : rows)
    out.push_back(one);
  return out;
}

std::string watch_check::index_trouble(const watch_answer& now) const {
  auto index = std::to_string(now.returned);
  if (now.returned == 0)
    return "the index is 0";
  if (!what_.is_stale && now.returned < newest_)
    return "the index went back from " + std::to_string(newest_) + " to " +
           index;
  if (now.asked != 0 && !now.is_timeout && now.returned == now.asked)
    return "index " + index + " was answered again before the wait was over";
  return {};
}

// A change that the client should have been told of before `until`.
std::string watch_check::overslept(const watch_answer& now,
                                   instant until) const {
  if (now.asked == 0)
    return {};
  for (auto* one : changes_) {
    auto since = std::max(one->at, now.asked_at);
    if (one->index > now.asked && until - since > limits_.delay_max)
      return "a change of " + one->key + " at index " +
             std::to_string(one->index) + " was not told for " +
             format_duration(until - since) + " to the query with index " +
             std::to_string(now.asked);
  }
  return {};
}

void watch_check::count(const watch_answer& now) {
  std::size_t fresh = 0;
  for (auto* one : changes_)
    fresh += one->index > newest_ && one->index <= now.returned;
  if (fresh > 0) {
    ++out_.seen;
    out_.coalesced += fresh - 1;
  } else if (now.asked != 0 && now.returned > now.asked) {
    ++out_.idle_wakes;
  }
}

watch_verdict watch_check::run(instant end) {
  for (std::size_t i = 0; i < what_.answers.size(); ++i) {
    auto& now = what_.answers[i];
    auto trouble = index_trouble(now);
    if (auto real = state_at(now.returned);
        trouble.empty() && !agree(now.rows, real))
      trouble = "the answer is not the state at index " +
                std::to_string(now.returned) +
                "\n  told: " + text_of(now.rows) + "\n  true: " + text_of(real);
    if (trouble.empty() && !what_.is_stale)
      trouble = overslept(now, now.returned_at);
    if (!trouble.empty()) {
      out_.is_ok = false;
      out_.why = "client " + std::to_string(what_.client) + ", watching " +
                 what_.key + ", answer " + std::to_string(i + 1) + ": " +
                 trouble;
      out_.answer = i;
      return out_;
    }
    count(now);
    newest_ = std::max(newest_, now.returned);
  }
  if (!what_.waiting)
    return out_;
  if (auto trouble = overslept(*what_.waiting, end); !trouble.empty()) {
    out_.is_ok = false;
    out_.why = "client " + std::to_string(what_.client) + ", watching " +
               what_.key + ", at the end: " + trouble;
    out_.answer = what_.answers.size();
  }
  return out_;
}

} // namespace

watch_verdict check_watch(const std::vector<applied_change>& changes,
                          const watch& what, instant end,
                          const watch_limits& limits) {
  return watch_check(changes, what, limits).run(end);
}

} // namespace praetor::actors::sim
