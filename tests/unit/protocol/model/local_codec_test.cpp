#include "protocol/model/local_codec.hpp"

#include "protocol/base/prng.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::model;
using namespace std::chrono_literals;

namespace {

// No two fields alike, so that one that is swapped or forgotten is seen.
check_wish full_wish() {
  check_wish x;
  int n = 0;
  for (auto* text : {&x.id, &x.name, &x.notes, &x.service_id, &x.token,
                     &x.status, &x.alias_node, &x.alias_service, &x.http,
                     &x.method, &x.body, &x.tcp, &x.udp, &x.grpc, &x.h2ping,
                     &x.docker_container_id, &x.shell, &x.os_service})
    *text = "text " + std::to_string(++n);
  x.args = {"/bin/true", "", "-v"};
  x.header = {{"A", {"1", "2"}}, {"B", {}}};
  x.tls_skip_verify = true;
  x.grpc_use_tls = true;
  x.h2ping_use_tls = false;
  x.ttl = 1s;
  x.interval = 2s;
  x.timeout = 3s;
  x.deregister_after = 4s;
  x.success_before_passing = 5;
  x.failures_before_critical = 6;
  x.output_max_size = 7;
  return x;
}

service_wish full_service() {
  service_wish x;
  x.service.node = "n";
  x.service.kind = "connect-proxy";
  x.service.id = std::string("a\0b/..", 6);
  x.service.name = "web";
  x.service.tags = {"one", "two"};
  x.service.address = "10.0.0.1";
  x.service.tagged_addresses.emplace()["lan"] = {"10.0.0.2", 81};
  x.service.meta = string_map{{"k", "v"}};
  x.service.port = 80;
  x.service.weights = {3, 4};
  x.service.enable_tag_override = true;
  x.service.proxy.destination_name = "db";
  x.checks = {full_wish(), check_wish{}};
  x.token = "secret";
  x.sidecar_json = "{}";
  return x;
}

kept_check full_check() {
  return {full_wish(), "ttl", check_status::warning, "all \xff is well"};
}

template <class Decode>
void check_truncations(const std::string& bytes, Decode decode) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(!decode(std::string_view(bytes).substr(0, size)));
  }
  CHECK(!decode(bytes + '\0'));
}

template <class T, class Decode>
void check_mutations(const std::string& bytes, const T& whole, Decode decode) {
  prng chance(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ (1 + chance.next() % 255));
    auto found = decode(changed);
    // Each byte means something: none may be changed unnoticed.
    CHECK((!found || *found != whole));
  }
}

} // namespace

TEST_CASE("a service with its checks comes back from its bytes") {
  for (auto& one : {full_service(), service_wish{}}) {
    auto again = decode_local_service(encode_local(one));
    REQUIRE(again);
    CHECK(*again == one);
  }
}

TEST_CASE("a check comes back from its bytes as it stood") {
  for (auto& one : {full_check(), kept_check{}}) {
    auto again = decode_local_check(encode_local(one));
    REQUIRE(again);
    CHECK(*again == one);
  }
}

TEST_CASE("local bytes that are cut anywhere, or too long, are refused") {
  check_truncations(encode_local(full_service()), decode_local_service);
  check_truncations(encode_local(full_check()), decode_local_check);
}

TEST_CASE("a changed byte is refused or is another service or check") {
  check_mutations(encode_local(full_service()), full_service(),
                  decode_local_service);
  check_mutations(encode_local(full_check()), full_check(), decode_local_check);
}

TEST_CASE("the ends of TTL checks come back from their bytes") {
  kept_expiries all{{{"a", 1}, {"b", UINT64_MAX}, {"", 0}}};
  auto bytes = encode_local(all);
  auto back = decode_local_expiries(bytes);
  REQUIRE(back);
  CHECK(*back == all);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(
        decode_local_expiries(std::string_view(bytes).substr(0, length)));
  CHECK_FALSE(decode_local_expiries(bytes + '\0'));
  CHECK_FALSE(decode_local_check(bytes));
}

TEST_CASE("a check is no service, and another version is said to be one") {
  CHECK(!decode_local_service(encode_local(full_check())));
  CHECK(!decode_local_check(encode_local(full_service())));
  auto bytes = encode_local(full_check());
  bytes[0] = 2;
  auto found = decode_local_check(bytes);
  REQUIRE(!found);
  CHECK(found.failure().code == errc::unsupported);
}
