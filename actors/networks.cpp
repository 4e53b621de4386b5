#include "actors/networks.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace praetor::actors {
namespace {

using bytes = std::array<std::uint8_t, 16>;

constexpr int mapped_bits = 96;

std::optional<bytes> parse(const std::string& address, bool& is_four) {
  bytes out{};
  is_four = inet_pton(AF_INET, address.c_str(), out.data() + 12) == 1;
  if (is_four) {
    out[10] = out[11] = 0xFF;
    return out;
  }
  if (inet_pton(AF_INET6, address.c_str(), out.data()) == 1)
    return out;
  return std::nullopt;
}

std::optional<int> parse_bits(std::string_view text, int most) {
  int bits = -1;
  auto end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, bits);
  if (problem != std::errc{} || stop != end || bits < 0 || bits > most)
    return std::nullopt;
  return bits;
}

bool same_prefix(const bytes& a, const bytes& b, int bits) {
  auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0)
    return false;
  if (bits % 8 == 0)
    return true;
  auto mask = static_cast<std::uint8_t>(0xFF << (8 - bits % 8));
  return (a[whole] & mask) == (b[whole] & mask);
}

bool is_mapped(const bytes& address) {
  static const bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return same_prefix(address, mapped, mapped_bits);
}

} // namespace

network_list::network_list(const std::vector<std::string>& networks) {
  for (auto& text : networks) {
    auto slash = text.find('/');
    if (slash == std::string::npos)
      continue;
    bool is_four = false;
    auto address = parse(text.substr(0, slash), is_four);
    auto bits = parse_bits(std::string_view(text).substr(slash + 1),
                           is_four ? 128 - mapped_bits : 128);
    if (address && bits)
      networks_.push_back({*address, is_four ? *bits + mapped_bits : *bits});
  }
}

bool network_list::contains(const std::string& address) const {
  bool is_four = false;
  auto parsed = parse(address, is_four);
  if (!parsed)
    return false;
  // "::/0" speaks of IPv6 alone, though IPv4 lies within it by its bits.
  for (auto& one : networks_)
    if (is_mapped(one.bytes) == is_mapped(*parsed) &&
        same_prefix(one.bytes, *parsed, one.bits))
      return true;
  return false;
}

} // namespace praetor::actors
