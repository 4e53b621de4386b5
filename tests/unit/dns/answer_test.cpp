// The names that are answered for, one after another. Sizes and order have a
// file of their own.

#include "dns/answer.hpp"

#include "tests/unit/dns/fake_catalogue.hpp"
#include "tests/unit/dns/packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace praetor;
using namespace praetor::dns;
using namespace std::string_literals;
using strings = std::vector<std::string>;

namespace {

constexpr unsigned no_error = 0, server_failure = 2, name_error = 3,
                   not_implemented = 4, refused = 5;
const std::string soa = "consul 0 SOA ns.consul hostmaster.consul";

struct world {
  fake_catalogue catalogue;
  settings rules;
  prng chance{1};

  world() {
    catalogue.add_node("srv", "10.0.0.9");
    catalogue.add("srv", "consul", 8300);
    catalogue.add_node("Foo", "10.0.0.1").meta = model::string_map{{"k", "v"}};
    catalogue.add("Foo", "db", 5432, "", {"Primary", "v1.2"});
  }

  outcome ask(std::string_view packet, const supplement& more = {}) {
    return answer(packet, transport::udp, rules, catalogue, chance, more);
  }
  read_reply ask(std::string_view name, unsigned type,
                 const query_options& with = {}, const supplement& more = {}) {
    auto out = ask(make_query(name, type, with), more);
    REQUIRE(out.what == outcome::kind::reply);
    auto got = read(out.bytes);
    std::sort(got.answers.begin(), got.answers.end());
    return got;
  }
};

void check_negative(const read_reply& got, unsigned code) {
  CHECK(got.code == code);
  CHECK(got.answers.empty());
  CHECK(got.authority == strings{soa});
  CHECK(got.authoritative);
}

} // namespace

TEST_CASE("a node's address comes with its metadata") {
  world w;
  auto got = w.ask("foo.node.consul", type::a);
  CHECK(got.code == no_error);
  CHECK(got.authoritative);
  CHECK_FALSE(got.available);
  CHECK(got.answers == strings{"foo.node.consul 0 A 10.0.0.1"});
  CHECK(got.additional == strings{"foo.node.consul 0 TXT k=v"});
  w.rules.node_meta_txt = false;
  CHECK(w.ask("foo.node.consul", type::a).additional.empty());
  got = w.ask("foo.node.consul", type::any);
  CHECK(got.answers ==
        strings{"foo.node.consul 0 A 10.0.0.1", "foo.node.consul 0 TXT k=v"});
}

TEST_CASE("letter case is echoed and does not matter") {
  world w;
  auto got = w.ask("FoO.NODE.Consul", type::a);
  CHECK(got.question == "FoO.NODE.Consul");
  CHECK(got.answers == strings{"FoO.NODE.Consul 0 A 10.0.0.1"});
  got = w.ask("primary.DB.service.consul", type::a);
  CHECK(got.answers == strings{"primary.DB.service.consul 0 A 10.0.0.1"});
}

TEST_CASE("a node has nothing of other types, an unknown one not even a name") {
  world w;
  for (unsigned type : {type::aaaa, type::srv, std::uint16_t{15}}) {
    auto got = w.ask("foo.node.consul", type);
    CHECK(got.code == no_error);
    CHECK(got.answers.empty());
    CHECK(got.authority.empty());
  }
  check_negative(w.ask("nope.node.consul", type::a), name_error);
}

TEST_CASE("metadata is written as RFC 1464 says, and long values in pieces") {
  world w;
  w.catalogue.add_node("esc", "10.0.0.2").meta =
      model::string_map{{" a=b`c ", "v`=x"},
                        {"RFC1035-Y", "z=1"},
                        {"long", std::string(300, 'x')}};
  auto got = w.ask("esc.node.consul", type::txt);
  CHECK(got.answers ==
        strings{"esc.node.consul 0 TXT ` a`=b``c` =v``=x",
                "esc.node.consul 0 TXT long=" + std::string(250, 'x') + " " +
                    std::string(50, 'x'),
                "esc.node.consul 0 TXT z=1"});
}

TEST_CASE("SRV points at the node, or at the service's own address") {
  world w;
  w.catalogue.add_node("bar", "10.0.0.2");
  w.catalogue.add("bar", "db", 5433, "10.9.0.2").weights = {7, 3};
  auto got = w.ask("db.service.consul", type::srv);
  CHECK(got.answers ==
        strings{"db.service.consul 0 SRV 1 1 5432 Foo.node.dc1.consul",
                "db.service.consul 0 SRV 1 7 5433 0a090002.addr.dc1.consul"});
  std::sort(got.additional.begin(), got.additional.end());
  CHECK(got.additional == strings{"0a090002.addr.dc1.consul 0 A 10.9.0.2",
                                  "Foo.node.dc1.consul 0 A 10.0.0.1",
                                  "Foo.node.dc1.consul 0 TXT k=v"});
}

TEST_CASE("SRV leaves out what has the same node, address and port") {
  world w;
  w.catalogue.add("Foo", "db", 5432);
  w.catalogue.add("Foo", "db", 5433);
  CHECK(w.ask("db.service.consul", type::srv).answers.size() == 2);
  CHECK(w.ask("db.service.consul", type::a).answers.size() == 1);
}

TEST_CASE("tags choose among instances") {
  world w;
  CHECK(w.ask("v1.2.db.service.consul", type::a).answers.size() == 1);
  CHECK(w.ask("_db._primary.service.consul", type::srv).answers.size() == 1);
  CHECK(w.ask("_db._tcp.consul", type::srv).answers.size() == 1);
  check_negative(w.ask("_db._tcp.consul", type::a), name_error);
  check_negative(w.ask("_db._udp.service.consul", type::srv), name_error);
}

TEST_CASE("critical instances are left out, warning ones when so set") {
  world w;
  w.catalogue.add_node("b", "10.0.0.2");
  w.catalogue.add_node("c", "10.0.0.3");
  w.catalogue.add_node("d", "10.0.0.4");
  w.catalogue.add("b", "db", 1, "", {}, "warning").weights = {7, 3};
  w.catalogue.add("c", "db", 1, "", {}, "critical");
  w.catalogue.add("d", "down", 1, "", {}, "maintenance");
  CHECK(w.ask("db.service.consul", type::a).answers.size() == 2);
  auto srv = w.ask("db.service.consul", type::srv).answers;
  CHECK(srv[1] == "db.service.consul 0 SRV 1 3 1 b.node.dc1.consul");
  w.rules.only_passing = true;
  CHECK(w.ask("db.service.consul", type::a).answers.size() == 1);
  check_negative(w.ask("down.service.consul", type::a), name_error);
}

TEST_CASE("a service without that family exists all the same") {
  world w;
  check_negative(w.ask("db.service.consul", type::aaaa), no_error);
  check_negative(w.ask("db.service.consul", 15), no_error);
  CHECK(w.ask("db.service.consul", type::txt).answers ==
        strings{"db.service.consul 0 A 10.0.0.1"});
}

TEST_CASE("addresses tagged for a family serve it") {
  world w;
  auto& node = w.catalogue.add_node("dual", "10.0.0.3");
  node.tagged_addresses =
      model::string_map{{"lan_ipv6", "2001:db8::3"}, {"wan", "198.51.100.3"}};
  w.catalogue.add("dual", "dd", 1);
  CHECK(w.ask("dual.node.consul", type::aaaa).answers ==
        strings{"dual.node.consul 0 AAAA 2001:db8::3"});
  CHECK(w.ask("dual.node.consul", type::a).answers ==
        strings{"dual.node.consul 0 A 10.0.0.3"});
  auto srv = w.ask("dd.service.consul", type::srv);
  CHECK(srv.additional[0] ==
        "20010db8000000000000000000000003.addr.dc1.consul 0 AAAA "
        "2001:db8::3");
}

TEST_CASE("a host name is an alias, and goes back when there are addresses") {
  world w;
  w.catalogue.add_node("ext", "www.example.com");
  w.catalogue.add("ext", "search", 80);
  for (unsigned type : {type::a, type::aaaa, type::any})
    CHECK(w.ask("search.service.consul", type).answers ==
          strings{"search.service.consul 0 CNAME www.example.com"});
  CHECK(w.ask("search.service.consul", type::srv).answers ==
        strings{"search.service.consul 0 SRV 1 1 80 www.example.com"});
  CHECK(w.ask("ext.node.consul", type::a).answers ==
        strings{"ext.node.consul 0 CNAME www.example.com"});
  w.catalogue.add("Foo", "search", 80);
  CHECK(w.ask("search.service.consul", type::a).answers ==
        strings{"search.service.consul 0 A 10.0.0.1"});
}

TEST_CASE("host names in our zones are followed, and not in circles") {
  world w;
  w.rules.alt_domain = "alt.test";
  w.catalogue.add_node("in", "foo.node.alt.test");
  w.catalogue.add("in", "alias", 80);
  w.catalogue.add_node("one", "two.node.consul");
  w.catalogue.add_node("two", "one.node.consul");
  CHECK(w.ask("alias.service.consul", type::a).answers ==
        strings{"alias.service.consul 0 CNAME foo.node.alt.test",
                "foo.node.alt.test 0 A 10.0.0.1"});
  CHECK(w.ask("alias.service.consul", type::srv).additional ==
        strings{"foo.node.alt.test 0 A 10.0.0.1"});
  CHECK(w.ask("one.node.consul", type::a).answers.size() == 4);
}

TEST_CASE("a service at its own name is at its node's address") {
  world w;
  w.catalogue.add("Foo", "self", 1, "self.service.consul");
  CHECK(w.ask("self.service.consul", type::a).answers ==
        strings{"self.service.consul 0 A 10.0.0.1"});
  CHECK(w.ask("self.service.consul", type::srv).answers ==
        strings{"self.service.consul 0 SRV 1 1 1 Foo.node.dc1.consul"});
}

TEST_CASE("addresses as names answer whatever type is asked for") {
  world w;
  w.rules.node_ttl = std::chrono::seconds(4);
  for (unsigned type : {type::a, type::aaaa, type::srv})
    CHECK(w.ask("7F000001.addr.dc9.consul", type).answers ==
          strings{"7F000001.addr.dc9.consul 4 A 127.0.0.1"});
  auto six = "20010db8000000000000000000000001.addr.consul"s;
  CHECK(w.ask(six, type::aaaa).answers == strings{six + " 4 AAAA 2001:db8::1"});
  check_negative(w.ask("7f00000z.addr.consul", type::a), name_error);
  CHECK(w.ask("7f0000.addr.consul", type::a).code == no_error);
}

TEST_CASE("reverse names lead to nodes first, then to services") {
  world w;
  w.catalogue.add("Foo", "db", 1, "10.9.0.2");
  CHECK(w.ask("1.0.0.10.IN-addr.arpa", type::ptr).answers ==
        strings{"1.0.0.10.IN-addr.arpa 0 PTR Foo.node.dc1.consul"});
  CHECK(w.ask("2.0.9.10.in-addr.arpa", type::ptr).answers ==
        strings{"2.0.9.10.in-addr.arpa 0 PTR db.service.dc1.consul"});
  auto got = w.ask("1.1.1.1.in-addr.arpa", type::ptr);
  CHECK(got.code == server_failure);
  CHECK_FALSE(got.authoritative);
  w.rules.has_recursors = true;
  CHECK(w.ask(make_query("1.1.1.1.in-addr.arpa", type::ptr)).what ==
        outcome::kind::recurse);
}

TEST_CASE("the zone has a start of authority and name servers") {
  world w;
  auto got = w.ask("anything.consul", type::soa);
  CHECK(got.answers == strings{soa});
  CHECK(got.authority == strings{"consul 0 NS srv.node.dc1.consul"});
  CHECK(got.additional == strings{"srv.node.dc1.consul 0 A 10.0.0.9"});
  got = w.ask("consul", type::ns);
  CHECK(got.answers == strings{"consul 0 NS srv.node.dc1.consul"});
  world odd;
  odd.catalogue.add_node("bad_name", "10.0.0.8");
  odd.catalogue.add("bad_name", "consul", 8300);
  CHECK(odd.ask("consul", type::ns).answers.size() == 1);
  CHECK(w.ask("consul", type::axfr).code == not_implemented);
}

TEST_CASE("the minimum TTL is that of negative answers") {
  world w;
  w.rules.soa.min_ttl = 60;
  CHECK(w.ask("nope.service.consul", type::a).authority ==
        strings{"consul 60 SOA ns.consul hostmaster.consul"});
}

TEST_CASE("names outside are refused, or a recursor's") {
  world w;
  auto got = w.ask("www.example.com", type::a, {.udp_size = 1232});
  CHECK(got.code == refused);
  CHECK_FALSE(got.authoritative);
  CHECK(got.udp_size == 0);
  w.rules.has_recursors = true;
  CHECK(w.ask(make_query("www.example.com", type::a)).what ==
        outcome::kind::recurse);
  CHECK(w.ask("foo.node.consul", type::a).available);
}

TEST_CASE("without a leader the catalogue is not asked") {
  world w;
  w.catalogue.leader = false;
  for (auto name : {"db.service.consul", "foo.node.consul", "x.connect.consul"})
    CHECK(w.ask(name, type::a).code == server_failure);
  CHECK(w.ask("7f000001.addr.consul", type::a).answers.size() == 1);
  CHECK(w.ask("foo.node.consul", 15).code == no_error);
  CHECK(w.ask("consul", type::ns).answers.empty());
}

TEST_CASE("proxies answer for the service they speak for") {
  world w;
  w.catalogue.add("Foo", "db-proxy", 21000, "10.3.3.3");
  w.catalogue.add_proxy("db", "db-proxy");
  CHECK(w.ask("db.connect.consul", type::a).answers ==
        strings{"db.connect.consul 0 A 10.3.3.3"});
  check_negative(w.ask("nope.connect.consul", type::a), name_error);
  check_negative(w.ask("db.ingress.consul", type::a), name_error);
}

TEST_CASE("malformed packets get an error code or silence") {
  world w;
  auto whole = make_query("foo.node.consul", type::a);
  CHECK(w.ask(whole.substr(0, 11)).what == outcome::kind::drop);
  CHECK(w.ask(make_query("a", type::a, {.flags = 0x8000})).what ==
        outcome::kind::drop);
  auto got = read(w.ask(whole.substr(0, 20)).bytes);
  CHECK(got.code == 1);
  CHECK(got.id == 0x1234);
  CHECK(got.question.empty());
  got = read(w.ask(make_query("a", type::a, {.flags = 2u << 11})).bytes);
  CHECK(got.code == not_implemented);
}
