#include "actors/io/gossip_sockets.hpp"

#include "actors/io/gossip_stream.hpp"
#include "actors/io/sockets.hpp"

#include <array>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

// Longer datagrams are none of ours and are dropped.
constexpr std::size_t datagram_bytes = 2048;
static_assert(datagram_bytes > gossip::datagram_bytes_max);

// Closed streams are forgotten when there are so many of them.
constexpr std::size_t streams_swept = 64;

gossip::endpoint endpoint_of(const sockaddr* from) {
  auto port = from->sa_family == AF_INET6
                  ? reinterpret_cast<const sockaddr_in6*>(from)->sin6_port
                  : reinterpret_cast<const sockaddr_in*>(from)->sin_port;
  return {address_text(from), ntohs(port)};
}

struct stream_reply final : gossip_reply_port {
  explicit stream_reply(std::shared_ptr<gossip_stream> to)
      : to(std::move(to)) {}
  ~stream_reply() override {
    // Nobody answered.
    if (to)
      to->close();
  }
  void send(std::string bytes) override {
    if (auto once = std::exchange(to, nullptr))
      once->answer(std::move(bytes));
  }
  std::shared_ptr<gossip_stream> to;
};

class gossip_sockets final : public gossip_port {
public:
  gossip_sockets(loop& on, int socket, std::unique_ptr<listener> streams)
      : loop_(on), socket_(socket), listener_(std::move(streams)) {}

  ~gossip_sockets() override {
    // Elsewhere the loop has ended, and with it the process.
    if (!loop_.on_thread()) {
      (void)listener_.release();
      return;
    }
    for (auto& one : streams_)
      if (auto alive = one.lock())
        alive->close();
    if (udp_)
      uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(udp_, nullptr)),
               [](uv_handle_t* handle) {
                 delete reinterpret_cast<uv_udp_t*>(handle);
               });
    else
      ::close(socket_);
  }

  void open(gossip_prober_actor who) override {
    PRAETOR_ASSERT(loop_.on_thread());
    // Weak: the prober owns us.
    who_ = caf::actor_cast<caf::weak_actor_ptr>(who);
    udp_ = new uv_udp_t{};
    uv_udp_init(loop_.raw(), udp_);
    udp_->data = this;
    [[maybe_unused]] auto ok = uv_udp_open(udp_, socket_);
    PRAETOR_ASSERT(ok == 0);
    uv_udp_recv_start(
        udp_,
        [](uv_handle_t*, std::size_t, uv_buf_t* out) {
          static thread_local std::array<char, datagram_bytes> buffer;
          *out = uv_buf_init(buffer.data(), buffer.size());
        },
        [](uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
           const sockaddr* from, unsigned flags) {
          static_cast<gossip_sockets*>(handle->data)
              ->on_packet(size, buffer, from, flags);
        });
    listener_->start(loop_);
  }

  void send(const gossip::endpoint& to, std::string bytes) override {
    sockaddr_storage where;
    socklen_t size = 0;
    if (!udp_ || !to_socket_address(to.host, to.port, where, size))
      return;
    auto out = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
    // A full socket loses it, as the network may.
    uv_udp_try_send(udp_, &out, 1, reinterpret_cast<sockaddr*>(&where));
  }

  void exchange(gossip::exchange what) override {
    auto which = what.which;
    auto done = [who = who_, which](gossip::exchange_answer answer) {
      tell(who, caf::make_message(at::report::value,
                                  gossip_answer{which, std::move(answer)}));
    };
    keep(gossip_stream::dial(loop_, budget_, std::move(what), std::move(done)));
  }

  void on_connection(int socket, const std::string& peer) {
    auto done = [who = who_, peer](std::shared_ptr<gossip_stream> stream,
                                   std::string bytes) {
      tell(who, caf::make_message(at::call::value,
                                  gossip_call{{peer, 0},
                                              std::move(bytes),
                                              std::make_shared<stream_reply>(
                                                  std::move(stream))}));
    };
    keep(gossip_stream::serve(loop_, budget_, socket, std::move(done)));
    loop_.drain();
  }

private:
  static void tell(const caf::weak_actor_ptr& who, caf::message what) {
    if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(who))
      alive->enqueue(nullptr, caf::make_message_id(), std::move(what), nullptr);
  }

  void on_packet(ssize_t size, const uv_buf_t* buffer, const sockaddr* from,
                 unsigned flags) {
    if (size <= 0 || !from || (flags & UV_UDP_PARTIAL))
      return;
    tell(who_,
         caf::make_message(
             at::received::value,
             gossip_datagram{endpoint_of(from),
                             {buffer->base, static_cast<std::size_t>(size)}}));
    loop_.drain();
  }

  void keep(const std::shared_ptr<gossip_stream>& one) {
    if (streams_.size() >= streams_swept)
      std::erase_if(streams_, [](auto& old) { return old.expired(); });
    streams_.push_back(one);
  }

  loop& loop_;
  int socket_;
  uv_udp_t* udp_ = nullptr;
  std::unique_ptr<listener> listener_;
  caf::weak_actor_ptr who_;
  gossip_stream::budget_ptr budget_ = std::make_shared<gossip_stream_budget>();
  std::vector<std::weak_ptr<gossip_stream>> streams_;
};

} // namespace

result<gossip_binding> bind_gossip(loop& on, const std::string& address,
                                   int port) {
  auto target = std::make_shared<gossip_sockets*>(nullptr);
  auto streams = listener::tcp(address, port,
                               [target](int socket, const std::string& peer) {
                                 if (*target)
                                   (*target)->on_connection(socket, peer);
                                 else
                                   ::close(socket);
                               });
  if (!streams)
    return streams.failure();
  auto number = (*streams)->port();
  auto socket = bind_udp(address, number);
  if (!socket)
    return socket.failure();
  auto made =
      std::make_unique<gossip_sockets>(on, *socket, std::move(*streams));
  *target = made.get();
  return gossip_binding{std::move(made), number};
}

} // namespace praetor::actors::io
