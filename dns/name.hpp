#pragma once

// Domain names on the wire (RFC 1035, sections 2.3.4 and 4.1.4). A name is
// kept as it travels: labels, each behind its length, and the empty label of
// the root. Letter case is kept too, because clients compare what they asked
// with what we echo.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::dns {

/// RFC 1035, section 2.3.4.
inline constexpr std::size_t label_size_max = 63;
inline constexpr std::size_t name_size_max = 255;
/// The most labels that fit into a name: each takes two bytes at least, and
/// the root one.
inline constexpr std::size_t name_labels_max = 127;

/// An uncompressed name. The bytes behind `size` are not initialised.
struct wire_name {
  std::array<char, name_size_max> bytes;
  std::size_t size = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};

/// Reads the name at `offset` and moves `offset` behind it. A pointer may only
/// point before the place where its own piece of the name began, so that each
/// jump goes back and none can loop. False when the bytes are not a name;
/// `offset` is then meaningless.
[[nodiscard]] bool read_name(std::string_view packet, std::size_t& offset,
                             wire_name& name);

/// Appends the wire form of "web.service.consul" or "web.service.consul.".
/// False, and nothing appended, when a label is empty or too long or the whole
/// is too long.
[[nodiscard]] bool append_name(std::string& out, std::string_view text);

/// Appends labels as dotted text without a dot at the end. Dots, backslashes
/// and unprintable bytes inside a label are escaped (RFC 1035, section 5.1),
/// so that a label "a.b" is never taken for two labels. `wire` is a run of
/// labels; a root label ends it.
void append_text(std::string& out, std::string_view wire);

/// ASCII only: names are compared without regard to letter case.
inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Writes names into a message and points at what is there already (RFC 1035,
/// section 4.1.4). Suffixes match byte for byte: pointing at the same name in
/// another letter case would change the echo.
class name_writer {
public:
  /// Offsets count from where `out` begins. Without `compress` every name is
  /// written in full.
  name_writer(std::string& out, bool compress)
      : out_(out), compress_(compress) {}

  /// `may_point` is false inside the data of types younger than RFC 1035
  /// (RFC 3597, section 4), SRV above all.
  void write(std::string_view wire, bool may_point = true);

  /// Remembers a name that was written in full at `offset`.
  void note(std::string_view wire, std::size_t offset);

private:
  struct slot {
    std::uint32_t hash = 0;
    std::uint16_t offset = 0; // 0: free; a header stands there, never a name
  };

  /// Where the suffix stands, or 0.
  std::uint16_t find(std::uint32_t hash, std::string_view suffix) const;
  void insert(std::uint32_t hash, std::size_t offset);
  void grow();
  bool stands_at(std::size_t offset, std::string_view suffix) const;

  std::string& out_;
  bool compress_;
  std::vector<slot> slots_;
  std::size_t used_ = 0;
};

} // namespace praetor::dns
