#pragma once

// What is wrong with services that stand for others. Their upstreams are kept
// as JSON, so they are looked at here.

#include "protocol/model/records.hpp"

#include <string>

namespace praetor::http {

/// All faults as Go's multierror joins them; empty when there are none.
std::string proxy_fault(const model::service& what);

} // namespace praetor::http
