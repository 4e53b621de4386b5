#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace praetor::actors::sim {

/// `praetor sim`: returns the exit code, 1 when a run fails.
int command(const std::vector<std::string>& args, std::ostream& out,
            std::ostream& err);

} // namespace praetor::actors::sim
