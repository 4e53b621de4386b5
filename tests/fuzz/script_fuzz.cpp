// Scenarios for the simulator are files that anybody may write. Whatever they
// hold, they are refused in words that name a line, or become a bounded number
// of steps whose lines parse again to the same number of steps.

#include "actors/sim/script.hpp"

#include "protocol/base/assert.hpp"

#include <cstddef>
#include <cstdint>

using namespace praetor;
using namespace praetor::actors::sim;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto steps = parse_script(text);
  if (!steps) {
    PRAETOR_ASSERT(steps.failure().text.starts_with("line ") ||
                   steps.failure().code == errc::too_large);
    return 0;
  }
  PRAETOR_ASSERT(steps->size() <= script_steps_max);
  std::string flat;
  for (auto& one : *steps)
    flat += one.text + "\n";
  if (flat.size() > script_bytes_max)
    return 0;
  auto again = parse_script(flat);
  PRAETOR_ASSERT(again && again->size() == steps->size());
  return 0;
}
