#pragma once

// From the texts of a configuration to addresses: templates such as
// "{{ GetPrivateIP }}", lists separated by blanks, paths of socket files, and
// the addresses that follow from others. The machine's interfaces are handed
// in, so that all of it can be tested.

#include "actors/config_draft.hpp"
#include "protocol/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::actors {

struct interface_address {
  std::string interface; // "eth0"
  std::string address;   // in textual form, without the zone
};

/// Addresses of the machine's interfaces that are up, in the system's order.
/// Those that only the machine itself can use are left out.
std::vector<interface_address> read_interfaces();

/// The same with the addresses of the machine itself.
std::vector<interface_address> read_all_interfaces();

/// 127/8 or ::1.
bool is_loopback_address(std::string_view address);

/// An address in its shortest textual form; nothing when it is none.
std::optional<std::string> parse_ip(std::string_view text);

bool is_ipv4(std::string_view address);

/// 0.0.0.0 or ::, in any spelling.
bool is_any_address(std::string_view address);

/// RFC 1918 for IPv4, RFC 4193 for IPv6.
bool is_private_address(std::string_view address);

/// True for "10.0.0.0/8" and its like.
bool is_cidr(std::string_view text);

/// The text with its templates replaced.
result<std::string>
expand_template(std::string_view text,
                const std::vector<interface_address>& interfaces);

/// Fills `config.addresses` from `addresses`. A plain error ends everything;
/// lesser ones join the draft's `bad_values`.
status resolve_addresses(config_draft& draft,
                         const std::vector<interface_address>& interfaces);

} // namespace praetor::actors
