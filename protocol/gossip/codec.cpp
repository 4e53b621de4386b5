#include "protocol/gossip/codec.hpp"

#include "protocol/base/bytes.hpp"

#include <bit>
#include <cmath>
#include <concepts>

namespace praetor::gossip {
namespace {

// The number of a kind is its place in `message`; new ones go to the end.
static_assert(std::variant_size_v<message> == 9);
static_assert(std::variant_size_v<stream_message> == 4);

constexpr std::size_t refusal_bytes_max = 1024;
// A packet cannot hold more: the shortest message takes three bytes.
constexpr std::size_t messages_max = datagram_bytes_max / 3;

// -- fields -------------------------------------------------------------------

struct writer : byte_writer {
  using byte_writer::byte_writer;

  // Single precision: a tenth of a microsecond in a second.
  void real(double x) { u32(std::bit_cast<std::uint32_t>(float(x))); }
  void put(const endpoint& x) {
    bytes(x.host);
    varint(x.port);
  }
  void put(const coordinate& x) {
    for (auto one : x.vector)
      real(one);
    real(x.error);
    real(x.adjustment);
    real(x.height);
  }
};

struct reader : byte_reader {
  using byte_reader::byte_reader;

  bool ok = true; // no field was over its limit

  std::string text(std::size_t most) {
    auto found = view();
    ok = ok && found.size() <= most;
    return ok ? std::string(found) : std::string();
  }
  std::string name() { return text(name_bytes_max); }
  std::uint32_t number() {
    auto found = varint();
    ok = ok && found <= UINT32_MAX;
    return static_cast<std::uint32_t>(found);
  }
  std::uint64_t incarnation() {
    auto found = varint();
    ok = ok && found <= incarnation_max;
    return found;
  }
  double real() { return std::bit_cast<float>(u32()); }
  endpoint place() {
    endpoint found;
    found.host = text(host_bytes_max);
    auto port = varint();
    ok = ok && port <= UINT16_MAX;
    found.port = static_cast<std::uint16_t>(port);
    return found;
  }
  coordinate where() {
    coordinate found;
    for (auto& one : found.vector)
      one = real();
    found.error = real();
    found.adjustment = real();
    found.height = real();
    ok = ok && is_valid(found);
    return found;
  }
  bool is_good() const { return ok && !failed(); }
};

void write(writer& out, const ping& x) {
  out.varint(x.number);
  out.bytes(x.target);
}
void write(writer& out, const ping_request& x) {
  out.varint(x.number);
  out.bytes(x.target);
  out.put(x.at);
}
void write(writer& out, const ack& x) {
  out.varint(x.number);
  out.boolean(x.place.has_value());
  if (x.place)
    out.put(*x.place);
}
void write(writer& out, const nack& x) {
  out.varint(x.number);
}
void write(writer& out, const alive& x) {
  out.varint(x.incarnation);
  out.bytes(x.name);
  out.put(x.at);
  out.bytes(x.tags);
}
void write(writer& out, const suspect& x) {
  out.varint(x.incarnation);
  out.bytes(x.name);
  out.bytes(x.from);
  out.boolean(x.refused);
}
void write(writer& out, const dead& x) {
  out.varint(x.incarnation);
  out.bytes(x.name);
  out.bytes(x.from);
}
void write(writer& out, const leave_intent& x) {
  out.varint(x.incarnation);
  out.bytes(x.name);
  out.bytes(x.from);
  out.boolean(x.prune);
}
void write(writer& out, const user_event& x) {
  out.varint(x.time);
  out.bytes(x.name);
  out.bytes(x.payload);
}
void write(writer& out, const refusal& x) {
  out.bytes(std::string_view(x.why).substr(0, refusal_bytes_max));
}
void write(writer& out, const push_pull& x) {
  out.boolean(x.join);
  out.varint(x.event_time);
  out.varint(x.members.size());
  for (auto& one : x.members) {
    out.u8(static_cast<std::uint8_t>(one.state));
    write(out, one.what);
  }
  out.varint(x.events.size());
  for (auto& one : x.events)
    write(out, one);
}

void read(reader& in, ping& x) {
  x.number = in.number();
  x.target = in.name();
}
void read(reader& in, ping_request& x) {
  x.number = in.number();
  x.target = in.name();
  x.at = in.place();
}
void read(reader& in, ack& x) {
  x.number = in.number();
  if (in.boolean())
    x.place = in.where();
}
void read(reader& in, nack& x) {
  x.number = in.number();
}
void read(reader& in, alive& x) {
  x.incarnation = in.incarnation();
  x.name = in.name();
  x.at = in.place();
  x.tags = in.text(tags_bytes_max);
  in.ok = in.ok && !x.name.empty() && unpack_tags(x.tags).has_value();
}
void read(reader& in, suspect& x) {
  x.incarnation = in.incarnation();
  x.name = in.name();
  x.from = in.name();
  x.refused = in.boolean();
}
void read(reader& in, dead& x) {
  x.incarnation = in.incarnation();
  x.name = in.name();
  x.from = in.name();
}
void read(reader& in, leave_intent& x) {
  x.incarnation = in.incarnation();
  x.name = in.name();
  x.from = in.name();
  x.prune = in.boolean();
}
void read(reader& in, user_event& x) {
  x.time = in.varint();
  x.name = in.text(event_bytes_limit);
  x.payload = in.text(event_bytes_limit);
  in.ok = in.ok && x.name.size() + x.payload.size() <= event_bytes_limit;
}
void read(reader& in, refusal& x) {
  x.why = in.text(refusal_bytes_max);
}
void read(reader& in, push_pull& x) {
  x.join = in.boolean();
  x.event_time = in.varint();
  auto members = in.count();
  in.ok = in.ok && members <= members_max;
  for (std::size_t i = 0; i < members && in.is_good(); ++i) {
    auto& one = x.members.emplace_back();
    auto state = in.u8();
    in.ok = in.ok && state <= static_cast<std::uint8_t>(claim::left);
    one.state = static_cast<claim>(state);
    read(in, one.what);
  }
  auto events = in.is_good() ? in.count() : 0;
  in.ok = in.ok && events <= recent_events_max;
  for (std::size_t i = 0; i < events && in.is_good(); ++i)
    read(in, x.events.emplace_back());
}

// -- kinds --------------------------------------------------------------------

// Reads the alternative of that number; false when there is none.
template <class Variant, std::size_t I = 0>
bool read_kind(reader& in, std::size_t kind, Variant& out) {
  if constexpr (I < std::variant_size_v<Variant>) {
    if (kind != I)
      return read_kind<Variant, I + 1>(in, kind, out);
    read(in, out.template emplace<I>());
    return true;
  }
  return false;
}

error malformed(const char* what, std::size_t size) {
  return fail(errc::bad_input, std::string("a ") + what + " of " +
                                   std::to_string(size) +
                                   " bytes is malformed");
}

} // namespace

// -- tags ---------------------------------------------------------------------

std::string to_text(const endpoint& where) {
  auto is_v6 = where.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + where.host + "]" : where.host) + ":" +
         std::to_string(where.port);
}

std::string pack_tags(const tag_map& tags) {
  std::string packed;
  byte_writer out(packed);
  for (auto& [key, value] : tags) {
    out.bytes(key);
    out.bytes(value);
  }
  return packed;
}

std::optional<tag_map> unpack_tags(std::string_view bytes) {
  byte_reader in(bytes);
  tag_map found;
  while (!in.at_end()) {
    auto key = in.bytes();
    // In order and without doubles: one map is one string of bytes.
    if (!found.empty() && key <= found.rbegin()->first)
      return std::nullopt;
    found.emplace_hint(found.end(), std::move(key), in.bytes());
  }
  if (in.failed())
    return std::nullopt;
  return found;
}

std::string tag_of(std::string_view packed, std::string_view key) {
  byte_reader in(packed);
  while (!in.at_end()) {
    auto found = in.view();
    auto value = in.view();
    if (found == key)
      return std::string(value);
  }
  return {};
}

// -- packets ------------------------------------------------------------------

std::string new_packet() {
  return std::string(1, static_cast<char>(wire_version));
}

std::string encode(const message& what) {
  std::string content(1, static_cast<char>(what.index()));
  writer out(content);
  std::visit([&](auto& x) { write(out, x); }, what);
  PRAETOR_ASSERT(content.size() < packet_bytes_max - 4);
  std::string framed;
  byte_writer(framed).bytes(content);
  return framed;
}

result<std::vector<message>> decode_packet(std::string_view packet) {
  auto size = packet.size();
  if (size > datagram_bytes_max)
    return fail(errc::too_large, "a packet of " + std::to_string(size) +
                                     " bytes, at most " +
                                     std::to_string(datagram_bytes_max));
  byte_reader in(packet);
  if (in.u8() != wire_version)
    return malformed("packet", size);
  std::vector<message> found;
  while (!in.at_end()) {
    reader one(in.view());
    auto kind = one.u8();
    if (in.failed() || one.failed() || found.size() >= messages_max)
      return malformed("packet", size);
    message read;
    if (!read_kind(one, kind, read))
      continue;
    if (!one.is_good() || !one.at_end())
      return malformed("packet", size);
    found.push_back(std::move(read));
  }
  return found;
}

// -- streams ------------------------------------------------------------------

std::string encode_stream(const stream_message& what) {
  std::string bytes;
  writer out(bytes);
  out.u8(wire_version);
  out.u8(static_cast<std::uint8_t>(what.index()));
  std::visit([&](auto& x) { write(out, x); }, what);
  PRAETOR_ASSERT(bytes.size() >= 2);
  return bytes;
}

result<stream_message> decode_stream(std::string_view bytes) {
  if (bytes.size() > stream_bytes_max)
    return fail(errc::too_large, "a state of " + std::to_string(bytes.size()) +
                                     " bytes, at most " +
                                     std::to_string(stream_bytes_max));
  reader in(bytes);
  stream_message read;
  if (in.u8() != wire_version || !read_kind(in, in.u8(), read) ||
      !in.is_good() || !in.at_end())
    return malformed("stream", bytes.size());
  return read;
}

} // namespace praetor::gossip
