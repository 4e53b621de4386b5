// What the groups of a pattern matched. All threads go in step as in
// filter_regex_match.cpp, but in the order in which a matcher that backtracks
// would try them, and each with the places that it noted on its way.

#include "protocol/model/filter_regex.hpp"
#include "protocol/model/filter_regex_place.hpp"

#include <algorithm>

namespace praetor::model {

struct regex::capturing {
  using places = std::vector<std::uint32_t>;
  static constexpr std::uint32_t nowhere = UINT32_MAX;

  struct thread {
    std::uint32_t counter = 0;
    places noted;
  };

  // True when the end of the pattern was reached: all threads behind this one
  // would have been tried later, and are not needed any more.
  bool follow(thread start, const place& at, std::uint32_t offset) {
    pending.assign(1, std::move(start));
    while (!pending.empty()) {
      auto one = std::move(pending.back());
      pending.pop_back();
      if (seen[one.counter])
        continue;
      seen[one.counter] = true;
      auto& now = of.program_[one.counter];
      switch (now.code) {
      case opcode::accept:
        found = std::move(one.noted);
        found[1] = offset;
        return true;
      case opcode::any_of:
        ready.push_back(std::move(one));
        break;
      case opcode::split:
        pending.push_back({now.other, one.noted});
        pending.push_back({now.next, std::move(one.noted)});
        break;
      case opcode::save:
        one.noted[now.set] = offset;
        pending.push_back({now.next, std::move(one.noted)});
        break;
      case opcode::jump:
        pending.push_back({now.next, std::move(one.noted)});
        break;
      case opcode::assertion:
        if (holds(now.where, at))
          pending.push_back({now.next, std::move(one.noted)});
        break;
      }
    }
    return false;
  }

  // All threads up to where the next rune is read.
  void follow_all(const place& at, std::uint32_t offset) {
    seen.assign(of.program_.size(), false);
    ready.clear();
    for (auto& one : std::exchange(waiting, {}))
      if (follow(std::move(one), at, offset))
        return;
    if (!found.empty())
      return;
    places fresh(2 * std::min(of.groups_, regex_groups_max), nowhere);
    fresh[0] = offset;
    follow({0, std::move(fresh)}, at, offset);
  }

  const regex& of;
  std::vector<bool> seen;
  std::vector<thread> pending;
  std::vector<thread> ready;   // before an instruction that reads a rune
  std::vector<thread> waiting; // behind one
  places found;                // empty: nothing yet
};

std::vector<std::string> regex::captures(std::string_view subject) const {
  PRAETOR_ASSERT(!program_.empty());
  subject = subject.substr(0, regex_capture_bytes_max);
  capturing state{*this, {}, {}, {}, {}, {}};
  auto rest = subject;
  place at;
  for (;;) {
    decoded_rune rune{no_rune, 0, true};
    if (!rest.empty())
      rune = decode_rune(rest);
    at.after = rune.value;
    state.follow_all(at,
                     static_cast<std::uint32_t>(subject.size() - rest.size()));
    if (rest.empty() || (state.ready.empty() && !state.found.empty()))
      break;
    for (auto& one : state.ready) {
      auto& step = program_[one.counter];
      if (contains(sets_[step.set], rune.value))
        state.waiting.push_back({step.next, std::move(one.noted)});
    }
    at.before = rune.value;
    rest.remove_prefix(rune.width);
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i + 1 < state.found.size(); i += 2) {
    auto from = state.found[i];
    auto to = state.found[i + 1];
    bool there = from != capturing::nowhere && to != capturing::nowhere;
    out.emplace_back(there ? subject.substr(from, to - from) : "");
  }
  return out;
}

} // namespace praetor::model
