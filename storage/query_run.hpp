#pragma once

// Prepared queries executed over the state: which instances stand for a name
// now. The order among equals is by chance, which the caller hands in.

#include "protocol/base/prng.hpp"
#include "storage/state_store.hpp"

namespace praetor::storage {

/// The query that a name or id leads to, a template rendered for it.
result<model::prepared_query> explain(const state& from,
                                      const std::string& name_or_id);

/// What the query finds in this datacenter. Those near to the node that is
/// asked for come first as far as distances are known; where nothing is found
/// the caller may go on in the datacenters of `query.wanted.failover`.
result<model::query_found>
run_query(const state& from, const model::query_run& asked, prng& chance);

} // namespace praetor::storage
