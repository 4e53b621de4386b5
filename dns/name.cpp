#include "dns/name.hpp"

#include "protocol/base/assert.hpp"

#include <algorithm>
#include <cstring>

namespace praetor::dns {
namespace {

/// The two bits that tell a pointer from a length, and what is left of the
/// sixteen for the offset.
constexpr unsigned pointer_bits = 0xC0;
constexpr std::size_t pointer_offset_max = 0x3FFF;

/// Power of two, so that a mask finds the slot. A usual answer has fewer than
/// thirty-two suffixes; the table is kept at most half full.
constexpr std::size_t slots_at_first = 64;

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

/// The suffixes of one name: where each begins, and its hash.
struct suffixes {
  std::array<std::uint8_t, name_labels_max> begin;
  std::array<std::uint32_t, name_labels_max> hash;
  std::size_t count = 0;
};

/// Mixes eight bytes at a time; labels are short and hashed often.
std::uint64_t mix(std::uint64_t hash, std::string_view bytes) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15ull;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    auto size = std::min<std::size_t>(bytes.size(), 8);
    std::memcpy(&word, bytes.data(), size);
    hash = (hash ^ word) * odd;
    hash ^= hash >> 32;
    bytes.remove_prefix(size);
  }
  return hash;
}

// Hashing starts at the last label, so that every suffix's hash is a step on
// the way to the whole name's.
void split(std::string_view wire, suffixes& parts) {
  for (std::size_t i = 0; wire[i] != 0; i += 1 + byte_at(wire, i)) {
    PRAETOR_ASSERT(parts.count < name_labels_max);
    parts.begin[parts.count++] = static_cast<std::uint8_t>(i);
  }
  std::uint64_t hash = 0;
  for (std::size_t n = parts.count; n-- > 0;) {
    auto at = parts.begin[n];
    hash = mix(hash, wire.substr(at, 1 + byte_at(wire, at)));
    parts.hash[n] = static_cast<std::uint32_t>(hash);
  }
}

} // namespace

bool read_name(std::string_view packet, std::size_t& offset, wire_name& name) {
  name.size = 0;
  std::size_t at = offset;
  std::size_t piece = offset; // where the piece began that we are reading
  bool jumped = false;
  while (at < packet.size()) {
    unsigned length = byte_at(packet, at);
    if ((length & pointer_bits) == pointer_bits) {
      if (at + 1 >= packet.size())
        return false;
      std::size_t target =
          (length & ~pointer_bits) << 8 | byte_at(packet, at + 1);
      if (target >= piece)
        return false;
      if (!jumped)
        offset = at + 2;
      jumped = true;
      piece = at = target;
      continue;
    }
    if (length > label_size_max || at + 1 + length > packet.size() ||
        name.size + 1 + length > name_size_max)
      return false;
    std::memcpy(name.bytes.data() + name.size, packet.data() + at, 1 + length);
    name.size += 1 + length;
    at += 1 + length;
    if (length == 0) {
      if (!jumped)
        offset = at;
      return true;
    }
  }
  return false;
}

bool append_name(std::string& out, std::string_view text) {
  if (!text.empty() && text.back() == '.')
    text.remove_suffix(1);
  // One length per label and the root's: two more than the dotted text.
  if (text.size() + 2 > name_size_max)
    return false;
  std::size_t start = out.size();
  while (!text.empty()) {
    auto dot = text.find('.');
    auto label = text.substr(0, dot);
    if (label.empty() || label.size() > label_size_max ||
        dot + 1 == text.size()) {
      out.resize(start);
      return false;
    }
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    text = dot == text.npos ? std::string_view{} : text.substr(dot + 1);
  }
  out.push_back('\0');
  return true;
}

void append_text(std::string& out, std::string_view wire) {
  bool first = true;
  std::size_t i = 0;
  while (i < wire.size() && wire[i] != 0) {
    if (!first)
      out.push_back('.');
    first = false;
    auto label = wire.substr(i + 1, byte_at(wire, i));
    for (auto c : label) {
      auto code = static_cast<unsigned char>(c);
      if (c == '.' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
      } else if (code < 0x21 || code > 0x7E) {
        out.push_back('\\');
        out.push_back(static_cast<char>('0' + code / 100));
        out.push_back(static_cast<char>('0' + code / 10 % 10));
        out.push_back(static_cast<char>('0' + code % 10));
      } else {
        out.push_back(c);
      }
    }
    i += 1 + label.size();
  }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i]))
      return false;
  return true;
}

void name_writer::write(std::string_view wire, bool may_point) {
  PRAETOR_ASSERT(!wire.empty() && wire.size() <= name_size_max);
  if (!compress_) {
    out_.append(wire);
    return;
  }
  suffixes parts;
  split(wire, parts);
  std::size_t n = 0;
  std::uint16_t target = 0;
  for (; n < parts.count; ++n) {
    target = find(parts.hash[n], wire.substr(parts.begin[n]));
    if (target != 0)
      break;
  }
  std::size_t start = out_.size();
  for (std::size_t i = 0; i < n; ++i)
    insert(parts.hash[i], start + parts.begin[i]);
  if (target == 0 || !may_point) {
    out_.append(wire);
    return;
  }
  out_.append(wire.substr(0, parts.begin[n]));
  out_.push_back(static_cast<char>(pointer_bits | target >> 8));
  out_.push_back(static_cast<char>(target & 0xFF));
}

void name_writer::note(std::string_view wire, std::size_t offset) {
  if (!compress_)
    return;
  suffixes parts;
  split(wire, parts);
  for (std::size_t i = 0; i < parts.count; ++i)
    insert(parts.hash[i], offset + parts.begin[i]);
}

std::uint16_t name_writer::find(std::uint32_t hash,
                                std::string_view suffix) const {
  if (slots_.empty())
    return 0;
  for (std::size_t i = hash & (slots_.size() - 1);;
       i = (i + 1) & (slots_.size() - 1)) {
    auto& slot = slots_[i];
    if (slot.offset == 0)
      return 0;
    if (slot.hash == hash && stands_at(slot.offset, suffix))
      return slot.offset;
  }
}

void name_writer::insert(std::uint32_t hash, std::size_t offset) {
  if (offset == 0 || offset > pointer_offset_max)
    return;
  if (used_ * 2 >= slots_.size())
    grow();
  auto i = hash & (slots_.size() - 1);
  while (slots_[i].offset != 0)
    i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {hash, static_cast<std::uint16_t>(offset)};
  ++used_;
}

void name_writer::grow() {
  std::vector<slot> old(slots_.empty() ? slots_at_first : slots_.size() * 2);
  old.swap(slots_);
  for (auto& slot : old) {
    if (slot.offset == 0)
      continue;
    auto i = slot.hash & (slots_.size() - 1);
    while (slots_[i].offset != 0)
      i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

bool name_writer::stands_at(std::size_t offset, std::string_view suffix) const {
  std::string_view message = out_;
  std::size_t i = 0;
  for (;;) {
    PRAETOR_ASSERT(offset < message.size());
    unsigned length = byte_at(message, offset);
    if ((length & pointer_bits) == pointer_bits) {
      offset = (length & ~pointer_bits) << 8 | byte_at(message, offset + 1);
      continue;
    }
    if (length != byte_at(suffix, i) ||
        message.substr(offset, length + 1) != suffix.substr(i, length + 1))
      return false;
    if (length == 0)
      return true;
    i += length + 1;
    offset += length + 1;
  }
}

} // namespace praetor::dns
