// Configuration text from anywhere: both grammars and the reading of keys.
// The first byte chooses the grammar. Nothing may crash, and what is accepted
// must go through the checks without trouble.

#include "actors/config_draft.hpp"
#include "actors/config_files.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace praetor::actors;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  bool is_hcl = data[0] == 'h';
  config_source source;
  source.name = "fuzz";
  source.format = is_hcl ? "hcl" : "json";
  source.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto parsed = parse_source(source);
  if (!parsed)
    return 0;
  config_draft draft;
  if (!read_settings(*parsed, draft, is_hcl))
    return 0;
  // A path from the outside would touch this machine's files.
  draft.config.data_dir.clear();
  draft.config.dev_mode = true;
  if (finish_config(draft))
    (void)check_startup(draft.config).has_value();
  return 0;
}
