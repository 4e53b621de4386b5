#include "http/connection.hpp"
#include "http/uri.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace praetor;

namespace {

const std::string date_text = "Fri, 20 Nov 2026 11:33:29 GMT";

std::string text_of(http::connection& x) {
  std::string out;
  for (auto& piece : x.take_output()) {
    out += piece.head;
    if (piece.body)
      out += *piece.body;
  }
  return out;
}

http::response answer_of(std::string body) {
  http::response out;
  out.body = std::make_shared<const std::string>(std::move(body));
  return out;
}

/// Answers every request with what was understood of it, and returns the
/// bytes that go to the client.
std::string serve(http::connection& x) {
  while (auto got = x.next()) {
    auto told = got->method_text + ' ' + got->path + ' ';
    for (auto& [key, value] : got->query)
      told += key + '=' + value + ';';
    told += '[' + got->body + "] " + std::to_string(got->body_length);
    if (got->body_too_large)
      told += " too large";
    x.respond(answer_of(told));
  }
  return text_of(x);
}

std::string serve_all(http::connection& x, std::string_view input) {
  x.receive(input);
  return serve(x);
}

/// The whole conversation, with the input cut at the given size of piece.
std::string converse(std::string_view input, std::size_t piece,
                     const http::limits& bounds = {}) {
  http::connection x(bounds, &date_text);
  std::string out;
  for (std::size_t i = 0; i < input.size(); i += piece)
    out += serve_all(x, input.substr(i, piece));
  return out;
}

bool is_refused(std::string_view input, std::string_view status) {
  http::limits bounds;
  http::connection x(bounds);
  x.receive(input);
  auto taken = x.next().has_value();
  auto out = text_of(x);
  INFO("answer: ", out);
  CHECK(out.find("\r\nConnection: close\r\n") != std::string::npos);
  return !taken && x.closing() &&
         out.starts_with("HTTP/1.1 " + std::string(status) + "\r\n");
}

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" +
         std::string(headers) + "\r\n";
}

const std::string plain_put = "PUT /v1/kv/a?cas=1&x HTTP/1.1\r\nHost: x\r\n"
                              "Content-Length: 5\r\n\r\nhello";
const std::string chunked_put =
    "PUT /v1/kv/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: y\r\n\r\n";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++n;
  return n;
}

} // namespace

TEST_CASE("a request is read and its answer written") {
  http::limits bounds;
  http::connection x(bounds, &date_text);
  CHECK(x.idle());
  x.receive("GET /v1/kv/a%20b?raw&dc=x+y HTTP/1.1\r\nHost: h:80\r\n"
            "Accept: a/b \r\n\r\n");
  auto got = x.next();
  REQUIRE(got.has_value());
  CHECK(got->verb == http::method::get);
  CHECK(got->target == "/v1/kv/a%20b?raw&dc=x+y");
  CHECK(got->raw_path == "/v1/kv/a%20b");
  CHECK(got->raw_query == "raw&dc=x+y");
  CHECK(got->path == "/v1/kv/a b");
  CHECK(got->has_query("raw"));
  CHECK(got->query_value("dc") == "x y");
  CHECK_FALSE(got->query_malformed);
  REQUIRE(got->find_header("accept") != nullptr);
  CHECK(*got->find_header("ACCEPT") == "a/b");
  CHECK(got->find_header("missing") == nullptr);
  CHECK(got->keep_alive);
  CHECK(x.is_open());
  CHECK_FALSE(x.idle());
  CHECK_FALSE(x.next().has_value());

  auto answer = answer_of("[]\n");
  answer.headers = {{"Content-Type", "application/json"}};
  x.respond(std::move(answer));
  CHECK(text_of(x) == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Date: Fri, 20 Nov 2026 11:33:29 GMT\r\n"
                      "Content-Length: 3\r\n\r\n[]\n");
  CHECK(x.idle());
  CHECK_FALSE(x.closing());
}

TEST_CASE("an idle connection is small") {
  CHECK(sizeof(http::connection) <= 128);
}

TEST_CASE("requests come out the same however the bytes are cut") {
  const auto input = plain_put + get("/v1/status/leader") + chunked_put +
                     "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n" +
                     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  const auto expected = converse(input, input.size());
  CHECK(count(expected, "HTTP/1.1 200 OK") == 5);
  CHECK(count(expected, "PUT /v1/kv/a cas=1;x=;[hello] 5") == 1);
  CHECK(count(expected, "PUT /v1/kv/b [hello] 5") == 1);
  for (std::size_t size = 1; size < 60; ++size)
    CHECK(converse(input, size) == expected);
}

TEST_CASE("requests come out the same for every cut in two") {
  const http::limits bounds;
  for (const auto& input : {plain_put, chunked_put, plain_put + chunked_put}) {
    const auto expected = converse(input, input.size());
    for (std::size_t cut = 0; cut <= input.size(); ++cut) {
      http::connection x(bounds, &date_text);
      auto out = serve_all(x, input.substr(0, cut));
      out += serve_all(x, input.substr(cut));
      CHECK(out == expected);
      CHECK(x.idle());
    }
  }
}

TEST_CASE("pipelined requests wait until the open one is answered") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/1") + get("/2") + get("/3"));
  auto first = x.next();
  REQUIRE(first.has_value());
  CHECK(first->path == "/1");
  CHECK_FALSE(x.next().has_value());
  CHECK_FALSE(x.has_output());
  x.respond({});
  auto second = x.next();
  REQUIRE(second.has_value());
  CHECK(second->path == "/2");
  x.respond({});
  CHECK(x.next().value().path == "/3");
  x.respond({});
  CHECK_FALSE(x.next().has_value());
  CHECK(x.take_output().size() == 1); // small answers share one write
  CHECK(x.idle());
}

TEST_CASE("an error comes after the answers to what was asked before it") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/1") + "NONSENSE\r\n\r\n");
  REQUIRE(x.next().has_value());
  CHECK_FALSE(x.has_output());
  CHECK_FALSE(x.closing());
  x.respond({});
  auto out = text_of(x);
  CHECK(out.starts_with("HTTP/1.1 200 OK"));
  CHECK(out.find("HTTP/1.1 400 Bad Request") != std::string::npos);
  CHECK(x.closing());
}

TEST_CASE("reading ahead of an open request is bounded") {
  http::limits bounds;
  bounds.read_ahead_bytes = 100;
  http::connection x(bounds);
  x.receive(get("/1"));
  REQUIRE(x.next().has_value());
  CHECK(x.wants_read());
  x.receive(get("/2") + get("/3") + get("/4") + get("/5"));
  CHECK_FALSE(x.wants_read());
  x.respond({});
  CHECK(x.next().value().path == "/2");
  x.respond({});
  CHECK(x.next().has_value());
  CHECK(x.wants_read());
}

TEST_CASE("many pipelined requests are all served") {
  std::string input;
  for (int i = 0; i < 3000; ++i)
    input += get("/" + std::to_string(i));
  auto out = converse(input, 1000);
  CHECK(count(out, "HTTP/1.1 200 OK") == 3000);
  CHECK(out.find("GET /2999 ") != std::string::npos);
}

TEST_CASE("Connection: close is honoured and echoed") {
  const http::limits bounds;
  http::connection x(bounds);
  auto out = serve_all(x, get("/", "Connection: close\r\n") + get("/2"));
  CHECK(count(out, "HTTP/1.1 200 OK") == 1);
  CHECK(out.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(x.closing());
}

TEST_CASE("a handler can ask for the connection to be closed") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/"));
  REQUIRE(x.next().has_value());
  http::response answer;
  answer.close = true;
  x.respond(std::move(answer));
  CHECK(text_of(x).find("Connection: close") != std::string::npos);
  CHECK(x.closing());
}

TEST_CASE("HTTP/1.0 closes unless it asks to be kept") {
  const http::limits bounds;
  http::connection closes(bounds);
  auto out = serve_all(closes, "GET / HTTP/1.0\r\n\r\n");
  CHECK(out.starts_with("HTTP/1.0 200 OK\r\n"));
  CHECK(out.find("Connection") == std::string::npos);
  CHECK(closes.closing());

  http::connection stays(bounds);
  out = serve_all(stays, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  CHECK(out.find("\r\nConnection: keep-alive\r\n") != std::string::npos);
  CHECK_FALSE(stays.closing());
}

TEST_CASE("HEAD is answered without a body but with its length") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(x.next().value().head_only);
  x.respond(answer_of("hello"));
  CHECK(text_of(x) == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("an answer of status 204 has neither body nor length") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/"));
  REQUIRE(x.next().has_value());
  auto answer = answer_of("no");
  answer.status = 204;
  x.respond(std::move(answer));
  CHECK(text_of(x) == "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("a large body is shared, not copied") {
  const http::limits bounds;
  http::connection x(bounds);
  auto body = std::make_shared<const std::string>(100'000, 'a');
  for (int i = 0; i < 2; ++i) {
    x.receive(get("/"));
    REQUIRE(x.next().has_value());
    http::response answer;
    answer.body = body;
    x.respond(std::move(answer));
  }
  auto pieces = x.take_output();
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].body == body);
  CHECK(pieces[1].body == body);
}

TEST_CASE("an endless answer is streamed in chunks") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/v1/agent/monitor") + get("/2"));
  REQUIRE(x.next().has_value());
  http::response answer;
  answer.chunked_stream = true;
  x.respond(std::move(answer));
  x.stream("0123456789abcdef");
  x.stream("");
  CHECK(text_of(x) == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "10\r\n0123456789abcdef\r\n");
  CHECK_FALSE(x.next().has_value());
  x.end_stream();
  CHECK(text_of(x) == "0\r\n\r\n");
  CHECK(x.next().value().path == "/2");
}

TEST_CASE("HTTP/1.0 streams without chunks to the end of the connection") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(x.next().has_value());
  http::response answer;
  answer.chunked_stream = true;
  x.respond(std::move(answer));
  x.stream("abc");
  x.end_stream();
  CHECK(text_of(x) == "HTTP/1.0 200 OK\r\n\r\nabc");
  CHECK(x.closing());
}

TEST_CASE("HEAD of a stream has no body") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(x.next().has_value());
  http::response answer;
  answer.chunked_stream = true;
  x.respond(std::move(answer));
  x.stream("abc");
  x.end_stream();
  CHECK(text_of(x) == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(x.idle());
}

TEST_CASE("line breaks in a header's value cannot forge a header") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/"));
  REQUIRE(x.next().has_value());
  http::response answer;
  answer.headers = {{"Location", "/a\r\nX-Forged: 1"}};
  x.respond(std::move(answer));
  CHECK(text_of(x).find("Location: /a  X-Forged: 1\r\n") != std::string::npos);
}

TEST_CASE("100 Continue is sent while a body is awaited") {
  const http::limits bounds;
  http::connection x(bounds);
  const std::string head = "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                           "Expect: 100-continue\r\n\r\n";
  x.receive(head);
  CHECK(text_of(x) == "HTTP/1.1 100 Continue\r\n\r\n");
  x.receive("he");
  CHECK_FALSE(x.has_output());
  x.receive("llo");
  CHECK(x.next().value().body == "hello");
  x.respond({});
  text_of(x);

  // Behind an open request it waits its turn.
  x.receive(get("/1") + head);
  REQUIRE(x.next().has_value());
  CHECK_FALSE(x.has_output());
  x.respond({});
  auto out = text_of(x);
  CHECK(out.starts_with("HTTP/1.1 200 OK"));
  CHECK(out.ends_with("HTTP/1.1 100 Continue\r\n\r\n"));
}

TEST_CASE("100 Continue is not sent without need") {
  // The body is empty; it is here already; the client is too old to wait.
  CHECK(count(converse("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                       "Expect: 100-continue\r\n\r\n",
                       1000),
              "100 Continue") == 0);
  CHECK(count(converse("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                       "Expect: 100-continue\r\n\r\na",
                       1000),
              "100 Continue") == 0);
  CHECK(count(converse("PUT / HTTP/1.0\r\nContent-Length: 1\r\n"
                       "Expect: 100-continue\r\n\r\n",
                       1000),
              "100 Continue") == 0);
  CHECK(is_refused(get("/", "Expect: other\r\n"), "417 Expectation Failed"));
}

TEST_CASE("malformed requests are refused as Go refuses them") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive("NONSENSE\r\n\r\n");
  CHECK(text_of(x) == "HTTP/1.1 400 Bad Request\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Connection: close\r\n\r\n400 Bad Request");
  CHECK(x.closing());

  for (auto input :
       {"GET /v1/status/leader\r\n\r\n", "GET / http/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/11\r\nHost: x\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\n",
        "G@T(/ / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nbad : header\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\x01z\r\n\r\n",
        "GET /v1/kv/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v1/kv/%2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET foo HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02",
        "GET / HTTP/1.1\nHost: x\n\n"}) {
    INFO("input: ", input);
    CHECK(is_refused(input, "400 Bad Request"));
  }
  CHECK(is_refused("GET / HTTP/9.9\r\nHost: x\r\n\r\n",
                   "505 HTTP Version Not Supported: "
                   "unsupported protocol version"));
}

TEST_CASE("the host must be named once") {
  CHECK(is_refused("GET / HTTP/1.1\r\n\r\n",
                   "400 Bad Request: missing required Host header"));
  CHECK(is_refused(get("/", "Host: x\r\n"),
                   "400 Bad Request: too many Host headers"));
  CHECK(is_refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
                   "400 Bad Request: malformed Host header"));
}

TEST_CASE("a body of doubtful length is refused") {
  auto put = [](std::string_view headers, std::string_view body = "") {
    return "PUT /k HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n" +
           std::string(body);
  };
  const std::string chunks = "1\r\na\r\n0\r\n\r\n";
  for (auto headers :
       {"Content-Length: abc\r\n", "Content-Length: -1\r\n",
        "Content-Length: +1\r\n", "Content-Length: 0x1\r\n",
        "Content-Length: 1, 1\r\n", "Content-Length:\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    INFO("headers: ", headers);
    CHECK(is_refused(put(headers, chunks), "400 Bad Request"));
  }
  for (auto coding : {"gzip, chunked", "identity", "chunked, gzip", "xchunked",
                      "chunked, chunked", "\"chunked\"", ""}) {
    INFO("coding: ", coding);
    CHECK(is_refused(
        put("Transfer-Encoding: " + std::string(coding) + "\r\n", chunks),
        "501 Not Implemented"));
  }
  for (auto body : {"zz\r\na\r\n0\r\n\r\n", "-1\r\na\r\n0\r\n\r\n",
                    "1\r\nabc\r\n0\r\n\r\n", "1 2\r\na\r\n0\r\n\r\n",
                    "\r\n\r\n\r\n\r\n", "11111111111111111\r\na\r\n"}) {
    INFO("body: ", body);
    CHECK(is_refused(put("Transfer-Encoding: chunked\r\n", body),
                     "400 Bad Request"));
  }
  // The same length twice is what Go accepts.
  auto twice = put("Content-Length: 1\r\nContent-Length: 1\r\n", "a");
  CHECK(count(converse(twice, 1000), "PUT /k [a] 1") == 1);
}

TEST_CASE("chunks of a client of HTTP/1.0 end the connection") {
  const http::limits bounds;
  http::connection x(bounds);
  serve_all(x, "PUT /k HTTP/1.0\r\nConnection: keep-alive\r\n"
               "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
  CHECK(x.closing());
}

TEST_CASE("an absolute target is served like a plain one") {
  auto out = converse(get("http://127.0.0.1:8500/v1/status/leader?dc=x"), 7);
  CHECK(count(out, "GET /v1/status/leader dc=x;[] 0") == 1);
}

TEST_CASE("a broken query is delivered and marked") {
  const http::limits bounds;
  http::connection x(bounds);
  x.receive(get("/v1/kv/a?x=%zz&pretty"));
  auto got = x.next().value();
  CHECK(got.query_malformed);
  CHECK(got.has_query("pretty"));
  CHECK_FALSE(got.has_query("x"));
}

TEST_CASE("heads over the limit are refused, complete or not") {
  http::limits bounds;
  bounds.header_bytes = 200;
  auto long_head = get("/", "X: " + std::string(200, 'a') + "\r\n");
  for (std::size_t piece : {1u, 50u, 1000u})
    CHECK(converse(long_head, piece, bounds)
              .starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  CHECK(converse(get("/" + std::string(1000, 'a')), 10, bounds)
            .starts_with("HTTP/1.1 431 "));
  auto fits = get("/", "X: a\r\n");
  bounds.header_bytes = fits.size();
  CHECK(converse(fits, 1, bounds).starts_with("HTTP/1.1 200 "));
  bounds.header_bytes = fits.size() - 1;
  CHECK(converse(fits, 1, bounds).starts_with("HTTP/1.1 431 "));
  CHECK(converse(fits, 1000, bounds).starts_with("HTTP/1.1 431 "));
}

TEST_CASE("too many headers and too many pairs of a query are bounded") {
  http::limits bounds;
  bounds.header_count = 3;
  CHECK(converse(get("/", "A: 1\r\nB: 2\r\n"), 1000, bounds)
            .starts_with("HTTP/1.1 200 "));
  CHECK(converse(get("/", "A: 1\r\nB: 2\r\nC: 3\r\n"), 1000, bounds)
            .starts_with("HTTP/1.1 431 "));

  std::string query;
  for (int i = 0; i < 10'000; ++i)
    query += "&a";
  http::connection x(bounds);
  x.receive(get("/?" + query));
  auto got = x.next().value();
  CHECK(got.query.size() == http::query_pairs_max);
  CHECK(got.query_malformed);
}

TEST_CASE("a body over the limit is announced at once and drained") {
  http::limits bounds;
  bounds.body_bytes = 10;
  for (std::size_t piece : {1u, 3u, 1000u}) {
    http::connection x(bounds);
    x.receive("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n");
    auto got = x.next();
    REQUIRE(got.has_value());
    CHECK(got->body_too_large);
    CHECK(got->body_length == 20);
    CHECK(got->body.empty());
    const auto rest = std::string(20, 'a') + get("/2");
    for (std::size_t i = 0; i < rest.size(); i += piece)
      x.receive(std::string_view(rest).substr(i, piece));
    http::response answer;
    answer.status = 413;
    x.respond(std::move(answer));
    CHECK(text_of(x).starts_with("HTTP/1.1 413 Request Entity Too Large"));
    CHECK_FALSE(x.closing());
    CHECK(x.next().value().path == "/2");
  }
}

TEST_CASE("a body that is too large may end after its answer") {
  http::limits bounds;
  bounds.body_bytes = 10;
  http::connection x(bounds);
  x.receive("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\naaaa");
  REQUIRE(x.next().has_value());
  x.respond({});
  CHECK_FALSE(x.idle());
  x.receive(std::string(16, 'a') + get("/2"));
  CHECK(x.next().value().path == "/2");
  x.respond({});
  text_of(x);
  CHECK(x.idle());
}

TEST_CASE("chunks over the limit are announced with the length so far") {
  http::limits bounds;
  bounds.body_bytes = 10;
  const std::string input =
      "PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\naaaaaaaa\r\n4\r\nbbbb\r\n5\r\nccccc\r\n0\r\n\r\n" +
      get("/2");
  for (std::size_t piece : {1u, 2u, 7u, 1000u}) {
    auto out = converse(input, piece, bounds);
    CHECK(out.find("PUT /k [] 12 too large") != std::string::npos);
    CHECK(out.find("GET /2 [] 0") != std::string::npos);
  }
}

TEST_CASE("a body of exactly the limit passes") {
  http::limits bounds;
  bounds.body_bytes = 5;
  CHECK(converse(plain_put, 1, bounds).find("[hello]") != std::string::npos);
  CHECK(converse(chunked_put, 1, bounds).find("[hello]") != std::string::npos);
}

TEST_CASE("the limit of a body can depend on its request") {
  http::limits bounds;
  bounds.body_bytes_for = [](const http::request& head) -> std::uint64_t {
    return head.path == "/v1/kv/a" ? 4 : 5;
  };
  auto out = converse(plain_put + chunked_put, 1000, bounds);
  CHECK(out.find("PUT /v1/kv/a cas=1;x=;[] 5 too large") != std::string::npos);
  CHECK(out.find("PUT /v1/kv/b [hello] 5") != std::string::npos);
}

TEST_CASE("a body beyond the drain closes the connection after the answer") {
  http::limits bounds;
  bounds.body_bytes = 10;
  bounds.drain_bytes = 100;
  http::connection x(bounds);
  x.receive("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n");
  auto got = x.next().value();
  CHECK(got.body_too_large);
  CHECK_FALSE(got.keep_alive);
  x.respond({});
  CHECK(text_of(x).find("Connection: close") != std::string::npos);
  CHECK(x.closing());
  CHECK(x.wants_read());
  x.receive(std::string(100, 'a'));
  CHECK_FALSE(x.wants_read());
}

TEST_CASE("endless chunks are not drained for ever") {
  http::limits bounds;
  bounds.body_bytes = 10;
  bounds.drain_bytes = 100;
  for (bool answered_first : {true, false}) {
    http::connection x(bounds);
    x.receive("PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
              "\r\nff\r\na");
    REQUIRE(x.next().value().body_too_large);
    if (answered_first)
      x.respond({});
    x.receive(std::string(101, 'a'));
    CHECK_FALSE(x.wants_read());
    if (!answered_first)
      x.respond({});
    CHECK(x.closing());
  }
}

TEST_CASE("a client that waits for 100 Continue with too much is sent off") {
  http::limits bounds;
  bounds.body_bytes = 10;
  http::connection x(bounds);
  x.receive("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
            "Expect: 100-continue\r\n\r\n");
  CHECK_FALSE(x.has_output());
  CHECK(x.next().value().body_too_large);
  x.respond({});
  CHECK(x.closing());
}

TEST_CASE("overlong chunk lines and trailers are refused") {
  http::limits bounds;
  bounds.chunk_line_bytes = 50;
  const std::string head =
      "PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (auto start : {"1;", "0\r\nX: "}) {
    auto out = converse(head + start + std::string(100, 'a'), 1, bounds);
    CHECK(out.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  }
}

TEST_CASE("what follows an error is read a while and thrown away") {
  http::limits bounds;
  bounds.drain_bytes = 1000;
  http::connection x(bounds);
  x.receive("NONSENSE\r\n\r\n");
  text_of(x);
  x.receive(get("/"));
  CHECK_FALSE(x.next().has_value());
  CHECK_FALSE(x.has_output());
  CHECK(x.wants_read());
  x.receive(std::string(1000, 'a'));
  CHECK_FALSE(x.wants_read());
}
