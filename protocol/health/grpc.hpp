#pragma once

// The messages of gRPC's health checking protocol (grpc.health.v1), as bytes:
// each is framed by a flag, a length, and then has one field in protobuf.

#include "protocol/base/result.hpp"

#include <string>
#include <string_view>

namespace praetor::health {

/// A frame in an answer may be so long at most; a status has two bytes.
inline constexpr std::size_t grpc_frame_bytes_max = 1024;

/// The path to which the request is posted.
inline constexpr const char* grpc_path = "/grpc.health.v1.Health/Check";

/// Asks for one service, or with an empty name for the server as a whole.
std::string grpc_request(std::string_view service);

/// Whether the answer says that it serves. `errc::corrupt` for what is no
/// answer to such a question.
result<bool> grpc_serves(std::string_view body);

/// "Unavailable" for 14: the names that Go's library has for the codes.
std::string grpc_code_name(int code);

/// What a failed call is told by: "rpc error: code = ... desc = ...".
std::string grpc_error(int code, std::string_view description);

inline constexpr int grpc_deadline_exceeded = 4;
inline constexpr int grpc_unavailable = 14;

} // namespace praetor::health
