// Every reader of JSON over the same bytes, and the writer over what they
// yield. A body that one endpoint refuses is the best test of another.

#include "http/bodies.hpp"
#include "http/json_read.hpp"
#include "http/json_write.hpp"
#include "protocol/base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace praetor;

namespace {

// What we write we can read, and it stays the same.
void check_round_trip(const boost::json::value& value) {
  auto once = http::canonical_json(value);
  auto parsed = http::parse_json(once);
  if (!parsed) // grown beyond a limit by escapes
    return;
  PRAETOR_ASSERT(http::canonical_json(*parsed) == once);
  std::string pretty;
  http::json_writer json(pretty, true);
  json.raw(once);
  parsed = http::parse_json(pretty);
  if (!parsed) // grown by its blanks
    return;
  PRAETOR_ASSERT(http::canonical_json(*parsed) == once);
}

void write_service(const model::service& service) {
  std::string out;
  http::json_writer json(out, true);
  json.begin_array();
  http::write_agent_service(json, service, "0123");
  http::write_catalog_service(json, {}, service);
  http::write_node_service(json, service);
  http::write_transaction_service(json, service);
  json.end_array();
  PRAETOR_ASSERT(http::parse_json(out) || out.size() > (1u << 20));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view body(reinterpret_cast<const char*>(data), size);
  if (auto value = http::parse_json(body))
    check_round_trip(*value);
  if (auto wish = http::read_agent_service(body))
    write_service(wish->service);
  if (auto wish = http::read_catalog_registration(body)) {
    std::string out;
    http::json_writer json(out);
    json.begin_array();
    http::write(json, wish->node);
    for (auto& check : wish->checks)
      http::write(json, check);
    json.end_array();
    PRAETOR_ASSERT(http::parse_json(out) || out.size() > (1u << 20));
    if (wish->service)
      write_service(*wish->service);
  }
  (void)http::read_agent_check(body);
  (void)http::read_check_update(body);
  (void)http::read_catalog_deregistration(body);
  (void)http::read_session(body);
  (void)http::read_transaction(body);
  (void)http::decode_base64(body);
  return 0;
}
