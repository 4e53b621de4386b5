#pragma once

// Listening sockets and connected streams on libuv. A listener lives on one
// loop and deals its connections out over all; a stream lives on the loop of
// its session.

#include "actors/interfaces.hpp"
#include "actors/io/byte_stream.hpp"
#include "actors/io/loop.hpp"

#include <map>
#include <mutex>
#include <netinet/in.h>

namespace praetor::actors::io {

/// Connections the kernel holds for us until we accept them.
inline constexpr int accept_backlog = 4096;

/// Counts connections per client address. Any thread.
class connection_counts {
public:
  explicit connection_counts(int per_client_max)
      : per_client_max_(per_client_max) {}

  /// False when the client has as many as it may; 0 or less is no limit.
  bool add(const std::string& address);
  void remove(const std::string& address);

private:
  int per_client_max_;
  std::mutex mutex_;
  std::map<std::string, int> counts_;
};

/// Takes over a connected socket for a session on this loop. The session
/// hears of bytes, of room to write and of the end.
std::unique_ptr<byte_stream>
make_stream(loop& on, int socket, std::string peer,
            std::shared_ptr<connection_counts> counts, http_session_actor who);

/// A bound and listening TCP or Unix socket. Calls `accepted` on its loop's
/// thread with each new socket and the peer's address.
class listener {
public:
  using accepted = std::function<void(int socket, std::string peer)>;

  /// Binds at once, on the calling thread: errors are known before the node
  /// says that it runs.
  static result<std::unique_ptr<listener>> tcp(const std::string& address,
                                               int port, accepted on_socket);
  static result<std::unique_ptr<listener>> local(const std::string& path,
                                                 accepted on_socket);
  ~listener();

  /// Starts to accept on the loop.
  void start(loop& on);
  /// Stops accepting; on the loop's thread.
  void stop();
  int port() const { return port_; }

private:
  listener(int socket, int port, std::string path, accepted on_socket)
      : socket_(socket), port_(port), path_(std::move(path)),
        on_socket_(std::move(on_socket)) {}
  static void on_readable(uv_poll_t* handle, int status, int events);
  void accept_all();
  void pause();

  int socket_;
  int port_;
  std::string path_;
  accepted on_socket_;
  uv_poll_t* poll_ = nullptr;
  uv_timer_t* rest_ = nullptr; // runs while accepting is paused
};

/// A bound UDP socket, non-blocking.
result<int> bind_udp(const std::string& address, int port);

/// "dial"-free words for a failed bind: "listen tcp 1.2.3.4:80: bind: address
/// already in use".
error listen_error(const char* network, const std::string& address, int port,
                   int number);

/// Fills the address; false when the text is no IP address.
bool to_socket_address(const std::string& address, int port,
                       sockaddr_storage& out, socklen_t& size);

/// The address part in text form; empty for local sockets.
std::string address_text(const sockaddr* address);

} // namespace praetor::actors::io
