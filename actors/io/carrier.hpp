#pragma once

// What carries messages between nodes. Actors hold handles and never know
// where the other lives: a handle that came from a carrier is a proxy, and
// send, request and typed handles work with it as with a local actor.
//
// Messages may be lost, late or, when a link breaks, cut short in the middle
// of a sequence; each lane keeps the order of what does arrive. Of a request
// that gets no answer the sender hears at once when the peer is lost.

#include <caf/actor.hpp>
#include <caf/atom.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <string>

namespace praetor::actors::io {

/// A long transfer in one lane does not delay the heartbeats in the other.
enum class lane : std::uint8_t { control, bulk };

/// Failures of requests to another node. After the last one nothing is known;
/// of the others it is certain that no actor there saw the request.
///   caf::sec::cannot_connect_to_node  there is no connection to that address
///   caf::sec::remote_lookup_failed    nothing is offered there by that name
///   caf::sec::runtime_error           our side refused: a queue is full, or
///                                     the message is too large
///   caf::sec::request_receiver_down   the connection was lost before the
///                                     answer came
class carrier {
public:
  virtual ~carrier() = default;

  /// A handle to what the node at "host:port" offers under this name. Comes
  /// at once, connected or not; connecting goes on for as long as someone
  /// holds a handle to that address. Any thread.
  virtual caf::actor reach(const std::string& address, caf::atom_value name,
                           lane by) = 0;

  /// Offers an actor of this node to all others, before `start`.
  virtual void offer(caf::atom_value name, caf::actor who) = 0;

  /// Begins to listen and to dial.
  virtual void start() = 0;
  /// Closes everything; requests under way fail. Before the loops stop.
  virtual void stop() = 0;
};

} // namespace praetor::actors::io
