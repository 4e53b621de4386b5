#include "actors/io/dns_sockets.hpp"

#include <cstring>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

// One recvmmsg call fills up to sixteen datagrams of 64 KiB.
constexpr std::size_t datagram_buffers = 16;
constexpr std::size_t datagram_bytes = 64 * 1024;
constexpr std::size_t frame_head = 2;

void ask(const dns_responder_actor& responder, dns_question question) {
  caf::actor_cast<caf::strong_actor_ptr>(responder)->enqueue(
      nullptr, caf::make_message_id(),
      caf::make_message(at::received::value, std::move(question)), nullptr);
}

class udp_server {
public:
  udp_server(loop& on, int socket, dns_responder_actor responder)
      : loop_(on), responder_(std::move(responder)),
        buffer_(new char[datagram_buffers * datagram_bytes]) {
    uv_udp_init_ex(on.raw(), &handle_, AF_UNSPEC | UV_UDP_RECVMMSG);
    handle_.data = this;
    [[maybe_unused]] auto ok = uv_udp_open(&handle_, socket);
    PRAETOR_ASSERT(ok == 0);
    uv_udp_recv_start(
        &handle_,
        [](uv_handle_t* handle, std::size_t, uv_buf_t* out) {
          auto& buffer = static_cast<udp_server*>(handle->data)->buffer_;
          *out = uv_buf_init(buffer.get(), datagram_buffers * datagram_bytes);
        },
        [](uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
           const sockaddr* from, unsigned flags) {
          static_cast<udp_server*>(handle->data)
              ->on_packet(size, buffer, from, flags);
        });
  }

private:
  struct port final : dns_reply_port {
    port(uv_udp_t* handle, const sockaddr* from) : handle(handle) {
      auto size = from->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                              : sizeof(sockaddr_in);
      std::memcpy(&to, from, size);
    }
    void send(std::string bytes) override {
      auto out = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
      // A full socket loses the reply, as the network may: clients ask again.
      uv_udp_try_send(handle, &out, 1, reinterpret_cast<sockaddr*>(&to));
    }
    uv_udp_t* handle;
    sockaddr_storage to{};
  };

  void on_packet(ssize_t size, const uv_buf_t* buffer, const sockaddr* from,
                 unsigned flags) {
    if (size <= 0 || !from || (flags & UV_UDP_PARTIAL)) {
      loop_.drain();
      return;
    }
    ask(responder_,
        {std::make_shared<const std::string>(buffer->base,
                                             static_cast<std::size_t>(size)),
         dns::transport::udp, std::make_shared<port>(&handle_, from)});
    if (!(flags & UV_UDP_MMSG_CHUNK))
      loop_.drain();
  }

  loop& loop_;
  dns_responder_actor responder_;
  // Not initialised: the pages that no datagram reaches are never touched.
  std::unique_ptr<char[]> buffer_;
  uv_udp_t handle_{};
};

std::size_t& open_connections() {
  static thread_local std::size_t count = 0;
  return count;
}

// One TCP client. Lives until libuv has closed both handles; answers that
// come later find nobody.
class tcp_client : public std::enable_shared_from_this<tcp_client> {
public:
  tcp_client(loop& on, dns_responder_actor responder)
      : loop_(on), responder_(std::move(responder)) {
    ++open_connections();
  }
  ~tcp_client() { --open_connections(); }

  void start(int socket) {
    uv_pipe_init(loop_.raw(), &handle_, 0);
    uv_timer_init(loop_.raw(), &timer_);
    handle_.data = timer_.data = this;
    self_ = shared_from_this();
    if (uv_pipe_open(&handle_, socket) != 0) {
      ::close(socket);
      return close();
    }
    be_patient();
    listen();
  }

  void send(const std::string& bytes) {
    if (closing_ || bytes.size() > UINT16_MAX)
      return;
    auto out = std::make_unique<outgoing>();
    out->bytes += static_cast<char>(bytes.size() >> 8);
    out->bytes += static_cast<char>(bytes.size() & 0xFF);
    out->bytes += bytes;
    auto buffer = uv_buf_init(out->bytes.data(),
                              static_cast<unsigned>(out->bytes.size()));
    // Straight to the kernel while it takes all; only the rest is queued.
    auto sent = queued_ == 0 ? uv_try_write(stream(), &buffer, 1) : 0;
    auto done = static_cast<std::size_t>(std::max(sent, 0));
    if (done == out->bytes.size())
      return;
    buffer.base += done;
    buffer.len -= done;
    queue(std::move(out), buffer);
  }

private:
  struct outgoing {
    uv_write_t uv;
    std::string bytes;
    tcp_client* owner = nullptr;
  };

  // A client that does not read is not listened to either, and soon let go.
  void queue(std::unique_ptr<outgoing> out, uv_buf_t rest) {
    if (queued_ > dns_unread_bytes_max)
      return close();
    out->owner = this;
    queued_ += out->bytes.size();
    uv_read_stop(stream());
    auto* raw = out.release();
    auto failed =
        uv_write(&raw->uv, stream(), &rest, 1, [](uv_write_t* done, int) {
          std::unique_ptr<outgoing> ours(reinterpret_cast<outgoing*>(done));
          ours->owner->on_written(ours->bytes.size());
        });
    if (failed) {
      queued_ -= raw->bytes.size();
      delete raw;
      close();
    }
  }

  void on_written(std::size_t size) {
    queued_ -= size;
    if (queued_ == 0 && !closing_)
      listen();
  }

  void listen() {
    uv_read_start(
        stream(),
        [](uv_handle_t*, std::size_t, uv_buf_t* out) {
          static thread_local char buffer[datagram_bytes];
          *out = uv_buf_init(buffer, sizeof buffer);
        },
        [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
          static_cast<tcp_client*>(from->data)->on_read(size, buffer);
        });
  }

  struct port final : dns_reply_port {
    explicit port(std::weak_ptr<tcp_client> to) : to(std::move(to)) {}
    void send(std::string bytes) override {
      if (auto alive = to.lock())
        alive->send(bytes);
    }
    std::weak_ptr<tcp_client> to;
  };

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }

  void be_patient() {
    uv_timer_start(
        &timer_,
        [](uv_timer_t* timer) {
          static_cast<tcp_client*>(timer->data)->close();
        },
        dns_idle_max_ms, 0);
  }

  void on_read(ssize_t size, const uv_buf_t* buffer) {
    if (size < 0)
      return close();
    pending_.append(buffer->base, static_cast<std::size_t>(size));
    std::size_t at = 0;
    while (pending_.size() - at >= frame_head) {
      auto length = static_cast<std::size_t>(
          static_cast<unsigned char>(pending_[at]) << 8 |
          static_cast<unsigned char>(pending_[at + 1]));
      if (pending_.size() - at - frame_head < length)
        break;
      be_patient();
      ask(responder_,
          {std::make_shared<const std::string>(pending_, at + frame_head,
                                               length),
           dns::transport::tcp, std::make_shared<port>(weak_from_this())});
      at += frame_head + length;
    }
    pending_.erase(0, at);
    loop_.drain();
  }

  void close() {
    if (std::exchange(closing_, true))
      return;
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* timer) {
      auto* client = static_cast<tcp_client*>(timer->data);
      uv_close(reinterpret_cast<uv_handle_t*>(&client->handle_),
               [](uv_handle_t* handle) {
                 static_cast<tcp_client*>(handle->data)->self_.reset();
               });
    });
  }

  loop& loop_;
  dns_responder_actor responder_;
  uv_pipe_t handle_{};
  uv_timer_t timer_{};
  std::string pending_; // less than one frame and what came with it
  std::shared_ptr<tcp_client> self_;
  std::size_t queued_ = 0;
  bool closing_ = false;
};

} // namespace

void serve_dns_udp(loop& on, int socket, dns_responder_actor responder) {
  PRAETOR_ASSERT(on.on_thread());
  // Lives as long as the process: the socket serves until its end.
  new udp_server(on, socket, std::move(responder));
}

void serve_dns_tcp(loop& on, int socket, dns_responder_actor responder) {
  PRAETOR_ASSERT(on.on_thread());
  if (open_connections() >= dns_connections_max) {
    ::close(socket);
    return;
  }
  std::make_shared<tcp_client>(on, std::move(responder))->start(socket);
}

} // namespace praetor::actors::io
