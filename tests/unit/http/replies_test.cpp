#include "http/replies.hpp"

#include "http/gzip.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::http;

TEST_CASE("an error is its bare text") {
  auto answer = error_reply(500, "rpc error");
  CHECK(answer->status == 500);
  CHECK(answer->content_type == "text/plain; charset=utf-8");
  REQUIRE(answer->body);
  CHECK(*answer->body == "rpc error");
  CHECK(answer->headers.empty());
}

TEST_CASE("an answer without a body has no type either") {
  auto answer = empty_reply(404);
  CHECK(answer->status == 404);
  CHECK(answer->content_type.empty());
  CHECK_FALSE(answer->body);
  CHECK_FALSE(answer->compressed());
}

TEST_CASE("pretty JSON ends with a line feed, the compact form does not") {
  CHECK(*json_reply("[]", true)->body == "[]\n");
  CHECK(*json_reply("[]", false)->body == "[]");
  CHECK(json_reply("[]", false)->status == 200);
  CHECK(json_reply("[]", false, 409)->status == 409);
  CHECK(json_reply("[]", false)->content_type == "application/json");
}

TEST_CASE("plain text is named as such") {
  auto answer = text_reply("x", 429);
  CHECK(answer->status == 429);
  CHECK(answer->content_type == "text/plain");
  CHECK(*answer->body == "x");
}

TEST_CASE("an answer is compressed once for all who want it so") {
  auto answer = text_reply(std::string(1000, 'a'));
  auto once = answer->compressed();
  REQUIRE(once);
  CHECK(once->size() < 100);
  CHECK(*once == gzip(*answer->body));
  CHECK(answer->compressed() == once);
}

TEST_CASE("most failures behind a route are 500, as clients expect") {
  CHECK(status_of(errc::denied) == 403);
  CHECK(status_of(errc::too_large) == 413);
  CHECK(status_of(errc::unsupported) == 501);
  CHECK(status_of(errc::unavailable) == 503);
  for (auto code : {errc::bad_input, errc::not_found, errc::conflict,
                    errc::no_leader, errc::timed_out, errc::corrupt, errc::io,
                    errc::disk_full, errc::internal})
    CHECK(status_of(code) == 500);
}

TEST_CASE("a refusal is an action that needs nobody") {
  auto what = refuse(401, "no");
  auto* answer = std::get_if<reply_action>(&what);
  REQUIRE(answer);
  CHECK(answer->answer->status == 401);
  CHECK(*answer->answer->body == "no");
}
