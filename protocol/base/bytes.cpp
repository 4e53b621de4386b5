#include "protocol/base/bytes.hpp"

#include <array>

namespace praetor {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78u; // reflected

using table = std::array<std::array<std::uint32_t, 256>, 8>;

// Eight tables: eight bytes a step (slicing by 8; Kounavis and Berry, 2005).
constexpr table make_tables() {
  table t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    auto c = i;
    for (int bit = 0; bit < 8; ++bit)
      c = (c & 1) ? (c >> 1) ^ polynomial : c >> 1;
    t[0][i] = c;
  }
  for (std::uint32_t i = 0; i < 256; ++i)
    for (std::size_t k = 1; k < 8; ++k)
      t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 0xFF];
  return t;
}

constexpr table tables = make_tables();

} // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  auto c = ~seed;
  auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  while (bytes.size() >= 8) {
    auto low = c ^ (at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24);
    c = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^
        tables[5][(low >> 16) & 0xFF] ^ tables[4][low >> 24] ^
        tables[3][at(4)] ^ tables[2][at(5)] ^ tables[1][at(6)] ^
        tables[0][at(7)];
    bytes.remove_prefix(8);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i)
    c = (c >> 8) ^ tables[0][(c ^ at(i)) & 0xFF];
  return ~c;
}

} // namespace praetor
