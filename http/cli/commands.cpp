// The table of all commands, sorted by path, groups before their members.

#include "http/cli/commands.hpp"

namespace praetor::http::cli {
namespace {

const command table[] = {
    {"acl", "Manage access control", "<subcommand> [options] [args]",
     "Manage access control. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"acl auth-method", "Manage auth methods", "<subcommand> [options] [args]",
     "Manage auth methods. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"acl auth-method create", "Create an auth method", "[options]",
     "Create an auth method. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl auth-method delete", "Delete an auth method", "[options]",
     "Delete an auth method. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl auth-method list", "List the auth methods", "[options]",
     "List the auth methods. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl auth-method read", "Show an auth method", "[options]",
     "Show an auth method. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl auth-method update", "Change an auth method", "[options]",
     "Change an auth method. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl binding-rule", "Manage binding rules",
     "<subcommand> [options] [args]",
     "Manage binding rules. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"acl binding-rule create", "Create a binding rule", "[options]",
     "Create a binding rule. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl binding-rule delete", "Delete a binding rule", "[options]",
     "Delete a binding rule. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl binding-rule list", "List the binding rules", "[options]",
     "List the binding rules. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl binding-rule read", "Show a binding rule", "[options]",
     "Show a binding rule. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl binding-rule update", "Change a binding rule", "[options]",
     "Change a binding rule. This version reads the flags and then says that "
     "it cannot do it.",
     connection::spaces, unsupported},
    {"acl bootstrap", "Create the first management token", "[options]",
     "Create the first management token. This version reads the flags and then "
     "says that it cannot do it.",
     connection::servers, unsupported},
    {"acl policy", "Manage policies", "<subcommand> [options] [args]",
     "Manage policies. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"acl policy create", "Create a policy", "[options]",
     "Create a policy. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl policy delete", "Delete a policy", "[options]",
     "Delete a policy. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl policy list", "List the policies", "[options]",
     "List the policies. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl policy read", "Show a policy", "[options]",
     "Show a policy. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl policy update", "Change a policy", "[options]",
     "Change a policy. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl role", "Manage roles", "<subcommand> [options] [args]",
     "Manage roles. Each subcommand explains itself with -h.", connection::none,
     nullptr},
    {"acl role create", "Create a role", "[options]",
     "Create a role. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl role delete", "Delete a role", "[options]",
     "Delete a role. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl role list", "List the roles", "[options]",
     "List the roles. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl role read", "Show a role", "[options]",
     "Show a role. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl role update", "Change a role", "[options]",
     "Change a role. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl set-agent-token", "Give the agent a token of its own", "[options]",
     "Give the agent a token of its own. This version reads the flags and then "
     "says that it cannot do it.",
     connection::servers, unsupported},
    {"acl token", "Manage tokens", "<subcommand> [options] [args]",
     "Manage tokens. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"acl token clone", "Copy a token", "[options]",
     "Copy a token. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl token create", "Create a token", "[options]",
     "Create a token. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl token delete", "Delete a token", "[options]",
     "Delete a token. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl token list", "List the tokens", "[options]",
     "List the tokens. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl token read", "Show a token", "[options]",
     "Show a token. This version reads the flags and then says that it cannot "
     "do it.",
     connection::spaces, unsupported},
    {"acl token update", "Change a token", "[options]",
     "Change a token. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"acl translate-rules", "Rewrite rules of the old syntax", "[options]",
     "Rewrite rules of the old syntax. This version reads the flags and then "
     "says that it cannot do it.",
     connection::servers, unsupported},
    {"agent", "Run a node", "[options]",
     "Runs this node of the cluster until it is interrupted.", connection::none,
     agent},
    {"catalog", "Ask the catalogue", "<subcommand> [options] [args]",
     "Ask the catalogue. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"catalog datacenters", "List the datacenters", "[options]",
     "Lists the known datacenters, the nearest first.", connection::servers,
     catalog_datacenters},
    {"catalog nodes", "List the nodes", "[options]",
     "Lists the nodes of a datacenter, or those that satisfy all the "
     "conditions given.",
     connection::servers, catalog_nodes},
    {"catalog services", "List the services", "[options]",
     "Lists the services of a datacenter, or those that satisfy all the "
     "conditions given.",
     connection::spaces, catalog_services},
    {"config", "Manage config entries", "<subcommand> [options] [args]",
     "Manage config entries. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"config delete", "Delete a config entry", "[options]",
     "Delete a config entry. This version reads the flags and then says that "
     "it cannot do it.",
     connection::servers, unsupported},
    {"config list", "List the config entries of a kind", "[options]",
     "List the config entries of a kind. This version reads the flags and then "
     "says that it cannot do it.",
     connection::spaces, unsupported},
    {"config read", "Show a config entry", "[options]",
     "Show a config entry. This version reads the flags and then says that it "
     "cannot do it.",
     connection::spaces, unsupported},
    {"config write", "Create or change a config entry", "[options]",
     "Create or change a config entry. This version reads the flags and then "
     "says that it cannot do it.",
     connection::spaces, unsupported},
    {"connect", "Manage the service mesh", "<subcommand> [options] [args]",
     "Manage the service mesh. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"connect ca", "Manage the mesh's certificate authority",
     "<subcommand> [options] [args]",
     "Manage the mesh's certificate authority. Each subcommand explains itself "
     "with -h.",
     connection::none, nullptr},
    {"connect ca get-config", "Show how certificates are signed", "[options]",
     "Show how certificates are signed. This version reads the flags and then "
     "says that it cannot do it.",
     connection::servers, unsupported},
    {"connect ca set-config", "Change how certificates are signed", "[options]",
     "Change how certificates are signed. This version reads the flags and "
     "then says that it cannot do it.",
     connection::servers, unsupported},
    {"connect envoy", "Run or configure an Envoy proxy", "[options]",
     "Run or configure an Envoy proxy. This version reads the flags and then "
     "says that it cannot do it.",
     connection::agent, unsupported},
    {"connect expose", "Expose a service through a gateway", "[options]",
     "Expose a service through a gateway. This version reads the flags and "
     "then says that it cannot do it.",
     connection::servers, unsupported},
    {"connect proxy", "Run the built-in proxy", "[options]",
     "Run the built-in proxy. This version reads the flags and then says that "
     "it cannot do it.",
     connection::servers, unsupported},
    {"debug", "Collect data about an agent into an archive", "[options]",
     "Collects what an agent says about itself, at once and for a while, into "
     "one archive. It may hold secrets: look before passing it on.",
     connection::agent, debug},
    {"event", "Fire an event", "[options] [payload]",
     "Fires a named event at all nodes of a datacenter, or at those that match "
     "the filters. The payload is optional.",
     connection::agent, event},
    {"exec", "Run a command on nodes", "[options] [-|command...]",
     "Runs a command on all nodes that allow it, or on those that match the "
     "filters, and shows what each prints. With - the script is read from "
     "standard input.",
     connection::servers, exec},
    {"force-leave", "Make a failed member leave", "[options] name",
     "Declares a failed member to have left, so that nobody tries to reach it "
     "any longer.",
     connection::agent, force_leave},
    {"info", "Show the agent's counters", "[options]",
     "Prints what the agent counts about itself.", connection::agent, info},
    {"intention", "Manage who may connect to whom",
     "<subcommand> [options] [args]",
     "Manage who may connect to whom. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"intention check", "Say whether a connection is allowed", "[options]",
     "Say whether a connection is allowed. This version reads the flags and "
     "then says that it cannot do it.",
     connection::servers, unsupported},
    {"intention create", "Create an intention", "[options]",
     "Create an intention. This version reads the flags and then says that it "
     "cannot do it.",
     connection::servers, unsupported},
    {"intention delete", "Delete an intention", "[options]",
     "Delete an intention. This version reads the flags and then says that it "
     "cannot do it.",
     connection::servers, unsupported},
    {"intention get", "Show an intention", "[options]",
     "Show an intention. This version reads the flags and then says that it "
     "cannot do it.",
     connection::servers, unsupported},
    {"intention match", "List the intentions about a service", "[options]",
     "List the intentions about a service. This version reads the flags and "
     "then says that it cannot do it.",
     connection::servers, unsupported},
    {"join", "Join a cluster", "[options] address ...",
     "Tells the running agent to join the cluster of the nodes at these "
     "addresses.",
     connection::agent, join},
    {"keygen", "Draw a gossip key", "",
     "Prints a random key that is fit for the encryption of gossip.",
     connection::none, keygen},
    {"keyring", "Manage gossip keys", "[options]",
     "Lists, installs, uses and removes the keys that gossip is encrypted "
     "with, on all nodes at once. Exactly one action must be given.",
     connection::agent, keyring},
    {"kv", "Read and write the key/value store",
     "<subcommand> [options] [args]",
     "Read and write the key/value store. Each subcommand explains itself with "
     "-h.",
     connection::none, nullptr},
    {"kv delete", "Delete keys", "[options] KEY_OR_PREFIX",
     "Deletes a key or, with -recurse, every key below a prefix. A key that "
     "does not exist is no error.",
     connection::spaces, kv_delete},
    {"kv export", "Print a tree as JSON", "[options] [PREFIX]",
     "Prints the keys below a prefix as JSON that kv import reads.",
     connection::spaces, kv_export},
    {"kv get", "Read keys", "[options] [KEY_OR_PREFIX]",
     "Prints the value of a key, or with -recurse or -keys what is below a "
     "prefix.",
     connection::spaces, kv_get},
    {"kv import", "Write a tree from JSON", "[options] [DATA]",
     "Writes the keys that kv export printed. DATA is the JSON itself, @FILE, "
     "or - for standard input.",
     connection::spaces, kv_import},
    {"kv put", "Write a key", "[options] KEY [DATA]",
     "Writes a key. DATA is the value itself, @FILE, or - for standard input; "
     "without it the value is empty.",
     connection::spaces, kv_put},
    {"leave", "Leave the cluster", "[options]",
     "Tells the agent to leave the cluster and to end.", connection::agent,
     leave},
    {"lock", "Run a command under a lock", "[options] prefix child...",
     "Waits for the lock at a prefix of the key/value store, runs the command "
     "and gives the lock back. If the lock is lost the command is told to end.",
     connection::servers, lock},
    {"login", "Trade a credential for a token", "[options]",
     "Trade a credential for a token. This version reads the flags and then "
     "says that it cannot do it.",
     connection::spaces, unsupported},
    {"logout", "Destroy a token got by login", "[options]",
     "Destroy a token got by login. This version reads the flags and then says "
     "that it cannot do it.",
     connection::servers, unsupported},
    {"maint", "Put a node or service under maintenance", "[options]",
     "Takes this node or one of its services out of all answers until "
     "maintenance is disabled again. Without options, shows what is under "
     "maintenance.",
     connection::agent, maint},
    {"members", "List the members of the cluster", "[options]",
     "Lists the members of the cluster as the agent sees them.",
     connection::agent, members},
    {"monitor", "Follow the agent's log", "[options]",
     "Shows the agent's log as it is written, at a level of its own.",
     connection::agent, monitor},
    {"operator", "Look after the cluster", "<subcommand> [options] [args]",
     "Look after the cluster. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"operator autopilot", "Manage the care of servers",
     "<subcommand> [options] [args]",
     "Manage the care of servers. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"operator autopilot get-config", "Show the configuration", "[options]",
     "Prints how servers are cared for.", connection::servers,
     autopilot_get_config},
    {"operator autopilot set-config", "Change the configuration", "[options]",
     "Changes how servers are cared for; what is not given stays.",
     connection::servers, autopilot_set_config},
    {"operator raft", "Manage the Raft peers", "<subcommand> [options] [args]",
     "Manage the Raft peers. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"operator raft list-peers", "List the Raft peers", "[options]",
     "Lists the servers that take part in Raft.", connection::servers,
     raft_list_peers},
    {"operator raft remove-peer", "Remove a Raft peer", "[options]",
     "Removes a server from Raft that is gone for good.", connection::servers,
     raft_remove_peer},
    {"reload", "Read the configuration again", "[options]",
     "Tells the agent to read its configuration files again.",
     connection::agent, reload},
    {"rtt", "Estimate the distance of nodes", "[options] node1 [node2]",
     "Estimates the round trip time between two nodes, or from the agent's own "
     "to one.",
     connection::agent, rtt},
    {"services", "Register services with the agent",
     "<subcommand> [options] [args]",
     "Register services with the agent. Each subcommand explains itself with "
     "-h.",
     connection::none, nullptr},
    {"services deregister", "Remove services", "[options] [FILE...]",
     "Removes the services that the files define, or the one given by -id, "
     "from the agent.",
     connection::spaces, services_deregister},
    {"services register", "Register services", "[options] [FILE...]",
     "Registers the services that the JSON files define, or one given by "
     "flags, with the agent.",
     connection::spaces, services_register},
    {"snapshot", "Save and restore the cluster's state",
     "<subcommand> [options] [args]",
     "Save and restore the cluster's state. Each subcommand explains itself "
     "with -h.",
     connection::none, nullptr},
    {"snapshot inspect", "Describe a snapshot file", "[options] FILE",
     "Checks a snapshot and tells what it is of.", connection::none,
     snapshot_inspect},
    {"snapshot restore", "Restore a snapshot", "[options] FILE",
     "Replaces the state of the cluster by that of a snapshot.",
     connection::servers, snapshot_restore},
    {"snapshot save", "Save a snapshot", "[options] FILE",
     "Saves the state of the cluster to a file.", connection::servers,
     snapshot_save},
    {"tls", "Create certificates", "<subcommand> [options] [args]",
     "Create certificates. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"tls ca", "Create certificate authorities",
     "<subcommand> [options] [args]",
     "Create certificate authorities. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"tls ca create", "Create a certificate authority", "[options]",
     "Create a certificate authority. This version reads the flags and then "
     "says that it cannot do it.",
     connection::none, unsupported},
    {"tls cert", "Create certificates", "<subcommand> [options] [args]",
     "Create certificates. Each subcommand explains itself with -h.",
     connection::none, nullptr},
    {"tls cert create", "Create a certificate", "[options]",
     "Create a certificate. This version reads the flags and then says that it "
     "cannot do it.",
     connection::none, unsupported},
    {"validate", "Check configuration files", "[options] FILE_OR_DIRECTORY...",
     "Checks configuration files as the agent would. The exit code is 0 if "
     "they are valid and 1 if not.",
     connection::none, validate_files},
    {"version", "Print the version", "[options]",
     "Prints the version of this program.", connection::none, version},
    {"watch", "Watch for changes", "[options] [child...]",
     "Runs a command with the present data on its standard input, and again "
     "whenever the data changes. Without a command, prints the data once.",
     connection::servers, watch},
};

} // namespace

std::span<const command> all_commands() {
  return table;
}

} // namespace praetor::http::cli
