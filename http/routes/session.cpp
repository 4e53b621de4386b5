// /v1/session/

#include "http/bodies.hpp"
#include "http/routes/reads.hpp"
#include "protocol/base/duration.hpp"
#include "protocol/base/uuid.hpp"

#include <algorithm>

namespace praetor::http::routes {

using model::query_kind;

namespace {

constexpr span ttl_max = std::chrono::hours(24);

// The error of a session that cannot be; empty when it can.
std::string session_fault(const model::session& wish, const surface& node) {
  if (wish.ttl.empty())
    return {};
  auto ttl = parse_duration(wish.ttl);
  if (!ttl)
    return "Session TTL '" + wish.ttl + "' invalid: " + ttl.failure().text;
  if (*ttl != span{} && (*ttl < node.session_ttl_min || *ttl > ttl_max))
    return "Invalid Session TTL '" + std::to_string(ttl->count()) +
           "', must be between [" + format_duration(node.session_ttl_min) +
           "=" + format_duration(ttl_max) + "]";
  return {};
}

// An unknown behaviour is refused; the known ones are set in the session.
std::string behavior_fault(session_wish& given) {
  if (given.behavior.empty() || given.behavior == "release")
    given.session.behavior = model::session_behavior::release;
  else if (given.behavior == "delete")
    given.session.behavior = model::session_behavior::remove;
  else
    return "Invalid Behavior setting '" + given.behavior + "'";
  return {};
}

// The error of a text that cannot be the id of a session; else empty.
std::string id_fault(std::string_view id) {
  auto fault = uuid_fault(id);
  return fault.empty() ? fault : "failed session lookup: " + fault;
}

// What a change of an existing session is refused for, in Consul's order.
std::optional<action> bad_target(const call& c) {
  if (c.rest.empty())
    return refuse(400, "Missing session");
  if (auto wrong =
          wrong_datacenter(std::string(c.from.query_value("dc")), c.node))
    return *wrong;
  if (auto fault = id_fault(c.rest); !fault.empty())
    return refuse(500, fault);
  return std::nullopt;
}

bool pretty(const call& c) {
  return c.node.always_pretty || c.from.has_query("pretty");
}

constexpr read_rules session_reads = {
    .tells_consistency = false, .namespaces = namespace_rule::after_options};

} // namespace

action session_create(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  auto given = read_session(c.from.body);
  if (!given)
    return refuse(400, "Request decode failed: " + given.failure().text);
  if (auto wrong =
          wrong_datacenter(std::string(c.from.query_value("dc")), c.node))
    return *wrong;
  auto& wish = given->session;
  wish.hidden_checks = given->hidden_checks;
  if (auto fault = behavior_fault(*given); !fault.empty())
    return refuse(500, fault);
  if (auto fault = session_fault(wish, c.node); !fault.empty())
    return refuse(500, fault);
  if (wish.node.empty())
    wish.node = c.node.node_name;
  wish.id = c.node.make_id();
  write_action out;
  out.session_id = wish.id;
  out.reply = write_reply::session;
  out.pretty = pretty(c);
  out.command = model::session_create{std::move(wish)};
  return out;
}

action session_destroy(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  if (auto refused = bad_target(c))
    return *refused;
  write_action out;
  out.command = model::session_destroy{std::string(c.rest)};
  out.pretty = pretty(c);
  return out;
}

action session_renew(const call& c) {
  auto options = parse_options(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  if (auto refused = bad_target(c))
    return *refused;
  return agent_action{agent::renew_session{std::string(c.rest)}, pretty(c)};
}

action session_info(const call& c) {
  auto rules = session_reads;
  rules.missing = "Missing session";
  auto asked = read(c, query_kind::session_info, rules);
  if (std::holds_alternative<read_action>(asked))
    if (auto fault = id_fault(c.rest); !fault.empty())
      return failed_read(error_reply(500, fault));
  return asked;
}

action session_list(const call& c) {
  return read(c, query_kind::session_list, session_reads);
}

action session_node(const call& c) {
  auto rules = session_reads;
  rules.missing = "Missing node name";
  return read(c, query_kind::session_node, rules);
}

} // namespace praetor::http::routes
