#include "protocol/raft/progress.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace praetor::raft {

void progress::matched(log_index upto) {
  match = std::max(match, upto);
  next = std::max(next, match.next());
  while (!in_flight.empty() && in_flight.front() <= match)
    in_flight.pop_front();
  PRAETOR_ASSERT(next > match);
}

void progress::replicate_after(log_index at) {
  how = sending::replicate;
  next = std::max(at, match).next();
  in_flight.clear();
  is_asked = false;
  PRAETOR_ASSERT(next > match);
}

void progress::probe_from(log_index from) {
  how = sending::probe;
  next = std::max(from, match.next());
  in_flight.clear();
  is_asked = false;
  PRAETOR_ASSERT(next > match);
}

void progress::send_snapshot(snapshot_mark mark) {
  PRAETOR_ASSERT(mark.last.index > match);
  how = sending::snapshot;
  in_flight.clear();
  snapshot = std::move(mark);
  offset = 0;
  chunk_due = true;
  chunk_repeat.reset();
}

void progress::sent(log_index last) {
  PRAETOR_ASSERT(last >= next);
  PRAETOR_ASSERT(how != sending::snapshot);
  // A probe says where the logs meet; only its answer moves us on.
  if (how == sending::probe) {
    is_asked = true;
    return;
  }
  in_flight.push_back(last);
  next = last.next();
}

bool progress::has_room(std::size_t window) const {
  PRAETOR_ASSERT(window > 0);
  if (how == sending::probe)
    return !is_asked;
  return how == sending::replicate && in_flight.size() < window;
}

} // namespace praetor::raft
