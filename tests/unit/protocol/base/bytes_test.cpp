#include "protocol/base/bytes.hpp"

#include "protocol/base/prng.hpp"
#include "tests/support/seed.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <numeric>

using namespace praetor;

namespace {

template <class F>
std::string written(F write) {
  std::string out;
  byte_writer writer(out);
  write(writer);
  return out;
}

std::string varint_of(std::uint64_t x) {
  return written([&](byte_writer& w) { w.varint(x); });
}

std::string svarint_of(std::int64_t x) {
  return written([&](byte_writer& w) { w.svarint(x); });
}

constexpr std::uint64_t telling[] = {0,
                                     1,
                                     0x7F,
                                     0x80,
                                     0x3FFF,
                                     0x4000,
                                     UINT32_MAX,
                                     std::uint64_t{UINT32_MAX} + 1,
                                     (std::uint64_t{1} << 63) - 1,
                                     std::uint64_t{1} << 63,
                                     UINT64_MAX};

} // namespace

TEST_CASE("fixed-width integers are little-endian") {
  CHECK(written([](byte_writer& w) { w.u8(0xAB); }) == "\xAB");
  CHECK(written([](byte_writer& w) { w.u32(0x01020304); }) ==
        "\x04\x03\x02\x01");
  CHECK(written([](byte_writer& w) { w.u64(0x0102030405060708); }) ==
        "\x08\x07\x06\x05\x04\x03\x02\x01");
}

TEST_CASE("a varint takes seven bits a byte and at most ten bytes") {
  CHECK(varint_of(0) == std::string(1, '\0'));
  CHECK(varint_of(0x7F) == "\x7F");
  CHECK(varint_of(0x80) == "\x80\x01");
  CHECK(varint_of(300) == "\xAC\x02");
  CHECK(varint_of(UINT64_MAX) == std::string(9, '\xFF') + "\x01");
}

TEST_CASE("small numbers of either sign are one byte") {
  CHECK(svarint_of(0) == std::string(1, '\0'));
  CHECK(svarint_of(-1) == "\x01");
  CHECK(svarint_of(1) == "\x02");
  CHECK(svarint_of(-64) == "\x7F");
  CHECK(svarint_of(64) == "\x80\x01");
}

TEST_CASE("a string is its length and its bytes, zeros included") {
  std::string_view text("a\0b", 3);
  auto out = written([&](byte_writer& w) { w.bytes(text); });
  CHECK(out == std::string("\x03"
                           "a\0b",
                           4));
  CHECK(written([](byte_writer& w) { w.bytes(""); }) == std::string(1, '\0'));
}

TEST_CASE("a writer appends to what is there") {
  std::string out = "x";
  byte_writer(out).u8('y');
  CHECK(out == "xy");
}

TEST_CASE("what is written is read back, in order and to the end") {
  std::string long_text(1000, 'z');
  auto out = written([&](byte_writer& w) {
    w.u8(0xFF);
    w.u32(UINT32_MAX);
    w.u64(UINT64_MAX);
    w.boolean(true);
    w.boolean(false);
    w.bytes(long_text);
    w.bytes("");
  });
  byte_reader in(out);
  CHECK(in.left() == out.size());
  CHECK(in.u8() == 0xFF);
  CHECK(in.u32() == UINT32_MAX);
  CHECK(in.u64() == UINT64_MAX);
  CHECK(in.boolean());
  CHECK_FALSE(in.boolean());
  CHECK(in.bytes() == long_text);
  CHECK(in.view().empty());
  CHECK(in.at_end());
  CHECK_FALSE(in.failed());
}

TEST_CASE("varints around every change of width are read back") {
  for (auto x : telling) {
    CAPTURE(x);
    auto unsigned_bytes = varint_of(x);
    byte_reader in(unsigned_bytes);
    CHECK(in.varint() == x);
    CHECK(in.at_end());
    CHECK_FALSE(in.failed());
    auto y = static_cast<std::int64_t>(x);
    auto signed_bytes = svarint_of(y);
    byte_reader again(signed_bytes);
    CHECK(again.svarint() == y);
    CHECK(again.at_end());
    CHECK_FALSE(again.failed());
  }
}

TEST_CASE("reading past the end fails and yields zero") {
  auto fails_on = [](std::string_view bytes, auto read) {
    byte_reader in(bytes);
    CHECK(read(in) == 0);
    CHECK(in.failed());
    CHECK(in.left() == 0);
  };
  fails_on("", [](byte_reader& in) { return in.u8(); });
  fails_on("abc", [](byte_reader& in) { return in.u32(); });
  fails_on("abcdefg", [](byte_reader& in) { return in.u64(); });
  fails_on("", [](byte_reader& in) { return in.boolean(); });
  fails_on("\x80\x80", [](byte_reader& in) { return in.varint(); });
  fails_on("\x80", [](byte_reader& in) { return in.svarint(); });
  fails_on("\x05"
           "abcd",
           [](byte_reader& in) { return in.view().size(); });
  fails_on("\x05"
           "abcd",
           [](byte_reader& in) { return in.bytes().size(); });
}

TEST_CASE("a failed reader stays failed and yields only zeros") {
  byte_reader in("abc");
  CHECK(in.u32() == 0);
  CHECK(in.failed());
  CHECK(in.u8() == 0);
  CHECK(in.u64() == 0);
  CHECK_FALSE(in.boolean());
  CHECK(in.varint() == 0);
  CHECK(in.svarint() == 0);
  CHECK(in.view().empty());
  CHECK(in.count() == 0);
  CHECK(in.at_end());
  CHECK(in.failed());
}

TEST_CASE("the end is no failure until something is read there") {
  byte_reader in("");
  CHECK(in.at_end());
  CHECK_FALSE(in.failed());
}

TEST_CASE("a boolean is 0 or 1 and nothing else") {
  for (int x = 2; x < 256; ++x) {
    std::string bytes(1, static_cast<char>(x));
    byte_reader in(bytes);
    CHECK_FALSE(in.boolean());
    CHECK(in.failed());
  }
}

TEST_CASE("a varint of more than 64 bits is refused") {
  auto ninth = std::string(9, '\xFF');
  for (auto bytes :
       {ninth + "\x02", ninth + "\x7F", ninth + "\x81\x01",
        std::string(10, '\x80') + "\x01", std::string(50, '\xFF')}) {
    byte_reader in(bytes);
    CHECK(in.varint() == 0);
    CHECK(in.failed());
  }
}

TEST_CASE("a length of nearly 2^64 does not wrap around") {
  for (auto length : {UINT64_MAX, UINT64_MAX - 3, std::uint64_t{1} << 32}) {
    auto bytes = varint_of(length) + "abc";
    byte_reader in(bytes);
    CHECK(in.view().empty());
    CHECK(in.failed());
  }
}

TEST_CASE("a count is never more than the bytes that follow it") {
  byte_reader fits("\x03"
                   "abc");
  CHECK(fits.count() == 3);
  CHECK(fits.left() == 3);
  CHECK_FALSE(fits.failed());
  byte_reader lies("\x04"
                   "abc");
  CHECK(lies.count() == 0);
  CHECK(lies.failed());
  byte_reader nothing(std::string_view("\0", 1));
  CHECK(nothing.count() == 0);
  CHECK_FALSE(nothing.failed());
}

TEST_CASE("every proper prefix of a record fails") {
  auto record = written([](byte_writer& w) {
    w.u32(1);
    w.varint(300);
    w.bytes("hello");
    w.u64(2);
    w.boolean(true);
  });
  for (std::size_t size = 0; size <= record.size(); ++size) {
    byte_reader in(std::string_view(record).substr(0, size));
    in.u32();
    in.varint();
    in.bytes();
    in.u64();
    in.boolean();
    CHECK(in.failed() == (size < record.size()));
  }
}

TEST_CASE("no bytes upset the reader, whatever is asked of them") {
  prng chance(tests::seed());
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (auto n = chance.below(40); n > 0; --n)
      bytes.push_back(static_cast<char>(chance.next()));
    byte_reader in(bytes);
    auto before = in.left();
    while (!in.at_end()) {
      switch (chance.below(7)) {
      case 0:
        in.u8();
        break;
      case 1:
        in.u32();
        break;
      case 2:
        in.u64();
        break;
      case 3:
        in.boolean();
        break;
      case 4:
        in.varint();
        break;
      case 5:
        in.bytes();
        break;
      case 6:
        REQUIRE(in.count() <= in.left());
        break;
      }
      REQUIRE(in.left() < before); // each call ends or gets on
      before = in.left();
    }
  }
}

TEST_CASE("CRC-32C gives the known values") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("a") == 0xC1D04330);
  CHECK(crc32c("The quick brown fox jumps over the lazy dog") == 0x22620404);
}

TEST_CASE("CRC-32C gives the values of RFC 3720, appendix B.4") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
  std::string rising(32, '\0');
  std::iota(rising.begin(), rising.end(), '\0');
  CHECK(crc32c(rising) == 0x46DD794E);
  CHECK(crc32c(std::string(rising.rbegin(), rising.rend())) == 0x113FDB5C);
}

TEST_CASE("CRC-32C over two pieces is that over the whole") {
  std::string text = "slicing by eight must not show at the seams";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(crc32c(text.substr(cut), crc32c(text.substr(0, cut))) ==
          crc32c(text));
}

TEST_CASE("CRC-32C notices each flipped bit") {
  std::string text = "a record of the log, long enough";
  auto sum = crc32c(text);
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    auto changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK(crc32c(changed) != sum);
  }
}
