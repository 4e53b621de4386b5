#include "actors/io/sockets.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

// Accepted in one turn, so that a flood of connections does not starve those
// that are there.
constexpr int accepts_per_turn_max = 256;

// How long accepting rests when there is no descriptor left.
constexpr std::uint64_t accept_rest_ms = 100;

int open_socket(int family, int type) {
  return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

} // namespace

bool connection_counts::add(const std::string& address) {
  if (per_client_max_ <= 0 || address.empty())
    return true;
  std::lock_guard guard(mutex_);
  auto& count = counts_[address];
  if (count >= per_client_max_)
    return false;
  ++count;
  return true;
}

void connection_counts::remove(const std::string& address) {
  if (per_client_max_ <= 0 || address.empty())
    return;
  std::lock_guard guard(mutex_);
  auto found = counts_.find(address);
  PRAETOR_ASSERT(found != counts_.end() && found->second > 0);
  if (--found->second == 0)
    counts_.erase(found);
}

bool to_socket_address(const std::string& address, int port,
                       sockaddr_storage& out, socklen_t& size) {
  std::memset(&out, 0, sizeof out);
  auto* four = reinterpret_cast<sockaddr_in*>(&out);
  if (inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<std::uint16_t>(port));
    size = sizeof *four;
    return true;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&out);
  if (inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(static_cast<std::uint16_t>(port));
    size = sizeof *six;
    return true;
  }
  return false;
}

std::string address_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr,
              text, sizeof text);
  else if (address->sa_family == AF_INET6)
    inet_ntop(AF_INET6,
              &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
              sizeof text);
  return text;
}

error listen_error(const char* network, const std::string& address, int port,
                   int number) {
  auto where =
      address.find(':') == std::string::npos ? address : "[" + address + "]";
  std::string reason = number == EADDRINUSE ? "address already in use"
                       : number == EADDRNOTAVAIL
                           ? "cannot assign requested address"
                       : number == EACCES ? "permission denied"
                                          : std::strerror(number);
  return fail(errc::io, std::string("listen ") + network + " " + where + ":" +
                            std::to_string(port) + ": bind: " + reason);
}

result<std::unique_ptr<listener>> listener::tcp(const std::string& address,
                                                int port, accepted on_socket) {
  sockaddr_storage where;
  socklen_t size = 0;
  if (!to_socket_address(address, port, where, size))
    return fail(errc::bad_input,
                "listen tcp: \"" + address + "\" is no IP address");
  int socket = open_socket(where.ss_family, SOCK_STREAM);
  if (socket < 0)
    return listen_error("tcp", address, port, errno);
  int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&where), size) != 0 ||
      ::listen(socket, accept_backlog) != 0) {
    auto number = errno;
    ::close(socket);
    return listen_error("tcp", address, port, number);
  }
  getsockname(socket, reinterpret_cast<sockaddr*>(&where), &size);
  auto bound = ntohs(where.ss_family == AF_INET
                         ? reinterpret_cast<sockaddr_in*>(&where)->sin_port
                         : reinterpret_cast<sockaddr_in6*>(&where)->sin6_port);
  return std::unique_ptr<listener>(
      new listener(socket, bound, "", std::move(on_socket)));
}

result<std::unique_ptr<listener>> listener::local(const std::string& path,
                                                  accepted on_socket) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path)
    return fail(errc::bad_input, "socket path of " +
                                     std::to_string(path.size()) +
                                     " bytes is too long, at most " +
                                     std::to_string(sizeof where.sun_path - 1));
  std::memcpy(where.sun_path, path.data(), path.size());
  // A socket that an earlier run left behind; nothing else is removed.
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode))
    ::unlink(path.c_str());
  int socket = open_socket(AF_UNIX, SOCK_STREAM);
  if (socket < 0 ||
      ::bind(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 ||
      ::listen(socket, accept_backlog) != 0) {
    std::string reason = std::strerror(errno);
    if (socket >= 0)
      ::close(socket);
    return fail(errc::io, "listen unix " + path + ": bind: " + reason);
  }
  return std::unique_ptr<listener>(
      new listener(socket, 0, path, std::move(on_socket)));
}

listener::~listener() {
  stop();
  if (socket_ >= 0)
    ::close(socket_);
}

void listener::on_readable(uv_poll_t* handle, int, int) {
  static_cast<listener*>(handle->data)->accept_all();
}

void listener::pause() {
  uv_poll_stop(poll_);
  uv_timer_start(
      rest_,
      [](uv_timer_t* timer) {
        auto* self = static_cast<listener*>(timer->data);
        if (self->poll_)
          uv_poll_start(self->poll_, UV_READABLE, on_readable);
      },
      accept_rest_ms, 0);
}

void listener::start(loop& on) {
  on.post([this, &on] {
    rest_ = new uv_timer_t;
    rest_->data = this;
    uv_timer_init(on.raw(), rest_);
    poll_ = new uv_poll_t;
    poll_->data = this;
    [[maybe_unused]] auto ok = uv_poll_init(on.raw(), poll_, socket_);
    PRAETOR_ASSERT(ok == 0);
    uv_poll_start(poll_, UV_READABLE, on_readable);
  });
}

void listener::stop() {
  if (!path_.empty())
    ::unlink(std::exchange(path_, "").c_str());
  if (!poll_)
    return;
  auto* handle = std::exchange(poll_, nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
    delete reinterpret_cast<uv_poll_t*>(closed);
  });
  auto* rest = std::exchange(rest_, nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(rest), [](uv_handle_t* closed) {
    delete reinterpret_cast<uv_timer_t*>(closed);
  });
}

void listener::accept_all() {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    int socket = ::accept4(socket_, reinterpret_cast<sockaddr*>(&peer), &size,
                           SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      // Without a descriptor the connection waits in the kernel until others
      // end; asking again at once would spin.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
          errno == ENOMEM)
        pause();
      return;
    }
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    on_socket_(socket, address_text(reinterpret_cast<sockaddr*>(&peer)));
  }
}

result<int> bind_udp(const std::string& address, int port) {
  sockaddr_storage where;
  socklen_t size = 0;
  if (!to_socket_address(address, port, where, size))
    return fail(errc::bad_input,
                "listen udp: \"" + address + "\" is no IP address");
  int socket = open_socket(where.ss_family, SOCK_DGRAM);
  if (socket < 0 ||
      ::bind(socket, reinterpret_cast<sockaddr*>(&where), size) != 0) {
    auto number = errno;
    if (socket >= 0)
      ::close(socket);
    return listen_error("udp", address, port, number);
  }
  // Room for a burst while the loop is busy.
  int bytes = 1 << 20;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return socket;
}

} // namespace praetor::actors::io
