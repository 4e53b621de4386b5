// /v1/snapshot

#include "http/routes/reads.hpp"

namespace praetor::http::routes {

action snapshot(const call& c) {
  bool restores = c.from.verb == method::put;
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return *wrong;
  if (restores && parsed.read.level == consistency::stale)
    return refuse(500, "stale not allowed for restore");
  return snapshot_action{restores, parsed.read};
}

} // namespace praetor::http::routes
