#include "http/bodies_parts.hpp"

namespace praetor::http {
namespace {

bool texts(json_field& f, std::string_view name,
           std::optional<std::vector<std::string>>& out) {
  if (!f.is(name))
    return false;
  out.reset();
  if (!f.value().is_null())
    f.strings(name, out.emplace());
  return true;
}

// A struct in which no other fields may be.
template <class Match>
bool strict(json_field& f, std::string_view name, std::string_view type,
            Match match) {
  return parts::nested(
      f, name, "structs", type, [&](auto& value, auto place, auto& errors) {
        read_object(value, place, errors, unknown::refused, match);
      });
}

bool pattern(json_field& f, model::query_template& out) {
  return strict(f, "Template", "QueryTemplateOptions", [&](json_field& g) {
    return g.string("Type", out.type) || g.string("Regexp", out.regexp) ||
           g.boolean("RemoveEmptyTags", out.remove_empty_tags);
  });
}

bool failover(json_field& f, model::query_failover& out) {
  return strict(f, "Failover", "QueryDatacenterOptions", [&](json_field& g) {
    return g.integer("NearestN", out.nearest_n) ||
           texts(g, "Datacenters", out.datacenters);
  });
}

bool wanted(json_field& f, model::service_query& out) {
  return strict(f, "Service", "ServiceQuery", [&](json_field& g) {
    return g.string("Service", out.service) || failover(g, out.failover) ||
           g.boolean("OnlyPassing", out.only_passing) ||
           texts(g, "IgnoreCheckIDs", out.ignore_check_ids) ||
           g.string("Near", out.near) || texts(g, "Tags", out.tags) ||
           g.string_map("NodeMeta", out.node_meta) ||
           g.string_map("ServiceMeta", out.service_meta) ||
           g.boolean("Connect", out.connect);
  });
}

} // namespace

result<model::prepared_query> read_prepared_query(std::string_view body) {
  model::prepared_query out;
  auto ok = parts::read_body(
      body, "structs.PreparedQuery",
      [&](const boost::json::value& value, decode_errors& errors) {
        json_place place{"PreparedQuery", {}};
        read_object(value, place, errors, unknown::refused, [&](json_field& f) {
          return f.string("ID", out.id) || f.string("Name", out.name) ||
                 f.string("Session", out.session) ||
                 f.string("Token", out.token) || pattern(f, out.pattern) ||
                 wanted(f, out.wanted) ||
                 strict(f, "DNS", "QueryDNSOptions",
                        [&](json_field& g) {
                          return g.string("TTL", out.dns_ttl);
                        }) ||
                 f.integer("CreateIndex", out.created) ||
                 f.integer("ModifyIndex", out.modified);
        });
      });
  if (!ok)
    return ok.failure();
  out.created = out.modified = 0;
  return out;
}

} // namespace praetor::http
