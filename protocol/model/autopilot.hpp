#pragma once

// What the cluster's operators want of its servers: replicated, so that every
// leader keeps to the same rules.

#include "protocol/base/ids.hpp"
#include "protocol/base/time.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace praetor::model {

struct autopilot_config {
  bool cleanup_dead_servers = true;
  /// A server is unhealthy that the leader has not heard of for so long.
  span last_contact_threshold = std::chrono::milliseconds(200);
  /// A server is unhealthy that lacks more entries of the log than this.
  std::uint64_t max_trailing_logs = 250;
  /// Dead servers are not removed below so many.
  std::uint64_t min_quorum = 0;
  /// How long a newcomer must be healthy before it may vote.
  span server_stabilization_time = std::chrono::seconds(10);
  // Kept for clients, and without an effect, as in the open-source Consul.
  std::string redundancy_zone_tag;
  bool disable_upgrade_migration = false;
  std::string upgrade_version_tag;
  modify_index created = 0;
  modify_index modified = 0;

  friend bool operator==(const autopilot_config&,
                         const autopilot_config&) = default;
};

using autopilot_ptr = std::shared_ptr<const autopilot_config>;

} // namespace praetor::model
