#include "http/render.hpp"

#include "http/gzip.hpp"
#include "http/json_operator.hpp"
#include "http/replies.hpp"

#include <charconv>

namespace praetor::http {
namespace {

template <class List, class Each>
void write_list(json_writer& json, const List& list, Each each) {
  json.begin_array();
  for (auto& one : list)
    each(one);
  json.end_array();
}

void write_node_with_services(json_writer& json, const read_action& asked,
                              const model::node_services& found) {
  if (!found.node && !asked.as_list) {
    json.null();
    return;
  }
  json.begin_object();
  json.key("Node");
  if (found.node)
    write(json, *found.node);
  else
    json.null();
  json.key("Services");
  if (!found.node) {
    json.null();
  } else if (asked.as_list) {
    write_list(json, found.services,
               [&](auto& one) { write_node_service(json, *one); });
  } else {
    json.begin_object();
    for (auto& one : found.services) {
      json.key_text(one->id);
      write_node_service(json, *one);
    }
    json.end_object();
  }
  json.end_object();
}

void write_tags(json_writer& json, const model::tags_by_service& services) {
  json.begin_object();
  for (auto& [name, tags] : services) {
    json.key_text(name);
    write_list(json, tags, [&](auto& tag) { json.string(tag); });
  }
  json.end_object();
}

struct record_writer {
  json_writer& json;
  const read_action& asked;

  void operator()(const model::kv_list& entries) {
    write_list(json, entries, [&](auto& one) { write(json, *one); });
  }
  void operator()(const model::key_list& keys) {
    write_list(json, keys, [&](auto& one) { json.string(one); });
  }
  void operator()(const model::node_list& nodes) {
    write_list(json, nodes, [&](auto& one) { write(json, *one); });
  }
  void operator()(const model::tags_by_service& services) {
    write_tags(json, services);
  }
  void operator()(const model::entry_list& entries) {
    if (asked.form == read_form::summaries)
      return write_summaries(json, entries);
    if (asked.query.kind == model::query_kind::gateway_services)
      return asked.form == read_form::by_name ? json.raw("{}") : json.raw("[]");
    bool flat = asked.query.kind == model::query_kind::catalog_service ||
                asked.query.kind == model::query_kind::catalog_connect;
    write_list(json, entries, [&](auto& one) {
      if (flat)
        write_catalog_service(json, *one.node, *one.service);
      else
        write(json, one);
    });
  }
  void operator()(const model::node_services& found) {
    write_node_with_services(json, asked, found);
  }
  void operator()(const model::check_list& checks) {
    write_list(json, checks, [&](auto& one) { write(json, *one); });
  }
  void operator()(const model::node_info_list& nodes) {
    if (asked.form == read_form::overview)
      write_overview(json, nodes);
    else if (asked.query.kind == model::query_kind::node_info)
      write(json, nodes.front());
    else
      write_list(json, nodes, [&](auto& one) { write(json, one); });
  }
  void operator()(const model::usage_counts& found) {
    write_usage(json, asked.datacenter, found);
  }
  void operator()(const model::autopilot_ptr& config) {
    write(json, config ? *config : model::autopilot_config{});
  }
  void operator()(const model::session_list& sessions) {
    write_list(json, sessions, [&](auto& one) { write(json, *one); });
  }
  void operator()(const model::prepared_list& queries) {
    write_list(json, queries, [&](auto& one) { write(json, *one); });
  }
};

// Values are shown as they are; nothing may make a browser run them.
rendered_ptr raw_value(const model::kv_entry& entry) {
  auto answer = std::make_shared<rendered>();
  answer->content_type = "text/plain";
  answer->headers = {{"X-Content-Type-Options", "nosniff"},
                     {"Content-Security-Policy", "sandbox"}};
  answer->body = std::make_shared<const std::string>(entry.value);
  return answer;
}

bool is_missing(const read_action& asked, const model::read_answer& answer) {
  if (auto* entries = std::get_if<model::kv_list>(&answer.records))
    return entries->empty();
  // The whole store always exists, even when it is empty.
  if (asked.query.kind == model::query_kind::node_info)
    return std::get<model::node_info_list>(answer.records).empty();
  auto* keys = std::get_if<model::key_list>(&answer.records);
  return keys && keys->empty() && !asked.query.name.empty();
}

struct result_writer {
  json_writer& json;

  void operator()(const model::kv_entry& entry) {
    json.key("KV");
    write(json, entry);
  }
  void operator()(const model::node& node) {
    json.key("Node");
    write(json, node);
  }
  void operator()(const model::service& service) {
    json.key("Service");
    write_transaction_service(json, service);
  }
  void operator()(const model::check& check) {
    json.key("Check");
    write_transaction_check(json, check);
  }
};

// The part that transactions of reads and of writes have in common.
void write_transaction(json_writer& json, const model::outcome& outcome) {
  json.key("Results");
  if (outcome.failures.empty()) {
    write_list(json, outcome.results, [&](auto& one) {
      json.begin_object();
      std::visit(result_writer{json}, one);
      json.end_object();
    });
  } else {
    json.null();
  }
  json.key("Errors");
  if (outcome.failures.empty()) {
    json.null();
    return;
  }
  write_list(json, outcome.failures, [&](auto& failure) {
    json.begin_object();
    json.field("OpIndex", failure.operation);
    json.field("What", failure.text);
    json.end_object();
  });
}

int transaction_status(const model::outcome& outcome) {
  return outcome.failures.empty() ? 200 : 409;
}

rendered_ptr render_transaction(const write_action& asked,
                                const model::outcome& outcome) {
  std::string body;
  json_writer json(body, asked.pretty);
  json.begin_object();
  write_transaction(json, outcome);
  json.end_object();
  return json_reply(std::move(body), asked.pretty, transaction_status(outcome));
}

std::string decimal(std::uint64_t value) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return std::string(digits, end);
}

void add_source(std::vector<header>& headers, const read_source& source) {
  headers.push_back({"X-Consul-Index", decimal(source.index)});
  headers.push_back(
      {"X-Consul-Knownleader", source.leader_known ? "true" : "false"});
  headers.push_back({"X-Consul-Lastcontact", decimal(source.last_contact_ms)});
  if (source.tells_consistency)
    headers.push_back({"X-Consul-Effective-Consistency",
                       source.level == consistency::stale        ? "stale"
                       : source.level == consistency::consistent ? "consistent"
                                                                 : "leader"});
  if (source.cache == cache_use::none)
    return;
  bool hit = source.cache == cache_use::hit;
  headers.push_back({"X-Cache", hit ? "HIT" : "MISS"});
  // What is kept here is never older than the state itself.
  if (hit)
    headers.push_back({"Age", "0"});
}

} // namespace

bool may_be_cached(model::query_kind kind) {
  switch (kind) {
  case model::query_kind::catalog_services:
  case model::query_kind::catalog_service:
  case model::query_kind::catalog_connect:
  case model::query_kind::health_service:
  case model::query_kind::health_connect:
    return true;
  default:
    return false;
  }
}

rendered_ptr render(const read_action& asked,
                    const model::read_answer& answer) {
  auto* queries = std::get_if<model::prepared_list>(&answer.records);
  if (asked.query.kind == model::query_kind::prepared_get && queries->empty())
    return error_reply(404, "Query not found");
  if (is_missing(asked, answer)) {
    auto missing = std::make_shared<rendered>(*empty_reply(404));
    missing->index = answer.index;
    return missing;
  }
  auto* entries = std::get_if<model::kv_list>(&answer.records);
  if (asked.raw && entries) {
    auto raw = std::make_shared<rendered>(*raw_value(*entries->front()));
    raw->index = answer.index;
    return raw;
  }
  auto out = std::make_shared<rendered>();
  std::string body;
  json_writer json(body, asked.pretty);
  std::visit(record_writer{json, asked}, answer.records);
  if (asked.pretty)
    body += '\n';
  out->content_type = "application/json";
  out->body = std::make_shared<const std::string>(std::move(body));
  out->index = answer.index;
  return out;
}

rendered_ptr render(const write_action& asked, const model::outcome& outcome) {
  if (outcome.failure.code != errc::ok)
    return error_reply(status_of(outcome.failure.code), outcome.failure.text);
  if (asked.reply == write_reply::transaction)
    return render_transaction(asked, outcome);
  if (asked.reply == write_reply::nothing)
    return empty_reply(200);
  std::string body;
  json_writer json(body, asked.pretty);
  if (asked.reply == write_reply::session) {
    json.begin_object();
    json.field("ID", asked.session_id);
    json.end_object();
  } else {
    json.boolean(outcome.accepted);
  }
  return json_reply(std::move(body), asked.pretty);
}

rendered_ptr render(const transaction_read& asked,
                    const model::outcome& outcome) {
  std::string body;
  json_writer json(body, asked.pretty);
  json.begin_object();
  write_transaction(json, outcome);
  // What other reads tell in headers, and as Consul fills it in.
  json.field("Index", std::uint64_t{0});
  json.field("LastContact", std::uint64_t{0});
  json.field("KnownLeader", true);
  json.field("ConsistencyLevel", "");
  json.end_object();
  auto told = std::make_shared<rendered>(
      *json_reply(std::move(body), asked.pretty, transaction_status(outcome)));
  told->headers = {{"X-Consul-Knownleader", "true"},
                   {"X-Consul-Lastcontact", "0"}};
  return told;
}

response finish(const request& asked, const surface& node,
                const rendered_ptr& answer, const read_source* source,
                bool matched) {
  response out;
  out.status = answer->status;
  out.headers.reserve(8 + answer->headers.size() + node.extra_headers.size());
  if (matched)
    out.headers.push_back({"Vary", "Accept-Encoding"});
  if (!answer->content_type.empty())
    out.headers.push_back({"Content-Type", answer->content_type});
  for (auto& one : answer->headers)
    out.headers.push_back(one);
  if (source)
    add_source(out.headers, *source);
  if (matched) {
    for (auto& one : node.extra_headers)
      out.headers.push_back(one);
    if (node.translate_wan_addresses)
      out.headers.push_back({"X-Consul-Translate-Addresses", "true"});
  }
  auto* accepts = asked.find_header("Accept-Encoding");
  // An archive is compressed already, and may be large.
  bool compress = matched && accepts && answer->body &&
                  answer->content_type != "application/x-gzip" &&
                  !answer->body->empty() && accepts_gzip(*accepts);
  if (compress)
    out.headers.push_back({"Content-Encoding", "gzip"});
  out.body = compress ? answer->compressed() : answer->body;
  return out;
}

} // namespace praetor::http
