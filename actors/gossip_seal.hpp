#pragma once

// The envelope of packets and streams: AES-GCM with the first key of a ring,
// opened with any of them.
//
//   1 byte    version of the envelope, 0xA1; never that of a plain packet
//   12 bytes  nonce, drawn anew for each
//   ...       what is inside, encrypted
//   16 bytes  tag, over version and pool, too: a packet of another pool
//             with the same key does not open

#include "protocol/gossip/keyring.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::actors {

class gossip_seal {
public:
  /// `pool`: what both sides have to agree on, such as "lan/dc1".
  explicit gossip_seal(std::string pool = {}, gossip::keyring ring = {});
  ~gossip_seal();
  gossip_seal(gossip_seal&&) noexcept;
  gossip_seal& operator=(gossip_seal&&) noexcept;

  /// While keys are being rolled out, plain text may go out and come in.
  bool must_encrypt = true;
  bool must_verify = true;

  gossip::keyring& ring() { return ring_; }
  const gossip::keyring& ring() const { return ring_; }

  /// As it is when there are no keys.
  std::string seal(std::string bytes);
  /// Nothing when it is not for us: another key, plain text, or garbage.
  std::optional<std::string> open(std::string_view bytes);

private:
  struct cipher;
  std::optional<std::string> open_with(const std::string& key,
                                       std::string_view bytes);

  std::string pool_;
  gossip::keyring ring_;
  std::unique_ptr<cipher> cipher_;
};

} // namespace praetor::actors
