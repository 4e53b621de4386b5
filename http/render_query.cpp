// What prepared queries answer when they are executed or explained.

#include "http/json_write.hpp"
#include "http/render.hpp"
#include "http/replies.hpp"

namespace praetor::http {
namespace {

const char* name_of(consistency level) {
  switch (level) {
  case consistency::stale:
    return "stale";
  case consistency::consistent:
    return "consistent";
  case consistency::leader:
    break;
  }
  return "leader";
}

// The part that is a header elsewhere. The index is never told here.
void write_source(json_writer& json, const query_action& asked) {
  json.field("Index", std::uint64_t{0});
  json.field("LastContact", std::uint64_t{0});
  json.field("KnownLeader", true);
  json.field("ConsistencyLevel", name_of(asked.options.level));
}

rendered_ptr told(std::string body, bool pretty) {
  auto out = std::make_shared<rendered>(*json_reply(std::move(body), pretty));
  out->index = 1; // there is nothing to wait for
  return out;
}

} // namespace

rendered_ptr render(const query_action& asked,
                    const model::query_found& found) {
  std::string body;
  json_writer json(body, asked.pretty);
  json.begin_object();
  json.field("Service", found.query.wanted.service);
  json.key("Nodes");
  json.begin_array();
  for (auto& one : found.entries)
    write(json, one);
  json.end_array();
  json.key("DNS");
  json.begin_object();
  json.field("TTL", found.query.dns_ttl);
  json.end_object();
  json.field("Datacenter", found.datacenter);
  json.field("Failovers", found.failovers);
  write_source(json, asked);
  json.end_object();
  return told(std::move(body), asked.pretty);
}

rendered_ptr render(const query_action& asked,
                    const model::prepared_query& explained) {
  std::string body;
  json_writer json(body, asked.pretty);
  json.begin_object();
  json.key("Query");
  write(json, explained);
  write_source(json, asked);
  json.end_object();
  return told(std::move(body), asked.pretty);
}

rendered_ptr query_failure(const query_action& asked, const error& why) {
  // Asked through the cache, Consul does not tell that it is not there.
  bool missing = why.code == errc::not_found;
  if (missing && !(asked.options.cached && !asked.explain))
    return error_reply(404, why.text);
  auto out = std::make_shared<rendered>(*error_reply(500, why.text));
  out->headers.insert(out->headers.end(), {{"X-Consul-Index", "1"},
                                           {"X-Consul-Knownleader", "false"},
                                           {"X-Consul-Lastcontact", "0"}});
  return out;
}

} // namespace praetor::http
