#include "http/options.hpp"

#include "http/replies.hpp"
#include "protocol/base/duration.hpp"

#include <charconv>
#include <cstdio>

namespace praetor::http {
namespace {

using parsed = std::variant<parsed_options, rendered_ptr>;

constexpr const char* namespaces_refused =
    "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul "
    "Enterprise feature";

rendered_ptr parse_wait(const request& from, read_options& options) {
  if (auto text = from.query_value("wait"); !text.empty()) {
    auto wait = parse_duration(text);
    if (!wait)
      return error_reply(400, "Invalid wait time");
    options.wait = *wait;
  }
  if (auto text = from.query_value("index"); !text.empty()) {
    auto index = parse_uint(text);
    if (!index)
      return error_reply(400, "Invalid index");
    options.index = *index;
  }
  if (options.wait <= span{})
    options.wait = wait_default;
  options.wait = std::min(options.wait, wait_max);
  return nullptr;
}

rendered_ptr parse_consistency(const request& from, read_options& options) {
  bool stale = from.has_query("stale");
  bool consistent = from.has_query("consistent");
  options.cached = from.has_query("cached");
  if (auto text = from.query_value("max_stale"); !text.empty()) {
    auto longest = parse_duration(text);
    if (!longest)
      return error_reply(400, "Invalid max_stale value \"" + std::string(text) +
                                  "\"");
    stale = stale || *longest > span{};
  }
  if (stale && consistent)
    return error_reply(
        400, "Cannot specify ?stale with ?consistent, conflicting semantics.");
  if (options.cached && consistent)
    return error_reply(
        400, "Cannot specify ?cached with ?consistent, conflicting semantics.");
  if (stale)
    options.level = consistency::stale;
  if (consistent)
    options.level = consistency::consistent;
  return nullptr;
}

} // namespace

rendered_ptr refused_consistency(const request& from) {
  read_options ignored;
  return parse_consistency(from, ignored);
}

rendered_ptr refused_namespace(const request& from) {
  if (from.query_value("ns").empty())
    return nullptr;
  return error_reply(400, namespaces_refused);
}

parsed parse_options(const request& from, const surface& node) {
  auto options = parse_options_any_namespace(from, node);
  if (std::holds_alternative<parsed_options>(options))
    if (auto refused = refused_namespace(from))
      return refused;
  return options;
}

parsed parse_options_any_namespace(const request& from, const surface& node) {
  parsed_options options;
  if (auto refused = parse_wait(from, options.read))
    return refused;
  if (auto refused = parse_consistency(from, options.read))
    return refused;
  options.datacenter = from.query_value("dc");
  options.pretty = node.always_pretty || from.has_query("pretty");
  return options;
}

std::optional<action> wrong_datacenter(const std::string& named,
                                       const surface& node) {
  if (named.empty() || named == node.datacenter)
    return std::nullopt;
  return refuse(500, "No path to datacenter");
}

void read_selectors(const request& from, model::read_query& query) {
  for (auto& [key, value] : from.query) {
    if (key == "tag") {
      query.tag_filter = true;
      query.tags.push_back(value);
    } else if (key == "node-meta") {
      auto colon = value.find(':');
      query.node_meta.emplace_back(
          value.substr(0, colon),
          colon == std::string::npos ? "" : value.substr(colon + 1));
    } else if (key == "filter") {
      query.filter = value;
    }
  }
}

result<std::uint64_t> parse_uint(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  auto quoted = "strconv.ParseUint: parsing \"" + std::string(text) + "\": ";
  if (code == std::errc::result_out_of_range &&
      end == text.data() + text.size())
    return fail(errc::bad_input, quoted + "value out of range");
  if (code != std::errc{} || end != text.data() + text.size())
    return fail(errc::bad_input, quoted + "invalid syntax");
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (auto yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes)
      return true;
  for (auto no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no)
      return false;
  return std::nullopt;
}

std::string cache_key(const request& from, bool pretty) {
  std::string key = from.path;
  key += pretty ? "?p" : "?c";
  for (auto& [name, value] : from.query) {
    if (name == "index" || name == "wait" || name == "pretty" ||
        name == "stale" || name == "consistent" || name == "cached" ||
        name == "token" || name == "max_stale")
      continue;
    key += '&';
    key += name;
    key += '\0';
    key += value;
  }
  return key;
}

} // namespace praetor::http
