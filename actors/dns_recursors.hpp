#pragma once

// Where questions go that are not about the cluster. An interface, since the
// responder knows no sockets.

#include "dns/answer.hpp"

#include <functional>
#include <string>
#include <vector>

namespace praetor::actors {

/// Questions under way at recursors; more are answered by a failure. Each
/// costs a socket.
inline constexpr std::size_t dns_recursions_max = 512;

class dns_recursors {
public:
  virtual ~dns_recursors() = default;

  /// Asks one after another until one settles the question. `done` gets its
  /// reply, with the id of the packet, or nothing when none does; it is called
  /// on the same loop, and never before this returns.
  virtual void ask(std::string packet, dns::transport via,
                   std::function<void(std::string)> done) = 0;
};

} // namespace praetor::actors
