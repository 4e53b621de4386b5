#pragma once

// What operators and web views are shown, in Consul's field names and order.

#include "http/json_write.hpp"
#include "protocol/model/query.hpp"

namespace praetor::http {

void write(json_writer& json, const model::autopilot_config& config);
/// A node with its services and checks as lists.
void write(json_writer& json, const model::node_info& node);
/// One object for each service name, in the order of the names.
void write_summaries(json_writer& json, const model::entry_list& entries);
/// How many nodes, services and checks are well, and how many are not.
void write_overview(json_writer& json, const model::node_info_list& nodes);
void write_usage(json_writer& json, const std::string& datacenter,
                 const model::usage_counts& found);

} // namespace praetor::http
