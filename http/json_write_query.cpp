#include "http/json_write.hpp"

namespace praetor::http {
namespace {

void write_texts(json_writer& json,
                 const std::optional<std::vector<std::string>>& texts) {
  if (!texts) {
    json.null();
    return;
  }
  json.begin_array();
  for (auto& one : *texts)
    json.string(one);
  json.end_array();
}

void write_texts(json_writer& json,
                 const std::optional<model::string_map>& texts) {
  if (!texts) {
    json.null();
    return;
  }
  json.begin_object();
  for (auto& [key, value] : *texts) {
    json.key_text(key);
    json.string(value);
  }
  json.end_object();
}

void write(json_writer& json, const model::service_query& wanted) {
  json.begin_object();
  json.field("Service", wanted.service);
  json.key("Failover");
  json.begin_object();
  json.field("NearestN", wanted.failover.nearest_n);
  json.key("Datacenters");
  write_texts(json, wanted.failover.datacenters);
  json.end_object();
  json.field("OnlyPassing", wanted.only_passing);
  json.key("IgnoreCheckIDs");
  write_texts(json, wanted.ignore_check_ids);
  json.field("Near", wanted.near);
  json.key("Tags");
  write_texts(json, wanted.tags);
  json.key("NodeMeta");
  write_texts(json, wanted.node_meta);
  json.key("ServiceMeta");
  write_texts(json, wanted.service_meta);
  json.field("Connect", wanted.connect);
  json.end_object();
}

} // namespace

void write(json_writer& json, const model::prepared_query& query) {
  json.begin_object();
  json.field("ID", query.id);
  json.field("Name", query.name);
  json.field("Session", query.session);
  json.field("Token", query.token);
  json.key("Template");
  json.begin_object();
  json.field("Type", query.pattern.type);
  json.field("Regexp", query.pattern.regexp);
  json.field("RemoveEmptyTags", query.pattern.remove_empty_tags);
  json.end_object();
  json.key("Service");
  write(json, query.wanted);
  json.key("DNS");
  json.begin_object();
  json.field("TTL", query.dns_ttl);
  json.end_object();
  json.field("CreateIndex", query.created);
  json.field("ModifyIndex", query.modified);
  json.end_object();
}

} // namespace praetor::http
