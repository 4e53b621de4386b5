#pragma once

// What members say to one another. Names and states are the SWIM paper's; a
// claim about a member carries the incarnation of it that it is about.

#include "protocol/gossip/coordinate.hpp"
#include "protocol/gossip/settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace praetor::gossip {

/// Where a member is reached, by datagrams and by streams alike.
struct endpoint {
  std::string host; // an IP address; a name only in a join
  std::uint16_t port = 0;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// "10.0.0.1:8301", "[::1]:8301".
std::string to_text(const endpoint& where);

/// What a member says of itself: role, dc, id, build, ports...
using tag_map = std::map<std::string, std::string>;

/// Tags in their wire form, in which they are kept: most are never looked at.
std::string pack_tags(const tag_map& tags);
/// Nothing when the bytes are no tags.
std::optional<tag_map> unpack_tags(std::string_view bytes);
/// One of them; empty when there is none.
std::string tag_of(std::string_view packed, std::string_view key);

/// Are you there? Answered by an ack of the same number.
struct ping {
  std::uint32_t number = 0;
  std::string target; // another member at that address must not answer
  friend bool operator==(const ping&, const ping&) = default;
};

/// Probe the target in my stead.
struct ping_request {
  std::uint32_t number = 0;
  std::string target;
  endpoint at;
  friend bool operator==(const ping_request&, const ping_request&) = default;
};

struct ack {
  std::uint32_t number = 0;
  std::optional<coordinate> place; // of the member that was probed
  friend bool operator==(const ack&, const ack&) = default;
};

/// Who was asked to probe is there, but the target does not answer it.
struct nack {
  std::uint32_t number = 0;
  friend bool operator==(const nack&, const nack&) = default;
};

/// A member that nobody lies about never comes near; whoever claims more is
/// not believed, so that there is always a higher one to refute with.
inline constexpr std::uint64_t incarnation_max = UINT64_MAX / 2;

struct alive {
  std::uint64_t incarnation = 0;
  std::string name;
  endpoint at;
  std::string tags; // packed
  friend bool operator==(const alive&, const alive&) = default;
};

struct suspect {
  std::uint64_t incarnation = 0;
  std::string name;
  std::string from;
  /// The target's host said that nobody listens there.
  bool refused = false;
  friend bool operator==(const suspect&, const suspect&) = default;
};

/// The member failed, or left, when it says so itself.
struct dead {
  std::uint64_t incarnation = 0;
  std::string name;
  std::string from;
  friend bool operator==(const dead&, const dead&) = default;
};

/// The member is about to leave; or somebody made a failed one leave.
struct leave_intent {
  std::uint64_t incarnation = 0;
  std::string name;
  std::string from;
  bool prune = false; // and shall be forgotten
  friend bool operator==(const leave_intent&, const leave_intent&) = default;
};

struct user_event {
  std::uint64_t time = 0; // Lamport's, among events
  std::string name;
  std::string payload;
  friend auto operator<=>(const user_event&, const user_event&) = default;
};

/// Everything that may stand in a packet.
using message = std::variant<ping, ping_request, ack, nack, alive, suspect,
                             dead, leave_intent, user_event>;

// -- over streams: one request, one answer ------------------------------------

/// What one member knows of another.
enum class claim : std::uint8_t { alive, suspect, leaving, failed, left };

struct member_claim {
  alive what;
  claim state = claim::alive;
  friend bool operator==(const member_claim&, const member_claim&) = default;
};

/// The whole state of a member; answered by that of the other.
struct push_pull {
  bool join = false;
  std::uint64_t event_time = 0;
  std::vector<member_claim> members;
  std::vector<user_event> events;
  friend bool operator==(const push_pull&, const push_pull&) = default;
};

struct refusal {
  std::string why;
  friend bool operator==(const refusal&, const refusal&) = default;
};

using stream_message = std::variant<push_pull, ping, ack, refusal>;

} // namespace praetor::gossip
