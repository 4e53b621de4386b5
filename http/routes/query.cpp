// /v1/query

#include "http/bodies.hpp"
#include "http/routes/reads.hpp"
#include "protocol/base/uuid.hpp"

#include <charconv>

namespace praetor::http::routes {

using model::query_kind;

namespace {

constexpr read_rules query_reads = {.namespaces = namespace_rule::never};
constexpr std::string_view execute_suffix = "/execute";
constexpr std::string_view explain_suffix = "/explain";

action wrong_method(const call& c, const char* allowed) {
  auto answer = std::make_shared<rendered>(
      *error_reply(405, "method " + c.from.method_text + " not allowed"));
  answer->headers.push_back({"Allow", allowed});
  return reply(std::move(answer));
}

std::optional<action> elsewhere(const call& c) {
  return wrong_datacenter(std::string(c.from.query_value("dc")), c.node);
}

// Go's strconv.Atoi.
result<int> parse_limit(std::string_view text) {
  int out = 0;
  auto digits = text.starts_with('+') ? text.substr(1) : text;
  auto* end = digits.data() + digits.size();
  auto read = std::from_chars(digits.data(), end, out);
  auto quoted = "strconv.Atoi: parsing \"" + std::string(text) + "\": ";
  if (read.ptr != end || read.ec == std::errc::invalid_argument)
    return fail(errc::bad_input, quoted + "invalid syntax");
  if (read.ec != std::errc{})
    return fail(errc::bad_input, quoted + "value out of range");
  return out;
}

action run(const call& c, std::string_view suffix, bool explain) {
  if (c.from.method_text != "GET")
    return wrong_method(c, "GET");
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  query_action out;
  if (auto given = c.from.query_value("limit"); !given.empty()) {
    auto limit = parse_limit(given);
    if (!limit)
      return refuse(500, "Bad limit: " + limit.failure().text);
    out.run.limit = *limit;
  }
  auto connect = c.from.query_value("connect");
  if (!explain && !connect.empty()) {
    auto on = parse_bool(connect);
    if (!on)
      return refuse(500, "Error parsing 'connect' value: strconv.ParseBool: "
                         "parsing \"" +
                             std::string(connect) + "\": invalid syntax");
    out.run.connect = *on;
  }
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return failed_read(std::get<reply_action>(*wrong).answer);
  out.run.name = c.rest.substr(0, c.rest.size() - suffix.size());
  out.run.near = c.from.query_value("near");
  out.run.agent = c.node.node_name;
  out.explain = explain;
  out.options = parsed.read;
  out.pretty = parsed.pretty;
  out.datacenter = c.node.datacenter;
  auto* control = c.from.find_header("Cache-Control");
  out.must_look = control && control->find("max-age=0") != std::string::npos;
  out.cache_key = cache_key(c.from, out.pretty);
  return out;
}

std::string lookup_fault(std::string_view id) {
  auto fault = uuid_fault(id);
  return fault.empty() ? fault : "failed prepared query lookup: " + fault;
}

action get(const call& c) {
  auto asked = read(c, query_kind::prepared_get, query_reads);
  if (std::holds_alternative<read_action>(asked))
    if (auto fault = lookup_fault(c.rest); !fault.empty())
      return failed_read(error_reply(500, fault));
  return asked;
}

// What a change of an existing query is refused for, in Consul's order.
std::optional<action> bad_target(const call& c) {
  if (auto wrong = elsewhere(c))
    return wrong;
  if (auto fault = lookup_fault(c.rest); !fault.empty())
    return refuse(500, "Prepared Query lookup failed: " + fault);
  return std::nullopt;
}

action update(const call& c) {
  model::query_put command;
  if (!c.from.body.empty()) {
    auto given = read_prepared_query(c.from.body);
    if (!given)
      return refuse(400, "Request decode failed: " + given.failure().text);
    command.query = *std::move(given);
  }
  if (auto refused = bad_target(c))
    return *refused;
  command.query.id = c.rest;
  command.must_exist = true;
  write_action out;
  out.command = std::move(command);
  out.reply = write_reply::nothing;
  return out;
}

action remove(const call& c) {
  if (auto refused = bad_target(c))
    return *refused;
  write_action out;
  out.command = model::query_remove{std::string(c.rest)};
  out.reply = write_reply::nothing;
  return out;
}

action create(const call& c) {
  auto given = read_prepared_query(c.from.body);
  if (!given)
    return refuse(400, "Request decode failed: " + given.failure().text);
  if (auto wrong = elsewhere(c))
    return *wrong;
  if (!given->id.empty())
    return refuse(500, "ID must be empty when creating a new prepared query");
  if (auto ok = model::check_query(*given); !ok)
    return refuse(500, "Invalid prepared query: " + ok.failure().text);
  given->id = c.node.make_id();
  write_action out;
  out.session_id = given->id;
  out.reply = write_reply::session;
  out.pretty = c.node.always_pretty || c.from.has_query("pretty");
  out.command = model::query_put{*std::move(given), false};
  return out;
}

action options_of(const call& c) {
  bool runs =
      c.rest.ends_with(execute_suffix) || c.rest.ends_with(explain_suffix);
  auto answer = std::make_shared<rendered>(
      *json_reply("{}", c.node.always_pretty || c.from.has_query("pretty")));
  answer->headers.push_back(
      {"Allow", runs ? "OPTIONS,GET" : "OPTIONS,GET,PUT,DELETE"});
  return reply(std::move(answer));
}

} // namespace

action queries(const call& c) {
  if (c.from.verb == method::post)
    return create(c);
  return read(c, query_kind::prepared_list, query_reads);
}

action query(const call& c) {
  if (c.from.verb == method::options)
    return options_of(c);
  // The path as a whole: "/v1/query/execute" executes the query "execute".
  if (c.from.path.ends_with(execute_suffix))
    return run(c, c.rest == "execute" ? "" : execute_suffix, false);
  if (c.from.path.ends_with(explain_suffix))
    return run(c, c.rest == "explain" ? "" : explain_suffix, true);
  if (c.from.method_text == "GET")
    return get(c);
  if (c.from.method_text == "PUT")
    return update(c);
  if (c.from.method_text == "DELETE")
    return remove(c);
  return wrong_method(c, "GET,PUT,DELETE");
}

} // namespace praetor::http::routes
