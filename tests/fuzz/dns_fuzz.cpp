// Any bytes as a query, as a recursor's reply, and as a name in the catalogue.
// What comes out must be a message that our own reader understands, within
// what the client can take.

#include "dns/answer.hpp"
#include "dns/message.hpp"
#include "protocol/base/assert.hpp"
#include "tests/unit/dns/fake_catalogue.hpp"

#include <cstdint>
#include <string_view>

namespace {

using namespace praetor;
using namespace praetor::dns;

const fake_catalogue& catalogue() {
  static const fake_catalogue* made = [] {
    auto* out = new fake_catalogue;
    out->datacenters = {"dc2"};
    out->add_node("a", "10.0.0.1").meta = model::string_map{{"k", "v"}};
    out->add_node("b", "2001:db8::1");
    out->add_node("x", "a.b.c");
    out->add_node("y", "x.node.consul");
    out->add_node("z", "y.node.consul");
    for (auto node : {"a", "b", "x", "y", "z"}) {
      out->add(node, "web", 80, "", {"t"});
      out->add(node, "h", 80, "w.service.consul", {}, "warning");
    }
    out->add("y", "w", 80);
    for (int i = 0; i < 40; ++i)
      out->add("a", "many", 1000 + i, "10.1.0." + std::to_string(i));
    out->add("a", "consul", 8300);
    return out;
  }();
  return *made;
}

unsigned u16_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]) << 8 |
         static_cast<unsigned char>(bytes[i + 1]);
}

void check_legible(std::string_view bytes) {
  PRAETOR_ASSERT(bytes.size() >= header_size);
  PRAETOR_ASSERT(bytes.size() <= message_size_max);
  std::size_t at = header_size;
  wire_name name;
  for (auto n = u16_at(bytes, 4); n > 0; --n) {
    PRAETOR_ASSERT(read_name(bytes, at, name));
    at += 4;
  }
  auto records = u16_at(bytes, 6) + u16_at(bytes, 8) + u16_at(bytes, 10);
  for (; records > 0; --records) {
    PRAETOR_ASSERT(read_name(bytes, at, name));
    PRAETOR_ASSERT(at + 10 <= bytes.size());
    at += 10 + u16_at(bytes, at + 8);
  }
  PRAETOR_ASSERT(at == bytes.size());
}

void run(std::string_view packet, transport via, const settings& rules,
         const supplement& more) {
  prng chance(1);
  auto out = answer(packet, via, rules, catalogue(), chance, more);
  if (out.what == outcome::kind::reply)
    check_legible(out.bytes);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  settings rules;
  run(bytes, transport::udp, rules, {});
  run(bytes, transport::tcp, rules, {});
  rules.has_recursors = true;
  rules.disable_compression = true;
  rules.alt_domain = "alt.test";
  prepared_result prepared;
  prepared.entries = catalogue().service("many");
  supplement more;
  more.prepared = &prepared;
  more.elsewhere = &catalogue();
  more.datacenter = "dc2";
  more.resolved["a.b.c"] = bytes;
  run(bytes, transport::udp, rules, more);
  if (auto ip = parse_address(bytes))
    PRAETOR_ASSERT(parse_address(format_address(*ip)) == ip);
  std::string wire;
  (void)append_name(wire, bytes);
  return 0;
}
