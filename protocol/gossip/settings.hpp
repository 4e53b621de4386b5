#pragma once

// What a pool of members is told before it begins, and the limits it keeps.
// The defaults are those of Consul's LAN pool.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace praetor::gossip {

/// A host's name takes 253 bytes at most; Consul's node names are such.
inline constexpr std::size_t name_bytes_max = 256;
/// An IPv6 address in text with a zone, or a host's name in a join.
inline constexpr std::size_t host_bytes_max = 256;
/// The tags of a member, encoded: they are in every rumour about it, and
/// those share packets (memberlist's limit).
inline constexpr std::size_t tags_bytes_max = 512;
/// One datagram, with what encryption adds: fits the MTU of everything, with
/// room for the headers of tunnels.
inline constexpr std::size_t datagram_bytes_max = 1400;
/// What encryption adds to a packet: version, nonce and tag.
inline constexpr std::size_t seal_bytes = 1 + 12 + 16;
/// What is left for messages.
inline constexpr std::size_t packet_bytes_max = datagram_bytes_max - seal_bytes;
/// A member's whole state as it goes over a stream: 10,000 members with all
/// their tags, and the recent events.
inline constexpr std::size_t stream_bytes_max = 16u << 20;
/// Members that we keep: an order beyond what one pool can serve.
inline constexpr std::size_t members_max = 1u << 16;
/// An event as it may arrive: it has to fit a packet. What may be fired here
/// is a setting below that.
inline constexpr std::size_t event_bytes_limit = 1024;
/// Events that are remembered, so that none is delivered twice (serf's).
inline constexpr std::size_t recent_events_max = 512;
/// Indirect probes under way for others; more are refused by silence.
inline constexpr std::size_t relays_max = 1024;
/// Streams that we have opened and that are not answered yet.
inline constexpr std::size_t exchanges_max = 256;

/// Whom a pool lets in. Checked where states are exchanged, on both sides.
struct admission {
  /// Only members of this datacenter; empty: of any.
  std::string datacenter;
  /// Only servers, as in the WAN pool.
  bool servers_only = false;

  friend bool operator==(const admission&, const admission&) = default;
};

struct settings {
  /// One member is probed each interval (SWIM, section 3.1).
  span probe_interval = std::chrono::seconds(1);
  /// The 99th percentile of a round trip, generously.
  span probe_timeout = std::chrono::milliseconds(500);
  /// Members that are asked to probe in our stead.
  int indirect_probes = 3;
  /// The least time of doubt is this times log10 of the members, in probe
  /// intervals.
  int suspicion_mult = 4;
  /// Doubt begins at this times the least, and confirmations shorten it.
  int suspicion_max_mult = 6;
  /// A refused connection is the word of the member's own host: the least
  /// time of doubt is divided by this, and nobody needs to confirm.
  int refused_divisor = 3;
  /// Our own health goes from 0 to this less one (Lifeguard, section 3.1).
  int awareness_max = 8;
  /// Whoever probes a suspect tells it so in the same packet.
  bool buddy = true;
  /// We ran this late: we were not scheduled, and time stood still for us.
  /// Zero switches that off.
  span stall = std::chrono::milliseconds(200);
  /// A rumour is told this times log10 of the members.
  int retransmit_mult = 4;
  span gossip_interval = std::chrono::milliseconds(200);
  int gossip_nodes = 3;
  /// The failed hear of it for so long, should they be wrongly accused.
  span gossip_to_dead = std::chrono::seconds(30);
  /// Whole states are exchanged with one member; scaled up in large pools.
  span push_pull_interval = std::chrono::seconds(30);
  span stream_timeout = std::chrono::seconds(10);
  /// A failed member is tried again.
  span reconnect_interval = std::chrono::seconds(30);
  /// The failed are forgotten after this (Consul's three days).
  span reconnect_timeout = std::chrono::hours(72);
  /// And those who left, after this.
  span tombstone_timeout = std::chrono::hours(24);
  span reap_interval = std::chrono::seconds(15);
  /// A leaving member stays for so long after all was said, so that who
  /// hears late of it still finds it answering (Consul's).
  span leave_propagate_delay = std::chrono::seconds(3);
  /// A rumour that we wait for is out by then, or we go on without.
  span broadcast_timeout = std::chrono::seconds(5);
  /// A name whose member failed may be taken over from another address.
  span dead_reclaim = std::chrono::seconds(30);
  /// Name and payload of an event that is fired here (serf's limit).
  std::size_t event_bytes_max = 512;
  admission admit;

  friend bool operator==(const settings&, const settings&) = default;
};

inline settings lan_settings() {
  return {};
}

/// Between datacenters: slower, and links fail for longer.
inline settings wan_settings() {
  settings chosen;
  chosen.probe_interval = std::chrono::seconds(5);
  chosen.probe_timeout = std::chrono::seconds(3);
  chosen.suspicion_mult = 6;
  chosen.gossip_interval = std::chrono::milliseconds(500);
  chosen.gossip_nodes = 4;
  chosen.gossip_to_dead = std::chrono::seconds(60);
  chosen.push_pull_interval = std::chrono::seconds(60);
  chosen.stream_timeout = std::chrono::seconds(30);
  return chosen;
}

/// On one machine.
inline settings local_settings() {
  settings chosen;
  chosen.probe_timeout = std::chrono::milliseconds(200);
  chosen.indirect_probes = 1;
  chosen.retransmit_mult = 2;
  chosen.suspicion_mult = 3;
  chosen.gossip_interval = std::chrono::milliseconds(100);
  chosen.gossip_to_dead = std::chrono::seconds(15);
  chosen.push_pull_interval = std::chrono::seconds(15);
  chosen.stream_timeout = std::chrono::seconds(1);
  return chosen;
}

/// Without what Lifeguard adds to SWIM: for comparison in the simulator.
inline settings without_lifeguard(settings chosen) {
  chosen.awareness_max = 1;
  chosen.suspicion_max_mult = 1;
  chosen.buddy = false;
  chosen.stall = span{};
  return chosen;
}

/// Whether the settings make sense: `errc::bad_input` names the first that
/// does not.
status check_settings(const settings& chosen);

} // namespace praetor::gossip
