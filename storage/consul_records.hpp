#pragma once

// Single records of Consul's snapshots as records of ours.

#include "protocol/model/prepared_query.hpp"
#include "protocol/model/records.hpp"
#include "storage/msgpack.hpp"

namespace praetor::storage {

model::kv_entry consul_key(const msgpack_value& from);
model::node consul_node(const msgpack_value& from);
model::service consul_service(const std::string& node,
                              const msgpack_value& from);
model::check consul_check(const msgpack_value& from);
model::session consul_session(const msgpack_value& from);
model::prepared_query consul_query(const msgpack_value& from);

} // namespace praetor::storage
