#include "dns/recursion.hpp"

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "protocol/base/assert.hpp"

namespace praetor::dns {
namespace {

constexpr std::size_t head_bytes = 12;
constexpr unsigned response_bit = 0x80; // of the third byte
constexpr unsigned truncated_bit = 0x02;
constexpr unsigned code_mask = 0x0F; // of the fourth

} // namespace

std::string make_address_query(std::string_view host) {
  std::string packet("\0\0\x01\0\0\x01\0\0\0\0\0\0", head_bytes);
  if (!append_name(packet, host))
    return {};
  packet += std::string_view("\0\x01\0\x01", 4); // A, IN
  PRAETOR_ASSERT(packet.size() > head_bytes);
  return packet;
}

void set_id(std::string& packet, std::uint16_t id) {
  PRAETOR_ASSERT(packet.size() >= 2);
  packet[0] = static_cast<char>(id >> 8);
  packet[1] = static_cast<char>(id & 0xFF);
}

std::uint16_t id_of(std::string_view packet) {
  PRAETOR_ASSERT(packet.size() >= 2);
  return static_cast<std::uint16_t>(static_cast<unsigned char>(packet[0]) << 8 |
                                    static_cast<unsigned char>(packet[1]));
}

bool is_settled(std::string_view reply) {
  if (reply.size() < head_bytes)
    return false;
  auto third = static_cast<unsigned char>(reply[2]);
  auto code = static_cast<unsigned char>(reply[3]) & code_mask;
  bool known = code == static_cast<unsigned>(rcode::no_error) ||
               code == static_cast<unsigned>(rcode::name_error);
  return (third & response_bit) != 0 && (known || (third & truncated_bit) != 0);
}

std::string failed_recursion(std::string_view query) {
  query_message asked;
  if (decode_query(query, asked) == decoded::ignored)
    return {};
  reply message(asked);
  message.code = rcode::server_failure;
  message.recursion_available = true;
  message.extension = asked.extension;
  return encode(message, true);
}

} // namespace praetor::dns
