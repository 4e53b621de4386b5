// Any bytes as the state in a snapshot of Consul's: what is read must be a
// state that keeps its invariants and can be written and read as one of ours.

#include "protocol/base/assert.hpp"
#include "storage/consul_state.hpp"
#include "storage/state_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace praetor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto found = storage::read_consul_state(bytes);
  if (!found)
    return 0;
  for (auto& shard : found->made.shards)
    shard.check_invariants();
  found->made.catalog.check_invariants();
  found->made.queries.check_invariants();
  storage::state_encoder encoder(found->made);
  storage::state_decoder decoder;
  for (auto one = encoder.next(); !one.empty(); one = encoder.next())
    PRAETOR_ASSERT(decoder.feed(one));
  PRAETOR_ASSERT(std::move(decoder).finish());
  return 0;
}
