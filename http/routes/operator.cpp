// /v1/operator/

#include "http/bodies.hpp"
#include "http/json_read.hpp"
#include "http/routes/reads.hpp"

#include <charconv>

namespace praetor::http::routes {
namespace {

action bad_request(std::string text) {
  return refuse(400, "Bad request: " + std::move(text));
}

// The options of a request that the leader is asked itself.
std::variant<parsed_options, rendered_ptr> leader_options(const call& c) {
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* parsed = std::get_if<parsed_options>(&options))
    if (auto wrong = wrong_datacenter(parsed->datacenter, c.node))
      return std::get<reply_action>(*wrong).answer;
  return options;
}

action ask_leader(const call& c, agent::request request) {
  auto options = leader_options(c);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  return agent_action{std::move(request),
                      std::get<parsed_options>(options).pretty};
}

action read_autopilot_configuration(const call& c) {
  auto options = leader_options(c);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  read_action out;
  out.query.kind = model::query_kind::autopilot;
  out.options.level = parsed.read.level;
  out.pretty = parsed.pretty;
  out.tells_source = false;
  out.cache_key = cache_key(c.from, out.pretty);
  return out;
}

action write_autopilot_configuration(const call& c) {
  auto config = read_autopilot(c.from.body);
  if (!config)
    return bad_request("Error parsing autopilot config: " +
                       config.failure().text);
  model::autopilot_set command;
  command.config = *std::move(config);
  if (c.from.has_query("cas")) {
    auto index = parse_uint(c.from.query_value("cas"));
    if (!index)
      return bad_request("Error parsing cas value: " + index.failure().text);
    command.only_if = model::autopilot_set::condition::index;
    command.index = *index;
  }
  if (auto wrong =
          wrong_datacenter(std::string(c.from.query_value("dc")), c.node))
    return *wrong;
  write_action out;
  out.command = std::move(command);
  out.pretty = c.node.always_pretty || c.from.has_query("pretty");
  return out;
}

// -- the keys of gossip ------------------------------------------------------

// Answers may be relayed by so many other nodes at most (Consul's limit).
constexpr int relay_factor_max = 5;

// What is wrong with `?relay-factor=` and `?local-only=`; empty: nothing.
std::string keyring_fault(const call& c) {
  if (std::string text(c.from.query_value("relay-factor")); !text.empty()) {
    int factor = 0;
    auto* end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, factor);
    if (read.ec != std::errc() || read.ptr != end)
      return "Error parsing relay factor: strconv.Atoi: parsing \"" + text +
             "\": invalid syntax";
    if (factor < 0 || factor > relay_factor_max)
      return "Invalid relay-factor: Relay factor must be in range: [0, 5]";
  }
  if (std::string text(c.from.query_value("local-only")); !text.empty()) {
    auto only = parse_bool(text);
    if (!only)
      return "Error parsing local-only: strconv.ParseBool: parsing \"" + text +
             "\": invalid syntax";
    if (*only && c.from.verb != method::get)
      return "Invalid use of local-only: local-only can only be set for list "
             "requests";
  }
  return {};
}

// Each pool answers for itself; `of_node` names the node in each.
std::string pool_errors(const call& c, const std::string& of_pool,
                        const std::string& of_node, bool local_only = false) {
  auto& dc = c.node.datacenter;
  auto& name = c.node.node_name;
  std::vector<std::string> all;
  auto add = [&](const std::string& pool, const std::string& node) {
    all.push_back(pool + " error: " + of_pool);
    if (!of_node.empty())
      all.push_back(node + ": " + of_node);
  };
  if (!local_only)
    add("WAN", name + "." + dc);
  add(dc + " (LAN)", name);
  auto text = std::to_string(all.size()) + " errors occurred:";
  for (auto& one : all)
    text += "\n\t* " + one;
  return text + "\n\n";
}

} // namespace

action operator_raft_configuration(const call& c) {
  auto options = leader_options(c);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  return agent_action{
      agent::raft_configuration{parsed.read.level == consistency::stale},
      parsed.pretty};
}

action operator_raft_peer(const call& c) {
  agent::remove_peer asked;
  asked.id = c.from.query_value("id");
  asked.address = c.from.query_value("address");
  bool has_id = c.from.has_query("id");
  bool has_address = c.from.has_query("address");
  if (!has_id && !has_address)
    return bad_request("Must specify either ?id with the server's ID or "
                       "?address with IP:port of peer to remove");
  if (has_id && has_address)
    return bad_request("Must specify only one of ?id or ?address");
  return ask_leader(c, std::move(asked));
}

action operator_raft_transfer(const call& c) {
  return ask_leader(
      c, agent::transfer_leadership{std::string(c.from.query_value("id"))});
}

action operator_autopilot_configuration(const call& c) {
  return c.from.verb == method::get ? read_autopilot_configuration(c)
                                    : write_autopilot_configuration(c);
}

action operator_autopilot_health(const call& c) {
  return ask_leader(c, agent::server_health{agent::health_form::health});
}

action operator_autopilot_state(const call& c) {
  return ask_leader(c, agent::server_health{agent::health_form::state});
}

action operator_usage(const call& c) {
  auto asked = read(c, model::query_kind::usage, {.tells_consistency = false});
  if (auto* read = std::get_if<read_action>(&asked))
    read->datacenter = c.node.datacenter;
  return asked;
}

action operator_keyring(const call& c) {
  std::string key;
  if (c.from.verb != method::get) {
    auto given = read_gossip_key(c.from.body);
    if (!given)
      return bad_request("Request decode failed: " + given.failure().text);
    key = *given;
  }
  if (auto fault = keyring_fault(c); !fault.empty())
    return bad_request(fault);
  if (c.from.verb == method::get)
    return refuse(
        500, pool_errors(
                 c, "1/1 nodes reported failure",
                 "Keyring is empty (encryption not enabled)",
                 parse_bool(c.from.query_value("local-only")).value_or(false)));
  if (auto decoded = decode_base64(key); !decoded)
    return refuse(500, pool_errors(c, decoded.failure().text, ""));
  return refuse(500, pool_errors(c, "1/1 nodes reported failure",
                                 "No keyring to modify (encryption not "
                                 "enabled)"));
}

} // namespace praetor::http::routes
