#pragma once

// Bounds-checked reading and writing of bytes for the wire and the disk.
// Fixed-width integers are little-endian; strings are a 32-bit length and the
// bytes. The reader survives any input: after a failure it stays failed and
// yields zeros, so that a decoder checks once, at its end.

#include "protocol/base/assert.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace praetor {

class byte_writer {
public:
  explicit byte_writer(std::string& out) : out_(out) {}

  void u8(std::uint8_t x) { out_.push_back(static_cast<char>(x)); }
  void u32(std::uint32_t x) { fixed(x, 4); }
  void u64(std::uint64_t x) { fixed(x, 8); }
  void boolean(bool x) { u8(x ? 1 : 0); }
  /// Little-endian base 128, at most ten bytes.
  void varint(std::uint64_t x) {
    while (x >= 0x80) {
      u8(static_cast<std::uint8_t>(x | 0x80));
      x >>= 7;
    }
    u8(static_cast<std::uint8_t>(x));
  }
  /// Small magnitudes of either sign take few bytes (zigzag).
  void svarint(std::int64_t x) {
    varint((static_cast<std::uint64_t>(x) << 1) ^
           static_cast<std::uint64_t>(x >> 63));
  }
  void bytes(std::string_view x) {
    PRAETOR_ASSERT(x.size() <= UINT32_MAX);
    varint(x.size());
    out_.append(x);
  }

private:
  void fixed(std::uint64_t x, int width) {
    for (int i = 0; i < width; ++i)
      u8(static_cast<std::uint8_t>(x >> (8 * i)));
  }

  std::string& out_;
};

class byte_reader {
public:
  explicit byte_reader(std::string_view in) : in_(in) {}

  bool failed() const { return failed_; }
  bool at_end() const { return in_.empty(); }
  std::size_t left() const { return in_.size(); }

  std::uint8_t u8() {
    if (in_.empty())
      return give_up();
    auto x = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    return x;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  bool boolean() {
    auto x = u8();
    if (x > 1)
      return give_up() != 0;
    return x == 1;
  }
  std::uint64_t varint() {
    std::uint64_t x = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      auto byte = u8();
      if (failed_ || (shift == 63 && byte > 1))
        return give_up();
      x |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80)
        return x;
    }
    return give_up();
  }
  std::int64_t svarint() {
    auto x = varint();
    return static_cast<std::int64_t>(x >> 1) ^
           -static_cast<std::int64_t>(x & 1);
  }
  std::string_view view() {
    auto size = varint();
    if (failed_ || size > in_.size()) {
      give_up();
      return {};
    }
    auto x = in_.substr(0, size);
    in_.remove_prefix(size);
    return x;
  }
  std::string bytes() { return std::string(view()); }
  /// How many items follow, each of at least one byte: never more than the
  /// bytes left, so that a lying count cannot make us reserve memory.
  std::size_t count() {
    auto n = varint();
    if (failed_ || n > in_.size())
      return give_up();
    return static_cast<std::size_t>(n);
  }

private:
  std::uint8_t give_up() {
    failed_ = true;
    in_ = {};
    return 0;
  }
  std::uint64_t fixed(std::size_t width) {
    if (in_.size() < width)
      return give_up();
    std::uint64_t x = 0;
    for (std::size_t i = 0; i < width; ++i)
      x |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(in_[i]))
           << (8 * i);
    in_.remove_prefix(width);
    return x;
  }

  std::string_view in_;
  bool failed_ = false;
};

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the bytes.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

} // namespace praetor
