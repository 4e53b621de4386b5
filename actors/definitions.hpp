#pragma once

// Whether the definitions of the configuration files can be carried out here.
// The agent does not start, and does not reload, on one that cannot.

#include "actors/config.hpp"

namespace praetor::actors {

/// The kinds of checks that this version probes.
bool is_known_check_kind(std::string_view kind);

/// Names the first definition that cannot be, and why.
status check_definitions(const agent_config& config);

} // namespace praetor::actors
