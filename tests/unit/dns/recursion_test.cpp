#include "dns/recursion.hpp"

#include "dns/message.hpp"
#include "tests/unit/dns/packets.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::dns;

namespace {

std::string reply_with(unsigned code, bool truncated = false) {
  std::string packet(12, '\0');
  packet[2] = static_cast<char>(truncated ? 0x82 : 0x80);
  packet[3] = static_cast<char>(code);
  return packet;
}

} // namespace

TEST_CASE("a query of ours can be read, and asks for an address") {
  auto packet = make_address_query("www.example.com");
  set_id(packet, 0xBEEF);
  CHECK(id_of(packet) == 0xBEEF);
  query_message query;
  REQUIRE(decode_query(packet, query) == decoded::query);
  CHECK(query.id == 0xBEEF);
  CHECK(query.recursion_desired);
  CHECK(query.type == type::a);
  CHECK(make_address_query(std::string(300, 'x')).empty());
}

TEST_CASE("a recursor settles a question that it knows or knows to be none") {
  CHECK(is_settled(reply_with(0)));
  CHECK(is_settled(reply_with(3)));
  CHECK_FALSE(is_settled(reply_with(2)));
  CHECK_FALSE(is_settled(reply_with(5)));
  CHECK(is_settled(reply_with(2, true)));
  CHECK_FALSE(is_settled(""));
  CHECK_FALSE(is_settled(std::string(12, '\0')));
}

TEST_CASE("when no recursor answers the client is told of a failure") {
  auto reply = failed_recursion(make_query("www.example.com", type::a));
  auto found = read(reply);
  CHECK(found.code == static_cast<unsigned>(rcode::server_failure));
  CHECK(found.id == 0x1234);
  CHECK((static_cast<unsigned char>(reply[3]) & 0x80) != 0);
  CHECK(failed_recursion("").empty());
}
