#include "actors/io/link_frame.hpp"

#include "protocol/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace praetor::actors::io {
namespace {

// Ends in a line feed, so that a text protocol is told from us at once.
constexpr std::string_view magic = "praetor\n";

constexpr std::size_t hello_fixed_bytes = 8 + 2 + 1 + 8;
constexpr std::size_t hello_text_bytes_max = 255;

// CAF's own types that may travel. Not among them are @message and @error,
// which hold messages again, @charbuf, which takes as much memory as its
// length says, double, which CAF writes for ever when it is infinite, and all
// that names actors.
constexpr std::array<std::string_view, 18> plain_types = {
    "@atom",   "@i16",    "@i32",    "@i64",      "@i8",       "@str",
    "@strmap", "@strset", "@strvec", "@timespan", "@u16",      "@u32",
    "@u64",    "@u8",     "@unit",   "bool",      "@duration", "@timestamp",
};

// Our own begin so, see type_table.hpp.
constexpr std::string_view own_prefix = "praetor::";
constexpr std::string_view own_list_prefix = "std::vector<praetor::";

void put_number(char* at, std::uint64_t x, int width) {
  for (int i = 0; i < width; ++i)
    at[i] = static_cast<char>(x >> (8 * i));
}

bool is_allowed(std::string_view type) {
  return type.starts_with(own_prefix) || type.starts_with(own_list_prefix) ||
         std::find(plain_types.begin(), plain_types.end(), type) !=
             plain_types.end();
}

void put_text(byte_writer& out, std::string& bytes, std::string_view text) {
  PRAETOR_ASSERT(text.size() <= hello_text_bytes_max);
  out.u8(static_cast<std::uint8_t>(text.size()));
  bytes.append(text);
}

// One text with its size before it; false while bytes are missing.
bool take_text(std::string_view bytes, std::size_t& at, std::string& to) {
  if (at >= bytes.size())
    return false;
  auto size = static_cast<unsigned char>(bytes[at]);
  if (bytes.size() - at - 1 < size)
    return false;
  to = bytes.substr(at + 1, size);
  at += 1u + size;
  return true;
}

} // namespace

std::string encode(const link_hello& hello) {
  std::string bytes(magic);
  byte_writer out(bytes);
  out.u8(static_cast<std::uint8_t>(link_version & 0xFF));
  out.u8(static_cast<std::uint8_t>(link_version >> 8));
  out.u8(static_cast<std::uint8_t>(hello.by));
  out.u64(hello.incarnation);
  put_text(out, bytes, hello.cluster);
  put_text(out, bytes, hello.node);
  return bytes;
}

result<std::optional<decoded_hello>> decode_hello(std::string_view bytes) {
  auto seen = std::min(bytes.size(), magic.size());
  if (bytes.substr(0, seen) != magic.substr(0, seen))
    return fail(errc::bad_input, "the peer does not speak our protocol");
  if (bytes.size() < magic.size() + 2)
    return std::optional<decoded_hello>{};
  byte_reader in(bytes.substr(magic.size()));
  auto low = in.u8();
  auto version = static_cast<unsigned>(low | (in.u8() << 8));
  // Before the rest, which another version may arrange differently.
  if (version != link_version)
    return fail(errc::unsupported, "the peer speaks version " +
                                       std::to_string(version) +
                                       " of the protocol, we speak " +
                                       std::to_string(link_version));
  if (bytes.size() < hello_fixed_bytes)
    return std::optional<decoded_hello>{};
  decoded_hello found;
  auto by = in.u8();
  if (by > static_cast<std::uint8_t>(lane::bulk))
    return fail(errc::bad_input,
                "the peer names the unknown lane " + std::to_string(by));
  found.hello.by = static_cast<lane>(by);
  found.hello.incarnation = in.u64();
  auto at = hello_fixed_bytes;
  if (!take_text(bytes, at, found.hello.cluster) ||
      !take_text(bytes, at, found.hello.node))
    return std::optional<decoded_hello>{};
  found.size = at;
  return std::optional<decoded_hello>{std::move(found)};
}

void put_header(std::vector<char>& out, std::size_t frame_at,
                const frame_header& header) {
  PRAETOR_ASSERT(out.size() >= frame_at + frame_header_bytes);
  auto* at = out.data() + frame_at;
  put_number(at, out.size() - frame_at - frame_length_bytes, 4);
  at[4] = static_cast<char>(header.kind);
  put_number(at + 5, header.id, 8);
  put_number(at + 13, header.target, 8);
}

result<frame_header> decode_header(std::string_view frame) {
  PRAETOR_ASSERT(frame.size() >= frame_header_bytes);
  byte_reader in(frame.substr(frame_length_bytes));
  auto kind = in.u8();
  if (kind >= frame_kinds)
    return fail(errc::bad_input,
                "a frame of the unknown kind " + std::to_string(kind));
  frame_header found;
  found.kind = static_cast<frame_kind>(kind);
  found.id = in.u64();
  found.target = in.u64();
  PRAETOR_ASSERT(!in.failed());
  return found;
}

status check_types(std::string_view payload) {
  // CAF writes: u16 0 | varint size | "@<>+type+type" | the values.
  constexpr std::string_view begin = "@<>";
  byte_reader in(payload);
  auto number = in.u8() | in.u8();
  auto names = in.view();
  if (in.failed() || number != 0 || !names.starts_with(begin))
    return fail(errc::bad_input, "a payload that is no message");
  names.remove_prefix(begin.size());
  while (!names.empty()) {
    names.remove_prefix(1);
    auto end = std::min(names.find('+'), names.size());
    if (auto type = names.substr(0, end); !is_allowed(type))
      return fail(errc::denied, "a message with the type \"" +
                                    std::string(type.substr(0, 80)) +
                                    "\", which may not travel");
    names.remove_prefix(end);
  }
  return {};
}

result<std::size_t> frame_reader::frame_size(std::string_view bytes) {
  if (bytes.size() < frame_length_bytes)
    return std::size_t{0};
  byte_reader in(bytes);
  auto size = in.u32() + frame_length_bytes;
  if (size < frame_header_bytes || size > frame_bytes_max)
    return fail(errc::too_large,
                "a frame of " + std::to_string(size) + " bytes, at least " +
                    std::to_string(frame_header_bytes) + " and at most " +
                    std::to_string(frame_bytes_max));
  return size;
}

// Adds what is missing to the frame that waits.
status frame_reader::complete_held(std::string_view& bytes,
                                   const on_frame& found, bool& more) {
  for (;;) {
    auto size = frame_size(held_);
    if (!size)
      return size.failure();
    auto wanted = *size > 0 ? *size : frame_length_bytes;
    // Only what came is kept: memory grows with bytes, not with promises.
    auto taken = std::min(wanted - held_.size(), bytes.size());
    held_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (held_.size() < wanted)
      return {};
    if (*size == 0)
      continue;
    more = found(held_);
    if (held_.capacity() > idle_buffer_bytes_max)
      held_ = {};
    held_.clear();
    return {};
  }
}

status frame_reader::feed(std::string_view bytes, const on_frame& found) {
  bool more = true;
  if (!held_.empty())
    if (auto ok = complete_held(bytes, found, more); !ok)
      return ok;
  while (more && !bytes.empty()) {
    auto size = frame_size(bytes);
    if (!size)
      return size.failure();
    if (*size == 0 || *size > bytes.size()) {
      held_ = bytes;
      return {};
    }
    more = found(bytes.substr(0, *size));
    bytes.remove_prefix(*size);
  }
  return {};
}

} // namespace praetor::actors::io
