#pragma once

// The handles and messages of gossip: what does not fit on the page of
// interfaces.hpp any more. The same rules hold here.

#include "actors/interfaces.hpp"
#include "protocol/gossip/output.hpp"

namespace praetor::actors {

/// A packet as it came. Local.
struct gossip_datagram {
  gossip::endpoint from;
  std::string bytes;
};

/// Where the answer to a stream goes.
class gossip_reply_port {
public:
  virtual ~gossip_reply_port() = default;
  /// Sends the answer and closes; an empty one only closes.
  virtual void send(std::string bytes) = 0;
};

/// What another member sent over a stream. Local.
struct gossip_call {
  gossip::endpoint from;
  std::string bytes;
  std::shared_ptr<gossip_reply_port> reply;
};

/// What came of a stream that we opened. Local.
struct gossip_answer {
  gossip::ticket which = 0;
  gossip::exchange_answer what;
};

/// Whom to join: "host" or "host:port". Local.
struct gossip_join {
  std::vector<std::string> addresses;
};

/// How many of those were reached; and a line for each that was not. Local.
struct gossip_joined {
  std::size_t reached = 0;
  std::vector<std::string> failures;
};

struct gossip_force_leave {
  std::string name;
  bool prune = false; // and forget it
};

/// All that is known of a pool. Local.
struct gossip_members {
  std::string self;
  std::map<std::string, gossip::member> members;
  std::map<std::string, gossip::coordinate> coordinates; // ours, too
  int health_score = 0;
  bool encrypted = false;
};
using gossip_members_ptr = std::shared_ptr<const gossip_members>;

struct gossip_event {
  std::string name;
  std::string payload;
};

/// What to do with a key of 16, 24 or 32 raw bytes.
enum class key_verb : std::uint8_t { list, install, use, remove };
struct gossip_key_request {
  key_verb verb = key_verb::list;
  std::string key;
};

/// The keys after it; the first encrypts. Local.
struct gossip_keys {
  error failure{errc::ok, {}};
  std::vector<std::string> keys;
};

/// A change of membership, an event of a user, a conflict. Local.
struct gossip_news {
  std::string pool; // "lan", "wan"
  gossip::event what;
};

using gossip_listener_actor =
    caf::typed_actor<caf::reacts_to<at::report, gossip_news>>;

/// What the cluster does about who is there.
using cluster_keeper_actor = caf::typed_actor<
    caf::reacts_to<at::report, gossip_news>,
    /// This node became (true) or ceased to be (false) the leader.
    caf::reacts_to<at::lead, bool>,
    /// Time passes.
    caf::reacts_to<at::tick>,
    /// To itself: try again to join.
    caf::reacts_to<at::join>>;

/// One pool of members, as this node is one of it.
using gossip_prober_actor = caf::typed_actor<
    caf::reacts_to<at::received, gossip_datagram>,
    caf::reacts_to<at::call, gossip_call>,
    caf::reacts_to<at::report, gossip_answer>,
    /// Time passes.
    caf::reacts_to<at::tick>,
    /// Answers when all addresses have answered, or not.
    caf::replies_to<at::join, gossip_join>::with<gossip_joined>,
    /// Says good-bye; answers when everybody has had the time to hear it.
    caf::replies_to<at::leave>::with<bool>,
    /// Makes a failed member a left one. `errc::not_found`: who is that?
    caf::replies_to<at::remove, gossip_force_leave>::with<error>,
    /// Everybody, as of now.
    caf::replies_to<at::read>::with<gossip_members_ptr>,
    /// What we say of ourselves from now on.
    caf::replies_to<at::update, gossip::tag_map>::with<error>,
    caf::replies_to<at::fire, gossip_event>::with<error>,
    caf::replies_to<at::keys, gossip_key_request>::with<gossip_keys>,
    /// Who wants to hear of all that happens; at once of who is there.
    caf::reacts_to<at::subscribe, gossip_listener_actor>>;

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_datagram)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_join)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_force_leave)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_members_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_key_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_keys)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::gossip_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::gossip::tag_map)
