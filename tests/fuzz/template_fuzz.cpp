// Any text as a prepared query template: the first line is its pattern, the
// rest what is interpolated. Whatever is accepted stands for any name.

#include "protocol/base/assert.hpp"
#include "protocol/model/prepared_query.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace praetor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto line = text.find('\n');
  model::prepared_query query;
  query.name = "web-";
  query.pattern.type = model::template_by_prefix;
  query.pattern.regexp = text.substr(0, line);
  if (line != text.npos)
    query.wanted.service = text.substr(line + 1);
  if (!model::check_template(query))
    return 0;
  for (auto* name : {"web-", "web-a-b", "web-\xff\xc3\xa4"}) {
    auto first = model::render(query, name);
    auto second = model::render(query, name);
    PRAETOR_ASSERT(first.has_value() == second.has_value());
    PRAETOR_ASSERT(!first || *first == *second);
  }
  return 0;
}
