// Any bytes as the answer to a gRPC health check.

#include "protocol/health/grpc.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)praetor::health::grpc_serves(bytes);
  return 0;
}
