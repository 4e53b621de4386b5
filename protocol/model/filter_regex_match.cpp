#include "protocol/model/filter_regex_place.hpp"

namespace praetor::model {

namespace {

bool is_word(char32_t rune) {
  return (rune >= '0' && rune <= '9') || (rune >= 'a' && rune <= 'z') ||
         (rune >= 'A' && rune <= 'Z') || rune == '_';
}

} // namespace

// A sparse set of program counters: clearing costs nothing, so that a step
// costs what it does and not what the program is long.
struct regex::thread_list {
  explicit thread_list(std::size_t size) : dense(size), sparse(size) {}

  bool add(std::uint32_t counter) {
    PRAETOR_ASSERT(counter < sparse.size());
    auto at = sparse[counter];
    if (at < count && dense[at] == counter)
      return false;
    PRAETOR_ASSERT(count < dense.size());
    sparse[counter] = count;
    dense[count++] = counter;
    return true;
  }

  std::vector<std::uint32_t> dense;
  std::vector<std::uint32_t> sparse;
  std::uint32_t count = 0;
  std::vector<std::uint32_t> pending; // counters yet to be followed
};

bool regex::holds(position where, const place& at) {
  bool boundary = is_word(at.before) != is_word(at.after);
  switch (where) {
  case position::text_begin:
    return at.before == no_rune;
  case position::text_end:
    return at.after == no_rune;
  case position::line_begin:
    return at.before == no_rune || at.before == '\n';
  case position::line_end:
    return at.after == no_rune || at.after == '\n';
  case position::word_boundary:
    return boundary;
  case position::no_word_boundary:
    return !boundary;
  }
  PRAETOR_ASSERT(false);
  return false;
}

// Adds what can be reached from `start` without reading a rune; true when
// that includes the end of the pattern.
bool regex::follow(thread_list& threads, std::uint32_t start,
                   const place& at) const {
  threads.pending.assign(1, start);
  while (!threads.pending.empty()) {
    auto counter = threads.pending.back();
    threads.pending.pop_back();
    if (!threads.add(counter))
      continue;
    auto& now = program_[counter];
    switch (now.code) {
    case opcode::accept:
      return true;
    case opcode::any_of:
      break;
    case opcode::split:
      threads.pending.push_back(now.other);
      threads.pending.push_back(now.next);
      break;
    case opcode::jump:
    case opcode::save:
      threads.pending.push_back(now.next);
      break;
    case opcode::assertion:
      if (holds(now.where, at))
        threads.pending.push_back(now.next);
      break;
    }
  }
  return false;
}

bool regex::search(std::string_view subject) const {
  PRAETOR_ASSERT(!program_.empty());
  subject = subject.substr(0, regex_subject_bytes_max);
  thread_list now(program_.size());
  thread_list next(program_.size());
  place at;
  for (;;) {
    decoded_rune rune{no_rune, 0, true};
    if (!subject.empty())
      rune = decode_rune(subject);
    at.after = rune.value;
    // The threads were followed when the rune behind this place was not yet
    // known, so their assertions are looked at here, with the new thread's.
    auto waiting = now.count;
    next.count = 0;
    for (std::uint32_t i = 0; i < waiting; ++i)
      if (follow(next, now.dense[i], at))
        return true;
    if (follow(next, 0, at))
      return true;
    if (subject.empty())
      return false;
    now.count = 0;
    for (std::uint32_t i = 0; i < next.count; ++i) {
      auto& step = program_[next.dense[i]];
      if (step.code == opcode::any_of && contains(sets_[step.set], rune.value))
        now.add(step.next);
    }
    at.before = rune.value;
    subject.remove_prefix(rune.width);
  }
}

} // namespace praetor::model
