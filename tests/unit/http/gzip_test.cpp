#include "http/gzip.hpp"

#include <doctest/doctest.h>

#include <zlib.h>

using namespace praetor;

namespace {

std::string inflated(std::string_view packed) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int code = Z_OK;
  while (code == Z_OK) {
    char buffer[4096];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  CHECK(code == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return out;
}

} // namespace

TEST_CASE("what was packed can be unpacked") {
  std::string noise;
  for (unsigned i = 0; i < 300'000; ++i)
    noise.push_back(static_cast<char>((i * 2654435761u) >> 13));
  for (const auto& plain : {std::string(), std::string("\"127.0.0.1:8300\"\n"),
                            std::string(1'000'000, 'a'), noise})
    CHECK(inflated(http::gzip(plain)) == plain);
}

TEST_CASE("the same input packs to the same bytes") {
  auto first = http::gzip("hello hello hello");
  http::gzip("something else");
  CHECK(http::gzip("hello hello hello") == first);
  CHECK(first.starts_with("\x1F\x8B\x08"));
}

TEST_CASE("gzip is accepted when it is named with a weight") {
  for (auto value : {"gzip", "GZIP", "gzip, deflate", "deflate,gzip",
                     " gzip ;q=0.5", "gzip;q=1", "br;q=0, gzip;q=0.001",
                     "gzip;level=9;q=1.0", "gzip;level=9"})
    CHECK(http::accepts_gzip(value));
}

TEST_CASE("gzip is not accepted otherwise") {
  for (auto value : {"", "identity", "deflate", "*", "gzip;q=0", "gzip;q=0.0",
                     "gzip; q=0", "gzip;q=", "gzip;q=x", "gzip;q=-1", "x-gzip",
                     "gzipped", ",,;", "gzip;q=."})
    CHECK_FALSE(http::accepts_gzip(value));
}
