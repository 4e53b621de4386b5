// How many records an answer holds, in which order, for how long; and what
// others have to fetch for it.

#include "dns/answer.hpp"

#include "tests/unit/dns/fake_catalogue.hpp"
#include "tests/unit/dns/packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace praetor;
using namespace praetor::dns;
using namespace std::string_literals;
using strings = std::vector<std::string>;

namespace {

struct crowd {
  fake_catalogue catalogue;
  settings rules;
  prng chance{7};

  explicit crowd(int size) {
    for (int i = 0; i < size; ++i) {
      auto name = "node-" + std::to_string(1000 + i);
      auto address =
          "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
      catalogue.add_node(name, address).meta = model::string_map{{"i", "x"}};
      catalogue.add(name, "web", 8000 + i);
    }
  }

  std::string bytes(std::string_view name, unsigned type, unsigned udp_size,
                    transport via = transport::udp) {
    auto out = answer(make_query(name, type, {0x0100, udp_size, {}}), via,
                      rules, catalogue, chance);
    REQUIRE(out.what == outcome::kind::reply);
    return out.bytes;
  }
  read_reply ask(unsigned type, unsigned udp_size = 0,
                 transport via = transport::udp) {
    return read(bytes("web.service.consul", type, udp_size, via));
  }
};

std::string target_of(const std::string& answer) {
  return answer.substr(answer.rfind(' ') + 1);
}

} // namespace

TEST_CASE("plain UDP gives three answers and says nothing of the rest") {
  crowd c(12);
  auto got = c.ask(type::a);
  CHECK(got.answers.size() == 3);
  CHECK_FALSE(got.truncated);
  auto srv = c.ask(type::srv);
  REQUIRE(srv.answers.size() == 3);
  // What belongs to the answers goes with them, and only addresses.
  REQUIRE(srv.additional.size() == 3);
  for (int i = 0; i < 3; ++i)
    CHECK(srv.additional[i].starts_with(target_of(srv.answers[i]) + " 0 A "));
}

TEST_CASE("the answer limit is eight at most and not for EDNS or TCP") {
  crowd c(12);
  c.rules.udp_answer_limit = 5;
  CHECK(c.ask(type::a).answers.size() == 5);
  c.rules.udp_answer_limit = 100;
  CHECK(c.ask(type::a).answers.size() == 8);
  CHECK(c.ask(type::a, 512).answers.size() == 8);
  CHECK(c.ask(type::a, 513).answers.size() == 12);
  CHECK(c.ask(type::a, 0, transport::tcp).answers.size() == 12);
}

TEST_CASE("truncation is shown when so set and something was cut") {
  crowd c(12);
  c.rules.enable_truncate = true;
  CHECK(c.ask(type::a).truncated);
  CHECK_FALSE(c.ask(type::a, 4096).truncated);
  CHECK(c.ask(type::srv, 600).truncated);
  CHECK_FALSE(c.ask(type::srv, 0, transport::tcp).truncated);
  crowd three(3);
  three.rules.enable_truncate = true;
  CHECK_FALSE(three.ask(type::a).truncated);
}

TEST_CASE("EDNS answers fill the size and never exceed it") {
  crowd c(200);
  for (unsigned size = 513; size < 4400; size += 37) {
    for (unsigned type : {type::a, type::srv}) {
      auto bytes = c.bytes("web.service.consul", type, size);
      CHECK(bytes.size() <= size);
      auto got = read(bytes);
      // One answer more, with its additional record, would not have fitted.
      std::size_t one = type == type::a ? 16 : 18 + 27 + 16;
      if (got.answers.size() < 200)
        CHECK(bytes.size() + one > size);
      CHECK(got.additional.size() ==
            (type == type::a ? 0 : got.answers.size()));
    }
  }
}

TEST_CASE("the numbers of records of a known reply at three sizes") {
  crowd c(12);
  CHECK(c.ask(type::srv, 513).answers.size() == 7);
  CHECK(c.ask(type::srv, 600).answers.size() == 9);
  auto whole = c.ask(type::srv, 4096);
  CHECK(whole.answers.size() == 12);
  CHECK(whole.additional.size() == 24); // addresses and metadata
}

TEST_CASE("TCP carries what fits into sixteen bits of length") {
  crowd c(2000);
  auto bytes = c.bytes("web.service.consul", type::srv, 0, transport::tcp);
  CHECK(bytes.size() <= 65535);
  auto got = read(bytes);
  CHECK(got.answers.size() > 700);
  CHECK(got.answers.size() <= 1024);
  got = c.ask(type::a, 0, transport::tcp);
  CHECK(got.answers.size() == 2000);
}

TEST_CASE("an answer that is too long on its own is sent all the same") {
  crowd c(1);
  std::string label(63, 'x');
  auto tag = label + "." + label + "." + label;
  c.catalogue.add("node-1000", "long", 1, "", {tag});
  auto name = tag + ".long.service.consul";
  c.catalogue.add_node("other", "10.1.0.1");
  c.catalogue.add("other", "long", 1, "", {tag});
  c.rules.disable_compression = true;
  auto got = read(c.bytes(name, type::a, 0));
  CHECK(got.answers.size() == 1);
}

TEST_CASE("disabled compression makes larger replies of the same meaning") {
  crowd c(2);
  auto packed = c.bytes("web.service.consul", type::srv, 4096);
  c.rules.disable_compression = true;
  auto plain = c.bytes("web.service.consul", type::srv, 4096);
  CHECK(plain.size() > packed.size());
  CHECK(read(plain).answers.size() == read(packed).answers.size());
}

TEST_CASE("the limit on addresses holds everywhere but for SRV") {
  crowd c(6);
  c.rules.a_record_limit = 2;
  c.rules.enable_truncate = true;
  for (auto via : {transport::udp, transport::tcp}) {
    auto got = c.ask(type::a, 4096, via);
    CHECK(got.answers.size() == 2);
    CHECK_FALSE(got.truncated);
  }
  CHECK(c.ask(type::srv, 0, transport::tcp).answers.size() == 6);
}

TEST_CASE("every instance comes first sooner or later, one seed is one run") {
  crowd c(6);
  std::set<std::string> firsts;
  for (int i = 0; i < 100; ++i)
    firsts.insert(c.ask(type::a).answers[0]);
  CHECK(firsts.size() == 6);
  crowd d(6), e(6);
  CHECK(d.ask(type::a).answers == e.ask(type::a).answers);
}

TEST_CASE("TTLs are found by name, by the longest prefix, or for all") {
  settings rules;
  CHECK(ttl_of_service(rules, "db") == 0);
  using std::chrono::seconds;
  rules.service_ttl = {
      {"db", seconds(10)}, {"db*", seconds(66)}, {"d*", seconds(42)}};
  CHECK(ttl_of_service(rules, "db") == 10);
  CHECK(ttl_of_service(rules, "dblb") == 66);
  CHECK(ttl_of_service(rules, "dk") == 42);
  CHECK(ttl_of_service(rules, "api") == 0);
  rules.service_ttl["*"] = std::chrono::milliseconds(5900);
  CHECK(ttl_of_service(rules, "api") == 5);
  crowd c(1);
  c.rules.service_ttl["web*"] = seconds(7);
  auto got = read(c.bytes("WEB.service.consul", type::srv, 0));
  CHECK(got.answers[0].starts_with("WEB.service.consul 7 SRV "));
  CHECK(got.additional[0].starts_with("node-1000.node.dc1.consul 7 A "));
}

TEST_CASE("a prepared query is asked for and its result keeps its order") {
  crowd c(6);
  auto subnet = "\0\x08\0\x07\0\1\x18\0\1\2\3"s;
  auto packet = make_query("q.query.consul", type::a, {0x0100, 1232, subnet});
  auto before = c.chance;
  auto out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance);
  CHECK(out.what == outcome::kind::prepared);
  CHECK(out.names == strings{"q"});
  CHECK(c.chance == before);

  prepared_result result;
  result.entries = c.catalogue.service("web");
  result.ttl = std::chrono::seconds(3);
  result.datacenter = "dc2";
  supplement more;
  more.prepared = &result;
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  auto got = read(out.bytes);
  REQUIRE(got.answers.size() == 6);
  CHECK(got.answers[0] == "q.query.consul 3 A 10.0.0.1");
  CHECK(got.answers[5] == "q.query.consul 3 A 10.0.0.6");
  CHECK(got.options == "\0\x08\0\x07\0\1\x18\x18\1\2\3"s);

  out = answer(make_query("q.query.consul", type::srv), transport::udp, c.rules,
               c.catalogue, c.chance, more);
  CHECK(read(out.bytes).answers[0] ==
        "q.query.consul 3 SRV 1 1 8000 node-1000.node.dc2.consul");

  result.what = prepared_result::kind::unknown;
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  got = read(out.bytes);
  CHECK(got.code == 3);
  CHECK(got.options[7] == 0); // nobody's subnet matters to that
  result.what = prepared_result::kind::failed;
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  CHECK(read(out.bytes).code == 2);
}

TEST_CASE("another datacenter is asked for when it is known") {
  crowd c(1), far(2);
  auto packet = make_query("web.service.dc2.consul", type::srv);
  auto ask = [&](const supplement& more) {
    return answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  };
  CHECK(read(ask({}).bytes).code == 3);
  c.catalogue.datacenters = {"dc2"};
  auto out = ask({});
  CHECK(out.what == outcome::kind::elsewhere);
  CHECK(out.datacenter == "dc2");
  supplement more;
  more.elsewhere = &far.catalogue;
  more.datacenter = "dc2";
  auto got = read(ask(more).bytes);
  CHECK(got.answers.size() == 2);
  CHECK(target_of(got.answers[0]).ends_with(".node.dc2.consul"));

  far.catalogue.add_node("w", "10.7.0.1").tagged_addresses =
      model::string_map{{"wan", "198.51.100.1"}};
  packet = make_query("w.node.dc2.consul", type::a);
  CHECK(read(ask(more).bytes).answers[0] == "w.node.dc2.consul 0 A 10.7.0.1");
  c.rules.translate_wan_addrs = true;
  CHECK(read(ask(more).bytes).answers[0] ==
        "w.node.dc2.consul 0 A 198.51.100.1");
}

TEST_CASE("host names are resolved by a recursor before the answer is given") {
  crowd c(1);
  c.rules.has_recursors = true;
  c.rules.service_ttl["*"] = std::chrono::seconds(11);
  c.catalogue.add_node("ext", "www.example.com.");
  c.catalogue.add("ext", "search", 80);
  auto packet = make_query("search.service.consul", type::a);
  auto out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance);
  CHECK(out.what == outcome::kind::resolve);
  CHECK(out.names == strings{"www.example.com"});

  query_message query;
  auto asked = make_query("www.example.com", type::a);
  REQUIRE(decode_query(asked, query) == decoded::query);
  reply upstream(query);
  record one;
  one.owner = upstream.question_name;
  one.type = type::a;
  one.ttl = 300;
  one.fixed_size = 4;
  one.fixed = {198, 51, 100, 9};
  upstream.answers.push_back(one);
  supplement more;
  more.resolved["www.example.com"] = encode(upstream, true);
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  CHECK(read(out.bytes).answers ==
        strings{"search.service.consul 11 CNAME www.example.com",
                "www.example.com 11 A 198.51.100.9"});
  packet = make_query("search.service.consul", type::srv);
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  CHECK(read(out.bytes).additional[0] == "www.example.com 11 A 198.51.100.9");

  // Nobody answered: the alias goes out alone, and nobody is asked again.
  more.resolved["www.example.com"].clear();
  packet = make_query("ext.node.consul", type::a);
  out = answer(packet, transport::udp, c.rules, c.catalogue, c.chance, more);
  CHECK(read(out.bytes).answers ==
        strings{"ext.node.consul 0 CNAME www.example.com"});
}

TEST_CASE("names that no label can hold are left out") {
  crowd c(1);
  c.catalogue.add_node(std::string(64, 'n'), "10.0.0.5");
  c.catalogue.add(std::string(64, 'n'), "odd", 1);
  c.catalogue.add_node("host", "a..b");
  c.catalogue.add("host", "odd", 2);
  CHECK(read(c.bytes("odd.service.consul", type::srv, 0)).answers.empty());
  CHECK(read(c.bytes("odd.service.consul", type::a, 0)).answers.size() == 1);
  CHECK(read(c.bytes("host.node.consul", type::a, 0)).answers.empty());
}
