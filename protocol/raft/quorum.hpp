#pragma once

// Who has won and what is committed: arithmetic over the voters, nothing
// else. Answers of servers that do not vote are never counted.

#include "protocol/base/assert.hpp"
#include "protocol/base/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

namespace praetor::raft {

/// The least number of servers of which any two sets have one in common.
std::size_t majority(std::size_t voters);

enum class ballot : unsigned char { open, won, lost };

/// What the votes so far amount to. `votes` says true for granted, false for
/// refused; who is absent has not answered.
ballot count_votes(const std::vector<node_id>& voters,
                   const std::map<node_id, bool>& votes);

/// The highest index that a majority of the voters has saved. A voter absent
/// from `saved` has saved nothing.
log_index majority_index(const std::vector<node_id>& voters,
                         const std::map<node_id, log_index>& saved);

/// The highest value that a majority has reached; one value for each voter.
template <class Value>
Value majority_value(std::vector<Value> reached) {
  auto needed = majority(reached.size());
  PRAETOR_ASSERT(needed <= reached.size());
  auto place = reached.begin() + static_cast<std::ptrdiff_t>(needed - 1);
  std::nth_element(reached.begin(), place, reached.end(), std::greater<>());
  return *place;
}

} // namespace praetor::raft
