#pragma once

// A query's filter, applied to the records of its answer.

#include "protocol/model/query.hpp"

namespace praetor::model {

/// The answer without the records that `query.filter` does not match. The
/// key/value store and sessions know no filters: theirs come back unchanged.
result<read_answer> filtered(read_answer answer, const read_query& query);

} // namespace praetor::model
