#pragma once

// What all reads of the catalogue, of health and of sessions have in common.

#include "http/routes/routes.hpp"

namespace praetor::http::routes {

/// When `?ns` is refused; it decides which of two errors is told.
enum class namespace_rule : std::uint8_t { first, after_options, never };

struct read_rules {
  /// The error when the path names nothing; null: the path takes no name.
  const char* missing = nullptr;
  /// Whether `?passing` is understood.
  bool passing = false;
  bool as_list = false;
  bool tells_consistency = true;
  namespace_rule namespaces = namespace_rule::first;
};

/// The answer to a read that failed behind the route: it knows no leader.
inline action failed_read(const rendered_ptr& why) {
  auto answer = std::make_shared<rendered>(*why);
  answer->headers.insert(answer->headers.end(),
                         {{"X-Consul-Index", "1"},
                          {"X-Consul-Knownleader", "false"},
                          {"X-Consul-Lastcontact", "0"}});
  return reply(std::move(answer));
}

inline action read(const call& c, model::query_kind kind,
                   const read_rules& rules) {
  if (rules.namespaces == namespace_rule::first)
    if (auto refused = refused_namespace(c.from))
      return reply(refused);
  auto options = rules.namespaces == namespace_rule::never
                     ? parse_options_any_namespace(c.from, c.node)
                     : parse_options(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  read_action out;
  out.query.kind = kind;
  out.query.name = c.rest;
  if (rules.missing && c.rest.empty())
    return refuse(400, rules.missing);
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return failed_read(std::get<reply_action>(*wrong).answer);
  read_selectors(c.from, out.query);
  if (rules.passing && c.from.has_query("passing")) {
    auto value = c.from.query_value("passing");
    auto on = value.empty() ? std::optional(true) : parse_bool(value);
    if (!on)
      return refuse(400, "Invalid value for ?passing");
    out.query.passing_only = *on;
  }
  out.options = parsed.read;
  out.pretty = parsed.pretty;
  out.as_list = rules.as_list;
  out.tells_consistency = rules.tells_consistency;
  out.cache_key = cache_key(c.from, out.pretty);
  return out;
}

} // namespace praetor::http::routes
