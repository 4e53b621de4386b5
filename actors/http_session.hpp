#pragma once

#include "actors/io/byte_stream.hpp"
#include "actors/io/loop.hpp"
#include "actors/log.hpp"
#include "actors/serving.hpp"
#include "http/connection.hpp"

namespace praetor::actors {

/// Answers that the client does not read are held up to here; then we stop
/// taking requests from it until it reads.
inline constexpr std::size_t unread_answer_bytes_max = 256 * 1024;

/// A request must be complete this soon after its first byte: a client that
/// sends a byte now and then holds a session, not more.
inline constexpr span request_time_max = std::chrono::seconds(60);

/// A client must read something of a waiting answer in this time.
inline constexpr span answer_stall_max = std::chrono::seconds(60);

/// Bytes are still taken this long after an answer that ends a connection,
/// so that closing does not destroy the answer on its way.
inline constexpr span linger = std::chrono::milliseconds(500);

/// What all sessions of one loop share. Outlives them.
struct http_services : serving_parts {
  const std::string* date = nullptr;
  http::limits bounds;
  /// Networks that may write, or empty for all.
  std::function<bool(const std::string& address)> may_write;
  agent_actor agent;
  log_hub* log = nullptr;
  /// A client agent: what is asked of the state, a server answers.
  bool has_no_state = false;
  /// Draws the ticket of a request to another node, never zero.
  std::function<std::uint64_t()> next_ticket;
};

/// One HTTP connection: feeds bytes to `http::connection`, carries out what
/// the routes ask, one request at a time.
struct http_session_state {
  http_session_state() = default;
  ~http_session_state();
  static inline const char* name = "http_session";

  const http_services* services = nullptr;
  std::unique_ptr<io::byte_stream> stream;
  std::unique_ptr<http::connection> connection;
  /// The request that is being answered.
  std::shared_ptr<http::request> open;
  std::shared_ptr<const http::read_action> asked;
  std::uint64_t number = 0; // of the open request, to tell late answers
  bool watching = false;
  std::uint64_t forwarded = 0; // the ticket of the request that a server has
  bool monitoring = false;
  bool finishing = false;
  std::uint64_t guard = 0; // of the newest deadline
  timer_id guard_timer;
  std::size_t unread = 0; // of our answers, when that deadline was set
  std::uint64_t log_subscription = 0;
};

using http_session_ptr = io::pinned_ptr<http_session_actor, http_session_state>;

/// The stream arrives with the first message to the session, `adopt`, since
/// it has to know whom to tell of its bytes.
http_session_actor::behavior_type http_session(http_session_ptr self,
                                               const http_services* services);

} // namespace praetor::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(const praetor::actors::http_services*)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(praetor::actors::stream_handover)
