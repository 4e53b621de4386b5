#pragma once

// The carrier that is CAF's own: BASP, by its middleman. For comparison, and
// for tests of the node on another transport. It differs from `link`:
//   - both lanes are one connection, so a long transfer delays heartbeats;
//   - what waits to be written is not bounded, only the requests under way;
//   - two nodes with one process number in one network namespace (containers
//     on the host's network) take each other for themselves;
//   - whoever connects is taken to read and write CAF's bytes in good faith.
//
// Each node publishes one actor, its door; all messages between nodes go
// through doors and carry the name that they are for.

#include "actors/io/carrier.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <caf/fwd.hpp>

#include <memory>
#include <vector>

namespace praetor::actors::io {

struct basp_limits {
  /// One attempt to connect, and then the two sides' first words.
  span attempt_max = std::chrono::seconds(1);
  span handshake_max = std::chrono::seconds(2);
  span retry_min = std::chrono::milliseconds(50);
  span retry_max = std::chrono::seconds(1);
  /// Messages that wait for a connection that is being made.
  std::size_t waiting_max = 4'096;
  /// Requests without an answer yet.
  std::size_t pending_max = 1u << 16;
};

struct basp_settings {
  /// Each "host:port"; port 0 takes a free one.
  std::vector<std::string> listen;
  /// By which others know us: handles to them are the local actors.
  std::vector<std::string> own_addresses;
  basp_limits limits;
};

class basp final : public carrier {
public:
  /// Before the actor system is made: CAF loads its middleman with it. Nodes
  /// that name another cluster are refused.
  static void configure(caf::actor_system_config& config,
                        const std::string& cluster);

  /// Binds at once; needs a system that was configured so. What is offered
  /// later is unknown to those who ask before.
  static result<std::unique_ptr<basp>> make(caf::actor_system& system,
                                            basp_settings settings);
  ~basp() override;

  caf::actor reach(const std::string& address, caf::atom_value name,
                   lane by) override;
  void offer(caf::atom_value name, caf::actor who) override;
  void start() override;
  void stop() override;

  /// The ports of `listen`, in that order.
  const std::vector<int>& ports() const { return ports_; }

  class door;
  class peer;

private:
  struct shared;
  explicit basp(std::shared_ptr<shared> common) : common_(std::move(common)) {}

  std::shared_ptr<shared> common_;
  std::vector<int> ports_;
};

} // namespace praetor::actors::io
