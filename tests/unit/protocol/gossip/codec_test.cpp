#include "protocol/gossip/codec.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace praetor;
using namespace praetor::gossip;

namespace {

std::vector<message> one_of_each() {
  coordinate place;
  place.vector = {0.5, -0.25, 1, 2, 3, 4, 5, 6};
  place.error = 0.125;
  place.adjustment = -0.5;
  place.height = 0.25;
  endpoint at{"fe80::1", 8301};
  return {ping{1, "b"},
          ping_request{2, "c", at},
          ack{3, place},
          nack{4},
          alive{5, "d", at, pack_tags({{"dc", "dc1"}, {"role", "node"}})},
          suspect{6, "e", "f", true},
          dead{7, "g", "h"},
          leave_intent{8, "i", "j", true},
          user_event{9, "deploy", std::string("\0\xFF", 2)}};
}

} // namespace

TEST_SUITE("gossip codec") {
  TEST_CASE("every message comes back from its packet") {
    auto all = one_of_each();
    REQUIRE(all.size() == std::variant_size_v<message>);
    auto packet = new_packet();
    for (auto& one : all)
      packet += encode(one);
    auto read = decode_packet(packet);
    REQUIRE(read);
    CHECK(*read == all);
  }

  TEST_CASE("every message comes back from its stream") {
    push_pull state;
    state.join = true;
    state.event_time = 7;
    state.members = {{{1, "a", {"10.0.0.1", 1}, {}}, claim::alive},
                     {{2, "b", {"10.0.0.2", 2}, {}}, claim::left}};
    state.events = {{3, "x", "y"}};
    for (stream_message one : {stream_message{state},
                               {ping{1, "a"}},
                               {ack{2, std::nullopt}},
                               {refusal{"no"}}}) {
      auto read = decode_stream(encode_stream(one));
      REQUIRE(read);
      CHECK(*read == one);
    }
  }

  TEST_CASE("a packet that is cut anywhere is malformed or shorter") {
    auto packet = new_packet() + encode(one_of_each()[4]);
    for (std::size_t size = 2; size < packet.size(); ++size)
      CHECK_FALSE(decode_packet(packet.substr(0, size)));
  }

  TEST_CASE("messages of a newer version are left out, others are read") {
    std::string unknown("\x03\x7F??", 4);
    auto read = decode_packet(new_packet() + unknown + encode(nack{4}));
    REQUIRE(read);
    CHECK(*read == std::vector<message>{nack{4}});
    CHECK_FALSE(decode_packet("\x02" + encode(nack{4})));
    CHECK_FALSE(decode_packet(""));
  }

  TEST_CASE("what is over a limit is refused") {
    CHECK_FALSE(decode_packet(std::string(datagram_bytes_max + 1, '\x01')));
    alive long_name{1, std::string(name_bytes_max + 1, 'x'), {}, {}};
    CHECK_FALSE(decode_packet(new_packet() + encode(long_name)));
    alive end_of_time{incarnation_max + 1, "x", {}, {}};
    CHECK_FALSE(decode_packet(new_packet() + encode(end_of_time)));
    alive nameless{1, "", {}, {}};
    CHECK_FALSE(decode_packet(new_packet() + encode(nameless)));
    ack nowhere{1, coordinate{}};
    nowhere.place->height = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(decode_packet(new_packet() + encode(nowhere)));
  }

  TEST_CASE("a state that promises more members than bytes is refused") {
    std::string lie("\x01\x00\x00\x00\xFF\xFF\x03", 7);
    CHECK_FALSE(decode_stream(lie));
  }

  TEST_CASE("tags come back, and one can be read alone") {
    tag_map tags{{"dc", "dc1"}, {"id", "77"}, {"role", "consul"}};
    auto packed = pack_tags(tags);
    CHECK(unpack_tags(packed) == tags);
    CHECK(tag_of(packed, "id") == "77");
    CHECK(tag_of(packed, "port").empty());
    CHECK_FALSE(unpack_tags("\x05xx"));
  }

  TEST_CASE("an address in text is told from its port") {
    CHECK(to_text({"10.0.0.1", 8301}) == "10.0.0.1:8301");
    CHECK(to_text({"::1", 8302}) == "[::1]:8302");
  }
}
