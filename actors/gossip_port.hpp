#pragma once

// The network as a gossip prober sees it: datagrams, and streams that carry
// one request and one answer. On a node libuv's sockets, in tests a list.

#include "actors/gossip_interfaces.hpp"

namespace praetor::actors {

/// Its end closes the sockets: it hands in nothing more.
class gossip_port {
public:
  virtual ~gossip_port() = default;

  /// From now on hands in what arrives: (received, gossip_datagram) and
  /// (call, gossip_call).
  virtual void open(gossip_prober_actor who) = 0;
  /// May be lost.
  virtual void send(const gossip::endpoint& to, std::string bytes) = 0;
  /// Connects, sends, and hands in (report, gossip_answer), in time.
  virtual void exchange(gossip::exchange what) = 0;
};

} // namespace praetor::actors
