#pragma once

// The bytes of one segment of the log: FORMATS.md, in code. Nothing here
// touches a disk, and the readers survive any bytes.

#include "protocol/base/result.hpp"
#include "protocol/raft/entry.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::storage {

inline constexpr std::size_t segment_header_size = 20;
inline constexpr std::size_t batch_header_size = 28;

/// "00000000000000ff.wal" for 255: sixteen digits, so that names sort as
/// numbers do.
std::string segment_name(log_index first);
/// Nothing unless the name is one that `segment_name` makes.
std::optional<log_index> parse_segment_name(std::string_view name);

std::string encode_segment_header(log_index first);

enum class header_state : unsigned char {
  good,
  damaged, // too short, or its checksum fails
};
/// Whether the bytes begin as the segment of `first` must.
/// `errc::unsupported` for a whole header of another version, `errc::corrupt`
/// for one that belongs to another segment.
result<header_state> read_segment_header(std::string_view bytes,
                                         log_index first);

/// Where a batch lies. Its checksum covers the place, so that bytes which
/// only look like a batch (a copy inside a value) are never taken for one.
struct batch_place {
  log_index segment;
  std::size_t offset = 0;
};

struct batch_header {
  std::uint32_t body_size = 0;
  log_index first;
  /// 0 marks a truncation: entries from `first` on are void.
  std::uint32_t count = 0;
  std::uint32_t body_crc = 0;
};

std::string encode_batch_header(const batch_place& place,
                                const batch_header& header);
/// Nothing when there is no whole and undamaged header at the place.
std::optional<batch_header> read_batch_header(std::string_view bytes,
                                              const batch_place& place);
/// Whether any batch header lies after the place.
bool has_batch_after(std::string_view bytes, const batch_place& place);

/// Whether nothing was ever written from there on: what is reserved is zeros.
bool is_unused(std::string_view bytes, std::size_t offset);

/// How many bytes `encode_entry` adds.
std::size_t entry_size(const raft::entry& one);
void encode_entry(const raft::entry& one, std::string& body);
/// Adds the entries of a body whose checksum holds; false when they do not
/// fill it exactly or one is impossible.
bool decode_entries(const batch_header& header, std::string_view body,
                    std::vector<raft::entry>& out);

} // namespace praetor::storage
