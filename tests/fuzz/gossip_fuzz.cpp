// Any bytes as a packet and as a stream: what is accepted must come back the
// same from its own bytes, and a member that hears it keeps its invariants.

#include "protocol/base/assert.hpp"
#include "protocol/gossip/codec.hpp"
#include "protocol/gossip/core.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace praetor;

namespace {

void hear(std::string_view bytes) {
  using namespace std::chrono_literals;
  instant now{1h};
  gossip::core one(gossip::lan_settings(), {"a", {"10.0.0.1", 8301}, {}, 1},
                   prng(1), now);
  one.handle(bytes, {"10.0.0.9", 8301}, now);
  one.check_invariants();
  auto answer = one.serve(bytes, {"10.0.0.9", 8301}, now);
  PRAETOR_ASSERT(gossip::decode_stream(answer));
  one.check_invariants();
  for (int i = 0; i < 20; ++i) {
    now = std::max(now, one.next_deadline());
    one.tick(now);
  }
  one.check_invariants();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto found = gossip::decode_packet(bytes)) {
    auto again = gossip::new_packet();
    for (auto& one : *found)
      again += gossip::encode(one);
    // Lengths that were not written in the shortest way get shorter.
    PRAETOR_ASSERT(again.size() <= bytes.size());
    auto read = gossip::decode_packet(again);
    PRAETOR_ASSERT(read && *read == *found);
  }
  if (auto found = gossip::decode_stream(bytes)) {
    auto read = gossip::decode_stream(gossip::encode_stream(*found));
    PRAETOR_ASSERT(read && *read == *found);
  }
  hear(bytes);
  return 0;
}
