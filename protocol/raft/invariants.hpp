#pragma once

// What must hold after every step. Tests and simulations call these each time
// something happened; they abort on the first thing that is wrong.

#include "protocol/raft/core.hpp"

namespace praetor::raft {

/// Within one server.
void check_core(const core& now);

/// Between two moments of one server without a restart between them: nothing
/// that may only grow has shrunk, and what was committed is still there.
void check_step(const core& before, const core& after);

/// Between two servers of one cluster: at most one leader per term, equal
/// logs up to the last entry of equal index and term, and the same entries
/// committed (Raft paper, figure 3).
void check_pair(const core& one, const core& other);

} // namespace praetor::raft
