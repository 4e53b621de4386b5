#include "protocol/health/wording.hpp"

#include "protocol/base/prng.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace praetor;
using namespace praetor::health;
using namespace std::chrono_literals;

namespace {

std::string split_failure(std::string_view address) {
  auto parts = split_host_port(address);
  return parts ? "" : parts.failure().text;
}

std::string complaint(std::string_view url, std::string_view method = "GET",
                      const header_map& headers = {}) {
  auto said = check_request(method, url, headers);
  return said ? "" : said.failure().text;
}

} // namespace

TEST_CASE("system errors are worded without a capital") {
  CHECK(system_error_text(ECONNREFUSED) == "connection refused");
  CHECK(system_error_text(ENOENT) == "no such file or directory");
}

TEST_CASE("quoting escapes what would break a line or end the quotes") {
  CHECK(quote("a\"b\\c\n\x01") == "\"a\\\"b\\\\c\\n\\x01\"");
}

TEST_CASE("addresses are taken apart") {
  CHECK(*split_host_port("127.0.0.1:80") == host_port{"127.0.0.1", "80"});
  CHECK(*split_host_port("[::1]:80") == host_port{"::1", "80"});
  CHECK(*split_host_port(":1") == host_port{"", "1"});
  CHECK(*split_host_port("web:http") == host_port{"web", "http"});
  CHECK(join_host_port("::1", "80") == "[::1]:80");
  CHECK(join_host_port("web", "80") == "web:80");
}

TEST_CASE("bad addresses are refused in the known words") {
  CHECK(split_failure("localhost") ==
        "dial tcp: address localhost: missing port in address");
  CHECK(split_failure("a:b:c") ==
        "dial tcp: address a:b:c: too many colons in address");
  CHECK(split_failure("127.0.0.1:99999") ==
        "dial tcp: address 99999: invalid port");
  CHECK(split_failure("127.0.0.1:99999999999999999999") ==
        "dial tcp: address 99999999999999999999: invalid port");
  CHECK(split_failure("[::1") == "dial tcp: address [::1: missing ']' in "
                                 "address");
  CHECK(split_failure("[::1]") ==
        "dial tcp: address [::1]: missing port in address");
  CHECK(split_failure("[::1]x:1") ==
        "dial tcp: address [::1]x:1: missing port in address");
  CHECK(split_failure("") == "dial tcp: address : missing port in address");
  CHECK(split_failure(std::string_view("a\0b:1", 5)) != "");
}

TEST_CASE("connection failures name the address and the reason") {
  CHECK(dial_error("127.0.0.1:1", ECONNREFUSED) ==
        "dial tcp 127.0.0.1:1: connect: connection refused");
  CHECK(dial_timeout("127.0.0.1:1") == "dial tcp 127.0.0.1:1: i/o timeout");
  CHECK(lookup_error("web", "no such host") ==
        "dial tcp: lookup web: no such host");
}

TEST_CASE("request failures name the method and the URL without passwords") {
  CHECK(request_error("POST", "http://a/", "EOF") == "Post \"http://a/\": EOF");
  CHECK(request_error("", "http://a/", "EOF") == "Get \"http://a/\": EOF");
  CHECK(request_error("GET", "http://u:p@a:1/x@y?q=1#f", "EOF") ==
        "Get \"http://u:***@a:1/x@y?q=1#f\": EOF");
  CHECK(request_error("GET", "http://a:1/x@y", "EOF") ==
        "Get \"http://a:1/x@y\": EOF");
}

TEST_CASE("requests that can be sent pass") {
  CHECK(complaint("http://127.0.0.1:80/a?b=c") == "");
  CHECK(complaint("https://[::1]/") == "");
  CHECK(complaint("HTTP://u:p@a.example") == "");
  CHECK(complaint("http://a:/", "", {{"X-A", {"1", ""}}}) == "");
}

TEST_CASE("requests that cannot be sent are refused in the known words") {
  CHECK(complaint("127.0.0.1:90") ==
        "parse \"127.0.0.1:90\": first path segment in URL cannot contain "
        "colon");
  CHECK(complaint("nohost") ==
        "Get \"nohost\": unsupported protocol scheme \"\"");
  CHECK(complaint("localhost:80") ==
        "Get \"localhost:80\": unsupported protocol scheme \"localhost\"");
  CHECK(complaint("foo://127.0.0.1/") ==
        "Get \"foo://127.0.0.1/\": unsupported protocol scheme \"foo\"");
  CHECK(complaint(":foo") == "parse \":foo\": missing protocol scheme");
  CHECK(complaint("http:///x") ==
        "Get \"http:///x\": http: no Host in request URL");
  CHECK(complaint("http://a:b/") ==
        "parse \"http://a:b/\": invalid port \":b\" after host");
  CHECK(complaint("http://a b/") ==
        "parse \"http://a b/\": invalid character \" \" in host name");
  CHECK(complaint("http://127.0.0.1:1/%zz") ==
        "parse \"http://127.0.0.1:1/%zz\": invalid URL escape \"%zz\"");
  CHECK(complaint("http://a/\n") ==
        "parse \"http://a/\\n\": net/url: invalid control character in URL");
  CHECK(complaint("http://127.0.0.1:99999/") ==
        "Get \"http://127.0.0.1:99999/\": dial tcp: address 99999: invalid "
        "port");
  CHECK(complaint("http://a/", "G T") == "net/http: invalid method \"G T\"");
  CHECK(complaint("http://a/", "GET", {{"a b", {"x"}}}) ==
        "Get \"http://a/\": net/http: invalid header field name \"a b\"");
  CHECK(complaint("http://a/", "GET", {{"a", {"x\ny"}}}) ==
        "Get \"http://a/\": net/http: invalid header field value \"x\\ny\" "
        "for key a");
}

TEST_CASE("programs that do not start are named with the reason") {
  CHECK(spawn_error("no-such", ENOENT) ==
        "exec: \"no-such\": executable file not found in $PATH");
  CHECK(spawn_error("/tmp", EACCES) == "fork/exec /tmp: permission denied");
  CHECK(spawn_error("", ENOENT) == "fork/exec : no such file or directory");
}

TEST_CASE("a script that ran too long shows what it printed") {
  CHECK(script_timeout_text(500ms, "") == "Timed out (500ms) running check");
  CHECK(script_timeout_text(5s, "hi\n") ==
        "Timed out (5s) running check\n\nhi\n");
}

TEST_CASE("any bytes are survived as an address or a URL") {
  static constexpr char letters[] = "htp:/@[]%#?. 1a9\0\n\xFF\"";
  constexpr std::string_view alphabet(letters, sizeof letters - 1);
  prng chance(11);
  for (int round = 0; round < 20000; ++round) {
    std::string text = chance.below(2) ? "http://" : "";
    for (auto left = chance.below(16); left > 0; --left)
      text += alphabet[chance.below(alphabet.size())];
    auto parts = split_host_port(text);
    if (parts)
      CHECK(parts->host.find('\0') == std::string::npos);
    auto said = check_request(text, text, {{text, {text}}});
    CHECK_FALSE(said);
    CHECK(request_error(text, text, "x").ends_with(": x"));
    complaint(text);
  }
}
