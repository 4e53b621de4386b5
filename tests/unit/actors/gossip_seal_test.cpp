#include "actors/gossip_seal.hpp"

#include "protocol/base/assert.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;

namespace {

const std::string one_key(32, '1');
const std::string other_key(16, '2');

gossip_seal sealed_by(std::vector<std::string> keys,
                      std::string pool = "lan/dc1") {
  gossip::keyring ring;
  for (auto& key : keys)
    REQUIRE(ring.install(key));
  return gossip_seal(std::move(pool), std::move(ring));
}

} // namespace

TEST_SUITE("gossip seal") {
  TEST_CASE("what one seals, another with the key opens") {
    for (auto size : {16, 24, 32}) {
      auto a = sealed_by({std::string(static_cast<std::size_t>(size), 'k')});
      auto b = sealed_by({std::string(static_cast<std::size_t>(size), 'k')});
      auto bytes = a.seal("hello");
      CHECK(bytes.find("hello") == std::string::npos);
      CHECK(b.open(bytes) == "hello");
      CHECK(b.open(a.seal("")) == "");
      // A nonce is never used twice.
      CHECK(a.seal("hello") != bytes);
    }
  }

  TEST_CASE("any key of the ring opens, the first seals") {
    auto before = sealed_by({one_key});
    auto after = sealed_by({other_key, one_key});
    CHECK(after.open(before.seal("x")) == "x");
    CHECK_FALSE(before.open(after.seal("x")));
  }

  TEST_CASE("a packet of another pool does not open with the same key") {
    auto lan = sealed_by({one_key}, "lan/dc1");
    auto wan = sealed_by({one_key}, "wan");
    CHECK_FALSE(wan.open(lan.seal("x")));
  }

  TEST_CASE("one changed bit anywhere, and it does not open") {
    auto seal = sealed_by({one_key});
    auto good = seal.seal("some bytes");
    for (std::size_t i = 0; i < good.size(); ++i) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 4);
      CHECK_FALSE(seal.open(bad));
      CHECK_FALSE(seal.open(good.substr(0, i)));
    }
    CHECK(seal.open(good));
  }

  TEST_CASE("plain text passes without keys, and while keys are rolled out") {
    gossip_seal plain;
    CHECK(plain.seal("\x01x") == "\x01x");
    CHECK(plain.open("\x01x") == "\x01x");
    auto strict = sealed_by({one_key});
    CHECK_FALSE(strict.open("\x01x"));
    CHECK_FALSE(plain.open(strict.seal("x")));
    auto lenient = sealed_by({one_key});
    lenient.must_verify = lenient.must_encrypt = false;
    CHECK(lenient.open("\x01x") == "\x01x");
    CHECK(lenient.open(strict.seal("x")) == "x");
    CHECK(lenient.seal("\x01x") == "\x01x");
  }
}
