#pragma once

// The sockets of DNS on libuv: datagrams, and streams of packets with a
// length before each (RFC 1035, section 4.2.2).

#include "actors/interfaces.hpp"
#include "actors/io/sockets.hpp"

namespace praetor::actors::io {

/// Open TCP connections of DNS clients; more are closed at once.
inline constexpr std::size_t dns_connections_max = 1024;

/// A TCP client that says nothing for so long is let go.
inline constexpr std::uint64_t dns_idle_max_ms = 20'000;

/// Answers that a TCP client does not read; beyond it the connection ends.
inline constexpr std::size_t dns_unread_bytes_max = 256 * 1024;

/// Gives the packets of a bound UDP socket to the responder, on its loop.
void serve_dns_udp(loop& on, int socket, dns_responder_actor responder);

/// Takes over an accepted TCP connection; on the loop's thread.
void serve_dns_tcp(loop& on, int socket, dns_responder_actor responder);

} // namespace praetor::actors::io
