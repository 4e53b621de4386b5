#pragma once

// The table of all commands, and the function behind each.

#include "http/cli/call.hpp"

#include <span>

namespace praetor::http::cli {

/// Sorted by path, groups before their members.
std::span<const command> all_commands();

int kv_get(call&);
int kv_put(call&);
int kv_delete(call&);
int kv_export(call&);
int kv_import(call&);
int catalog_datacenters(call&);
int catalog_nodes(call&);
int catalog_services(call&);
int members(call&);
int info(call&);
int version(call&);
int join(call&);
int leave(call&);
int force_leave(call&);
int reload(call&);
int keygen(call&);
int keyring(call&);
int event(call&);
int maint(call&);
int services_register(call&);
int services_deregister(call&);
int monitor(call&);
int raft_list_peers(call&);
int raft_remove_peer(call&);
int autopilot_get_config(call&);
int autopilot_set_config(call&);
int rtt(call&);
int snapshot_save(call&);
int snapshot_restore(call&);
int snapshot_inspect(call&);
int validate_files(call&);
int lock(call&);
int watch(call&);
int exec(call&);
int debug(call&);
int agent(call&);

/// Commands that are listed and read their flags, and then say that this
/// version cannot run them.
int unsupported(call&);

} // namespace praetor::http::cli
