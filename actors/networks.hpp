#pragma once

// Lists of networks in CIDR form (RFC 4632), to ask whether an address is in
// one of them.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace praetor::actors {

class network_list {
public:
  /// Entries that are no CIDR are refused by the configuration beforehand,
  /// and ignored here.
  explicit network_list(const std::vector<std::string>& networks);

  bool empty() const { return networks_.empty(); }
  bool contains(const std::string& address) const;

private:
  struct network {
    std::array<std::uint8_t, 16> bytes; // IPv4 is mapped (RFC 4291, 2.5.5.2)
    int bits;
  };
  std::vector<network> networks_;
};

} // namespace praetor::actors
