#pragma once

// IP addresses as text, as bytes, and in the three shapes that names give
// them: HEX.addr, in-addr.arpa and ip6.arpa.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace praetor::dns {

/// An IPv4 address has 4 bytes, an IPv6 address 16. An IPv4 address mapped
/// into IPv6 ("::ffff:10.0.0.1") is an IPv4 address.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;

  bool is_v4() const { return size == 4; }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
  friend bool operator==(const ip_address&, const ip_address&) = default;
};

/// Null when the text is no address: it is then taken for a host name.
std::optional<ip_address> parse_address(std::string_view text);

/// The one way to write an address: dotted, or RFC 5952. What the catalogue
/// is asked with for PTR.
std::string format_address(const ip_address& address);

/// The first label of HEX.addr: two lower case digits a byte.
std::string format_hex(const ip_address& address);

/// From "4.3.2.1.in-addr.arpa" or 32 reversed digits and "ip6.arpa", in lower
/// case.
std::optional<ip_address> parse_reverse(std::string_view name);

/// The value of a hexadecimal digit, or -1.
inline int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

} // namespace praetor::dns
