#include "protocol/health/grpc.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::health;

namespace {

std::string framed(std::string message) {
  return std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) +
         message;
}

} // namespace

TEST_CASE("a request names its service, or nothing") {
  CHECK(grpc_request("") == std::string("\0\0\0\0\0", 5));
  CHECK(grpc_request("ab") == std::string("\0\0\0\0\4\x0a\2ab", 9));
}

TEST_CASE("only a server that says so serves") {
  CHECK(*grpc_serves(framed("\x08\x01")));
  CHECK_FALSE(*grpc_serves(framed("\x08\x02")));
  CHECK_FALSE(*grpc_serves(framed(""))); // unknown
}

TEST_CASE("fields of later versions are passed over") {
  auto later = std::string("\x12\x01x\x19") + std::string(8, '\0') + "\x25" +
               std::string(4, '\0') + "\x28\x05\x08\x01";
  CHECK(*grpc_serves(framed(later)));
}

TEST_CASE("what is no answer is refused") {
  for (std::string body :
       {std::string(), std::string("\0\0\0\0", 4), std::string("\1\0\0\0\0", 5),
        std::string("\0\0\0\0\2\x08", 6), std::string("\0\xff\xff\xff\xff", 5),
        framed("\x08"), framed("\x0a\x05x"), framed("\x0b")})
    CHECK_FALSE(grpc_serves(body));
}

TEST_CASE("errors name their code as Go does") {
  CHECK(grpc_error(14, "gone") == "rpc error: code = Unavailable desc = gone");
  CHECK(grpc_code_name(0) == "OK");
  CHECK(grpc_code_name(16) == "Unauthenticated");
  CHECK(grpc_code_name(17) == "Code(17)");
  CHECK(grpc_code_name(-1) == "Code(-1)");
}
