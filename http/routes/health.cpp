// /v1/health/ and the reads that share its shape

#include "http/routes/reads.hpp"

namespace praetor::http::routes {

using model::query_kind;

action health_node(const call& c) {
  return read(c, query_kind::health_node, {.missing = "Missing node name"});
}

action health_checks(const call& c) {
  return read(c, query_kind::health_checks,
              {.missing = "Missing service name"});
}

action health_ingress(const call& c) {
  return read(c, query_kind::gateway_services,
              {.missing = "Missing service name", .passing = true});
}

action health_state(const call& c) {
  return read(c, query_kind::health_state, {.missing = "Missing check state"});
}

action health_service(const call& c) {
  return read(c, query_kind::health_service,
              {.missing = "Missing service name", .passing = true});
}

action health_connect(const call& c) {
  return read(c, query_kind::health_connect,
              {.missing = "Missing service name", .passing = true});
}

} // namespace praetor::http::routes
