#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/carrier.hpp"
#include "actors/io/loop.hpp"

#include <deque>

namespace praetor::actors {

/// The name under which carriers know a server's session keeper.
inline constexpr auto sessions_name = caf::atom("sessions");

/// What waits for a leader waits at most so long by default, as in Consul;
/// then the client hears that there is none.
inline constexpr span leader_wait_default = std::chrono::seconds(7);

/// How soon what waits looks for a leader again, if it hears of none before.
inline constexpr span leader_retry = std::chrono::milliseconds(25);

/// Requests that may wait for a leader at once; as many clients as one node
/// has at most. Beyond it they are refused at once.
inline constexpr std::size_t leader_waiters_max = 65'536;

struct gateway_parts {
  gateway_parts() = default;
  node_id self;
  raft_peer_actor raft;
  session_keeper_actor sessions;
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
  io::carrier* carrier = nullptr; // none: there is nobody else
  span leader_wait = leader_wait_default;
};

/// Sends writes to whoever leads, and asks it for leave to read: the answer
/// to a read is then made here, from our own state, as soon as that has come
/// as far as the leader's (thesis, section 6.4). Many readers share one
/// question.
struct gateway_state : gateway_parts {
  gateway_state() = default;
  static inline const char* name = "gateway";

  struct neighbour {
    std::string address;
    raft_peer_actor raft;
    session_keeper_actor sessions;
  };
  struct waiting {
    instant until;
    std::function<void()> again;
    std::function<void(error)> give_up;
  };
  struct reader {
    instant until;
    caf::typed_response_promise<read_grant> promise;
  };
  struct read_queue {
    std::vector<reader> next; // come with the next question
    bool asking = false;
  };

  std::map<node_id, neighbour> neighbours;
  std::vector<leadership_listener_actor> listeners;
  bool leader_is_known = false;
  std::deque<waiting> held;
  bool tick_is_due = false;
  read_queue queues[2]; // by read_proof
  /// Granted, and our state is not there yet.
  std::multimap<modify_index, reader> behind;
};

using gateway_ptr = io::pinned_ptr<gateway_actor, gateway_state>;

gateway_actor::behavior_type gateway(gateway_ptr self,
                                     std::shared_ptr<gateway_parts> parts);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::gateway_parts>)
