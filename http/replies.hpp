#pragma once

// The few shapes that answers have: an error text, a JSON body, nothing.

#include "http/action.hpp"

namespace praetor::http {

/// Consul's words for an error, as it shows every one: the bare text.
rendered_ptr error_reply(int status, std::string text);

/// No body and no Content-Type.
rendered_ptr empty_reply(int status);

/// JSON text that is complete but for the line feed of the pretty form.
rendered_ptr json_reply(std::string body, bool pretty, int status = 200);

rendered_ptr text_reply(std::string body, int status = 200);

inline action reply(rendered_ptr answer) {
  return reply_action{std::move(answer)};
}
inline action refuse(int status, std::string text) {
  return reply_action{error_reply(status, std::move(text))};
}

/// The status that an error of the node has on the wire.
int status_of(errc code);

} // namespace praetor::http
