#pragma once

// States with something of everything in them, and what they answer, for
// tests of whatever carries a state from here to there.

#include "protocol/base/prng.hpp"
#include "storage/state_store.hpp"

#include <string>

namespace praetor::test {

/// A command that makes sense for the state about half of the time.
model::command random_command(prng& random, const storage::state& now,
                              modify_index at);

/// The answers, with their indexes, to every kind of query about every name
/// that `random_command` uses, as text.
std::string all_answers(const storage::state& from);

} // namespace praetor::test
