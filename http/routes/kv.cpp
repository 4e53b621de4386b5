// /v1/kv/

#include "http/routes/routes.hpp"
#include "http/uri.hpp"

#include <algorithm>

namespace praetor::http::routes {
namespace {

action get(const call& c, const parsed_options& options) {
  read_action read;
  read.options = options.read;
  read.pretty = options.pretty;
  read.query.name = c.rest;
  if (c.from.has_query("keys")) {
    read.query.kind = model::query_kind::kv_keys;
    read.query.separator = c.from.has_query("separator")
                               ? c.from.query_value("separator")
                               : c.from.query_value("seperator");
  } else if (c.from.has_query("recurse")) {
    read.query.kind = model::query_kind::kv_list;
  } else {
    if (c.rest.empty())
      return refuse(400, "Missing key name");
    read.raw = c.from.has_query("raw");
  }
  if (auto wrong = wrong_datacenter(options.datacenter, c.node))
    return *wrong;
  read.cache_key = cache_key(c.from, read.pretty);
  return read;
}

// All parameters in the order of their names, as Go's url.Values encodes.
std::string encoded(query_pairs pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](auto& a, auto& b) { return a.first < b.first; });
  std::string text;
  for (auto& [key, value] : pairs) {
    if (!text.empty())
      text += '&';
    text += encode_query(key) + "=" + encode_query(value);
  }
  return text;
}

// Set when more than one of the flags is given that exclude each other.
std::optional<action> conflict(const call& c,
                               std::initializer_list<const char*> flags) {
  auto given = std::count_if(flags.begin(), flags.end(), [&](auto* flag) {
    return c.from.has_query(flag);
  });
  if (given < 2)
    return std::nullopt;
  return refuse(400, "Conflicting flags: " + encoded(c.from.query));
}

rendered_ptr value_too_large(const call& c) {
  return error_reply(413, "Request body(" + std::to_string(c.from.body_length) +
                              " bytes) too large, max size: " +
                              std::to_string(c.node.kv_value_bytes_max) +
                              " bytes. See https://www.consul.io/docs/agent/"
                              "options.html#kv_max_value_size.");
}

action write(model::kv_operation operation, const parsed_options& options) {
  write_action out;
  out.command = std::move(operation);
  out.pretty = options.pretty;
  return out;
}

// Reads `?name=NUMBER` into `to`; the answer that refuses it otherwise.
rendered_ptr read_number(const call& c, const char* name, std::uint64_t& to) {
  auto number = parse_uint(c.from.query_value(name));
  if (!number)
    return error_reply(500, number.failure().text);
  to = *number;
  return nullptr;
}

std::optional<action> bad_key(const call& c) {
  if (c.rest.size() <= model::kv_key_bytes_max)
    return std::nullopt;
  return refuse(400, "Key of " + std::to_string(c.rest.size()) +
                         " bytes is too long, max size: " +
                         std::to_string(model::kv_key_bytes_max) + " bytes");
}

action put(const call& c, const parsed_options& options) {
  if (c.rest.empty())
    return refuse(400, "Missing key name");
  if (auto refused = bad_key(c))
    return *refused;
  if (auto refused = conflict(c, {"cas", "acquire", "release"}))
    return *refused;
  model::kv_operation operation;
  operation.key = c.rest;
  if (c.from.has_query("flags"))
    if (auto refused = read_number(c, "flags", operation.flags))
      return reply(refused);
  if (c.from.has_query("cas")) {
    operation.verb = model::kv_verb::cas;
    if (auto refused = read_number(c, "cas", operation.index))
      return reply(refused);
  }
  for (auto [name, verb] : {std::pair{"acquire", model::kv_verb::lock},
                            std::pair{"release", model::kv_verb::unlock}})
    if (c.from.has_query(name)) {
      operation.verb = verb;
      operation.session = c.from.query_value(name);
    }
  if (c.from.body_too_large || c.from.body.size() > c.node.kv_value_bytes_max)
    return reply(value_too_large(c));
  if (auto wrong = wrong_datacenter(options.datacenter, c.node))
    return *wrong;
  operation.value = c.from.body;
  return write(std::move(operation), options);
}

action remove(const call& c, const parsed_options& options) {
  if (auto refused = conflict(c, {"recurse", "cas"}))
    return *refused;
  model::kv_operation operation;
  operation.verb = model::kv_verb::remove;
  operation.key = c.rest;
  if (c.from.has_query("recurse"))
    operation.verb = model::kv_verb::remove_tree;
  else if (c.rest.empty())
    return refuse(400, "Missing key name");
  if (c.from.has_query("cas")) {
    operation.verb = model::kv_verb::remove_cas;
    if (auto refused = read_number(c, "cas", operation.index))
      return reply(refused);
  }
  if (auto wrong = wrong_datacenter(options.datacenter, c.node))
    return *wrong;
  return write(std::move(operation), options);
}

} // namespace

action kv(const call& c) {
  auto options = parse_options(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  switch (c.from.verb) {
  case method::put:
    return put(c, parsed);
  case method::delete_:
    return remove(c, parsed);
  default:
    return get(c, parsed);
  }
}

} // namespace praetor::http::routes
