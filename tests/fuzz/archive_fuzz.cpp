// Any bytes as an archive of the state: as they are, and as the tar within
// the gzip, which mutations would otherwise never reach.

#include "http/gzip.hpp"
#include "http/snapshot_archive.hpp"
#include "protocol/base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace praetor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (auto& archive : {std::string(bytes), http::gzip(bytes)}) {
    auto found = http::read_archive(archive);
    if (!found)
      continue;
    auto again =
        http::read_archive(http::write_archive(found->facts, found->state, 0));
    PRAETOR_ASSERT(again && again->state == found->state);
  }
  return 0;
}
