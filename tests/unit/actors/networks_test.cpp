#include "actors/networks.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

TEST_CASE("no network holds no address") {
  network_list none({});
  CHECK(none.empty());
  CHECK_FALSE(none.contains("127.0.0.1"));
}

TEST_CASE("an address is in a network up to the last bit of its prefix") {
  network_list list({"10.1.2.0/23", "192.0.2.7/32"});
  CHECK_FALSE(list.empty());
  CHECK(list.contains("10.1.2.0"));
  CHECK(list.contains("10.1.3.255"));
  CHECK_FALSE(list.contains("10.1.4.0"));
  CHECK_FALSE(list.contains("10.1.1.255"));
  CHECK(list.contains("192.0.2.7"));
  CHECK_FALSE(list.contains("192.0.2.6"));
}

TEST_CASE("a prefix of no bits holds every address of its family, and none "
          "of the other") {
  network_list four({"0.0.0.0/0"});
  CHECK(four.contains("8.8.8.8"));
  CHECK_FALSE(four.contains("2001:db8::1"));
  network_list six({"::/0"});
  CHECK(six.contains("2001:db8::1"));
  CHECK_FALSE(six.contains("8.8.8.8"));
}

TEST_CASE("networks of IPv6 hold by their bits too") {
  network_list list({"2001:db8:8000::/33"});
  CHECK(list.contains("2001:db8:8000::1"));
  CHECK(list.contains("2001:db8:ffff::"));
  CHECK_FALSE(list.contains("2001:db8:7fff::1"));
}

TEST_CASE("an IPv4 client on a socket of IPv6 counts as IPv4") {
  network_list list({"10.0.0.0/8"});
  CHECK(list.contains("::ffff:10.1.2.3"));
  CHECK_FALSE(list.contains("::ffff:11.1.2.3"));
}

TEST_CASE("what is no network is ignored, and opens nothing") {
  network_list list({"10.0.0.0", "10.0.0.0/x", "10.0.0.0/", "10.0.0.0/33",
                     "10.0.0.0/-1", "::/129", "/8", ""});
  CHECK(list.empty());
  CHECK_FALSE(list.contains("10.0.0.0"));
}

TEST_CASE("what is no address is in no network") {
  network_list list({"0.0.0.0/0", "::/0", "nonsense", "nonsense/8"});
  CHECK_FALSE(list.contains(""));
  CHECK_FALSE(list.contains("localhost"));
  CHECK_FALSE(list.contains("10.0.0.1:80"));
}

} // namespace
} // namespace praetor::actors
