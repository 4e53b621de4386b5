#include "actors/gossip_seal.hpp"

#include "protocol/gossip/settings.hpp"

#include <array>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace praetor::actors {
namespace {

constexpr unsigned char envelope = 0xA1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
static_assert(1 + nonce_bytes + tag_bytes == gossip::seal_bytes);

const EVP_CIPHER* cipher_for(const std::string& key) {
  switch (key.size()) {
  case 16:
    return EVP_aes_128_gcm();
  case 24:
    return EVP_aes_192_gcm();
  default:
    return EVP_aes_256_gcm();
  }
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

} // namespace

struct gossip_seal::cipher {
  EVP_CIPHER_CTX* raw = EVP_CIPHER_CTX_new();
  ~cipher() { EVP_CIPHER_CTX_free(raw); }
};

gossip_seal::gossip_seal(std::string pool, gossip::keyring ring)
    : pool_(std::move(pool)), ring_(std::move(ring)),
      cipher_(std::make_unique<cipher>()) {
  PRAETOR_ASSERT(cipher_->raw);
  pool_.insert(pool_.begin(), static_cast<char>(envelope));
}

gossip_seal::~gossip_seal() = default;
gossip_seal::gossip_seal(gossip_seal&&) noexcept = default;
gossip_seal& gossip_seal::operator=(gossip_seal&&) noexcept = default;

std::string gossip_seal::seal(std::string bytes) {
  if (ring_.empty() || !must_encrypt)
    return bytes;
  auto& key = ring_.keys().front();
  auto* c = cipher_->raw;
  std::string sealed(1 + nonce_bytes + bytes.size() + tag_bytes, '\0');
  sealed[0] = static_cast<char>(envelope);
  auto* nonce = bytes_of(sealed) + 1;
  auto* inside = nonce + nonce_bytes;
  auto* tag = inside + bytes.size();
  int size = 0;
  // None of these depends on what is given: a failure is a broken library.
  auto ok = RAND_bytes(nonce, nonce_bytes) == 1 &&
            EVP_EncryptInit_ex(c, cipher_for(key), nullptr, bytes_of(key),
                               nonce) == 1 &&
            EVP_EncryptUpdate(c, nullptr, &size, bytes_of(pool_),
                              static_cast<int>(pool_.size())) == 1 &&
            EVP_EncryptUpdate(c, inside, &size, bytes_of(bytes),
                              static_cast<int>(bytes.size())) == 1 &&
            EVP_EncryptFinal_ex(c, tag, &size) == 1 &&
            EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, tag_bytes, tag) == 1;
  PRAETOR_ASSERT(ok);
  return sealed;
}

std::optional<std::string> gossip_seal::open(std::string_view bytes) {
  bool sealed =
      !bytes.empty() && static_cast<unsigned char>(bytes.front()) == envelope;
  if (!sealed) {
    if (!ring_.empty() && must_verify)
      return std::nullopt;
    return std::string(bytes);
  }
  if (bytes.size() < gossip::seal_bytes ||
      bytes.size() > gossip::stream_bytes_max + gossip::seal_bytes)
    return std::nullopt;
  for (auto& key : ring_.keys())
    if (auto found = open_with(key, bytes))
      return found;
  return std::nullopt;
}

std::optional<std::string> gossip_seal::open_with(const std::string& key,
                                                  std::string_view bytes) {
  auto* c = cipher_->raw;
  auto nonce = bytes.substr(1, nonce_bytes);
  auto inside =
      bytes.substr(1 + nonce_bytes, bytes.size() - gossip::seal_bytes);
  std::array<unsigned char, tag_bytes> tag;
  bytes.copy(reinterpret_cast<char*>(tag.data()), tag_bytes,
             bytes.size() - tag_bytes);
  std::string plain(inside.size(), '\0');
  int size = 0;
  auto ok = EVP_DecryptInit_ex(c, cipher_for(key), nullptr, bytes_of(key),
                               bytes_of(nonce)) == 1 &&
            EVP_DecryptUpdate(c, nullptr, &size, bytes_of(pool_),
                              static_cast<int>(pool_.size())) == 1 &&
            EVP_DecryptUpdate(c, bytes_of(plain), &size, bytes_of(inside),
                              static_cast<int>(inside.size())) == 1 &&
            EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, tag_bytes,
                                tag.data()) == 1 &&
            EVP_DecryptFinal_ex(c, bytes_of(plain) + plain.size(), &size) == 1;
  if (!ok)
    return std::nullopt;
  return plain;
}

} // namespace praetor::actors
