#include "dns/message.hpp"
#include "dns/query.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace praetor::dns;
using kind = praetor::dns::asked::kind;

namespace {

asked parse(std::string_view text, std::uint16_t question_type = type::a,
            zones ours = {"consul", "alt.test"}) {
  std::string bytes;
  REQUIRE(append_name(bytes, text));
  wire_name name;
  std::copy(bytes.begin(), bytes.end(), name.bytes.begin());
  name.size = bytes.size();
  return parse_question(name, question_type, ours);
}

void check(std::string_view text, kind what, std::string_view name = "",
           std::string_view tag = "", std::string_view datacenter = "",
           std::uint16_t question_type = type::a) {
  CAPTURE(text);
  auto got = parse(text, question_type);
  CHECK(got.what == what);
  CHECK(got.name == name);
  CHECK(got.tag == tag);
  CHECK(got.datacenter == datacenter);
}

} // namespace

TEST_CASE("services have tags, with dots too, and datacenters") {
  check("web.service.consul", kind::service, "web");
  check("rails.web.service.consul", kind::service, "web", "rails");
  check("v1.2.web.service.consul", kind::service, "web", "v1.2");
  check("rails.web.service.dc1.consul", kind::service, "web", "rails", "dc1");
  check("WEB.Service.DC1.CONSUL", kind::service, "web", "", "dc1");
}

TEST_CASE("RFC 2782 names have a tag, and tcp is none") {
  check("_web._tcp.service.consul", kind::service, "web");
  check("_web._rails.service.dc1.consul", kind::service, "web", "rails", "dc1");
  check("_WEB._TCP.service.consul", kind::service, "web");
  check("x._web._tcp.service.consul", kind::service, "_tcp", "x._web");
  check("_web.service.consul", kind::service, "_web");
}

TEST_CASE("only SRV may leave the word service out") {
  check("_web._tcp.consul", kind::service, "web", "", "", type::srv);
  check("_web._rails.dc1.consul", kind::service, "web", "rails", "dc1",
        type::srv);
  check("_web._tcp.consul", kind::unknown);
}

TEST_CASE("nodes and prepared queries have dots in their names") {
  check("foo.node.consul", kind::node, "foo");
  check("a.b.node.dc2.consul", kind::node, "a.b", "", "dc2");
  check("a.b.query.consul", kind::prepared, "a.b");
  check("q.query.dc2.consul", kind::prepared, "q", "", "dc2");
}

TEST_CASE("proxies, gateways and addresses have kinds of their own") {
  check("web.connect.consul", kind::connect, "web");
  check("x.web.connect.dc1.consul", kind::connect, "web", "", "dc1");
  check("web.ingress.consul", kind::ingress, "web");
  check("7f000001.addr.consul", kind::address, "7f000001");
  check("7F000001.addr.any.thing.consul", kind::address, "7f000001");
  check("x.7f000001.addr.consul", kind::unknown);
}

TEST_CASE("the word that names the kind is the last one") {
  check("node.service.consul", kind::service, "node");
  check("service.node.consul", kind::node, "service");
}

TEST_CASE("names without a shape that we know are unknown") {
  for (auto name :
       {"consul", "foo.consul", "service.consul", "node.consul", "query.consul",
        "addr.consul", "a.service.b.c.consul", "a.node.b.c.consul"})
    check(name, kind::unknown);
}

TEST_CASE("names in no zone of ours are outside or reverse") {
  for (auto name : {"www.example.com", "xconsul", "consul.com", "", "test"})
    check(name, kind::outside);
  check("1.0.0.10.IN-ADDR.ARPA", kind::reverse, "1.0.0.10.in-addr.arpa");
  check("arpa", kind::reverse, "arpa");
}

TEST_CASE("a second zone is as good as the first") {
  check("foo.node.alt.test", kind::node, "foo");
  check("foo.node.dc1.ALT.TEST", kind::node, "foo", "", "dc1");
  auto inner = parse("foo.node.x.consul", type::a, {"consul", "x.consul"});
  CHECK(inner.what == kind::node);
  CHECK(inner.datacenter.empty());
  auto dotted = parse("foo.node.consul", type::a, {"consul.", ""});
  CHECK(dotted.what == kind::node);
}

TEST_CASE("a dot inside a label is no border between labels") {
  wire_name name;
  std::string bytes("\3a.b\7service\6consul\0", 21);
  std::copy(bytes.begin(), bytes.end(), name.bytes.begin());
  name.size = bytes.size();
  auto got = parse_question(name, type::a, {"consul", ""});
  CHECK(got.what == kind::service);
  CHECK(got.name == "a\\.b");
  CHECK(got.tag.empty());
}

TEST_CASE("host names are ours or not, whatever their last dot") {
  zones ours{"consul", "alt.test"};
  CHECK(is_ours("foo.node.consul", ours));
  CHECK(is_ours("foo.node.CONSUL.", ours));
  CHECK(is_ours("foo.alt.test", ours));
  CHECK_FALSE(is_ours("consul", ours));
  CHECK_FALSE(is_ours("xconsul", ours));
  CHECK_FALSE(is_ours("www.example.com", {"consul", ""}));
}
