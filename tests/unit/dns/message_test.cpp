#include "dns/message.hpp"

#include "tests/unit/dns/packets.hpp"

#include <doctest/doctest.h>

using namespace praetor::dns;
using namespace std::string_literals;

TEST_CASE("a query is decoded with its flags and its question") {
  query_message query;
  auto bytes = make_query("Web.service.consul", type::srv, {.flags = 0x0110});
  REQUIRE(decode_query(bytes, query) == decoded::query);
  CHECK(query.id == 0x1234);
  CHECK(query.recursion_desired);
  CHECK(query.checking_disabled);
  CHECK(query.type == type::srv);
  CHECK(query.dns_class == class_in);
  CHECK_FALSE(query.extension);
}

TEST_CASE("EDNS tells a size and a client subnet, masked to its prefix") {
  query_message query;
  auto subnet = "\0\x08\0\x08\0\1\x14\0\1\2\xFF\4"s; // 1.2.255.4/20
  auto bytes = make_query("a", type::a, {.udp_size = 1232, .options = subnet});
  REQUIRE(decode_query(bytes, query) == decoded::query);
  REQUIRE(query.extension);
  CHECK(query.extension->udp_size == 1232);
  REQUIRE(query.extension->subnet);
  CHECK(query.extension->subnet->source_prefix == 20);
  CHECK(query.extension->subnet->address[2] == 0xF0);
  CHECK(query.extension->subnet->address[3] == 0);
}

TEST_CASE("unknown EDNS options are passed over, broken ones are not") {
  query_message query;
  auto decode = [&](std::string options) {
    query = {};
    return decode_query(
        make_query("a", type::a, {.udp_size = 1232, .options = options}),
        query);
  };
  CHECK(decode("\xFD\xE9\0\3abc"s) == decoded::query);
  CHECK(decode("\0\x0A\0\x08"s + "12345678") == decoded::query);
  CHECK(decode("\0\x08\0\x09"s + "a") == decoded::format_error);
  CHECK(decode("\0"s) == decoded::format_error);
  CHECK(decode("\0\x08\0\2\0\1"s) == decoded::format_error);
  CHECK(decode("\0\x08\0\4\0\7\x18\0"s) == decoded::format_error);
  CHECK(decode("\0\x08\0\4\0\1\x21\0"s) == decoded::format_error);
  CHECK(decode("\0\x08\0\4\0\0\0\0"s) == decoded::query);
}

TEST_CASE("responses and headless packets are ignored") {
  query_message query;
  auto bytes = make_query("a", type::a, {.flags = 0x8100});
  CHECK(decode_query(bytes, query) == decoded::ignored);
  CHECK(decode_query(bytes.substr(0, 11), query) == decoded::ignored);
  CHECK(decode_query("", query) == decoded::ignored);
}

TEST_CASE("other opcodes are not implemented") {
  for (unsigned opcode = 1; opcode < 16; ++opcode) {
    query_message query;
    auto bytes = make_query("a", type::a, {.flags = opcode << 11});
    CHECK(decode_query(bytes, query) == decoded::not_implemented);
    CHECK(query.opcode == opcode);
  }
}

TEST_CASE("a query has one question and few other records") {
  auto with_counts = [](std::string counts) {
    auto bytes = make_query("a", type::a);
    bytes.replace(4, 8, counts);
    query_message query;
    return decode_query(bytes, query);
  };
  CHECK(with_counts("\0\1\0\0\0\0\0\0"s) == decoded::query);
  CHECK(with_counts("\0\0\0\0\0\0\0\0"s) == decoded::format_error);
  CHECK(with_counts("\0\2\0\0\0\0\0\0"s) == decoded::format_error);
  CHECK(with_counts("\0\1\0\2\0\0\0\0"s) == decoded::format_error);
  CHECK(with_counts("\0\1\0\0\0\2\0\0"s) == decoded::format_error);
  CHECK(with_counts("\0\1\0\0\0\0\0\3"s) == decoded::format_error);
  // A promise that the packet's end breaks is forgiven.
  CHECK(with_counts("\0\1\0\1\0\1\0\2"s) == decoded::query);
}

TEST_CASE("a query that is cut anywhere is survived") {
  auto whole = make_query("web.service.consul", type::a,
                          {.udp_size = 4096, .options = "\0\x0A\0\2ab"s});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    query_message query;
    auto what = decode_query(whole.substr(0, size), query);
    CHECK((what == decoded::ignored) == (size < header_size));
  }
}

TEST_CASE("an illegible question is told from an illegible rest") {
  query_message query;
  auto bytes = make_query("web.service.consul", type::a, {.udp_size = 4096});
  CHECK(decode_query(bytes.substr(0, 20), query) == decoded::format_error);
  CHECK_FALSE(query.has_question);
  CHECK(decode_query(bytes.substr(0, bytes.size() - 1), query) ==
        decoded::format_error);
  CHECK(query.has_question);
}

TEST_CASE("a reply repeats the question and points at its name") {
  query_message query;
  REQUIRE(decode_query(make_query("Foo.node.consul", type::a), query) ==
          decoded::query);
  reply message(query);
  record one;
  one.owner = message.question_name;
  one.type = type::a;
  one.ttl = 7;
  one.fixed_size = 4;
  one.fixed = {10, 0, 0, 1};
  message.answers.push_back(one);
  auto packed = encode(message, true);
  CHECK(packed.size() == 12 + 17 + 4 + 16);
  auto plain = encode(message, false);
  CHECK(plain.size() == packed.size() + 15);
  for (auto& bytes : {packed, plain}) {
    auto got = read(bytes);
    CHECK(got.id == 0x1234);
    CHECK(got.question == "Foo.node.consul");
    CHECK(got.answers[0] == "Foo.node.consul 7 A 10.0.0.1");
  }
}

TEST_CASE("the OPT record repeats the size and the subnet") {
  query_message query;
  auto subnet = "\0\x08\0\x07\0\1\x18\0\1\2\3"s;
  auto bytes = make_query("a", type::a, {.udp_size = 2048, .options = subnet});
  REQUIRE(decode_query(bytes, query) == decoded::query);
  reply message(query);
  message.extension = query.extension;
  message.subnet_scope = 24;
  auto got = read(encode(message, true));
  CHECK(got.udp_size == 2048);
  CHECK(got.options == "\0\x08\0\x07\0\1\x18\x18\1\2\3"s);
  CHECK(extension_size(message) == 11 + 11);
}

TEST_CASE("a recursor's records are taken over with their names in full") {
  query_message query;
  REQUIRE(decode_query(make_query("www.example.com", type::a), query) ==
          decoded::query);
  reply upstream(query);
  record alias;
  alias.owner = upstream.question_name;
  alias.type = type::cname;
  alias.target = *upstream.keep_name("web.example.com");
  record address;
  address.owner = alias.target;
  address.type = type::a;
  address.fixed_size = 4;
  address.fixed = {198, 51, 100, 9};
  record other = address;
  other.type = 99;
  upstream.answers = {alias, other, address};
  auto bytes = encode(upstream, true);
  reply ours(query);
  auto records = decode_answers(bytes, ours);
  REQUIRE(records.size() == 2);
  ours.answers = records;
  auto got = read(encode(ours, true));
  CHECK(got.answers[0] == "www.example.com 0 CNAME web.example.com");
  CHECK(got.answers[1] == "web.example.com 0 A 198.51.100.9");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode_answers(bytes.substr(0, size), ours).size() < 2);
}
