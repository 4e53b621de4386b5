#pragma once

// From a name to what is being asked for. The names and their meaning are
// listed in README.md.

#include "dns/name.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::dns {

/// The zones that we are the authority for, as dotted text in any case.
struct zones {
  std::string_view domain;
  std::string_view alt_domain; // empty: none
};

struct asked {
  enum class kind : std::uint8_t {
    outside,  // in none of our zones
    reverse,  // under arpa
    unknown,  // in a zone, and no name that we know the shape of
    service,  // [TAG.]NAME.service
    connect,  // NAME.connect: proxies of the service
    ingress,  // NAME.ingress: gateways of the service
    node,     // NAME.node
    prepared, // NAME.query
    address,  // HEX.addr
  };

  kind what = kind::outside;
  /// All of these in lower case, because names are compared without regard to
  /// it. For `reverse` the whole name.
  std::string name;
  std::string tag; // empty: any
  /// As the name says; empty: that of the node.
  std::string datacenter;
};

/// What a name asks for. Of the type only one thing matters: SRV may leave
/// the label "service" out (RFC 2782).
asked parse_question(const wire_name& name, std::uint16_t question_type,
                     const zones& ours);

/// Whether the dotted name, with or without its last dot, is in our zones.
bool is_ours(std::string_view text, const zones& ours);

} // namespace praetor::dns
