#pragma once

// The bytes of packets and streams; README.md has them one by one. Decoders
// survive any bytes and keep every limit of settings.hpp.

#include "protocol/base/result.hpp"
#include "protocol/gossip/messages.hpp"

#include <string_view>

namespace praetor::gossip {

/// The first byte of a packet and of a stream.
inline constexpr std::uint8_t wire_version = 1;

/// An empty packet, to which messages are appended.
std::string new_packet();
/// One message as it stands in a packet.
std::string encode(const message& what);

/// The messages of a packet. Kinds that this version does not know are left
/// out: they come from a newer one.
result<std::vector<message>> decode_packet(std::string_view packet);

std::string encode_stream(const stream_message& what);
result<stream_message> decode_stream(std::string_view bytes);

} // namespace praetor::gossip
