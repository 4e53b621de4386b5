#include "actors/io/link_frame.hpp"

#include "actors/io/link_codec.hpp"
#include "actors/type_table.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/sec.hpp>

#include <doctest/doctest.h>

namespace praetor::actors::io {
namespace {

const link_hello full{"dc1", "0000-node", 0x0102030405060708, lane::bulk};

struct test_config : caf::actor_system_config {
  test_config() {
    register_messages(*this);
    set("scheduler.policy", caf::atom("testing"));
  }
};

std::string text_of(const std::vector<char>& bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_CASE("a hello is known only when all of it came") {
  auto bytes = encode(full);
  CHECK(bytes.size() <= hello_bytes_max);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto found = decode_hello(std::string_view(bytes).substr(0, size));
    REQUIRE(found);
    CHECK_FALSE(*found);
  }
  auto found = decode_hello(bytes + "and more");
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->hello == full);
  CHECK((*found)->size == bytes.size());
}

TEST_CASE("the largest hello has the largest names") {
  link_hello large = full;
  large.cluster = std::string(255, 'c');
  large.node = std::string(255, 'n');
  auto bytes = encode(large);
  CHECK(bytes.size() == hello_bytes_max);
  CHECK((*decode_hello(bytes))->hello == large);
}

TEST_CASE("another protocol is refused at its first wrong byte") {
  CHECK_FALSE(decode_hello("G"));
  CHECK_FALSE(decode_hello("praetor\r"));
  CHECK(decode_hello("p"));
}

TEST_CASE("another version and an unknown lane are refused") {
  auto bytes = encode(full);
  bytes[8] = 2;
  CHECK(decode_hello(bytes).failure().code == errc::unsupported);
  bytes = encode(full);
  bytes[10] = 7;
  CHECK(decode_hello(bytes).failure().code == errc::bad_input);
}

TEST_CASE("a header comes back as it was put, and unknown kinds do not") {
  std::vector<char> frame(frame_header_bytes + 3);
  frame_header header{frame_kind::request, 0x1122334455667788,
                      0x99AABBCCDDEEFF00};
  put_header(frame, 0, header);
  CHECK(frame[0] == static_cast<char>(frame_header_bytes + 3 - 4));
  auto found = decode_header(text_of(frame));
  REQUIRE(found);
  CHECK(*found == header);
  frame[4] = frame_kinds;
  CHECK_FALSE(decode_header(text_of(frame)));
}

TEST_CASE("frames are found however the bytes are cut") {
  std::string all;
  std::vector<std::string> frames;
  for (std::size_t size : {0u, 1u, 40u, 3u}) {
    std::vector<char> frame(frame_header_bytes + size, 'x');
    put_header(frame, 0, {frame_kind::message, 0, size});
    frames.push_back(text_of(frame));
    all += frames.back();
  }
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    frame_reader reader;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < all.size(); at += piece)
      REQUIRE(reader.feed(std::string_view(all).substr(at, piece),
                          [&](std::string_view frame) {
                            found.emplace_back(frame);
                            return true;
                          }));
    CHECK(found == frames);
    CHECK(reader.held() == 0);
  }
}

TEST_CASE("a length beyond the limit is refused before anything is kept") {
  frame_reader reader;
  auto never = [](std::string_view) { return false; };
  CHECK(reader.feed(std::string("\xFF\xFF"), never));
  CHECK(reader.feed(std::string("\xFF\xFF"), never).failure().code ==
        errc::too_large);
  frame_reader other;
  CHECK_FALSE(other.feed(std::string("\x10\0\0\0", 4), never));
}

TEST_CASE("a promise of many bytes takes no memory before they come") {
  frame_reader reader;
  CHECK(reader.feed(std::string("\0\0\x80\0abc", 7),
                    [](std::string_view) { return true; }));
  CHECK(reader.held() == 7);
}

TEST_CASE("messages, answers and errors come back as they were") {
  test_config config;
  caf::actor_system system{config};
  auto there_and_back = [&](frame_kind kind, const caf::message& what) {
    std::vector<char> frame;
    REQUIRE(append_frame(system, frame, {kind, 1, 0}, what));
    auto header = decode_header(text_of(frame));
    REQUIRE(header);
    auto back = read_payload(system, header->kind,
                             text_of(frame).substr(frame_header_bytes));
    REQUIRE(back);
    CHECK(caf::to_string(*back) == caf::to_string(what));
    return header->kind;
  };
  auto plain = caf::make_message(at::call::value, std::string("text"), true,
                                 std::uint64_t{7}, log_index{9});
  CHECK(there_and_back(frame_kind::request, plain) == frame_kind::request);
  CHECK(there_and_back(frame_kind::answer, caf::message{}) ==
        frame_kind::answer);
  CHECK(there_and_back(frame_kind::answer,
                       caf::make_message(caf::make_error(
                           caf::sec::runtime_error, "why", log_index{3}))) ==
        frame_kind::failure);
}

TEST_CASE("an error of no error comes back as one") {
  test_config config;
  caf::actor_system system{config};
  std::vector<char> frame;
  auto none = caf::make_message(caf::error{});
  REQUIRE(append_frame(system, frame, {frame_kind::answer, 1, 0}, none));
  auto back = read_payload(system, frame_kind::failure,
                           text_of(frame).substr(frame_header_bytes));
  REQUIRE(back);
  CHECK_FALSE(back->get_as<caf::error>(0));
}

TEST_CASE("types that CAF reads at any cost may not travel") {
  test_config config;
  caf::actor_system system{config};
  auto is_refused = [&](const caf::message& what) {
    std::vector<char> frame;
    REQUIRE(append_frame(system, frame, {frame_kind::message, 0, 0}, what));
    auto read = read_payload(system, frame_kind::message,
                             text_of(frame).substr(frame_header_bytes));
    return !read && read.failure().code == errc::denied;
  };
  CHECK(is_refused(caf::make_message(1, caf::make_message(1))));
  CHECK(is_refused(caf::make_message(caf::make_error(caf::sec::none))));
  CHECK(is_refused(caf::make_message(std::vector<char>{'a'})));
  CHECK(is_refused(caf::make_message(1, caf::actor{})));
  CHECK(is_refused(caf::make_message(1.5)));
  CHECK_FALSE(is_refused(caf::make_message(1, std::string("text"))));
}

} // namespace
} // namespace praetor::actors::io
