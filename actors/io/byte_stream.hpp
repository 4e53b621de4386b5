#pragma once

// A connected stream of bytes as its session sees it. In production a libuv
// TCP or pipe handle, in tests a list of what was written.

#include "http/connection.hpp"

#include <string>
#include <vector>

namespace praetor::actors::io {

class byte_stream {
public:
  virtual ~byte_stream() = default;

  /// Queues the pieces; they are written in order.
  virtual void write(std::vector<http::connection::piece> pieces) = 0;
  /// Bytes that the kernel has not taken yet.
  virtual std::size_t queued_bytes() const = 0;
  /// Whether to go on reading from the peer.
  virtual void set_reading(bool on) = 0;
  /// Sends what is queued, then ends our direction.
  virtual void finish() = 0;
  /// Ends both directions at once; the session hears no more of it.
  virtual void close() = 0;
  /// The peer's IP address in text form; empty for local sockets.
  virtual std::string peer_address() const = 0;
};

} // namespace praetor::actors::io
