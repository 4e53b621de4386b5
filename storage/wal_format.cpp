#include "storage/wal_format.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"

#include <memory>

namespace praetor::storage {
namespace {

constexpr std::uint32_t segment_magic = 0x47535250; // "PRSG"
constexpr std::uint32_t batch_magic = 0x54425250;   // "PRBT"
constexpr std::uint32_t version = 1;
constexpr std::string_view suffix = ".wal";
constexpr std::size_t digits = 16;
constexpr std::size_t checksum_size = 4;

// The checksum of a batch header begins with where it lies.
std::uint32_t header_crc(const batch_place& place, std::string_view header) {
  PRAETOR_ASSERT(header.size() == batch_header_size - checksum_size);
  std::string where;
  byte_writer out(where);
  out.u64(place.segment.value);
  out.u64(place.offset);
  return crc32c(header, crc32c(where));
}

} // namespace

std::string segment_name(log_index first) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string name(digits, '0');
  auto rest = first.value;
  for (auto i = digits; i-- > 0; rest >>= 4)
    name[i] = hex[rest & 0xF];
  PRAETOR_ASSERT(rest == 0);
  return name.append(suffix);
}

std::optional<log_index> parse_segment_name(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix))
    return std::nullopt;
  std::uint64_t value = 0;
  for (auto c : name.substr(0, digits)) {
    auto is_digit = c >= '0' && c <= '9';
    if (!is_digit && (c < 'a' || c > 'f'))
      return std::nullopt;
    value = value << 4 |
            static_cast<std::uint64_t>(is_digit ? c - '0' : c - 'a' + 10);
  }
  return log_index{value};
}

std::string encode_segment_header(log_index first) {
  std::string bytes;
  byte_writer out(bytes);
  out.u32(segment_magic);
  out.u32(version);
  out.u64(first.value);
  out.u32(crc32c(bytes));
  PRAETOR_ASSERT(bytes.size() == segment_header_size);
  return bytes;
}

result<header_state> read_segment_header(std::string_view bytes,
                                         log_index first) {
  if (bytes.size() < segment_header_size)
    return header_state::damaged;
  bytes = bytes.substr(0, segment_header_size);
  byte_reader in(bytes);
  auto magic = in.u32();
  auto found_version = in.u32();
  auto found_first = in.u64();
  auto crc = in.u32();
  PRAETOR_ASSERT(!in.failed());
  if (magic != segment_magic ||
      crc != crc32c(bytes.substr(0, segment_header_size - checksum_size)))
    return header_state::damaged;
  if (found_version != version)
    return fail(errc::unsupported,
                "format version " + std::to_string(found_version) +
                    "; this build reads " + std::to_string(version));
  if (found_first != first.value)
    return fail(errc::corrupt, "its header says that it begins at index " +
                                   std::to_string(found_first));
  return header_state::good;
}

std::string encode_batch_header(const batch_place& place,
                                const batch_header& header) {
  PRAETOR_ASSERT(place.offset >= segment_header_size);
  PRAETOR_ASSERT((header.count == 0) == (header.body_size == 0));
  std::string bytes;
  byte_writer out(bytes);
  out.u32(batch_magic);
  out.u32(header.body_size);
  out.u64(header.first.value);
  out.u32(header.count);
  out.u32(header.body_crc);
  out.u32(header_crc(place, bytes));
  PRAETOR_ASSERT(bytes.size() == batch_header_size);
  return bytes;
}

std::optional<batch_header> read_batch_header(std::string_view bytes,
                                              const batch_place& place) {
  if (place.offset > bytes.size() ||
      bytes.size() - place.offset < batch_header_size)
    return std::nullopt;
  bytes = bytes.substr(place.offset, batch_header_size);
  byte_reader in(bytes);
  auto magic = in.u32();
  batch_header header;
  header.body_size = in.u32();
  header.first.value = in.u64();
  header.count = in.u32();
  header.body_crc = in.u32();
  auto crc = in.u32();
  PRAETOR_ASSERT(!in.failed());
  auto covered = bytes.substr(0, batch_header_size - checksum_size);
  if (magic != batch_magic || crc != header_crc(place, covered))
    return std::nullopt;
  return header;
}

bool has_batch_after(std::string_view bytes, const batch_place& place) {
  std::string magic;
  byte_writer(magic).u32(batch_magic);
  for (auto at = bytes.find(magic, place.offset + 1);
       at != std::string_view::npos; at = bytes.find(magic, at + 1))
    if (read_batch_header(bytes, {place.segment, at}))
      return true;
  return false;
}

bool is_unused(std::string_view bytes, std::size_t offset) {
  PRAETOR_ASSERT(offset <= bytes.size());
  return bytes.find_first_not_of('\0', offset) == std::string_view::npos;
}

std::size_t entry_size(const raft::entry& one) {
  constexpr std::size_t term_and_kind = 9;
  auto size = one.bytes().size();
  std::size_t digits_of_size = 1;
  for (auto rest = size >> 7; rest > 0; rest >>= 7)
    ++digits_of_size;
  return term_and_kind + digits_of_size + size;
}

void encode_entry(const raft::entry& one, std::string& body) {
  PRAETOR_ASSERT(one.in_term.value > 0);
  auto before = body.size();
  byte_writer out(body);
  out.u64(one.in_term.value);
  out.u8(static_cast<std::uint8_t>(one.kind));
  out.bytes(one.bytes());
  PRAETOR_ASSERT(body.size() - before == entry_size(one));
}

bool decode_entries(const batch_header& header, std::string_view body,
                    std::vector<raft::entry>& out) {
  // The index after the last must exist too.
  if (header.first.value > UINT64_MAX - header.count)
    return false;
  byte_reader in(body);
  for (std::uint32_t i = 0; i < header.count; ++i) {
    raft::entry one;
    one.index.value = header.first.value + i;
    one.in_term.value = in.u64();
    auto kind = in.u8();
    auto bytes = in.view();
    if (in.failed() || one.in_term.value == 0 || kind >= raft::entry_kinds)
      return false;
    one.kind = static_cast<raft::entry_kind>(kind);
    if (!bytes.empty())
      one.data = std::make_shared<const std::string>(bytes);
    out.push_back(std::move(one));
  }
  return in.at_end();
}

} // namespace praetor::storage
