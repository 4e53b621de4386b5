// A connected TCP or Unix socket on libuv. Reads go through one buffer per
// thread, so an idle connection holds none; writes try the kernel first and
// queue the rest by reference, so a shared answer is never copied.

#include "actors/io/sockets.hpp"

#include <array>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

constexpr std::size_t read_buffer_bytes = 64 * 1024;

using piece = http::connection::piece;

class uv_stream_socket;

struct write_request {
  uv_write_t uv;
  std::vector<piece> pieces;
  std::size_t size = 0;
  uv_stream_socket* owner = nullptr;
};

// Deletes itself when libuv has closed the handle.
class uv_stream_socket {
public:
  uv_stream_socket(loop& on, int socket, std::string peer,
                   std::shared_ptr<connection_counts> counts,
                   http_session_actor who)
      : loop_(on), peer_(std::move(peer)), counts_(std::move(counts)),
        who_(std::move(who)) {
    // A pipe handle takes any stream socket and is smaller than a TCP one.
    uv_pipe_init(on.raw(), &handle_, 0);
    handle_.data = this;
    opened_ = uv_pipe_open(&handle_, socket) == 0;
    if (!opened_)
      ::close(socket);
  }

  void start() {
    if (opened_)
      set_reading(true);
    else
      tell(caf::make_message(at::closed::value));
  }

  void write(std::vector<piece> pieces) {
    if (closing_ || pieces.empty())
      return;
    auto request = std::make_unique<write_request>();
    request->pieces = std::move(pieces);
    std::vector<uv_buf_t> buffers;
    buffers.reserve(request->pieces.size() * 2);
    for (auto& one : request->pieces) {
      add(buffers, one.head);
      if (one.body)
        add(buffers, *one.body);
    }
    if (queued_ == 0 && try_write(buffers))
      return;
    for (auto& one : buffers)
      request->size += one.len;
    if (request->size > 0)
      queue(std::move(request), buffers);
  }

  // What libuv still holds, in the middle of a long write too: a client that
  // reads slowly shows.
  std::size_t queued() const {
    return uv_stream_get_write_queue_size(
        reinterpret_cast<const uv_stream_t*>(&handle_));
  }

  void set_reading(bool on) {
    if (closing_ || ended_ || on == reading_)
      return;
    reading_ = on;
    auto* stream = reinterpret_cast<uv_stream_t*>(&handle_);
    if (!on) {
      uv_read_stop(stream);
      return;
    }
    uv_read_start(
        stream, give_buffer,
        [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
          static_cast<uv_stream_socket*>(from->data)->on_read(size, buffer);
        });
  }

  void finish() {
    if (closing_ || finishing_)
      return;
    finishing_ = true;
    auto* request = new uv_shutdown_t;
    auto failed = uv_shutdown(request, reinterpret_cast<uv_stream_t*>(&handle_),
                              [](uv_shutdown_t* done, int) { delete done; });
    if (failed)
      delete request;
  }

  // After this nobody hears of us.
  void close() {
    who_ = http_session_actor{};
    if (std::exchange(closing_, true))
      return;
    counts_->remove(peer_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
      delete static_cast<uv_stream_socket*>(handle->data);
    });
  }

  const std::string& peer() const { return peer_; }

private:
  static void add(std::vector<uv_buf_t>& buffers, const std::string& bytes) {
    if (!bytes.empty())
      buffers.push_back(uv_buf_init(const_cast<char*>(bytes.data()),
                                    static_cast<unsigned>(bytes.size())));
  }

  static void give_buffer(uv_handle_t*, std::size_t, uv_buf_t* out) {
    static thread_local std::array<char, read_buffer_bytes> buffer;
    *out = uv_buf_init(buffer.data(), buffer.size());
  }

  // True when the kernel took all; else the buffers are what is left.
  bool try_write(std::vector<uv_buf_t>& buffers) {
    auto* stream = reinterpret_cast<uv_stream_t*>(&handle_);
    auto sent = uv_try_write(stream, buffers.data(),
                             static_cast<unsigned>(buffers.size()));
    auto left = static_cast<std::size_t>(std::max(sent, 0));
    std::size_t whole = 0;
    while (whole < buffers.size() && left >= buffers[whole].len)
      left -= buffers[whole++].len;
    if (whole == buffers.size())
      return true;
    buffers.erase(buffers.begin(),
                  buffers.begin() + static_cast<std::ptrdiff_t>(whole));
    buffers.front().base += left;
    buffers.front().len -= left;
    return false;
  }

  void queue(std::unique_ptr<write_request> request,
             std::vector<uv_buf_t>& buffers) {
    request->owner = this;
    queued_ += request->size;
    auto* raw = request.release();
    auto failed = uv_write(
        &raw->uv, reinterpret_cast<uv_stream_t*>(&handle_), buffers.data(),
        static_cast<unsigned>(buffers.size()), [](uv_write_t* done, int) {
          std::unique_ptr<write_request> ours(
              reinterpret_cast<write_request*>(done));
          ours->owner->on_written(ours->size);
        });
    if (failed) {
      queued_ -= raw->size;
      delete raw;
      tell(caf::make_message(at::closed::value));
    }
  }

  void on_written(std::size_t size) {
    PRAETOR_ASSERT(queued_ >= size);
    queued_ -= size;
    tell(caf::make_message(at::written::value));
    loop_.drain();
  }

  void on_read(ssize_t size, const uv_buf_t* buffer) {
    if (size == 0)
      return;
    if (size < 0) {
      // The client's direction is over; as far as HTTP goes so is the rest.
      ended_ = true;
      uv_read_stop(reinterpret_cast<uv_stream_t*>(&handle_));
      tell(caf::make_message(at::closed::value));
    } else {
      tell(caf::make_message(
          at::received::value,
          received_bytes{std::make_shared<const std::string>(
              buffer->base, static_cast<std::size_t>(size))}));
    }
    loop_.drain();
  }

  void tell(caf::message what) {
    if (who_)
      caf::actor_cast<caf::strong_actor_ptr>(who_)->enqueue(
          nullptr, caf::make_message_id(), std::move(what), nullptr);
  }

  loop& loop_;
  uv_pipe_t handle_{};
  std::string peer_;
  std::shared_ptr<connection_counts> counts_;
  http_session_actor who_;
  std::size_t queued_ = 0;
  bool opened_ = false;
  bool reading_ = false;
  bool ended_ = false;
  bool finishing_ = false;
  bool closing_ = false;
};

// What the session owns: lets go of the socket when it is destroyed.
class owned_stream final : public byte_stream {
public:
  explicit owned_stream(uv_stream_socket* socket) : socket_(socket) {}
  ~owned_stream() override { close(); }
  void write(std::vector<piece> pieces) override {
    if (socket_)
      socket_->write(std::move(pieces));
  }
  std::size_t queued_bytes() const override {
    return socket_ ? socket_->queued() : 0;
  }
  void set_reading(bool on) override {
    if (socket_)
      socket_->set_reading(on);
  }
  void finish() override {
    if (socket_)
      socket_->finish();
  }
  void close() override {
    if (auto* socket = std::exchange(socket_, nullptr))
      socket->close();
  }
  std::string peer_address() const override {
    return socket_ ? socket_->peer() : "";
  }

private:
  uv_stream_socket* socket_;
};

} // namespace

std::unique_ptr<byte_stream>
make_stream(loop& on, int socket, std::string peer,
            std::shared_ptr<connection_counts> counts, http_session_actor who) {
  PRAETOR_ASSERT(on.on_thread());
  auto* raw = new uv_stream_socket(on, socket, std::move(peer),
                                   std::move(counts), std::move(who));
  auto stream = std::make_unique<owned_stream>(raw);
  raw->start();
  return stream;
}

} // namespace praetor::actors::io
