// /v1/internal/: what Consul's own web view asks for

#include "http/routes/reads.hpp"

namespace praetor::http::routes {

using model::query_kind;

namespace {

constexpr read_rules quiet = {.tells_consistency = false};

action of_form(action asked, read_form form) {
  if (auto* read = std::get_if<read_action>(&asked))
    read->form = form;
  return asked;
}

} // namespace

action internal_ui_nodes(const call& c) {
  return read(c, query_kind::node_dump, quiet);
}

action internal_ui_node(const call& c) {
  return read(c, query_kind::node_info,
              {.missing = "Missing node name", .tells_consistency = false});
}

action internal_ui_services(const call& c) {
  return of_form(read(c, query_kind::service_dump, quiet),
                 read_form::summaries);
}

action internal_ui_overview(const call& c) {
  return of_form(read(c, query_kind::node_dump, quiet), read_form::overview);
}

action internal_ui_gateway_services(const call& c) {
  return read(c, query_kind::gateway_services,
              {.missing = "Missing gateway name", .tells_consistency = false});
}

// States of a federation are exchanged over mesh gateways, which need the
// mesh: so far there is none.
action internal_federation_state(const call& c) {
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  if (c.rest.empty())
    return refuse(400, "Bad request: Missing datacenter name");
  if (auto wrong = wrong_datacenter(
          std::get<parsed_options>(options).datacenter, c.node))
    return *wrong;
  return reply(empty_reply(404));
}

action internal_federation_states(const call& c) {
  return read(c, query_kind::gateway_services, quiet);
}

action internal_mesh_gateways(const call& c) {
  return of_form(read(c, query_kind::gateway_services, quiet),
                 read_form::by_name);
}

} // namespace praetor::http::routes
