#include "http/message.hpp"

#include <doctest/doctest.h>

using namespace praetor;

TEST_CASE("phrases are those that Go's server sends") {
  CHECK(http::reason_phrase(200) == "OK");
  CHECK(http::reason_phrase(301) == "Moved Permanently");
  CHECK(http::reason_phrase(405) == "Method Not Allowed");
  CHECK(http::reason_phrase(413) == "Request Entity Too Large");
  CHECK(http::reason_phrase(429) == "Too Many Requests");
  CHECK(http::reason_phrase(503) == "Service Unavailable");
  CHECK(http::reason_phrase(799) == "status code 799");
}

TEST_CASE("a head is written in order") {
  http::response answer;
  answer.status = 404;
  answer.headers = {{"Vary", "Accept-Encoding"}, {"X-Consul-Index", "7"}};
  std::string out = "before ";
  http::append_head(out, answer, {.date = "now"});
  CHECK(out == "before HTTP/1.1 404 Not Found\r\nVary: Accept-Encoding\r\n"
               "X-Consul-Index: 7\r\nDate: now\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("HEAD claims no length that is not known") {
  std::string out;
  http::append_head(out, {}, {.head_only = true});
  CHECK(out == "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("odd statuses are written without harm") {
  http::response answer;
  for (int status : {-1, 0, 1, 1000, 299}) {
    answer.status = status;
    std::string out;
    http::append_head(out, answer, {});
    CHECK(out.starts_with("HTTP/1.1 "));
    CHECK(out.ends_with("\r\n\r\n"));
  }
}

TEST_CASE("names of headers are compared in any case") {
  CHECK(http::equals_ignoring_case("Content-Type", "content-tYPE"));
  CHECK(http::equals_ignoring_case("", ""));
  CHECK_FALSE(http::equals_ignoring_case("a", "ab"));
  CHECK_FALSE(http::equals_ignoring_case("@", "`")); // differ by the case bit
}

TEST_CASE("tokens are found in lists") {
  CHECK(http::has_token("a, Close ,b", "close"));
  CHECK(http::has_token("close", "close"));
  CHECK_FALSE(http::has_token("closed", "close"));
  CHECK_FALSE(http::has_token("", "close"));
  CHECK_FALSE(http::has_token(" , ,", "close"));
}

TEST_CASE("the first value of a key counts") {
  http::request asked;
  asked.query = {{"a", "1"}, {"a", "2"}, {"b", ""}};
  CHECK(asked.query_value("a") == "1");
  CHECK(asked.has_query("b"));
  CHECK(asked.query_value("b").empty());
  CHECK_FALSE(asked.has_query("c"));
  CHECK(asked.query_value("c").empty());
}
