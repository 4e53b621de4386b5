#pragma once

// DNS messages (RFC 1035, section 4.1; EDNS0: RFC 6891; client subnet:
// RFC 7871). A query is decoded from bytes that may be anything; a reply is
// built as records and encoded once its size is known to be right.

#include "dns/address.hpp"
#include "dns/name.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::dns {

namespace type {
inline constexpr std::uint16_t a = 1;
inline constexpr std::uint16_t ns = 2;
inline constexpr std::uint16_t cname = 5;
inline constexpr std::uint16_t soa = 6;
inline constexpr std::uint16_t ptr = 12;
inline constexpr std::uint16_t txt = 16;
inline constexpr std::uint16_t aaaa = 28;
inline constexpr std::uint16_t srv = 33;
inline constexpr std::uint16_t opt = 41;
inline constexpr std::uint16_t axfr = 252;
inline constexpr std::uint16_t any = 255;
} // namespace type

inline constexpr std::uint16_t class_in = 1;

enum class rcode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,
  not_implemented = 4,
  refused = 5,
};

inline constexpr std::size_t header_size = 12;
/// What a client without EDNS can take over UDP (RFC 1035, section 2.3.4).
inline constexpr std::size_t plain_udp_size_max = 512;
/// The length before a message over TCP has sixteen bits.
inline constexpr std::size_t message_size_max = 65535;
/// An IPv4 or IPv6 datagram holds this much and its headers.
inline constexpr std::size_t udp_payload_size_max = 65535 - 68;

/// Where the client's client is, as far as a resolver tells (RFC 7871).
struct client_subnet {
  std::uint16_t family = 0; // 1: IPv4, 2: IPv6, 0: withheld
  std::uint8_t source_prefix = 0;
  std::array<std::uint8_t, 16> address{}; // bits behind the prefix are zero
};

struct edns {
  std::uint16_t udp_size = 0;
  std::optional<client_subnet> subnet;
};

/// The parts of a query that an answer depends on.
struct query_message {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  bool has_question = false;
  wire_name name;
  std::uint16_t type = 0;
  std::uint16_t dns_class = class_in;
  std::optional<edns> extension;
};

enum class decoded : std::uint8_t {
  query,
  /// No header, or a response: answering could start a loop.
  ignored,
  /// To be told so; `has_question` says whether the question is legible.
  format_error,
  not_implemented,
};

/// Survives any bytes. Counts that promise more than the packet holds are
/// tolerated when it ends between two parts, as common clients' libraries do.
decoded decode_query(std::string_view packet, query_message& query);

/// Bytes in the arena of a reply.
struct span_ref {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// One record. Its data is, in this order: for SOA both names and `fixed`,
/// else `fixed` and `target`; `text` for those that come as bytes.
struct record {
  span_ref owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::uint8_t fixed_size = 0;
  std::array<std::uint8_t, 20> fixed{};
  span_ref target;
  span_ref mailbox;
  span_ref text;
  /// For SRV: the additional records that say where the target is.
  std::uint32_t extra_begin = 0;
  std::uint32_t extra_count = 0;
};

/// A reply in the making.
struct reply {
  explicit reply(const query_message& asked);

  /// Refers to bytes copied into the arena.
  span_ref keep(std::string_view bytes);
  /// Refers to the wire form of dotted text; null when that is no name.
  std::optional<span_ref> keep_name(std::string_view text);
  std::string_view at(span_ref ref) const {
    return std::string_view(arena).substr(ref.offset, ref.size);
  }

  std::uint16_t id;
  std::uint8_t opcode;
  bool recursion_desired;
  bool checking_disabled;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_available = false;
  rcode code = rcode::no_error;
  bool has_question;
  std::uint16_t question_type;
  std::uint16_t question_class;
  /// Begins with the name of the question.
  std::string arena;
  span_ref question_name;
  std::vector<record> answers;
  std::vector<record> authority;
  std::vector<record> additional;
  /// Set: an OPT record ends the reply.
  std::optional<edns> extension;
  /// How much of the client subnet the answer depends on.
  std::uint8_t subnet_scope = 0;
};

std::string encode(const reply& message, bool compress);

/// How many bytes the OPT record of the reply takes.
std::size_t extension_size(const reply& message);

/// The records of a recursor's reply that follow a host name: A, AAAA, CNAME
/// and TXT, with their names kept in the arena of `into`. Stops quietly at the
/// first byte that makes no sense.
std::vector<record> decode_answers(std::string_view packet, reply& into);

} // namespace praetor::dns
