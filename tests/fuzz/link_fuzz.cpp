// Any bytes as what a peer sends over `link`: a hello and the frames after
// it, whole and in pieces, and each payload through CAF's deserializer. What
// could be read must be readable again once written.

#include "actors/io/link_codec.hpp"
#include "actors/type_table.hpp"
#include "protocol/base/assert.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

using namespace praetor;
using namespace praetor::actors;

namespace {

struct fuzz_config : caf::actor_system_config {
  fuzz_config() {
    register_messages(*this);
    set("scheduler.policy", caf::atom("testing"));
  }
};

caf::actor_system& system_of() {
  // Never destroyed: CAF's own statics go first when a program exits.
  static auto* config = new fuzz_config;
  static auto* system = new caf::actor_system{*config};
  return *system;
}

void try_payload(io::frame_kind kind, std::string_view payload) {
  auto what = io::read_payload(system_of(), kind, payload);
  if (!what)
    return;
  if (kind == io::frame_kind::failure)
    kind = io::frame_kind::answer;
  std::vector<char> frame;
  if (!io::append_frame(system_of(), frame, {kind, 1, 0}, *what))
    return;
  std::string bytes(frame.begin(), frame.end());
  auto header = io::decode_header(bytes);
  PRAETOR_ASSERT(header);
  auto again =
      io::read_payload(system_of(), header->kind,
                       std::string_view(bytes).substr(io::frame_header_bytes));
  PRAETOR_ASSERT(again);
}

std::vector<std::string> frames_of(std::string_view bytes, std::size_t piece) {
  io::frame_reader reader;
  std::vector<std::string> found;
  auto keep = [&](std::string_view frame) {
    found.emplace_back(frame);
    return true;
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!reader.feed(bytes.substr(at, piece), keep))
      break;
  return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto hello = io::decode_hello(bytes); hello && *hello) {
    auto again = io::decode_hello(io::encode((*hello)->hello));
    PRAETOR_ASSERT(again && *again && (*again)->hello == (*hello)->hello);
    bytes.remove_prefix((*hello)->size);
  }
  auto frames = frames_of(bytes, SIZE_MAX / 2);
  PRAETOR_ASSERT(frames_of(bytes, 7) == frames);
  for (auto& frame : frames) {
    auto header = io::decode_header(frame);
    if (header)
      try_payload(header->kind,
                  std::string_view(frame).substr(io::frame_header_bytes));
  }
  return 0;
}
