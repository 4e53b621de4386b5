#pragma once

// The default carrier: TCP on libuv, two sockets to each peer, one for each
// lane. It dials without blocking and for as long as somebody holds a handle,
// bounds what waits to be written, and fails the requests under way in the
// moment in which a peer is lost.
//
// All sockets live on one loop. A message is serialized on the thread that
// sends it and written at the end of the loop's turn, together with all else
// of that turn.

#include "actors/io/carrier.hpp"
#include "actors/io/loop.hpp"
#include "actors/io/sockets.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/prng.hpp"
#include "protocol/base/result.hpp"

#include <atomic>
#include <vector>

namespace praetor::actors::io {

struct link_limits {
  /// From the first packet to the peer's hello; a LAN takes milliseconds.
  span attempt_max = std::chrono::seconds(1);
  /// Between two attempts: short enough that a server which comes back is
  /// heard within its election timeout, long enough to cost nothing.
  span retry_min = std::chrono::milliseconds(50);
  span retry_max = std::chrono::seconds(1);
  /// An idle connection says this often that it lives,
  span ping_interval = std::chrono::milliseconds(500);
  /// and one that says nothing for so long is lost.
  span silence_max = std::chrono::seconds(3);
  /// Who connected must say hello by then: strangers hold no socket.
  span handshake_max = std::chrono::seconds(3);
  /// What one connection holds for a peer that reads slowly. A frame is taken
  /// while less than this waits.
  std::size_t control_queue_bytes_max = 8u << 20;
  std::size_t bulk_queue_bytes_max = 32u << 20;
  /// Requests that wait on one connection: some seconds of full load.
  std::size_t pending_max = 1u << 16;
  /// Two sockets for each of 5,000 agents, with room.
  std::size_t accepted_max = 16'384;
  /// Addresses that we dial, each lane counted.
  std::size_t peers_max = 4'096;
};

struct link_settings {
  /// Each "host:port" of an IP address; port 0 takes a free one.
  std::vector<std::string> listen;
  /// By which others know us: handles to them are the local actors.
  std::vector<std::string> own_addresses;
  /// Of the hello: who does not name the same cluster is refused.
  std::string cluster;
  node_id node;
  std::uint64_t incarnation = 0;
  /// For the jitter of retries.
  std::uint64_t seed = 1;
  link_limits limits;
};

/// What was given up since the start. Any thread.
struct link_counts {
  /// Messages without an answer that could not be sent.
  std::atomic<std::uint64_t> dropped{0};
  /// Requests that our side failed before they left.
  std::atomic<std::uint64_t> refused{0};
  /// Messages that came and that nobody here takes or can read.
  std::atomic<std::uint64_t> unreadable{0};
};

class link_core;

class link final : public carrier {
public:
  /// Binds at once: errors are known before the node says that it runs.
  static result<std::unique_ptr<link>> make(caf::actor_system& system, loop& on,
                                            link_settings settings);
  ~link() override;

  caf::actor reach(const std::string& address, caf::atom_value name,
                   lane by) override;
  void offer(caf::atom_value name, caf::actor who) override;
  void start() override;
  void stop() override;

  /// The ports of `listen`, in that order.
  const std::vector<int>& ports() const;
  const link_counts& counts() const;

private:
  explicit link(std::shared_ptr<link_core> core) : core_(std::move(core)) {}
  std::shared_ptr<link_core> core_;
};

} // namespace praetor::actors::io
