#include "http/router.hpp"

#include "http/routes/routes.hpp"
#include "http/uri.hpp"

#include <algorithm>

namespace praetor::http {
namespace {

using namespace routes;

// Sorted by pattern; a test checks it. Rows that end in `unsupported` are
// known to clients and answered by an honest 501.
constexpr route table[] = {
    {"/debug/pprof/", "GET", debug_index},
    {"/debug/pprof/cmdline", "GET", debug_command_line},
    {"/robots.txt", "GET", robots},
    {"/v1/acl/auth-method", "PUT", acl_disabled},
    {"/v1/acl/auth-method/", "GET,PUT,DELETE", acl_disabled},
    {"/v1/acl/auth-methods", "GET", acl_disabled},
    {"/v1/acl/binding-rule", "PUT", acl_disabled},
    {"/v1/acl/binding-rule/", "GET,PUT,DELETE", acl_disabled},
    {"/v1/acl/binding-rules", "GET", acl_disabled},
    {"/v1/acl/bootstrap", "PUT", acl_disabled},
    {"/v1/acl/clone/", "PUT", acl_disabled},
    {"/v1/acl/create", "PUT", acl_disabled},
    {"/v1/acl/destroy/", "PUT", acl_disabled},
    {"/v1/acl/info/", "GET", acl_disabled},
    {"/v1/acl/list", "GET", acl_disabled},
    {"/v1/acl/login", "POST", acl_disabled},
    {"/v1/acl/logout", "POST", acl_disabled},
    {"/v1/acl/policies", "GET", acl_disabled},
    {"/v1/acl/policy", "PUT", acl_disabled},
    {"/v1/acl/policy/", "GET,PUT,DELETE", acl_disabled},
    {"/v1/acl/replication", "GET", acl_disabled},
    {"/v1/acl/role", "PUT", acl_disabled},
    {"/v1/acl/role/", "GET,PUT,DELETE", acl_disabled},
    {"/v1/acl/roles", "GET", acl_disabled},
    {"/v1/acl/rules/translate", "POST", acl_disabled},
    {"/v1/acl/rules/translate/", "GET", acl_disabled},
    {"/v1/acl/token", "PUT", acl_disabled},
    {"/v1/acl/token/", "GET,PUT,DELETE", acl_disabled},
    {"/v1/acl/tokens", "GET", acl_disabled},
    {"/v1/acl/update", "PUT", acl_disabled},
    {"/v1/agent/check/deregister/", "PUT", agent_check_deregister},
    {"/v1/agent/check/fail/", "PUT", agent_check_fail},
    {"/v1/agent/check/pass/", "PUT", agent_check_pass},
    {"/v1/agent/check/register", "PUT", agent_check_register},
    {"/v1/agent/check/update/", "PUT", agent_check_update},
    {"/v1/agent/check/warn/", "PUT", agent_check_warn},
    {"/v1/agent/checks", "GET", agent_checks},
    {"/v1/agent/connect/authorize", "POST", unsupported},
    {"/v1/agent/connect/ca/leaf/", "GET", unsupported},
    {"/v1/agent/connect/ca/roots", "GET", unsupported},
    {"/v1/agent/force-leave/", "PUT", agent_force_leave},
    {"/v1/agent/health/service/id/", "GET", agent_health_by_id},
    {"/v1/agent/health/service/name/", "GET", agent_health_by_name},
    {"/v1/agent/host", "GET", agent_host},
    {"/v1/agent/join/", "PUT", agent_join},
    {"/v1/agent/leave", "PUT", agent_leave},
    {"/v1/agent/maintenance", "PUT", agent_maintenance},
    {"/v1/agent/members", "GET", agent_members},
    {"/v1/agent/metrics", "GET", agent_metrics},
    {"/v1/agent/monitor", "GET", agent_monitor},
    {"/v1/agent/reload", "PUT", agent_reload},
    {"/v1/agent/self", "GET", agent_self},
    {"/v1/agent/service/", "GET", agent_service},
    {"/v1/agent/service/deregister/", "PUT", agent_service_deregister},
    {"/v1/agent/service/maintenance/", "PUT", agent_service_maintenance},
    {"/v1/agent/service/register", "PUT", agent_service_register},
    {"/v1/agent/services", "GET", agent_services},
    {"/v1/agent/token/", "PUT", acl_disabled},
    {"/v1/catalog/connect/", "GET", catalog_connect},
    {"/v1/catalog/datacenters", "GET", catalog_datacenters},
    {"/v1/catalog/deregister", "PUT", catalog_deregister},
    {"/v1/catalog/gateway-services/", "GET", catalog_gateway_services},
    {"/v1/catalog/node-services/", "GET", catalog_node_services},
    {"/v1/catalog/node/", "GET", catalog_node},
    {"/v1/catalog/nodes", "GET", catalog_nodes},
    {"/v1/catalog/register", "PUT", catalog_register},
    {"/v1/catalog/service/", "GET", catalog_service},
    {"/v1/catalog/services", "GET", catalog_services},
    {"/v1/config", "PUT", unsupported},
    {"/v1/config/", "GET,DELETE", unsupported},
    {"/v1/connect/ca/configuration", "GET,PUT", unsupported},
    {"/v1/connect/ca/roots", "GET", unsupported},
    {"/v1/connect/intentions", "GET,POST", unsupported},
    {"/v1/connect/intentions/", "GET,PUT,DELETE", unsupported},
    {"/v1/connect/intentions/check", "GET", unsupported},
    {"/v1/connect/intentions/match", "GET", unsupported},
    {"/v1/coordinate/datacenters", "GET", unsupported},
    {"/v1/coordinate/node/", "GET", unsupported},
    {"/v1/coordinate/nodes", "GET", unsupported},
    {"/v1/coordinate/update", "PUT", unsupported},
    {"/v1/discovery-chain/", "GET,POST", unsupported},
    {"/v1/event/fire/", "PUT", unsupported},
    {"/v1/event/list", "GET", unsupported},
    {"/v1/health/checks/", "GET", health_checks},
    {"/v1/health/connect/", "GET", health_connect},
    {"/v1/health/ingress/", "GET", health_ingress},
    {"/v1/health/node/", "GET", health_node},
    {"/v1/health/service/", "GET", health_service},
    {"/v1/health/state/", "GET", health_state},
    {"/v1/internal/acl/authorize", "POST", acl_disabled},
    {"/v1/internal/federation-state/", "GET", internal_federation_state},
    {"/v1/internal/federation-states", "GET", internal_federation_states},
    {"/v1/internal/federation-states/mesh-gateways", "GET",
     internal_mesh_gateways},
    {"/v1/internal/ui/catalog-overview", "GET", internal_ui_overview},
    {"/v1/internal/ui/gateway-services-nodes/", "GET",
     internal_ui_gateway_services},
    {"/v1/internal/ui/node/", "GET", internal_ui_node},
    {"/v1/internal/ui/nodes", "GET", internal_ui_nodes},
    {"/v1/internal/ui/services", "GET", internal_ui_services},
    {"/v1/kv/", "GET,PUT,DELETE", kv},
    {"/v1/operator/autopilot/configuration", "GET,PUT",
     operator_autopilot_configuration},
    {"/v1/operator/autopilot/health", "GET", operator_autopilot_health},
    {"/v1/operator/autopilot/state", "GET", operator_autopilot_state},
    {"/v1/operator/keyring", "GET,POST,PUT,DELETE", operator_keyring},
    {"/v1/operator/raft/configuration", "GET", operator_raft_configuration},
    {"/v1/operator/raft/peer", "DELETE", operator_raft_peer},
    {"/v1/operator/raft/transfer-leader", "POST", operator_raft_transfer},
    {"/v1/operator/usage", "GET", operator_usage},
    {"/v1/query", "GET,POST", queries},
    {"/v1/query/", "GET,PUT,DELETE", query, true},
    {"/v1/session/create", "PUT", session_create},
    {"/v1/session/destroy/", "PUT", session_destroy},
    {"/v1/session/info/", "GET", session_info},
    {"/v1/session/list", "GET", session_list},
    {"/v1/session/node/", "GET", session_node},
    {"/v1/session/renew/", "PUT", session_renew},
    {"/v1/snapshot", "GET,PUT", snapshot},
    {"/v1/status/leader", "GET", status_leader},
    {"/v1/status/peers", "GET", status_peers},
    {"/v1/txn", "PUT", txn},
};

// Its path is configured, so it is not in the table.
constexpr route web_view_route = {"", "GET,HEAD", web_view};

const route* exact(std::string_view path) {
  auto found = std::lower_bound(
      std::begin(table), std::end(table), path,
      [](const route& one, std::string_view p) { return one.pattern < p; });
  return found != std::end(table) && found->pattern == path ? found : nullptr;
}

const route* find(std::string_view path) {
  if (auto* found = exact(path))
    return found;
  for (auto slash = path.rfind('/'); slash != std::string_view::npos;
       slash = slash > 0 ? path.rfind('/', slash - 1) : std::string_view::npos)
    if (auto* found = exact(path.substr(0, slash + 1)))
      return found;
  return nullptr;
}

bool allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    auto comma = methods.find(',');
    if (methods.substr(0, comma) == method)
      return true;
    methods.remove_prefix(comma == std::string_view::npos ? methods.size()
                                                          : comma + 1);
  }
  return false;
}

action redirect(const request& from, const std::string& path) {
  auto location = encode_path(path);
  if (!from.raw_query.empty())
    location += "?" + from.raw_query;
  auto answer = std::make_shared<rendered>();
  answer->status = 301;
  if (from.verb == method::get || from.verb == method::head) {
    answer->content_type = "text/html; charset=utf-8";
    answer->body = std::make_shared<const std::string>(
        "<a href=\"" + location + "\">Moved Permanently</a>.\n\n");
  }
  answer->headers.push_back({"Location", std::move(location)});
  return reply(answer);
}

action at_root(const request& from, const surface& node) {
  if (from.path != "/")
    return reply(empty_reply(404));
  if (node.ui)
    return redirect(from, node.ui_path);
  return reply_action{error_reply(200, "Praetor Agent")};
}

action with_allow(rendered_ptr plain, std::string_view methods) {
  auto answer = std::make_shared<rendered>(*plain);
  answer->headers.push_back({"Allow", "OPTIONS," + std::string(methods)});
  return reply(std::move(answer));
}

// Whether the route is offered as this node is configured.
bool is_there(const route& one, const surface& node) {
  if (one.pattern.starts_with("/debug/"))
    return node.debug;
  return one.pattern.starts_with("/v1/") || node.ui;
}

bool is_blocked(const request& from, const surface& node) {
  return std::any_of(
      node.blocked.begin(), node.blocked.end(),
      [&](auto& prefix) { return from.path.starts_with(prefix); });
}

} // namespace

std::span<const route> all_routes() {
  return table;
}

routed dispatch(const request& from, const surface& node) {
  routed out;
  if (has_unprintable(from.path)) {
    out.what = reply(empty_reply(400));
    return out;
  }
  if (auto clean = clean_path(from.path); clean != from.path) {
    out.what = redirect(from, clean);
    return out;
  }
  auto* found = find(from.path);
  if (node.ui && !found && (from.path + "/").starts_with(node.ui_path)) {
    if (from.path.size() < node.ui_path.size())
      out.what = redirect(from, node.ui_path);
    else
      found = &web_view_route;
    if (!found)
      return out;
  }
  if (found && !is_there(*found, node))
    found = nullptr;
  auto* below = found ? nullptr : exact(from.path + "/");
  if (below && is_there(*below, node)) {
    out.what = redirect(from, from.path + "/");
    return out;
  }
  if (!found) {
    out.what = at_root(from, node);
    return out;
  }
  out.matched = true;
  if (is_blocked(from, node)) {
    out.what = refuse(403, "Endpoint is blocked by agent configuration");
  } else if (from.query_malformed) {
    out.what = reply(empty_reply(500));
  } else if (!found->knows_its_methods && from.verb == method::options) {
    out.what = with_allow(empty_reply(200), found->methods);
  } else if (!found->knows_its_methods &&
             !allows(found->methods, from.method_text)) {
    out.what = with_allow(
        error_reply(405, "method " + from.method_text + " not allowed"),
        found->methods);
  } else {
    out.writes = from.verb != method::get && from.verb != method::head &&
                 from.verb != method::options;
    out.what = found->handle(
        {from, node,
         std::string_view(from.path).substr(found->pattern.size())});
  }
  return out;
}

} // namespace praetor::http
