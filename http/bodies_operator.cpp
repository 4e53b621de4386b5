#include "http/bodies_parts.hpp"

namespace praetor::http {

namespace bj = boost::json;

result<model::autopilot_config> read_autopilot(std::string_view body) {
  model::autopilot_config out;
  out.cleanup_dead_servers = false;
  out.last_contact_threshold = out.server_stabilization_time = span{};
  out.max_trailing_logs = 0;
  // A duration decodes itself, and ends the decoding when it fails.
  auto duration = [](json_field& f, std::string_view name, span& to) {
    if (!f.is(name))
      return false;
    if (auto ok = read_duration(f.value(), to); !ok)
      f.errors().end(ok.failure().text);
    return true;
  };
  auto ok = parts::read_body(
      body, "api.AutopilotConfiguration",
      [&](const bj::value& value, decode_errors& errors) {
        const json_place place{"AutopilotConfiguration", "", false};
        read_object(value, place, errors, unknown::refused, [&](json_field& f) {
          return f.boolean("CleanupDeadServers", out.cleanup_dead_servers) ||
                 duration(f, "LastContactThreshold",
                          out.last_contact_threshold) ||
                 f.integer("MaxTrailingLogs", out.max_trailing_logs) ||
                 f.integer("MinQuorum", out.min_quorum) ||
                 duration(f, "ServerStabilizationTime",
                          out.server_stabilization_time) ||
                 f.string("RedundancyZoneTag", out.redundancy_zone_tag) ||
                 f.boolean("DisableUpgradeMigration",
                           out.disable_upgrade_migration) ||
                 f.string("UpgradeVersionTag", out.upgrade_version_tag) ||
                 f.integer("CreateIndex", out.created) ||
                 f.integer("ModifyIndex", out.modified);
        });
      });
  if (!ok)
    return ok.failure();
  out.created = out.modified = 0;
  return out;
}

result<std::string> read_gossip_key(std::string_view body) {
  std::string key;
  auto ok = parts::read_body(
      body, "agent.keyringArgs",
      [&](const bj::value& value, decode_errors& errors) {
        const json_place place{"keyringArgs", "", false};
        std::string token;
        bool local_only = false;
        std::uint64_t relay_factor = 0;
        read_object(value, place, errors, unknown::refused, [&](json_field& f) {
          return f.string("Key", key) || f.string("Token", token) ||
                 f.integer("RelayFactor", relay_factor) ||
                 f.boolean("LocalOnly", local_only);
        });
      });
  if (!ok)
    return ok.failure();
  return key;
}

} // namespace praetor::http
