#include "dns/address.hpp"
#include "dns/name.hpp"

#include <doctest/doctest.h>

using namespace praetor::dns;
using namespace std::string_literals;

namespace {

std::string wire(std::string_view text) {
  std::string out;
  REQUIRE(append_name(out, text));
  return out;
}

std::string text(std::string_view wire) {
  std::string out;
  append_text(out, wire);
  return out;
}

} // namespace

TEST_CASE("a name survives the way to the wire and back") {
  for (auto name : {"web.service.consul", "a", "FoO.node.Consul", ""}) {
    auto bytes = wire(name);
    std::size_t offset = 0;
    wire_name read;
    REQUIRE(read_name(bytes, offset, read));
    CHECK(offset == bytes.size());
    CHECK(read.view() == bytes);
    CHECK(text(read.view()) == name);
  }
}

TEST_CASE("a dot at the end of a text changes nothing") {
  CHECK(wire("a.b.") == wire("a.b"));
  CHECK(wire(".") == "\0"s);
}

TEST_CASE("labels have 63 bytes at most and names 255") {
  std::string out;
  std::string label(63, 'x');
  CHECK(append_name(out, label));
  CHECK_FALSE(append_name(out, label + "x"));
  auto longest = label + "." + label + "." + label + "." + label.substr(0, 61);
  CHECK(wire(longest).size() == name_size_max);
  CHECK_FALSE(append_name(out, longest + "x"));
}

TEST_CASE("an empty label is no name and leaves nothing behind") {
  std::string out = "before";
  for (auto bad : {"a..b", ".a", "a.."})
    CHECK_FALSE(append_name(out, bad));
  CHECK(out == "before");
}

TEST_CASE("a pointer leads back to an earlier name") {
  auto packet = "\3foo\0\3bar\xC0\0rest"s;
  std::size_t offset = 5;
  wire_name read;
  REQUIRE(read_name(packet, offset, read));
  CHECK(text(read.view()) == "bar.foo");
  CHECK(offset == 11);
}

TEST_CASE("pointers to themselves, forward or in a circle are refused") {
  wire_name read;
  for (auto& packet : {"\xC0\0"s, "\xC0\2\1a\0"s, "\1a\xC0\0"s,
                       "\xC0\4\xC0\0\xC0\2"s, "\1a\xC0\4\1b\xC0\0"s}) {
    std::size_t offset = 0;
    CHECK_FALSE(read_name(packet, offset, read));
  }
  // Two pieces that point at each other.
  auto circle = "\1a\xC0\4\1b\xC0\0"s;
  std::size_t offset = 4;
  CHECK_FALSE(read_name(circle, offset, read));
}

TEST_CASE("a name that is cut at any place is refused") {
  auto whole = wire("web.service.consul");
  wire_name read;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::size_t offset = 0;
    CHECK_FALSE(read_name(whole.substr(0, size), offset, read));
  }
}

TEST_CASE("reserved label types are refused") {
  wire_name read;
  for (char first : {'\x40', '\x80'}) {
    std::size_t offset = 0;
    CHECK_FALSE(read_name(std::string{first, 1, 0}, offset, read));
  }
}

TEST_CASE("a chain of pointers cannot make a name longer than 255 bytes") {
  std::string packet = "\x3F" + std::string(63, 'a') + '\0';
  std::size_t last = 0;
  for (int i = 0; i < 4; ++i) {
    auto here = packet.size();
    packet += "\x3F" + std::string(63, 'b');
    packet += static_cast<char>(0xC0 | last >> 8);
    packet += static_cast<char>(last);
    last = here;
  }
  std::size_t offset = last;
  wire_name read;
  CHECK_FALSE(read_name(packet, offset, read));
}

TEST_CASE("dots and unprintable bytes inside a label are escaped") {
  CHECK(text("\3a.b\1\\\0"s) == "a\\.b.\\\\");
  CHECK(text("\3a\0\xFF\0"s) == "a\\000\\255");
}

TEST_CASE("the writer points at suffixes of the same letter case") {
  std::string out(12, 'h');
  name_writer names(out, true);
  names.write(wire("web.service.consul"));
  auto whole = out.size();
  names.write(wire("db.service.consul"));
  CHECK(out.size() == whole + 5);
  names.write(wire("DB.SERVICE.CONSUL"));
  CHECK(out.size() == whole + 5 + 19);
  names.write(wire("web.service.consul"));
  CHECK(out.size() == whole + 5 + 19 + 2);
}

TEST_CASE("the writer writes in full where no pointer may stand") {
  std::string out(12, 'h');
  name_writer names(out, true);
  names.write(wire("a.b"));
  names.write(wire("c.a.b"), false);
  CHECK(out.size() == 12 + 5 + 7);
  names.write(wire("c.a.b"));
  CHECK(out.size() == 12 + 5 + 7 + 2);
}

TEST_CASE("what the writer writes is read back, for hundreds of names") {
  std::string out(12, 'h');
  name_writer names(out, true);
  std::vector<std::size_t> starts;
  auto name_of = [](int i) {
    return "n" + std::to_string(i) + ".g" + std::to_string(i % 7) + ".node";
  };
  for (int i = 0; i < 3000; ++i) {
    starts.push_back(out.size());
    names.write(wire(name_of(i)));
  }
  wire_name read;
  for (int i = 0; i < 3000; ++i) {
    std::size_t offset = starts[i];
    REQUIRE(read_name(out, offset, read));
    CHECK(text(read.view()) == name_of(i));
  }
}

TEST_CASE("addresses are read as text and written in one form") {
  auto round = [](std::string_view text) {
    auto address = parse_address(text);
    return address ? format_address(*address) : "none";
  };
  CHECK(round("10.0.0.1") == "10.0.0.1");
  CHECK(round("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(round("::") == "::");
  CHECK(round("::1") == "::1");
  CHECK(round("1::") == "1::");
  CHECK(round("1:0:0:2:0:0:0:3") == "1:0:0:2::3");
  CHECK(round("1:2:3:4:5:6:0:8") == "1:2:3:4:5:6:0:8");
  CHECK(round("::ffff:10.0.0.1") == "10.0.0.1");
  CHECK(round("64:ff9b::1.2.3.4") == "64:ff9b::102:304");
  for (auto bad : {"", "10.0.0", "10.0.0.256", "10.0.0.1.", "1.2.3.4.5", ":",
                   ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                   "12345::", "1:2:3:4:5:6:7::8", "g::", "www.example.com",
                   "1:2:3:4:5:6:7:", "::1.2.3", "1.2.3.4::"})
    CHECK_MESSAGE(round(bad) == "none", bad);
}

TEST_CASE("reverse names lead to addresses") {
  auto address = parse_reverse("7.8.9.10.in-addr.arpa");
  REQUIRE(address);
  CHECK(format_address(*address) == "10.9.8.7");
  std::string six;
  for (auto c : "24000000000000000000000"s + "08bd01002")
    six += std::string(1, c) + ".";
  address = parse_reverse(six + "ip6.arpa");
  REQUIRE(address);
  CHECK(format_address(*address) == "2001:db8::42");
  for (auto bad : {"8.9.10.in-addr.arpa", "arpa", "in-addr.arpa", ".ip6.arpa",
                   "1.2.3.4.5.in-addr.arpa", "x.2.3.4.in-addr.arpa"})
    CHECK_FALSE(parse_reverse(bad));
}
