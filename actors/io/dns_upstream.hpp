#pragma once

// Recursors asked over sockets of libuv, by the way that the client came: UDP
// or TCP.

#include "actors/dns_recursors.hpp"
#include "actors/io/loop.hpp"
#include "protocol/base/prng.hpp"

#include <memory>

namespace praetor::actors::io {

/// Touched on its loop only.
class dns_upstream final : public dns_recursors {
public:
  dns_upstream(loop& on, std::uint64_t seed) : loop_(on), chance_(seed) {}

  /// "host:port" each, in the order in which they are asked; addresses that
  /// cannot be read are passed over.
  void set(const std::vector<std::string>& recursors, span timeout);
  void ask(std::string packet, dns::transport via,
           std::function<void(std::string)> done) override;

  struct address;

private:
  loop& loop_;
  prng chance_;
  std::shared_ptr<const std::vector<address>> recursors_;
  span timeout_ = std::chrono::seconds(2);
};

} // namespace praetor::actors::io
