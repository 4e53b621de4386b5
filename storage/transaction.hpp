#pragma once

// Transactions: operations on keys and on the catalogue, one after the other
// on the state that those before them leave.

#include "storage/state_store.hpp"

namespace praetor::storage {

/// Runs all operations, to know what is wrong with each of them. If anything
/// is, `out` has the failures and no results, and the state is good for
/// nothing: whoever called goes back to what was before.
void run_transaction(state& on, modify_index at,
                     const model::transaction& transaction,
                     model::change_set& changes, model::outcome& out);

/// What the end of sessions does to the keys they hold.
void release_locks(state& on, modify_index at,
                   const std::vector<model::session>& ended,
                   model::change_set& changes, model::outcome& out);

} // namespace praetor::storage
