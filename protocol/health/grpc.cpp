#include "protocol/health/grpc.hpp"

#include "protocol/base/assert.hpp"
#include "protocol/base/bytes.hpp"

namespace praetor::health {
namespace {

constexpr std::size_t frame_head_bytes = 5; // a flag, and a length as u32

// Field 1 of both messages: a text in the request, a number in the answer.
constexpr std::uint64_t service_field = 1 << 3 | 2;
constexpr std::uint64_t status_field = 1 << 3 | 0;

constexpr std::uint64_t serving = 1;

// The lowest three bits of a protobuf key.
enum class wire : std::uint64_t { varint, fixed64, bytes, group, end, fixed32 };

// Passes over the value of a field that nobody asked for.
bool skip(byte_reader& in, wire type) {
  switch (type) {
  case wire::varint:
    in.varint();
    return true;
  case wire::fixed64:
    in.u64();
    return true;
  case wire::fixed32:
    in.u32();
    return true;
  case wire::bytes:
    in.bytes();
    return true;
  default:
    return false; // groups are of old, and nobody sends them
  }
}

std::size_t big_endian(std::string_view four) {
  PRAETOR_ASSERT(four.size() == 4);
  std::size_t value = 0;
  for (auto byte : four)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

} // namespace

std::string grpc_request(std::string_view service) {
  std::string message;
  byte_writer out(message);
  if (!service.empty()) {
    out.varint(service_field);
    out.bytes(service);
  }
  std::string frame(1, '\0'); // not compressed
  for (int shift : {24, 16, 8, 0})
    frame.push_back(static_cast<char>(message.size() >> shift & 0xFF));
  PRAETOR_ASSERT(frame.size() == frame_head_bytes);
  return frame + message;
}

result<bool> grpc_serves(std::string_view body) {
  if (body.size() < frame_head_bytes || body[0] != '\0')
    return fail(errc::corrupt, "gRPC: " + std::to_string(body.size()) +
                                   " bytes are no plain message");
  auto size = big_endian(body.substr(1, 4));
  if (size > grpc_frame_bytes_max || size > body.size() - frame_head_bytes)
    return fail(errc::corrupt,
                "gRPC: a message of " + std::to_string(size) +
                    " bytes; there are " +
                    std::to_string(body.size() - frame_head_bytes) +
                    ", allowed are " + std::to_string(grpc_frame_bytes_max));
  byte_reader in(body.substr(frame_head_bytes, size));
  std::uint64_t status = 0; // what is left out is 0: unknown
  while (!in.failed() && !in.at_end()) {
    auto key = in.varint();
    if (key == status_field)
      status = in.varint();
    else if (!skip(in, static_cast<wire>(key & 7)))
      return fail(errc::corrupt, "gRPC: a field of unknown type");
  }
  if (in.failed())
    return fail(errc::corrupt, "gRPC: a field is cut off");
  return status == serving;
}

std::string grpc_code_name(int code) {
  constexpr const char* names[] = {"OK",
                                   "Canceled",
                                   "Unknown",
                                   "InvalidArgument",
                                   "DeadlineExceeded",
                                   "NotFound",
                                   "AlreadyExists",
                                   "PermissionDenied",
                                   "ResourceExhausted",
                                   "FailedPrecondition",
                                   "Aborted",
                                   "OutOfRange",
                                   "Unimplemented",
                                   "Internal",
                                   "Unavailable",
                                   "DataLoss",
                                   "Unauthenticated"};
  if (code >= 0 && code < static_cast<int>(std::size(names)))
    return names[code];
  return "Code(" + std::to_string(code) + ")";
}

std::string grpc_error(int code, std::string_view description) {
  return "rpc error: code = " + grpc_code_name(code) +
         " desc = " + std::string(description);
}

} // namespace praetor::health
