// What a starting agent checks beyond its files: Consul's `validate` lets
// these pass, so they stand apart.

#include "actors/config_draft.hpp"

#include <algorithm>
#include <array>

namespace praetor::actors {

namespace json = boost::json;

namespace {

error bad(std::string text) {
  return fail(errc::bad_input, std::move(text));
}

status check_log_level(const std::string& level) {
  if (is_log_level(level))
    return {};
  return bad("Invalid log level: " + level +
             ". Valid log levels are: [TRACE DEBUG INFO WARN ERR ERROR]");
}

status check_tls(const tls_settings& tls) {
  constexpr std::array<std::string_view, 4> versions = {"tls10", "tls11",
                                                        "tls12", "tls13"};
  auto& given = tls.min_version;
  bool is_known = given.empty() || std::find(versions.begin(), versions.end(),
                                             given) != versions.end();
  if (!is_known)
    return bad("TLSMinVersion: value " + given +
               " not supported, please specify one of "
               "[tls10, tls11, tls12, tls13]");
  return {};
}

/// Keys that a watch of each type may and must have.
struct watch_type {
  std::string_view name;
  std::string_view required; // empty: none
};

constexpr std::array<watch_type, 9> watch_types = {{
    {"key", "key"},
    {"keyprefix", "prefix"},
    {"services", ""},
    {"nodes", ""},
    {"service", "service"},
    {"checks", ""},
    {"event", ""},
    {"connect_roots", ""},
    {"agent_service", ""},
}};

bool has(const json::object& watch, std::string_view key) {
  auto found = watch.if_contains(json::string_view(key.data(), key.size()));
  return found != nullptr && !found->is_null();
}

std::string text_of(const json::object& watch, std::string_view key) {
  auto found = watch.if_contains(json::string_view(key.data(), key.size()));
  if (found == nullptr || !found->is_string())
    return {};
  return std::string(found->get_string());
}

status check_handler(const json::object& watch) {
  bool has_handler = has(watch, "handler");
  bool has_args = has(watch, "args");
  auto type = text_of(watch, "handler_type");
  if (type == "http" && !has(watch, "http_handler_config"))
    return bad("Handler type 'http' requires 'http_handler_config' to be set");
  if (!type.empty() && type != "http" && type != "script")
    return bad("Handler type '" + type + "' not recognized");
  if (type == "http")
    return {};
  if (has_handler && has_args)
    return bad("Only one watch handler allowed");
  if (!has_handler && !has_args)
    return bad("Must define a watch handler");
  return {};
}

status check_watch(const std::string& text) {
  json::error_code unread;
  auto parsed = json::parse(text, unread);
  if (unread || !parsed.is_object())
    return bad("Failed to parse watch: " + text);
  auto& watch = parsed.get_object();
  auto type = text_of(watch, "type");
  if (type.empty())
    return bad("Watch type must be specified");
  auto known =
      std::find_if(watch_types.begin(), watch_types.end(),
                   [&](const watch_type& one) { return one.name == type; });
  if (known == watch_types.end())
    return bad("Unsupported watch type: " + type);
  if (!known->required.empty() && text_of(watch, known->required).empty())
    return bad("Must specify a single " + std::string(known->required) +
               " to watch");
  if (type == "checks" && has(watch, "service") && has(watch, "state"))
    return bad("Cannot specify service and state");
  return check_handler(watch);
}

/// "U+0067 'g'", as Go shows a character that it did not expect.
std::string show_byte(char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(c);
  return std::string("U+00") + digits[byte / 16] + digits[byte % 16] + " '" +
         c + "'";
}

} // namespace

bool is_log_level(std::string_view level) {
  constexpr std::array<std::string_view, 6> levels = {
      "TRACE", "DEBUG", "INFO", "WARN", "ERR", "ERROR"};
  return std::find(levels.begin(), levels.end(), level) != levels.end();
}

status check_node_id(const std::string& id) {
  auto refuse = [](std::string why) {
    return bad("failed to setup node ID: specified NodeID is invalid: " + why);
  };
  if (id.empty())
    return {};
  if (id.size() != 36) // 32 digits and 4 dashes (RFC 4122)
    return refuse("uuid string is wrong length");
  for (std::size_t i = 0; i < id.size(); ++i) {
    bool wants_dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool is_hex =
        (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
    if (wants_dash && id[i] != '-')
      return refuse("uuid is improperly formatted");
    if (!wants_dash && !is_hex)
      return refuse("encoding/hex: invalid byte: " + show_byte(id[i]));
  }
  return {};
}

status check_startup(const agent_config& config) {
  if (auto done = check_log_level(config.log.level); !done)
    return done;
  if (auto done = check_tls(config.tls); !done)
    return done;
  if (auto done = check_node_id(config.node_id); !done)
    return done;
  for (auto& watch : config.watches)
    if (auto done = check_watch(watch); !done)
      return done;
  return {};
}

} // namespace praetor::actors
