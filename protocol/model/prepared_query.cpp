#include "protocol/model/prepared_query.hpp"

#include "protocol/base/duration.hpp"
#include "protocol/model/filter_regex.hpp"
#include "protocol/model/interpolation.hpp"

#include <algorithm>
#include <functional>

namespace praetor::model {
namespace {

// What a token is shown as to those who may not see it.
constexpr std::string_view redacted_token = "<hidden>";

// Limits of node metadata, as Consul's clients know them.
constexpr std::size_t meta_pairs_max = 64;
constexpr std::size_t meta_key_bytes_max = 128;
constexpr std::size_t meta_value_bytes_max = 512;

error refuse(std::string text) {
  return fail(errc::bad_input, std::move(text));
}

bool is_key_text(std::string_view key) {
  return std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

status check_node_meta(const string_map& meta) {
  if (meta.size() > meta_pairs_max)
    return refuse("Node metadata cannot contain more than " +
                  std::to_string(meta_pairs_max) + " key/value pairs");
  for (auto& [key, value] : meta) {
    std::string why;
    if (key.empty())
      why = "Key cannot be blank";
    else if (!is_key_text(key))
      why = "Key contains invalid characters";
    else if (key.size() > meta_key_bytes_max)
      why = "Key is too long (limit: " + std::to_string(meta_key_bytes_max) +
            " characters)";
    else if (value.size() > meta_value_bytes_max)
      why =
          "Value is too long (limit: " + std::to_string(meta_value_bytes_max) +
          " characters)";
    if (!why.empty())
      return refuse("Couldn't load metadata pair ('" + key + "', '" + value +
                    "'): " + why);
  }
  return {};
}

// Visits every text of what is looked for that may hold "${...}", with its
// name in errors; ends at the first failure.
using visitor = std::function<status(const std::string& path, std::string&)>;

status visit_list(const char* name,
                  std::optional<std::vector<std::string>>& list,
                  const visitor& visit) {
  if (!list)
    return {};
  for (std::size_t i = 0; i < list->size(); ++i)
    if (auto ok = visit(std::string(name) + "[" + std::to_string(i) + "]",
                        (*list)[i]);
        !ok)
      return ok;
  return {};
}

status visit_map(const char* name, std::optional<string_map>& map,
                 const visitor& visit) {
  if (!map)
    return {};
  for (auto& [key, value] : *map)
    if (auto ok = visit(std::string(name) + "[" + key + "]", value); !ok)
      return ok;
  return {};
}

status visit_texts(service_query& wanted, const visitor& visit) {
  if (auto ok = visit(".Service", wanted.service); !ok)
    return ok;
  if (auto ok = visit_list(".Failover.Datacenters", wanted.failover.datacenters,
                           visit);
      !ok)
    return ok;
  if (auto ok = visit_list(".IgnoreCheckIDs", wanted.ignore_check_ids, visit);
      !ok)
    return ok;
  if (auto ok = visit(".Near", wanted.near); !ok)
    return ok;
  if (auto ok = visit_list(".Tags", wanted.tags, visit); !ok)
    return ok;
  if (auto ok = visit_map(".NodeMeta", wanted.node_meta, visit); !ok)
    return ok;
  return visit_map(".ServiceMeta", wanted.service_meta, visit);
}

error about(const char* what, const std::string& text, const std::string& path,
            const error& why) {
  return refuse(std::string(what) + " '" + text + "' in Service" + path + ": " +
                why.text);
}

result<regex> compile_regexp(const std::string& pattern) {
  auto made = regex::compile(pattern);
  if (!made)
    return refuse("Bad Regexp: " + made.failure().text);
  return made;
}

} // namespace

status check_query(const prepared_query& query) {
  // Nothing else would ever remove it, and nobody could name it.
  if (query.name.empty() && !is_template(query) && query.session.empty())
    return refuse("Must be bound to a session");
  if (query.token == redacted_token)
    return refuse("Bad Token '" + query.token +
                  "', it looks like a query definition with a redacted token "
                  "was submitted");
  auto& wanted = query.wanted;
  if (wanted.service.empty())
    return refuse("Must provide a Service name to query");
  if (wanted.failover.nearest_n < 0)
    return refuse("Bad NearestN '" + std::to_string(wanted.failover.nearest_n) +
                  "', must be >= 0");
  if (wanted.node_meta)
    if (auto ok = check_node_meta(*wanted.node_meta); !ok)
      return ok;
  if (query.dns_ttl.empty())
    return {};
  auto ttl = parse_duration(query.dns_ttl);
  if (!ttl)
    return refuse("Bad DNS TTL '" + query.dns_ttl + "': " + ttl.failure().text);
  if (*ttl < span{})
    return refuse("DNS TTL '" + std::to_string(ttl->count()) +
                  "', must be >=0");
  return {};
}

result<prepared_query> render(const prepared_query& query,
                              std::string_view name) {
  PRAETOR_ASSERT(is_template(query));
  auto out = query;
  interpolation_scope scope;
  scope.names["name.full"] = name;
  scope.names["name.prefix"] = query.name;
  scope.names["name.suffix"] =
      name.starts_with(query.name) ? name.substr(query.name.size()) : name;
  scope.names["agent.segment"] = ""; // there is one only
  if (!query.pattern.regexp.empty()) {
    auto compiled = compile_regexp(query.pattern.regexp);
    if (!compiled)
      return compiled.failure();
    scope.matches = compiled->captures(name);
  }
  auto ok = visit_texts(out.wanted, [&](auto& path, auto& text) -> status {
    auto parsed = interpolation::parse(text);
    if (!parsed)
      return about("Bad format", text, path, parsed.failure());
    auto value = parsed->evaluate(scope);
    if (!value)
      return about("Bad evaluation for", text, path, value.failure());
    text = *std::move(value);
    return {};
  });
  if (!ok)
    return ok.failure();
  if (out.pattern.remove_empty_tags && out.wanted.tags)
    std::erase(*out.wanted.tags, "");
  return out;
}

status check_template(const prepared_query& query) {
  if (!is_template(query))
    return {};
  if (query.pattern.type != template_by_prefix)
    return refuse("Bad Template.Type '" + query.pattern.type + "'");
  auto copy = query.wanted;
  auto ok = visit_texts(copy, [](auto& path, auto& text) -> status {
    if (auto parsed = interpolation::parse(text); !parsed)
      return about("Bad format", text, path, parsed.failure());
    return {};
  });
  if (!ok)
    return ok;
  if (!query.pattern.regexp.empty())
    if (auto made = compile_regexp(query.pattern.regexp); !made)
      return made.failure();
  // The shortest name that it will ever stand for.
  if (auto rendered = render(query, query.name); !rendered)
    return rendered.failure();
  return {};
}

} // namespace praetor::model
