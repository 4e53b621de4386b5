#include "protocol/base/uuid.hpp"

#include <algorithm>
#include <cstdio>

namespace praetor {
namespace {

constexpr std::size_t uuid_bytes = 36;
constexpr std::size_t uuid_dashes = 4;
constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

} // namespace

std::string hex_fault(std::string_view text) {
  auto at = text.find_first_not_of(hex_digits);
  if (at == std::string_view::npos)
    return {};
  // The byte as Go's %#U shows it, which takes it for a character.
  auto byte = static_cast<unsigned char>(text[at]);
  char code[8];
  std::snprintf(code, sizeof code, "U+%04X", byte);
  auto words = "encoding/hex: invalid byte: " + std::string(code);
  if (byte >= 0x20 && byte < 0x7f)
    return words + " '" + text[at] + "'";
  if (byte < 0xa1 || byte == 0xad)
    return words; // not printable
  return words + " '" + static_cast<char>(0xc0 | (byte >> 6)) +
         static_cast<char>(0x80 | (byte & 0x3f)) + "'";
}

std::string uuid_fault(std::string_view id) {
  if (id.size() != uuid_bytes)
    return "index error: UUID must be 36 characters";
  std::string digits(id);
  auto dashes = std::erase(digits, '-');
  if (dashes > uuid_dashes)
    return "index error: UUID should have maximum of 4 \"-\"; got " +
           std::to_string(dashes);
  if (digits.size() % 2 != 0)
    return "index error: Input (without hyphens) must be even length";
  if (auto fault = hex_fault(digits); !fault.empty())
    return "index error: Invalid UUID: " + fault;
  return {};
}

std::string node_id_fault(std::string_view text) {
  if (text.size() != uuid_bytes)
    return "uuid string is wrong length";
  std::string digits(text);
  for (std::size_t dash : {23, 18, 13, 8}) {
    if (text[dash] != '-')
      return "uuid is improperly formatted";
    digits.erase(dash, 1);
  }
  return hex_fault(digits);
}

bool is_uuid(std::string_view text) {
  if (text.size() != uuid_bytes)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool fits =
        dash ? text[i] == '-' : hex_digits.find(text[i]) != hex_digits.npos;
    if (!fits)
      return false;
  }
  return true;
}

} // namespace praetor
