#pragma once

// The door of a simulated server: what an HTTP session does, without HTTP.
// Writes go to the gateway, reads are answered from the published state with
// the leave that their consistency needs, blocking ones wait in the real
// watch keeper.

#include "actors/answers.hpp"
#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"

#include <functional>

namespace praetor::actors::sim {

/// What a client is told.
struct told {
  enum kind : std::uint8_t {
    done,     // answered; see below
    refused,  // not done, for certain; `why` says why
    in_doubt, // nobody knows
  };
  kind is = in_doubt;
  error why{errc::ok, ""};
  model::outcome outcome;    // of a write
  model::read_answer answer; // of a read
  modify_index index = 0;    // of a watch
  std::optional<std::string> value;
};

/// What a client asks.
struct asked {
  enum kind : std::uint8_t { write, read, watch, renew };
  kind is = read;
  model::command command; // write
  model::read_query query;
  http::consistency level = http::consistency::leader;
  modify_index index = 0; // watch: wait for a newer one
  span wait{};
  session_id session; // renew
  std::function<void(const told&)> answer;
};

using asked_ptr = std::shared_ptr<const asked>;

using front_actor =
    caf::typed_actor<caf::reacts_to<at::call, asked_ptr>,
                     // What the watch keeper tells a session.
                     caf::reacts_to<at::watch, actors::watch_answer>>;

struct front_parts {
  front_parts() = default;
  gateway_actor gateway;
  watch_keeper_actor watches;
  std::shared_ptr<publication> readers;
  clock* time = nullptr;
};

struct front_state : front_parts {
  front_state() = default;
  static inline const char* name = "front";

  std::uint64_t next_number = 1;
  std::map<std::uint64_t, asked_ptr> watching;
};

using front_ptr = io::pinned_ptr<front_actor, front_state>;

front_actor::behavior_type front(front_ptr self,
                                 std::shared_ptr<front_parts> parts);

} // namespace praetor::actors::sim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::sim::asked_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<praetor::actors::sim::front_parts>)
