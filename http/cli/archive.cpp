#include "http/cli/archive.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace praetor::http::cli {
namespace {

constexpr std::size_t tar_block = 512;
constexpr std::size_t tar_name_max = 100;  // of the header's first field
constexpr std::size_t stored_max = 0xFFFF; // of a block's 16-bit length

void put_octal(std::string& header, std::size_t at, std::size_t width,
               unsigned long long value) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", static_cast<int>(width - 1),
                value);
  header.replace(at, width - 1, std::string_view(text).substr(0, width - 1));
}

std::string tar_header(const std::string& name, std::size_t size,
                       long long modified) {
  PRAETOR_ASSERT(name.size() <= tar_name_max);
  std::string out(tar_block, '\0');
  out.replace(0, name.size(), name);
  put_octal(out, 100, 8, 0644);
  put_octal(out, 108, 8, 0);
  put_octal(out, 116, 8, 0);
  put_octal(out, 124, 12, size);
  put_octal(out, 136, 12, static_cast<unsigned long long>(modified));
  out[156] = '0'; // a plain file
  out.replace(257, 5, "ustar");
  out.replace(263, 2, "00");
  // The sum is over the header with blanks where the sum itself will be.
  out.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (unsigned char c : out)
    sum += c;
  put_octal(out, 148, 7, sum);
  out[154] = '\0';
  return out;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (unsigned char c : bytes) {
    crc ^= c;
    for (int i = 0; i < 8; ++i)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

void put_number(std::string& out, std::uint32_t value, int width) {
  for (int i = 0; i < width; ++i)
    out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

} // namespace

std::string tar(const archive_files& files, long long modified) {
  std::string out;
  for (const auto& [name, bytes] : files) {
    out += tar_header(name, bytes.size(), modified);
    out += bytes;
    out.resize((out.size() + tar_block - 1) / tar_block * tar_block, '\0');
  }
  out.append(2 * tar_block, '\0');
  return out;
}

std::string gzip(const std::string& bytes) {
  // Magic, deflate, no flags, no time, no extra flags, unknown system.
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  std::size_t at = 0;
  do {
    auto size = std::min(stored_max, bytes.size() - at);
    bool last = at + size == bytes.size();
    out.push_back(last ? 1 : 0);
    put_number(out, static_cast<std::uint32_t>(size), 2);
    put_number(out, ~static_cast<std::uint32_t>(size) & 0xFFFF, 2);
    out.append(bytes, at, size);
    at += size;
  } while (at < bytes.size());
  put_number(out, crc32(bytes), 4);
  put_number(out, static_cast<std::uint32_t>(bytes.size()), 4);
  return out;
}

} // namespace praetor::http::cli
