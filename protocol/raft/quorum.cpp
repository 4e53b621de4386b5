#include "protocol/raft/quorum.hpp"

#include "protocol/base/assert.hpp"

#include <utility>

namespace praetor::raft {

std::size_t majority(std::size_t voters) {
  PRAETOR_ASSERT(voters > 0);
  return voters / 2 + 1;
}

ballot count_votes(const std::vector<node_id>& voters,
                   const std::map<node_id, bool>& votes) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (auto& voter : voters)
    if (auto found = votes.find(voter); found != votes.end())
      ++(found->second ? granted : refused);
  PRAETOR_ASSERT(granted + refused <= voters.size());
  auto needed = majority(voters.size());
  if (granted >= needed)
    return ballot::won;
  // Lost as soon as those left could not make a majority.
  return voters.size() - refused < needed ? ballot::lost : ballot::open;
}

log_index majority_index(const std::vector<node_id>& voters,
                         const std::map<node_id, log_index>& saved) {
  std::vector<log_index> indexes;
  for (auto& voter : voters) {
    auto found = saved.find(voter);
    indexes.push_back(found == saved.end() ? log_index{} : found->second);
  }
  return majority_value(std::move(indexes));
}

} // namespace praetor::raft
