#include "protocol/raft/log.hpp"

#include "protocol/base/assert.hpp"

namespace praetor::raft {

log::log(log_index base, term base_term) : base_(base), base_term_(base_term) {
  PRAETOR_ASSERT((base.value == 0) == (base_term.value == 0));
}

result<log> log::recover(log_index base, term base_term,
                         const std::vector<entry>& entries) {
  log made(base, base_term);
  // A snapshot that came from another server may have replaced a log which
  // does not lead to it: then nothing of that log counts.
  for (auto& one : entries)
    if (one.index == base && one.in_term != base_term)
      return made;
  for (auto& one : entries) {
    if (one.index <= base)
      continue;
    auto wanted = made.last_index().next();
    if (one.index != wanted)
      return fail(errc::corrupt,
                  "Raft log: entry " + std::to_string(one.index.value) +
                      " where " + std::to_string(wanted.value) + " should be");
    if (one.in_term < made.last_term() || one.in_term.value == 0)
      return fail(errc::corrupt,
                  "Raft log: entry " + std::to_string(one.index.value) +
                      " has term " + std::to_string(one.in_term.value) +
                      " after term " + std::to_string(made.last_term().value));
    made.append(one);
  }
  return made;
}

term log::last_term() const {
  return entries_.empty() ? base_term_ : entries_.back().in_term;
}

std::optional<term> log::term_at(log_index index) const {
  if (index == base_)
    return base_term_;
  if (index < base_ || index > last_index())
    return std::nullopt;
  return at(index).in_term;
}

const entry& log::at(log_index index) const {
  PRAETOR_ASSERT(index > base_);
  PRAETOR_ASSERT(index <= last_index());
  auto& found = entries_[index.value - base_.value - 1];
  PRAETOR_ASSERT(found.index == index);
  return found;
}

std::vector<entry> log::slice(log_index after, log_index upto) const {
  PRAETOR_ASSERT(after >= base_);
  PRAETOR_ASSERT(upto >= after);
  PRAETOR_ASSERT(upto <= last_index());
  auto begin =
      entries_.begin() + static_cast<std::ptrdiff_t>(after.value - base_.value);
  return {begin, begin + static_cast<std::ptrdiff_t>(upto.value - after.value)};
}

void log::append(entry one) {
  PRAETOR_ASSERT(one.index == last_index().next());
  PRAETOR_ASSERT(one.in_term >= last_term());
  PRAETOR_ASSERT(one.in_term.value > 0);
  entries_.push_back(std::move(one));
}

void log::truncate_suffix(log_index from) {
  PRAETOR_ASSERT(from > base_);
  PRAETOR_ASSERT(from <= last_index().next());
  entries_.resize(from.value - base_.value - 1);
  PRAETOR_ASSERT(last_index().next() == from);
}

void log::truncate_prefix(log_index upto) {
  PRAETOR_ASSERT(upto >= base_);
  PRAETOR_ASSERT(upto <= last_index());
  if (upto == base_)
    return;
  auto last = last_index();
  base_term_ = at(upto).in_term;
  entries_.erase(entries_.begin(),
                 entries_.begin() +
                     static_cast<std::ptrdiff_t>(upto.value - base_.value));
  base_ = upto;
  PRAETOR_ASSERT(last_index() == last);
}

} // namespace praetor::raft
