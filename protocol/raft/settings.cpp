#include "protocol/raft/settings.hpp"

#include "protocol/base/assert.hpp"

#include <string>

namespace praetor::raft {
namespace {

bool waits_to_be_added(const settings& chosen) {
  PRAETOR_ASSERT(!chosen.self.empty());
  return chosen.nonvoters == std::vector<node_id>{chosen.self};
}

status check_limits(const settings& chosen) {
  if (chosen.proposal_bytes_max == 0 ||
      chosen.uncommitted_bytes_max < entry_overhead ||
      chosen.uncommitted_bytes_max - entry_overhead < chosen.proposal_bytes_max)
    return fail(errc::bad_input,
                "Raft: at most " +
                    std::to_string(chosen.uncommitted_bytes_max) +
                    " uncommitted bytes cannot hold a proposal of " +
                    std::to_string(chosen.proposal_bytes_max));
  if (chosen.append_bytes_max == 0 || chosen.append_entries_max == 0 ||
      chosen.in_flight_max == 0 || chosen.reads_max == 0)
    return fail(errc::bad_input, "Raft: a limit of 0 would let nothing pass");
  return {};
}

} // namespace

status check_settings(const settings& chosen) {
  if (chosen.self.empty())
    return fail(errc::bad_input, "Raft: this server has no id");
  if (chosen.voters.empty() && !waits_to_be_added(chosen))
    return fail(errc::bad_input, "Raft: 0 voters; allowed are 1 to " +
                                     std::to_string(voters_max));
  if (auto ok = check_configuration({chosen.voters, chosen.nonvoters}); !ok)
    return ok;
  if (chosen.heartbeat <= span{} || chosen.election_timeout <= chosen.heartbeat)
    return fail(errc::bad_input,
                "Raft: the election timeout must exceed the heartbeat, and "
                "that must exceed 0");
  return check_limits(chosen);
}

} // namespace praetor::raft
