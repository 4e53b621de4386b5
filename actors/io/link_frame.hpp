#pragma once

// What two nodes say to one another over one socket of `link`, as bytes. All
// numbers are little-endian. First, from both sides, one hello:
//
//     8 bytes "praetor\n" | u16 version | u8 lane | u64 incarnation
//     u8 size | cluster | u8 size | node id
//
// After it frames, each of them:
//
//     u32 size of what follows | u8 kind | u64 id | u64 target | payload
//
// The payload is a message as CAF serializes it; of a failure it is u8 code |
// u64 category | the error's context as such a message. Nothing here is taken
// on trust: every length is checked before a byte is kept for it.

#include "actors/io/carrier.hpp"
#include "protocol/base/ids.hpp"
#include "protocol/base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::actors::io {

/// Goes up when an older node could misread what a newer one sends.
inline constexpr std::uint16_t link_version = 1;

/// What one batch of small messages may weigh, such as an append to a log.
inline constexpr std::size_t batch_bytes_max = 4u << 20;
/// And what one entry of it may weigh alone: Raft's largest proposal.
inline constexpr std::size_t entry_bytes_max = 8u << 20;
/// The largest frame: a batch that ends in a largest entry, and some names.
inline constexpr std::size_t frame_bytes_max =
    batch_bytes_max + entry_bytes_max + (64u << 10);

/// The largest hello.
inline constexpr std::size_t hello_bytes_max = 8 + 2 + 1 + 8 + 2 * (1 + 255);

/// The size of the length, and of all before the payload.
inline constexpr std::size_t frame_length_bytes = 4;
inline constexpr std::size_t frame_header_bytes = 21;

/// A buffer that took a large frame is given back above this.
inline constexpr std::size_t idle_buffer_bytes_max = 256u << 10;

/// Who is at the other end.
struct link_hello {
  /// Nodes of another one do not talk to us; at most 255 bytes, as the next.
  std::string cluster;
  node_id node;
  /// Another number each time that the node starts.
  std::uint64_t incarnation = 0;
  lane by = lane::control;
  friend bool operator==(const link_hello&, const link_hello&) = default;
};

struct decoded_hello {
  link_hello hello;
  std::size_t size = 0;
};

std::string encode(const link_hello& hello);

/// Nothing yet while bytes are missing that could still make it a hello.
result<std::optional<decoded_hello>> decode_hello(std::string_view bytes);

enum class frame_kind : std::uint8_t {
  ping,    // says that we live; no id, target or payload
  message, // to a name, without an answer
  request, // to a name
  answer,  // to the request of this id
  failure, // the same, and it is an error
};
inline constexpr std::uint8_t frame_kinds = 5;

struct frame_header {
  frame_kind kind = frame_kind::ping;
  /// The sender's number of a request, 0 for others.
  std::uint64_t id = 0;
  /// The name that a request or message is for, as an atom's value.
  std::uint64_t target = 0;
  friend bool operator==(const frame_header&, const frame_header&) = default;
};

/// Writes to the first bytes of a frame that is complete but for them.
void put_header(std::vector<char>& out, std::size_t frame_at,
                const frame_header& header);

/// Takes one frame of exactly these bytes apart; the payload is what follows
/// the first `frame_header_bytes`.
result<frame_header> decode_header(std::string_view frame);

/// Whether a payload holds only types that CAF reads without harm. Refused
/// are those that nest without end, reserve what a length says, or name
/// actors; what remains is our own table and plain values.
status check_types(std::string_view payload);

/// Collects bytes to frames.
class frame_reader {
public:
  using on_frame = std::function<bool(std::string_view)>;

  /// Calls `found` for each whole frame in what came before and in these
  /// bytes, until it returns false. After a failure the stream is of no use.
  status feed(std::string_view bytes, const on_frame& found);

  /// What waits for the rest of its frame.
  std::size_t held() const { return held_.size(); }

private:
  /// The whole size of the frame that begins here; 0 while unknown.
  static result<std::size_t> frame_size(std::string_view bytes);
  status complete_held(std::string_view& bytes, const on_frame& found,
                       bool& more);

  std::string held_; // the beginning of one frame, never more than that
};

} // namespace praetor::actors::io
