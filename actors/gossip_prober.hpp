#pragma once

#include "actors/clock.hpp"
#include "actors/gossip_interfaces.hpp"
#include "actors/gossip_port.hpp"
#include "actors/gossip_seal.hpp"
#include "actors/io/loop.hpp"
#include "protocol/gossip/core.hpp"

namespace praetor::actors {

/// Packets that do not open are logged no more often than this: a stranger
/// who floods us must not flood the log.
inline constexpr span refused_log_interval = std::chrono::seconds(5);

/// Addresses of one join: more than exchanges can be under way.
inline constexpr std::size_t join_addresses_max = gossip::exchanges_max / 2;

struct gossip_prober_parts {
  gossip_prober_parts() = default;
  std::unique_ptr<gossip::core> core; // decides
  std::unique_ptr<gossip_port> port;  // carries
  gossip_seal seal;
  clock* time = nullptr;
  std::string pool = "lan";
  std::string log_name = "agent.server"; // before ".serf.lan" in the log
  std::uint16_t default_port = 8301;     // of addresses that name none
};

/// What one prober holds between two messages.
struct gossip_prober_state : gossip_prober_parts {
  gossip_prober_state() = default;
  static inline const char* name = "gossip_prober";

  /// A join of several addresses.
  struct joining {
    std::size_t pending = 0;
    gossip_joined done;
    caf::typed_response_promise<gossip_joined> promise;
  };

  std::vector<gossip_listener_actor> listeners;
  std::map<std::uint64_t, joining> joins;
  std::map<gossip::ticket, std::uint64_t> join_of;
  std::uint64_t next_join = 1;
  std::vector<caf::typed_response_promise<bool>> leavers;
  timer_id timer{};
  instant armed = instant::max();
  std::uint64_t refused = 0; // packets that did not open, since the last line
  instant refused_line_due{};
};

using gossip_prober_ptr =
    io::pinned_ptr<gossip_prober_actor, gossip_prober_state>;

gossip_prober_actor::behavior_type
gossip_prober(gossip_prober_ptr self,
              std::shared_ptr<gossip_prober_parts> parts);

/// "10.0.0.1", "host:8301", "[::1]:8301", "::1".
result<gossip::endpoint> parse_endpoint(const std::string& text,
                                        std::uint16_t default_port);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<praetor::actors::gossip_prober_parts>)
