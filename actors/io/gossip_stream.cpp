#include "actors/io/gossip_stream.hpp"

#include "protocol/gossip/settings.hpp"
#include "protocol/health/wording.hpp"

#include <array>
#include <cstring>
#include <netdb.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

constexpr std::size_t head_bytes = 4;
constexpr std::size_t frame_bytes_max =
    gossip::stream_bytes_max + gossip::seal_bytes;
constexpr std::size_t read_buffer_bytes = 64 * 1024;
// More addresses of one name than anybody waits for.
constexpr std::size_t addresses_max = 16;

// A request of libuv's that keeps its stream alive.
template <class Request>
struct held {
  Request uv{};
  std::shared_ptr<gossip_stream> stream;
  std::string bytes;
};

template <class Handle>
void close_handle(Handle*& handle) {
  auto* closing = std::exchange(handle, nullptr);
  if (closing)
    uv_close(reinterpret_cast<uv_handle_t*>(closing),
             [](uv_handle_t* done) { delete reinterpret_cast<Handle*>(done); });
}

std::string framed(const std::string& bytes) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(bytes.size() >> shift));
  return out + bytes;
}

std::size_t length_of(const std::string& frame) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < head_bytes; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(frame[i]))
              << (8 * i);
  return length;
}

std::uint64_t milliseconds_of(span time) {
  return static_cast<std::uint64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(std::max(time, span{}))
          .count());
}

} // namespace

std::shared_ptr<gossip_stream> gossip_stream::dial(loop& on, budget_ptr budget,
                                                   gossip::exchange what,
                                                   answered done) {
  std::shared_ptr<gossip_stream> made(new gossip_stream(on, std::move(budget)));
  made->what_ = std::move(what);
  made->answered_ = std::move(done);
  made->begin(made->what_.timeout);
  // Even a failure at once is told in a turn of its own.
  on.post([made] {
    if (!made->closed_)
      made->look_up();
    made->loop_.drain();
  });
  return made;
}

std::shared_ptr<gossip_stream>
gossip_stream::serve(loop& on, budget_ptr budget, int socket, requested done) {
  std::shared_ptr<gossip_stream> made(new gossip_stream(on, std::move(budget)));
  made->requested_ = std::move(done);
  made->serves_ = true;
  ++made->budget_->serving;
  made->begin(gossip_serve_max);
  made->socket_ = new uv_tcp_t{};
  uv_tcp_init(on.raw(), made->socket_);
  made->socket_->data = made.get();
  if (uv_tcp_open(made->socket_, socket) != 0) {
    ::close(socket);
    made->close();
  } else if (made->budget_->serving > gossip_streams_max) {
    made->close();
  } else {
    made->read();
  }
  return made;
}

gossip_stream::~gossip_stream() {
  PRAETOR_ASSERT(!socket_ && !timer_);
  if (serves_)
    --budget_->serving;
}

void gossip_stream::begin(span timeout) {
  self_ = shared_from_this();
  timer_ = new uv_timer_t{};
  uv_timer_init(loop_.raw(), timer_);
  timer_->data = this;
  uv_update_time(loop_.raw());
  uv_timer_start(
      timer_,
      [](uv_timer_t* timer) {
        static_cast<gossip_stream*>(timer->data)->on_timeout();
      },
      milliseconds_of(timeout), 0);
}

void gossip_stream::on_timeout() {
  auto& on = loop_;
  fail(false, health::dial_timeout(gossip::to_text(what_.to)));
  on.drain();
}

// -- connecting ---------------------------------------------------------------

void gossip_stream::look_up() {
  sockaddr_storage found{};
  auto* host = what_.to.host.c_str();
  int port = what_.to.port;
  if (uv_ip4_addr(host, port, reinterpret_cast<sockaddr_in*>(&found)) == 0 ||
      uv_ip6_addr(host, port, reinterpret_cast<sockaddr_in6*>(&found)) == 0) {
    addresses_.push_back(found);
    return connect_next();
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto* request = new held<uv_getaddrinfo_t>;
  request->stream = self_;
  request->uv.data = request;
  auto on_done = [](uv_getaddrinfo_t* raw, int error, addrinfo* list) {
    std::unique_ptr<held<uv_getaddrinfo_t>> done(
        static_cast<held<uv_getaddrinfo_t>*>(raw->data));
    done->stream->on_addresses(error, list);
    uv_freeaddrinfo(list);
    done->stream->loop_.drain();
  };
  if (int error = uv_getaddrinfo(loop_.raw(), &request->uv, on_done, host,
                                 std::to_string(port).c_str(), &hints);
      error < 0) {
    delete request;
    fail(false, health::lookup_error(what_.to.host, uv_strerror(error)));
  }
}

void gossip_stream::on_addresses(int error, const addrinfo* found) {
  if (closed_)
    return;
  for (; found && addresses_.size() < addresses_max; found = found->ai_next)
    if (found->ai_addrlen <= sizeof(sockaddr_storage))
      std::memcpy(&addresses_.emplace_back(), found->ai_addr,
                  found->ai_addrlen);
  if (error < 0 || addresses_.empty()) {
    bool unknown =
        error == 0 || error == UV_EAI_NONAME || error == UV_EAI_NODATA;
    return fail(false, health::lookup_error(what_.to.host,
                                            unknown ? "no such host"
                                                    : uv_strerror(error)));
  }
  connect_next();
}

void gossip_stream::connect_next() {
  while (next_ < addresses_.size()) {
    auto& address = addresses_[next_++];
    socket_ = new uv_tcp_t{};
    uv_tcp_init(loop_.raw(), socket_);
    socket_->data = this;
    auto* request = new held<uv_connect_t>;
    request->stream = self_;
    request->uv.data = request;
    auto error = uv_tcp_connect(
        &request->uv, socket_, reinterpret_cast<const sockaddr*>(&address),
        [](uv_connect_t* raw, int failed) {
          std::unique_ptr<held<uv_connect_t>> done(
              static_cast<held<uv_connect_t>*>(raw->data));
          done->stream->on_connected(failed);
          done->stream->loop_.drain();
        });
    if (error == 0)
      return;
    delete request;
    close_socket();
    first_failure_ = health::dial_error(gossip::to_text(what_.to), -error);
  }
  fail(refused_, first_failure_);
}

void gossip_stream::on_connected(int error) {
  if (closed_ || error == UV_ECANCELED)
    return;
  if (error == 0) {
    read();
    return send(what_.bytes);
  }
  close_socket();
  refused_ = error == UV_ECONNREFUSED;
  if (first_failure_.empty())
    first_failure_ = health::dial_error(gossip::to_text(what_.to), -error);
  connect_next();
}

// -- the bytes ----------------------------------------------------------------

void gossip_stream::send(std::string bytes) {
  auto* request = new held<uv_write_t>;
  request->stream = self_;
  request->uv.data = request;
  request->bytes = framed(bytes);
  auto buffer = uv_buf_init(request->bytes.data(),
                            static_cast<unsigned>(request->bytes.size()));
  auto error = uv_write(&request->uv, reinterpret_cast<uv_stream_t*>(socket_),
                        &buffer, 1, [](uv_write_t* raw, int failed) {
                          std::unique_ptr<held<uv_write_t>> done(
                              static_cast<held<uv_write_t>*>(raw->data));
                          auto& stream = *done->stream;
                          if (failed)
                            stream.fail(false, uv_strerror(failed));
                          else if (stream.serves_)
                            stream.close();
                          stream.loop_.drain();
                        });
  if (error) {
    delete request;
    fail(false, uv_strerror(error));
  }
}

void gossip_stream::read() {
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(socket_),
      [](uv_handle_t*, std::size_t, uv_buf_t* out) {
        static thread_local std::array<char, read_buffer_bytes> buffer;
        *out = uv_buf_init(buffer.data(), buffer.size());
      },
      [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
        auto& stream = *static_cast<gossip_stream*>(from->data);
        auto alive = stream.shared_from_this();
        stream.on_read(size, buffer);
        stream.loop_.drain();
      });
}

void gossip_stream::on_read(ssize_t size, const uv_buf_t* buffer) {
  if (closed_ || size == 0)
    return;
  if (size < 0)
    return fail(false, "the stream ended before the answer was there");
  auto more = static_cast<std::size_t>(size);
  if (budget_->buffered + more > gossip_buffered_max)
    return fail(false, "too much is being received");
  budget_->buffered += more;
  pending_.append(buffer->base, more);
  if (pending_.size() < head_bytes)
    return;
  auto length = length_of(pending_);
  if (length > frame_bytes_max || pending_.size() > length + head_bytes)
    return fail(false, "a state of " + std::to_string(length) +
                           " bytes is too large or ends wrongly");
  if (pending_.size() < length + head_bytes)
    return;
  auto whole = pending_.substr(head_bytes);
  uv_read_stop(reinterpret_cast<uv_stream_t*>(socket_));
  if (serves_) {
    if (auto call = std::exchange(requested_, nullptr))
      call(self_, std::move(whole));
    return;
  }
  auto call = std::exchange(answered_, nullptr);
  close();
  if (call)
    call(std::move(whole));
}

void gossip_stream::answer(std::string bytes) {
  if (closed_)
    return;
  if (bytes.empty())
    return close();
  send(std::move(bytes));
}

// -- the end ------------------------------------------------------------------

void gossip_stream::fail(bool refused, std::string why) {
  auto call = std::exchange(answered_, nullptr);
  auto alive = shared_from_this();
  close();
  if (call)
    call(gossip::exchange_failure{refused, std::move(why)});
}

void gossip_stream::close_socket() {
  close_handle(socket_);
}

void gossip_stream::close() {
  if (std::exchange(closed_, true))
    return;
  answered_ = nullptr;
  requested_ = nullptr;
  budget_->buffered -= pending_.size();
  pending_.clear();
  close_socket();
  close_handle(timer_);
  auto last = std::move(self_);
}

} // namespace praetor::actors::io
