// What the agent tells of itself, its services and its checks, in the shapes
// of Consul's agent API.

#include "actors/agent.hpp"

#include "actors/agent_filter.hpp"
#include "http/json_write.hpp"
#include "http/replies.hpp"
#include "protocol/base/duration.hpp"

namespace praetor::actors {
namespace {

using http::json_writer;
using http::rendered_ptr;

// FNV-1a of what clients see, as hex digits.
std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (auto c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%llx",
                static_cast<unsigned long long>(hash));
  return digits;
}

model::check shown(const model::check& record) {
  auto copy = record;
  copy.definition = {};
  return copy;
}

struct aggregate {
  std::string status = model::check_status::passing;
  std::vector<const model::local_check*> checks; // of the node, then its own
};

// The worst of the service's checks and of the node's.
aggregate aggregate_of(const model::local_state& local,
                       const std::string& service) {
  aggregate all;
  for (auto& [id, one] : local.checks)
    if (one.record.service_id.empty() || one.record.service_id == service)
      all.checks.push_back(&one);
  for (auto* one : all.checks) {
    auto& record = one->record;
    bool maintenance = record.id == model::node_maintenance_id ||
                       record.id.starts_with(model::service_maintenance_prefix);
    if (maintenance)
      all.status = model::check_status::maintenance;
    else if (record.status == model::check_status::critical &&
             all.status != model::check_status::maintenance)
      all.status = record.status;
    else if (record.status == model::check_status::warning &&
             all.status == model::check_status::passing)
      all.status = record.status;
  }
  return all;
}

int status_code(const std::string& status) {
  if (status == model::check_status::passing)
    return 200;
  return status == model::check_status::warning ? 429 : 503;
}

rendered_ptr with_reason(rendered_ptr plain, std::string reason) {
  auto answer = std::make_shared<http::rendered>(*plain);
  answer->headers.push_back({"X-Consul-Reason", std::move(reason)});
  return answer;
}

void write_health(json_writer& json, const model::local_state& local,
                  const model::local_service& service) {
  auto all = aggregate_of(local, service.wish.service.id);
  json.begin_object();
  json.field("AggregatedStatus", all.status);
  json.key("Service");
  write_agent_service(json, service.wish.service);
  json.key("Checks");
  json.begin_array();
  for (auto* one : all.checks)
    write_agent_health_check(json, one->record);
  json.end_array();
  json.end_object();
}

int worse(int a, int b) {
  return std::max(a == 429 ? 201 : a, b == 429 ? 201 : b);
}

} // namespace

rendered_ptr tell_services(const agent_state& state, const std::string& filter,
                           bool pretty) {
  auto kept = filtered_services(state.local, filter);
  if (!kept)
    return http::error_reply(500, kept.failure().text);
  std::string body;
  json_writer json(body, pretty);
  json.begin_object();
  for (auto* one : *kept) {
    json.key_text(one->id);
    write_agent_service(json, *one);
  }
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

rendered_ptr tell_checks(const agent_state& state, const std::string& filter,
                         bool pretty) {
  auto kept = filtered_checks(state.local, filter);
  if (!kept)
    return http::error_reply(500, kept.failure().text);
  std::string body;
  json_writer json(body, pretty);
  json.begin_object();
  for (auto* one : *kept) {
    json.key_text(one->id);
    write(json, shown(*one));
  }
  json.end_object();
  return http::json_reply(std::move(body), pretty);
}

std::string content_hash(const agent_state& state, const std::string& id) {
  auto found = state.local.services.find(id);
  if (found == state.local.services.end())
    return {};
  std::string text;
  json_writer json(text, false);
  write_agent_service(json, found->second.wish.service);
  return fingerprint(text);
}

rendered_ptr tell_service(const agent_state& state, const std::string& id,
                          bool pretty) {
  auto found = state.local.services.find(id);
  if (found == state.local.services.end())
    return http::error_reply(404, "unknown service ID: " + id);
  auto hash = content_hash(state, id);
  std::string body;
  json_writer json(body, pretty);
  write_agent_service(json, found->second.wish.service, hash);
  auto answer = std::make_shared<http::rendered>(
      *http::json_reply(std::move(body), pretty));
  answer->headers.push_back({"X-Consul-Contenthash", hash});
  return answer;
}

rendered_ptr tell_health(const agent_state& state,
                         const http::agent::health_by_id& asked, bool pretty) {
  auto found = state.local.services.find(asked.id);
  if (found == state.local.services.end()) {
    auto reason = "ServiceId " + asked.id + " not found";
    if (asked.text)
      return with_reason(http::text_reply(reason, 404), reason);
    std::string body;
    json_writer json(body, pretty);
    json.begin_object();
    json.field("AggregatedStatus", model::check_status::critical);
    json.key("Service");
    json.null();
    json.key("Checks");
    json.null();
    json.end_object();
    return with_reason(http::json_reply(std::move(body), pretty, 404), reason);
  }
  auto status = aggregate_of(state.local, asked.id).status;
  if (asked.text)
    return with_reason(http::text_reply(status, status_code(status)), status);
  std::string body;
  json_writer json(body, pretty);
  write_health(json, state.local, found->second);
  return with_reason(
      http::json_reply(std::move(body), pretty, status_code(status)), status);
}

rendered_ptr tell_health(const agent_state& state,
                         const http::agent::health_by_name& asked,
                         bool pretty) {
  std::string body;
  json_writer json(body, pretty);
  int code = 200;
  std::string worst = model::check_status::passing;
  bool any = false;
  json.begin_array();
  for (auto& [id, one] : state.local.services) {
    if (one.wish.service.name != asked.name)
      continue;
    any = true;
    write_health(json, state.local, one);
    auto status = aggregate_of(state.local, id).status;
    auto both = worse(code, status_code(status));
    auto merged = both == 201 ? 429 : both;
    if (merged != code)
      worst = status;
    code = merged;
  }
  json.end_array();
  if (!any) {
    auto reason = "ServiceName " + asked.name + " Not Found";
    return with_reason(asked.text
                           ? http::text_reply(reason, 404)
                           : http::json_reply(std::move(body), pretty, 404),
                       reason);
  }
  return with_reason(asked.text
                         ? http::text_reply(worst, code)
                         : http::json_reply(std::move(body), pretty, code),
                     worst);
}

} // namespace praetor::actors
