#pragma once

// The keys of a pool. The first encrypts, all decrypt: so that a new key can
// be handed round before anybody uses it, and an old one taken away after
// nobody does.

#include "protocol/base/result.hpp"

#include <string>
#include <vector>

namespace praetor::gossip {

/// Every key is tried on a packet of a stranger; a change of keys needs two.
inline constexpr std::size_t keys_max = 16;

class keyring {
public:
  /// Raw bytes. An error leaves the ring as it was.
  status install(const std::string& key);
  /// The key encrypts from now on.
  status use(const std::string& key);
  status remove(const std::string& key);

  bool empty() const { return keys_.empty(); }
  /// The one that encrypts comes first.
  const std::vector<std::string>& keys() const { return keys_; }

  friend bool operator==(const keyring&, const keyring&) = default;

private:
  std::vector<std::string> keys_;
};

} // namespace praetor::gossip
