// /v1/agent/

#include "http/bodies.hpp"
#include "http/routes/routes.hpp"
#include "protocol/base/duration.hpp"

namespace praetor::http::routes {
namespace {

bool pretty(const call& c) {
  return c.node.always_pretty || c.from.has_query("pretty");
}

action ask(const call& c, agent::request request) {
  return agent_action{std::move(request), pretty(c)};
}

// For the many routes that look at nothing but the namespace first.
action ask_own(const call& c, agent::request request) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  return ask(c, std::move(request));
}

action decode_failed(const error& why) {
  return refuse(400, "Request decode failed: " + why.text);
}

// `?enable=`, which maintenance mode requires.
std::variant<bool, rendered_ptr> read_enable(const call& c) {
  if (!c.from.has_query("enable"))
    return error_reply(400, "Missing value for enable");
  auto text = c.from.query_value("enable");
  auto on = parse_bool(text);
  if (!on)
    return error_reply(400, "Invalid value for enable: \"" + std::string(text) +
                                "\"");
  return *on;
}

bool wants_text(const call& c) {
  if (c.from.query_value("format") == "text")
    return true;
  auto* accept = c.from.find_header("Accept");
  return accept && *accept == "text/plain";
}

action update(const call& c, const char* status) {
  return ask_own(c,
                 agent::update_check{std::string(c.rest), status,
                                     std::string(c.from.query_value("note"))});
}

} // namespace

action agent_self(const call& c) {
  return ask(c, agent::self{});
}

action agent_members(const call& c) {
  return ask(c, agent::members{!c.from.query_value("wan").empty()});
}

action agent_metrics(const call& c) {
  auto* accept = c.from.find_header("Accept");
  bool prometheus =
      c.from.query_value("format") == "prometheus" ||
      (accept && (accept->starts_with("application/openmetrics-text") ||
                  accept->starts_with("text/plain; version=0.4.0")));
  if (prometheus && !c.node.prometheus)
    return refuse(415, "Prometheus is not enabled since its retention time is "
                       "not positive");
  return ask(c, agent::metrics{prometheus});
}

action agent_host(const call& c) {
  return ask(c, agent::host{});
}

action agent_monitor(const call& c) {
  std::string level(c.from.query_value("loglevel"));
  if (level.empty())
    level = "INFO";
  auto upper = level;
  for (auto& letter : upper)
    letter = letter >= 'a' && letter <= 'z'
                 ? static_cast<char>(letter - 'a' + 'A')
                 : letter;
  for (auto known : {"TRACE", "DEBUG", "INFO", "WARN", "ERR", "ERROR"})
    if (upper == known)
      return monitor_action{upper};
  return refuse(400, "Bad request: Unknown log level: " + level);
}

action agent_reload(const call& c) {
  return ask(c, agent::reload{});
}
action agent_leave(const call& c) {
  return ask(c, agent::leave{});
}

action agent_join(const call& c) {
  return ask(
      c, agent::join{std::string(c.rest), !c.from.query_value("wan").empty()});
}

action agent_force_leave(const call& c) {
  return ask(
      c, agent::force_leave{std::string(c.rest), c.from.has_query("prune")});
}

action agent_maintenance(const call& c) {
  auto on = read_enable(c);
  if (auto* refused = std::get_if<rendered_ptr>(&on))
    return reply(*refused);
  return ask(
      c, agent::node_maintenance{std::get<bool>(on),
                                 std::string(c.from.query_value("reason"))});
}

action agent_services(const call& c) {
  return ask_own(
      c, agent::list_services{std::string(c.from.query_value("filter"))});
}

action agent_service(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  agent::get_service request;
  request.id = c.rest;
  request.hash = c.from.query_value("hash");
  request.wait = wait_default;
  if (auto text = c.from.query_value("wait"); !text.empty()) {
    auto wait = parse_duration(text);
    if (!wait)
      return refuse(400, "Invalid wait time");
    request.wait = std::min(*wait, wait_max);
  }
  return ask(c, std::move(request));
}

action agent_checks(const call& c) {
  return ask_own(c,
                 agent::list_checks{std::string(c.from.query_value("filter"))});
}

action agent_service_register(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  auto wish = read_agent_service(c.from.body);
  if (!wish)
    return decode_failed(wish.failure());
  bool replace = false;
  if (c.from.has_query("replace-existing-checks")) {
    auto text = c.from.query_value("replace-existing-checks");
    replace = text.empty() || parse_bool(text).value_or(false);
  }
  return ask(c, agent::register_service{*std::move(wish), replace});
}

action agent_service_deregister(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  if (c.rest.empty())
    return refuse(500, "ServiceID missing");
  return ask(c, agent::deregister_service{std::string(c.rest)});
}

action agent_service_maintenance(const call& c) {
  if (c.rest.empty())
    return refuse(400, "Missing service ID");
  auto on = read_enable(c);
  if (auto* refused = std::get_if<rendered_ptr>(&on))
    return reply(*refused);
  return ask_own(
      c, agent::service_maintenance{std::string(c.rest), std::get<bool>(on),
                                    std::string(c.from.query_value("reason"))});
}

action agent_check_register(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  auto wish = read_agent_check(c.from.body);
  if (!wish)
    return decode_failed(wish.failure());
  return ask(c, agent::register_check{*std::move(wish)});
}

action agent_check_deregister(const call& c) {
  if (auto refused = refused_namespace(c.from))
    return reply(refused);
  if (c.rest.empty())
    return refuse(500, "CheckID missing");
  return ask(c, agent::deregister_check{std::string(c.rest)});
}

action agent_check_pass(const call& c) {
  return update(c, "passing");
}
action agent_check_warn(const call& c) {
  return update(c, "warning");
}
action agent_check_fail(const call& c) {
  return update(c, "critical");
}

action agent_check_update(const call& c) {
  auto word = read_check_update(c.from.body);
  if (!word)
    return decode_failed(word.failure());
  for (auto known : {"passing", "warning", "critical"})
    if (word->status == known)
      return ask_own(c, agent::update_check{std::string(c.rest), word->status,
                                            word->output});
  return refuse(400, "Invalid check status: '" + word->status + "'");
}

action agent_health_by_id(const call& c) {
  if (c.rest.empty())
    return refuse(500, "Bad request: Missing serviceID");
  return ask_own(c, agent::health_by_id{std::string(c.rest), wants_text(c)});
}

action agent_health_by_name(const call& c) {
  if (c.rest.empty())
    return refuse(500, "Bad request: Missing service Name");
  return ask_own(c, agent::health_by_name{std::string(c.rest), wants_text(c)});
}

} // namespace praetor::http::routes
