#include "protocol/gossip/keyring.hpp"

#include <algorithm>

namespace praetor::gossip {

status keyring::install(const std::string& key) {
  // AES with 128, 192 or 256 bits.
  if (key.size() != 16 && key.size() != 24 && key.size() != 32)
    return fail(errc::bad_input, "key size must be 16, 24 or 32 bytes, not " +
                                     std::to_string(key.size()));
  if (std::find(keys_.begin(), keys_.end(), key) != keys_.end())
    return {};
  if (keys_.size() >= keys_max)
    return fail(errc::too_large, "the keyring has " + std::to_string(keys_max) +
                                     " keys, which is the most");
  keys_.push_back(key);
  PRAETOR_ASSERT(keys_.size() <= keys_max);
  return {};
}

status keyring::use(const std::string& key) {
  auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found == keys_.end())
    return fail(errc::not_found, "requested key is not in the keyring");
  std::rotate(keys_.begin(), found, found + 1);
  PRAETOR_ASSERT(keys_.front() == key);
  return {};
}

status keyring::remove(const std::string& key) {
  if (!keys_.empty() && keys_.front() == key)
    return fail(errc::conflict, "removing the primary key is not allowed");
  std::erase(keys_, key);
  return {};
}

} // namespace praetor::gossip
