#include "http/cli/archive.hpp"

#include <doctest/doctest.h>

using namespace praetor::http::cli;

TEST_CASE("a tar file is whole blocks and ends with two empty ones") {
  auto bytes = tar({{"a/b.json", "{}"}, {"empty", ""}}, 5);
  CHECK(bytes.size() == 512 * 5);
  CHECK(bytes.substr(0, 8) == "a/b.json");
  CHECK(bytes.substr(124, 11) == "00000000002");
  CHECK(bytes.substr(257, 5) == "ustar");
  CHECK(bytes.substr(512, 2) == "{}");
  CHECK(bytes.substr(1024, 5) == "empty");
  CHECK(bytes.substr(1536) == std::string(1024, '\0'));
}

TEST_CASE("a tar header's sum is that of its bytes, blanks for the sum") {
  auto header = tar({{"x", "y"}}, 0).substr(0, 512);
  auto noted = std::stoul(header.substr(148, 6), nullptr, 8);
  header.replace(148, 8, 8, ' ');
  unsigned long sum = 0;
  for (unsigned char c : header)
    sum += c;
  CHECK(sum == noted);
}

TEST_CASE("gzip carries the bytes as they are, then their sum and size") {
  // CRC-32 of "123456789" is the check value of that polynomial.
  auto bytes = gzip("123456789");
  CHECK(bytes.substr(0, 3) == "\x1f\x8b\x08");
  CHECK(bytes.substr(10, 5) == std::string("\x01\x09\x00\xf6\xff", 5));
  CHECK(bytes.substr(15, 9) == "123456789");
  CHECK(bytes.substr(24, 8) ==
        std::string("\x26\x39\xf4\xcb\x09\x00\x00\x00", 8));
  CHECK(gzip("").size() == 10 + 5 + 8);
  CHECK(gzip(std::string(70'000, 'x')).size() == 10 + 2 * 5 + 70'000 + 8);
}
