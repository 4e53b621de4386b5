#pragma once

// Messages of actors to frames of `link` and back, by CAF's serializer. Any
// thread.

#include "actors/io/link_frame.hpp"

#include <caf/fwd.hpp>
#include <caf/message.hpp>

namespace praetor::actors::io {

/// Appends the message as a frame. On failure nothing is appended: the
/// message is larger than a frame, or has a type that is in no table. An
/// answer that is an error becomes a failure.
status append_frame(caf::actor_system& system, std::vector<char>& out,
                    frame_header header, const caf::type_erased_tuple& what);

/// The payload of a frame of this kind; what was a failure is a message with
/// one error.
result<caf::message> read_payload(caf::actor_system& system, frame_kind kind,
                                  std::string_view payload);

} // namespace praetor::actors::io
