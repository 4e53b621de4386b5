#include "protocol/gossip/keyring.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::gossip;

namespace {

const std::string old_key(32, 'o');
const std::string new_key(16, 'n');

} // namespace

TEST_SUITE("gossip keyring") {
  TEST_CASE("the first key installed encrypts, until another is used") {
    keyring ring;
    CHECK(ring.install(old_key));
    CHECK(ring.install(new_key));
    CHECK(ring.keys() == std::vector{old_key, new_key});
    CHECK(ring.use(new_key));
    CHECK(ring.keys() == std::vector{new_key, old_key});
    CHECK(ring.install(old_key));
    CHECK(ring.keys().size() == 2);
  }

  TEST_CASE("the key that encrypts cannot be removed, others can") {
    keyring ring;
    CHECK(ring.install(old_key));
    CHECK(ring.install(new_key));
    CHECK(ring.remove(old_key).failure().text ==
          "removing the primary key is not allowed");
    CHECK(ring.remove(new_key));
    CHECK(ring.keys() == std::vector{old_key});
    CHECK(ring.use(new_key).failure().text ==
          "requested key is not in the keyring");
  }

  TEST_CASE("a key that AES cannot use is refused, and so is one too many") {
    keyring ring;
    CHECK_FALSE(ring.install(""));
    CHECK_FALSE(ring.install(std::string(31, 'x')));
    for (std::size_t i = 0; i < keys_max; ++i)
      CHECK(ring.install(std::string(16, static_cast<char>('a' + i))));
    CHECK(ring.install(old_key).failure().code == errc::too_large);
  }
}
