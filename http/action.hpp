#pragma once

// What a route asks of the node, as one variant: the route decides, the
// session's actor carries out. A rendered answer is shared by all who asked
// the same, so it is encoded once.

#include "http/message.hpp"
#include "protocol/model/command.hpp"
#include "protocol/model/definition.hpp"
#include "protocol/model/query.hpp"

#include <functional>
#include <memory>

namespace praetor::http {

/// An encoded answer without what differs between connections.
struct rendered {
  int status = 200;
  /// Empty: no Content-Type header at all, as Consul leaves it out of answers
  /// without a body.
  std::string content_type;
  std::vector<header> headers;
  std::shared_ptr<const std::string> body;
  modify_index index = 0; // of the read behind it

  /// The body in the gzip coding, made when first asked for. Only on the
  /// thread that the answer belongs to.
  const std::shared_ptr<const std::string>& compressed() const;

private:
  mutable std::shared_ptr<const std::string> compressed_;
};

using rendered_ptr = std::shared_ptr<const rendered>;

/// How fresh a read must be. Consul's three modes.
enum class consistency : std::uint8_t { leader, stale, consistent };

/// What every read may carry beside its own parameters.
struct read_options {
  consistency level = consistency::leader;
  modify_index index = 0; // wait for a newer answer; 0: do not wait
  span wait{};            // for at most so long
  bool cached = false;
};

/// In what shape records are shown, where there are several.
enum class read_form : std::uint8_t {
  plain,
  summaries, // of services, for web views
  overview,  // numbers of nodes, services and checks
  by_name,   // an object instead of a list
};

/// A read of the replicated state. `cache_key` names the answer: equal keys
/// at equal states give equal bytes.
struct read_action {
  model::read_query query;
  read_options options;
  bool pretty = false;
  bool raw = false;     // kv: the value itself
  bool as_list = false; // catalog/node-services: a list of services
  read_form form = read_form::plain;
  bool tells_consistency = false; // X-Consul-Effective-Consistency
  bool tells_source = true;       // X-Consul-Index and its like
  std::string datacenter = {};    // ours, where the answer names it
  std::string cache_key;
};

/// A transaction that only reads: it takes no place in the log.
struct transaction_read {
  model::transaction what;
  read_options options;
  bool pretty = false;
};

enum class write_reply : std::uint8_t {
  boolean,
  transaction,
  session, // {"ID": ...}, also of a query
  nothing,
};

struct write_action {
  model::command command;
  write_reply reply = write_reply::boolean;
  bool pretty = false;
  std::string session_id; // write_reply::session
};

/// What only this agent knows or does.
namespace agent {

struct register_service {
  model::service_wish wish;
  bool replace_checks = false;
};
struct deregister_service {
  std::string id;
};
struct register_check {
  model::check_wish wish;
};
struct deregister_check {
  std::string id;
};
struct update_check {
  std::string id;
  std::string status;
  std::string output;
};
struct service_maintenance {
  std::string id;
  bool enable = false;
  std::string reason;
};
struct node_maintenance {
  bool enable = false;
  std::string reason;
};
struct list_services {
  std::string filter;
};
struct list_checks {
  std::string filter;
};
struct get_service {
  std::string id;
  std::string hash; // wait while the content still has it
  span wait{};
};
struct health_by_id {
  std::string id;
  bool text = false;
};
struct health_by_name {
  std::string name;
  bool text = false;
};
struct self {};
struct members {
  bool wan = false;
};
struct metrics {
  bool prometheus = false;
};
struct host {};
struct reload {};
struct leave {};
struct force_leave {
  std::string name;
  bool prune = false; // and forget it
};
struct join {
  std::string address;
  bool wan = false;
};
struct renew_session {
  session_id id;
};
/// The servers, as the leader or (`stale`) this server knows them.
struct raft_configuration {
  bool stale = false;
};
/// One of the two is given.
struct remove_peer {
  std::string id;
  std::string address;
};
struct transfer_leadership {
  std::string id; // empty: whoever is best
};
enum class health_form : std::uint8_t { health, state };
struct server_health {
  health_form form = health_form::health;
};
enum class status_of : std::uint8_t { leader, peers };
struct status {
  status_of what = status_of::leader;
};

using request =
    std::variant<register_service, deregister_service, register_check,
                 deregister_check, update_check, service_maintenance,
                 node_maintenance, list_services, list_checks, get_service,
                 health_by_id, health_by_name, self, members, metrics, host,
                 reload, leave, force_leave, join, renew_session, status,
                 raft_configuration, remove_peer, transfer_leadership,
                 server_health>;

} // namespace agent

struct agent_action {
  agent::request request;
  bool pretty = false;
};

/// Execute a prepared query, or tell only what would be looked for.
struct query_action {
  model::query_run run;
  bool explain = false;
  read_options options;
  bool pretty = false;
  /// `Cache-Control: max-age=0`: what was kept does not do.
  bool must_look = false;
  std::string datacenter; // our own
  std::string cache_key;
};

/// Save the whole state, or put another one in its place.
struct snapshot_action {
  bool restores = false; // from the body
  read_options options;
};

/// Stream the log lines of at least this level until the client goes.
struct monitor_action {
  std::string level; // upper case
};

/// Nothing to do: the answer is known.
struct reply_action {
  rendered_ptr answer;
};

using action =
    std::variant<reply_action, read_action, transaction_read, write_action,
                 agent_action, monitor_action, query_action, snapshot_action>;

/// What routes have to know of the node they serve. Fixed until a reload.
struct surface {
  std::string datacenter = "dc1";
  std::string node_name;
  bool always_pretty = false; // -dev indents every answer
  bool ui = false;
  std::string ui_path = "/ui/"; // where the web view is, slashes around
  bool debug = false;           // /debug/ is there
  std::string command_line;     // as the kernel has it: a zero after each word
  std::uint64_t kv_value_bytes_max = 512 * 1024;
  std::uint64_t txn_bytes_max = 512 * 1024;
  span session_ttl_min = std::chrono::seconds(10);
  std::vector<header> extra_headers; // http_config.response_headers
  std::vector<std::string> blocked;  // http_config.block_endpoints
  bool translate_wan_addresses = false;
  bool scripts_enabled = false;
  bool prometheus = false; // metrics are kept for it
  /// Makes the id of a new session; handed in, since routes have no chance of
  /// their own.
  std::function<std::string()> make_id;
};

} // namespace praetor::http
