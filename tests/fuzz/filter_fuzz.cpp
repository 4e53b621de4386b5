// Filter expressions come from anybody who may ask. Whatever they say, they
// are refused in words or can be asked about any record; the first byte of
// the input chooses the kind of record.

#include "protocol/model/filter.hpp"

#include "protocol/base/assert.hpp"

#include <memory>

using namespace praetor;
using namespace praetor::model;

namespace {

service_entry example(bool full) {
  node host;
  host.name = "web-1";
  check probe;
  service instance;
  instance.name = "web";
  if (full) {
    host.meta = string_map{{"a", "1"}, {"", "\xC3\xA9"}};
    instance.tags = {"v1", ""};
    instance.meta = string_map{{"a", "b"}};
    instance.tagged_addresses =
        std::map<std::string, service_address>{{"lan", {"10.0.0.1", 80}}};
    instance.proxy.upstreams_json =
        R"([{"DestinationName":"d\u0062","LocalBindPort":5},{}])";
    instance.proxy.expose_json = R"({"Checks":true,"Paths":[{"Path":"/"}]})";
    probe.output = std::string(100, 'a') + "\n";
  }
  service_entry out{std::make_shared<const node>(host),
                    std::make_shared<const service>(instance),
                    {}};
  if (full)
    out.checks.push_back(std::make_shared<const check>(probe));
  return out;
}

bool asked(const filter& by, const service_entry& about) {
  switch (by.kind) {
  case record_kind::node:
    return matches(by, *about.node);
  case record_kind::check:
    return !about.checks.empty() && matches(by, *about.checks[0]);
  case record_kind::node_service:
  case record_kind::service_name:
    return matches(by, *about.service);
  case record_kind::catalog_service:
  case record_kind::service_entry:
    return matches(by, about);
  }
  return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  if (size == 0)
    return 0;
  constexpr std::uint8_t kinds = 6;
  auto kind = static_cast<record_kind>(data[0] % kinds);
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto by = parse_filter(text, kind);
  if (!by) {
    PRAETOR_ASSERT(!by.failure().text.empty());
    return 0;
  }
  for (bool full : {false, true}) {
    auto about = example(full);
    bool first = asked(*by, about);
    PRAETOR_ASSERT(asked(*by, about) == first);
  }
  return 0;
}
