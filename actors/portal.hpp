#pragma once

#include "actors/dns_responder.hpp"
#include "actors/io/loop.hpp"
#include "actors/serving.hpp"

namespace praetor::actors {

/// The name under which carriers know a server's portal.
inline constexpr auto portal_name = caf::atom("portal");

/// Nodes for which the routes' view of them is kept.
inline constexpr std::size_t surfaces_kept_max = 1024;

struct portal_parts {
  portal_parts() = default;
  const serving_parts* with = nullptr;
  std::uint64_t seed = 1; // of the order of DNS answers
};

/// Carries out requests of agents without a state of their own, and of
/// servers of other datacenters, as if their clients had asked here.
struct portal_state : portal_parts {
  portal_state() = default;
  static inline const char* name = "portal";

  struct call {
    std::uint64_t ticket = 0; // the caller's
    caf::typed_response_promise<remote_reply> promise;
    std::shared_ptr<const http::read_action> asked; // while it watches
  };

  std::map<std::uint64_t, call> calls;            // by our own number
  std::map<std::uint64_t, std::uint64_t> numbers; // by ticket
  std::uint64_t next_number = 1;
  std::map<std::string, http::surface> surfaces; // by the node's name
  std::unique_ptr<dns_view> view;
  prng chance{1};
};

using portal_ptr = io::pinned_ptr<portal_actor, portal_state>;

portal_actor::behavior_type portal(portal_ptr self,
                                   std::shared_ptr<portal_parts> parts);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::portal_parts>)
