// Any bytes as a service or a check that an agent kept: what is accepted must
// come back the same from its own bytes.

#include "protocol/base/assert.hpp"
#include "protocol/model/local_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace praetor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto found = model::decode_local_service(bytes)) {
    auto again = model::decode_local_service(model::encode_local(*found));
    PRAETOR_ASSERT(again && *again == *found);
  }
  if (auto found = model::decode_local_check(bytes)) {
    auto again = model::decode_local_check(model::encode_local(*found));
    PRAETOR_ASSERT(again && *again == *found);
  }
  if (auto found = model::decode_local_expiries(bytes)) {
    auto again = model::decode_local_expiries(model::encode_local(*found));
    PRAETOR_ASSERT(again && *again == *found);
  }
  return 0;
}
