#pragma once

// What the parts of a node are told, out of its configuration.

#include "actors/config.hpp"
#include "dns/answer.hpp"
#include "http/action.hpp"
#include "http/connection.hpp"

namespace praetor::actors {

/// Where a node is joined that is named by its host alone.
inline constexpr int default_lan_port = 8301;

dns::settings make_dns_settings(const agent_config& config,
                                const std::string& node_name);
/// What one request may hold; only a restored archive may hold much.
http::limits make_bounds(const agent_config& config);
http::surface make_surface(const agent_config& config);
model::node make_node_record(const agent_config& config, const std::string& id);

/// "host:port", with brackets around IPv6.
std::string host_and_port(const std::string& host, int port);

/// All whom the operator wants joined, each as "host:port".
std::vector<std::string> join_addresses(const agent_config& config);

} // namespace praetor::actors
