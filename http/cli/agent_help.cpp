// What `agent -h` prints. The agent reads its flags elsewhere; this list says
// what they mean.

#include "http/cli/commands.hpp"

#include <ostream>

namespace praetor::http::cli {
namespace {

struct agent_flag {
  const char* name;
  const char* placeholder; // empty: a boolean
  const char* help;
};

constexpr agent_flag agent_flags[] = {
    {"advertise", "value", "Address that other nodes reach this one at."},
    {"advertise-wan", "value",
     "Address that servers of other datacenters reach this one at."},
    {"allow-write-http-from", "value",
     "Network (CIDR) whose writes over HTTP are accepted. Repeatable."},
    {"alt-domain", "value", "A second domain to answer DNS queries in."},
    {"bind", "value", "Address to listen at for other nodes."},
    {"bootstrap", "", "Let this server elect itself leader."},
    {"bootstrap-expect", "value",
     "Number of servers to wait for before the first election."},
    {"check_output_max_size", "value",
     "Bytes of a check's output that are kept."},
    {"client", "value",
     "Addresses to listen at for clients: HTTP, HTTPS, DNS and gRPC."},
    {"config-dir", "value",
     "Directory whose .json and .hcl files are read in the order of their "
     "names. Repeatable."},
    {"config-file", "value",
     "Configuration file, JSON or HCL by its extension. Repeatable."},
    {"config-format", "string", "Read every file as this format: hcl or json."},
    {"data-dir", "value", "Directory to keep state in."},
    {"datacenter", "value", "Datacenter of this agent."},
    {"default-query-time", "value",
     "How long a blocking query waits that does not say so itself."},
    {"dev", "", "Run one server in memory, for trying things out."},
    {"disable-host-node-id", "",
     "Draw a random node id instead of deriving one from the host."},
    {"disable-keyring-file", "", "Do not write gossip keys to disk."},
    {"dns-port", "value", "Port for DNS."},
    {"domain", "value", "Domain to answer DNS queries in."},
    {"enable-local-script-checks", "",
     "Allow checks that run programs, if a configuration file defines them."},
    {"enable-script-checks", "", "Allow checks that run programs."},
    {"encrypt", "value", "Key for the encryption of gossip."},
    {"grpc-port", "value", "Port for gRPC."},
    {"hcl", "value", "A piece of configuration in HCL. Repeatable."},
    {"http-port", "value", "Port for the HTTP API."},
    {"https-port", "value", "Port for the HTTP API over TLS."},
    {"join", "value",
     "Address of a node to join at the start, once. Repeatable."},
    {"join-wan", "value",
     "Address of another datacenter's server to join at the start, once. "
     "Repeatable."},
    {"log-file", "value", "File or directory to write the log to."},
    {"log-json", "", "Write the log as JSON."},
    {"log-level", "value", "Lowest level that is logged."},
    {"log-rotate-bytes", "value", "Size at which a log file is closed."},
    {"log-rotate-duration", "value", "Age at which a log file is closed."},
    {"log-rotate-max-files", "value", "Number of old log files to keep."},
    {"max-query-time", "value", "Longest wait of a blocking query."},
    {"node", "value", "Name of this node, unique in the cluster."},
    {"node-id", "value", "Id of this node, unique everywhere."},
    {"node-meta", "key:value", "Metadata of this node. Repeatable."},
    {"non-voting-server", "", "Receive the log, but have no vote."},
    {"pid-file", "value", "File to write the process id to."},
    {"primary-gateway", "value",
     "Address of a mesh gateway in the primary datacenter. Repeatable."},
    {"protocol", "value", "Version of the gossip protocol."},
    {"raft-protocol", "value", "Version of the Raft protocol."},
    {"recursor", "value",
     "DNS server to ask about names of other domains. Repeatable."},
    {"rejoin", "", "Join again even after a leave."},
    {"retry-interval", "value", "Pause between attempts to join."},
    {"retry-interval-wan", "value",
     "Pause between attempts to join other datacenters."},
    {"retry-join", "value",
     "Address of a node to join, tried until it works. Repeatable."},
    {"retry-join-wan", "value",
     "Address of another datacenter's server to join, tried until it works. "
     "Repeatable."},
    {"retry-max", "value", "Attempts to join; 0 for no end."},
    {"retry-max-wan", "value",
     "Attempts to join other datacenters; 0 for no end."},
    {"segment", "value", "Network segment to join."},
    {"serf-lan-allowed-cidrs", "value",
     "Network (CIDR) whose nodes may join. Repeatable."},
    {"serf-lan-bind", "value", "Address for gossip in the datacenter."},
    {"serf-lan-port", "value", "Port for gossip in the datacenter."},
    {"serf-wan-allowed-cidrs", "value",
     "Network (CIDR) whose servers may join over WAN. Repeatable."},
    {"serf-wan-bind", "value", "Address for gossip between datacenters."},
    {"serf-wan-port", "value", "Port for gossip between datacenters."},
    {"server", "", "Be a server: vote, and keep the cluster's state."},
    {"server-port", "value", "Port for requests between servers."},
    {"syslog", "", "Log to syslog as well."},
    {"ui", "", "Serve the web view."},
    {"ui-content-path", "value", "Path of the web view; /ui/ unless given."},
    {"ui-dir", "value", "Directory of another web view to serve."},
};

} // namespace

int agent(call& c) {
  for (const auto& item : agent_flags) {
    flag what;
    what.help = item.help;
    what.placeholder = item.placeholder;
    what.is_boolean = *item.placeholder == '\0';
    what.set = [](const std::string&) -> status { return {}; };
    c.flags.add(item.name, std::move(what));
  }
  if (auto code = c.parse())
    return *code;
  return c.refuse("praetor: the agent is not part of this program");
}

} // namespace praetor::http::cli
