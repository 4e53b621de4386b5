#pragma once

// The file in which operators keep the whole state: a gzip'd tar of
// `meta.json`, `state.bin` and `SHA256SUMS`, as Consul makes it. Its form is
// in storage/FORMATS.md; what is in `state.bin` is not looked at here.

#include "protocol/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor::http {

/// Compressed bytes of an archive that is restored. The log has the same
/// limit (storage::restore_bytes_max): all of it is in memory.
inline constexpr std::size_t archive_bytes_max = std::size_t{256} << 20;

/// What it may decompress to: few states shrink to less than a quarter, and
/// what was made to burst stops here.
inline constexpr std::size_t archive_plain_bytes_max = std::size_t{1} << 30;

struct archive_facts {
  std::string id; // "term-index-milliseconds"
  std::uint64_t version = 1;
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t size = 0; // of the state
  std::string producer;   // who wrote the state; empty: Consul
  friend bool operator==(const archive_facts&, const archive_facts&) = default;
};

struct state_archive {
  archive_facts facts;
  std::string state;
};

/// The bytes of an archive; `modified` in seconds since 1970.
std::string write_archive(archive_facts facts, std::string_view state,
                          std::int64_t modified);

/// What is in an archive, when all of it is there and unharmed. Errors are
/// Consul's.
result<state_archive> read_archive(std::string_view bytes);

/// SHA-256 (FIPS 180-4) in lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

} // namespace praetor::http
