#pragma once

// The handlers of the route table, one file per area.

#include "http/options.hpp"
#include "http/replies.hpp"
#include "http/router.hpp"

namespace praetor::http::routes {

// kv.cpp, txn.cpp
action kv(const call& c);
action txn(const call& c);

// catalog.cpp
action catalog_register(const call& c);
action catalog_deregister(const call& c);
action catalog_datacenters(const call& c);
action catalog_nodes(const call& c);
action catalog_services(const call& c);
action catalog_service(const call& c);
action catalog_connect(const call& c);
action catalog_node(const call& c);
action catalog_node_services(const call& c);
action catalog_gateway_services(const call& c);

// health.cpp
action health_node(const call& c);
action health_checks(const call& c);
action health_service(const call& c);
action health_connect(const call& c);
action health_ingress(const call& c);
action health_state(const call& c);

// session.cpp
action session_create(const call& c);
action session_destroy(const call& c);
action session_renew(const call& c);
action session_info(const call& c);
action session_list(const call& c);
action session_node(const call& c);

// query.cpp
action queries(const call& c);
action query(const call& c);

// snapshot.cpp
action snapshot(const call& c);

// agent.cpp
action agent_self(const call& c);
action agent_members(const call& c);
action agent_metrics(const call& c);
action agent_host(const call& c);
action agent_monitor(const call& c);
action agent_reload(const call& c);
action agent_leave(const call& c);
action agent_force_leave(const call& c);
action agent_join(const call& c);
action agent_maintenance(const call& c);
action agent_services(const call& c);
action agent_service(const call& c);
action agent_checks(const call& c);
action agent_service_register(const call& c);
action agent_service_deregister(const call& c);
action agent_service_maintenance(const call& c);
action agent_check_register(const call& c);
action agent_check_deregister(const call& c);
action agent_check_pass(const call& c);
action agent_check_warn(const call& c);
action agent_check_fail(const call& c);
action agent_check_update(const call& c);
action agent_health_by_id(const call& c);
action agent_health_by_name(const call& c);

// operator.cpp
action operator_raft_configuration(const call& c);
action operator_raft_peer(const call& c);
action operator_raft_transfer(const call& c);
action operator_autopilot_configuration(const call& c);
action operator_autopilot_health(const call& c);
action operator_autopilot_state(const call& c);
action operator_usage(const call& c);
action operator_keyring(const call& c);

// internal.cpp
action internal_ui_nodes(const call& c);
action internal_ui_node(const call& c);
action internal_ui_services(const call& c);
action internal_ui_overview(const call& c);
action internal_ui_gateway_services(const call& c);
action internal_federation_state(const call& c);
action internal_federation_states(const call& c);
action internal_mesh_gateways(const call& c);

// status.cpp
action status_leader(const call& c);
action status_peers(const call& c);
action web_view(const call& c);
action robots(const call& c);
action debug_index(const call& c);
action debug_command_line(const call& c);
action acl_disabled(const call& c);
action unsupported(const call& c);

} // namespace praetor::http::routes
