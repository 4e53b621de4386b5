#include "dns/address.hpp"

#include <algorithm>

namespace praetor::dns {
namespace {

constexpr char digits[] = "0123456789abcdef";
constexpr std::size_t groups_of_v6 = 8;

bool read_v4(std::string_view text, std::uint8_t* bytes) {
  std::size_t at = 0;
  for (int n = 0; n < 4; ++n) {
    if (n > 0 && (at >= text.size() || text[at++] != '.'))
      return false;
    unsigned value = 0;
    auto start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' &&
           at - start < 3)
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    if (at == start || value > 255)
      return false;
    bytes[n] = static_cast<std::uint8_t>(value);
  }
  return at == text.size();
}

/// Colon-separated groups. Returns how many groups were read, or -1; a dotted
/// IPv4 address may stand for the last two where `may_end_dotted`.
int read_groups(std::string_view text, std::uint8_t* bytes,
                bool may_end_dotted) {
  int count = 0;
  while (!text.empty()) {
    auto colon = text.find(':');
    auto group = text.substr(0, colon);
    if (colon == text.npos && may_end_dotted && group.find('.') != group.npos) {
      if (count > 6 || !read_v4(group, bytes + 2 * count))
        return -1;
      return count + 2;
    }
    if (group.empty() || group.size() > 4 || count == groups_of_v6)
      return -1;
    unsigned value = 0;
    for (auto c : group) {
      int digit = hex_digit(c);
      if (digit < 0)
        return -1;
      value = value << 4 | static_cast<unsigned>(digit);
    }
    bytes[2 * count] = static_cast<std::uint8_t>(value >> 8);
    bytes[2 * count + 1] = static_cast<std::uint8_t>(value);
    ++count;
    if (colon == text.npos)
      return count;
    text.remove_prefix(colon + 1);
    if (text.empty())
      return -1; // a colon at the end
  }
  return count;
}

bool read_v6(std::string_view text, std::array<std::uint8_t, 16>& bytes) {
  auto gap = text.find("::");
  if (gap == text.npos)
    return read_groups(text, bytes.data(), true) == groups_of_v6;
  std::array<std::uint8_t, 18> tail{};
  int before = read_groups(text.substr(0, gap), bytes.data(), false);
  if (before < 0 || before >= static_cast<int>(groups_of_v6))
    return false;
  int after = read_groups(text.substr(gap + 2), tail.data(), true);
  if (after < 0 || before + after >= static_cast<int>(groups_of_v6))
    return false;
  std::copy_n(tail.data(), 2 * after, bytes.data() + 16 - 2 * after);
  return true;
}

void unmap(ip_address& address) {
  auto& b = address.bytes;
  for (int i = 0; i < 10; ++i)
    if (b[i] != 0)
      return;
  if (b[10] != 0xFF || b[11] != 0xFF)
    return;
  std::copy_n(b.data() + 12, 4, b.data());
  std::fill(b.data() + 4, b.data() + 16, 0);
  address.size = 4;
}

} // namespace

std::optional<ip_address> parse_address(std::string_view text) {
  ip_address address;
  // A dotted address begins with a digit and has at most fifteen characters.
  if (text.size() <= 15 && read_v4(text, address.bytes.data())) {
    address.size = 4;
    return address;
  }
  if (text.find(':') == text.npos)
    return std::nullopt;
  address.bytes.fill(0);
  if (!read_v6(text, address.bytes))
    return std::nullopt;
  address.size = 16;
  unmap(address);
  return address;
}

std::string format_address(const ip_address& address) {
  std::string out;
  auto& b = address.bytes;
  if (address.is_v4()) {
    for (int i = 0; i < 4; ++i) {
      if (i > 0)
        out.push_back('.');
      out += std::to_string(b[i]);
    }
    return out;
  }
  auto group = [&](std::size_t i) { return b[2 * i] << 8 | b[2 * i + 1]; };
  // The longest run of two or more zero groups, the first of equals.
  std::size_t gap = groups_of_v6, gap_size = 1;
  for (std::size_t i = 0; i < groups_of_v6; ++i) {
    std::size_t n = i;
    while (n < groups_of_v6 && group(n) == 0)
      ++n;
    if (n - i > gap_size) {
      gap = i;
      gap_size = n - i;
    }
  }
  for (std::size_t i = 0; i < groups_of_v6; ++i) {
    if (i == gap) {
      out += "::";
      i += gap_size - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':')
      out.push_back(':');
    auto value = static_cast<unsigned>(group(i));
    for (int shift = 12; shift >= 0; shift -= 4)
      if (shift == 0 || value >> shift != 0)
        out.push_back(digits[value >> shift & 0xF]);
  }
  return out;
}

std::string format_hex(const ip_address& address) {
  std::string out;
  for (std::size_t i = 0; i < address.size; ++i) {
    out.push_back(digits[address.bytes[i] >> 4]);
    out.push_back(digits[address.bytes[i] & 0xF]);
  }
  return out;
}

std::optional<ip_address> parse_reverse(std::string_view name) {
  constexpr std::string_view v4_zone = ".in-addr.arpa";
  constexpr std::string_view v6_zone = ".ip6.arpa";
  ip_address address;
  if (name.ends_with(v4_zone)) {
    name.remove_suffix(v4_zone.size());
    if (!read_v4(name, address.bytes.data()))
      return std::nullopt;
    std::reverse(address.bytes.data(), address.bytes.data() + 4);
    address.size = 4;
    return address;
  }
  if (!name.ends_with(v6_zone))
    return std::nullopt;
  name.remove_suffix(v6_zone.size());
  if (name.size() != 63) // 32 digits and the dots between them
    return std::nullopt;
  for (std::size_t i = 0; i < 32; ++i) {
    int digit = hex_digit(name[2 * i]);
    if (digit < 0 || (i < 31 && name[2 * i + 1] != '.'))
      return std::nullopt;
    auto& byte = address.bytes[15 - i / 2];
    byte = static_cast<std::uint8_t>(byte | digit << (i % 2 == 0 ? 0 : 4));
  }
  address.size = 16;
  unmap(address);
  return address;
}

} // namespace praetor::dns
