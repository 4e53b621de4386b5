#pragma once

#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace praetor::actors {

struct archivist_parts {
  gateway_actor gateway;
  /// Milliseconds since 1970, for the names of archives.
  std::function<std::int64_t()> wall_clock;
  /// For the names of restores under way: no two may be alike.
  std::function<std::string()> make_id;
};

struct archivist_state {
  archivist_state() = default;
  static inline const char* name = "archivist";
  archivist_parts parts;
};

using archivist_ptr = archivist_actor::stateful_pointer<archivist_state>;

/// Slow work on the whole state, so it runs on CAF's pool and not on a loop.
archivist_actor::behavior_type
archivist(archivist_ptr self, std::shared_ptr<archivist_parts> parts);

/// On the clock of the machine.
archivist_actor spawn_archivist(caf::actor_system& system,
                                gateway_actor gateway,
                                const http::surface& about);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<praetor::actors::archivist_parts>)
