#include "actors/io/link_connection.hpp"

#include <caf/actor_system.hpp>

#include <array>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

/// After this long without an acknowledgement the kernel gives up, where TCP
/// alone would go on for many minutes.
constexpr unsigned tcp_user_timeout_ms = 5'000;

/// One read takes so much at most; the buffer is the thread's.
constexpr std::size_t read_buffer_bytes = 128u << 10;

/// Small frames share a piece of output until it has this size.
constexpr std::size_t piece_bytes = 64u << 10;

/// Pieces that one write hands to the kernel.
constexpr std::size_t pieces_per_write = 64;

/// A request's number has as many bits as CAF gives it.
constexpr std::uint64_t request_id_max = caf::message_id::request_id_mask;

} // namespace

span steady_now() {
  return std::chrono::duration_cast<span>(
      std::chrono::steady_clock::now().time_since_epoch());
}

struct connection::write_request {
  uv_write_t uv{};
  std::deque<std::vector<char>> pieces;
  std::size_t bytes = 0;
  std::shared_ptr<connection> owner;
};

connection::connection(link_core& core, lane by, std::string peer)
    : core_(core.shared_from_this()), by_(by), peer_(std::move(peer)),
      gauge_(std::make_shared<std::atomic<std::size_t>>(0)),
      heard_(steady_now()), sent_(heard_), born_(heard_) {}

// -- the socket ---------------------------------------------------------------

bool connection::open(int family) {
  if (uv_tcp_init_ex(core_->on.raw(), &tcp_, static_cast<unsigned>(family)))
    return false;
  opened_ = true;
  // Until libuv has closed the handle.
  tcp_.data = new std::shared_ptr<connection>(shared_from_this());
  return true;
}

void connection::set_options() {
  uv_os_fd_t socket = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&tcp_), &socket) != 0)
    return;
  uv_tcp_nodelay(&tcp_, 1);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &tcp_user_timeout_ms,
             sizeof tcp_user_timeout_ms);
}

void connection::accept(int socket) {
  if (!open(AF_UNSPEC) || uv_tcp_open(&tcp_, socket) != 0) {
    ::close(socket);
    return close("the socket cannot be used");
  }
  set_options();
  start_reading();
}

void connection::dial(const sockaddr* where, std::weak_ptr<dialler> who) {
  dialled_ = true;
  who_ = std::move(who);
  if (!open(where->sa_family))
    return close("no socket is left");
  set_options();
  connecting_.data = this; // the handle keeps us until it is closed
  auto failed = uv_tcp_connect(
      &connecting_, &tcp_, where, [](uv_connect_t* request, int status) {
        static_cast<connection*>(request->data)->on_connected(status);
      });
  if (failed)
    close(uv_strerror(failed));
}

void connection::on_connected(int status) {
  if (closed_)
    return;
  if (status != 0) {
    close(uv_strerror(status));
  } else {
    auto hello = encode(core_->hello(by_));
    auto& out = tail();
    out.insert(out.end(), hello.begin(), hello.end());
    *gauge_ += hello.size();
    appended(hello.size(), 0, {});
    start_reading();
  }
  core_->on.drain();
}

void connection::start_reading() {
  uv_read_start(
      stream(),
      [](uv_handle_t*, std::size_t, uv_buf_t* out) {
        static thread_local std::array<char, read_buffer_bytes> buffer;
        *out = uv_buf_init(buffer.data(), buffer.size());
      },
      [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
        // A copy, for closing lets go of us.
        auto self = *static_cast<std::shared_ptr<connection>*>(from->data);
        self->on_read(size, buffer);
      });
}

void connection::close(const std::string& why) {
  if (std::exchange(closed_, true))
    return;
  auto self = shared_from_this();
  *gauge_ -= std::exchange(unsent_, 0);
  out_.clear();
  answers_ = nullptr;
  if (box_)
    box_->end();
  if (opened_)
    uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), [](uv_handle_t* handle) {
      delete static_cast<std::shared_ptr<connection>*>(handle->data);
    });
  for (auto& [id, one] : std::exchange(pending_, {}))
    one.fail(caf::sec::request_receiver_down,
             "the connection to " + peer_ + " was lost: " + why, &core_->on);
  core_->remove(self);
  if (auto who = who_.lock())
    who->on_lost(why);
  else if (!dialled_)
    spdlog::debug("agent.link: a connection ended: from={} reason=\"{}\"",
                  peer_, why);
}

// -- what comes ---------------------------------------------------------------

void connection::on_read(ssize_t size, const uv_buf_t* buffer) {
  if (closed_ || size == 0)
    return;
  if (size < 0) {
    close(size == UV_EOF ? "the peer closed it"
                         : uv_strerror(static_cast<int>(size)));
  } else {
    heard_ = steady_now();
    if (auto ok = on_bytes({buffer->base, static_cast<std::size_t>(size)});
        !ok) {
      if (!dialled_)
        spdlog::warn("agent.link: refused a connection: from={} error=\"{}\"",
                     peer_, ok.failure().text);
      close(ok.failure().text);
    }
  }
  core_->on.drain();
}

status connection::on_bytes(std::string_view bytes) {
  if (!greeted_) {
    auto used = on_hello(bytes);
    if (!used)
      return used.failure();
    bytes.remove_prefix(*used);
    if (!is_up())
      return {};
  }
  auto ok = reader_.feed(
      bytes, [this](std::string_view frame) { return on_frame(frame); });
  if (ok && !trouble_.empty())
    return fail(errc::bad_input, trouble_);
  return ok;
}

// How many of the bytes belong to the hello.
result<std::size_t> connection::on_hello(std::string_view bytes) {
  auto before = hello_.size();
  hello_.append(bytes.substr(0, hello_bytes_max - before));
  auto found = decode_hello(hello_);
  if (!found)
    return found.failure();
  if (!*found)
    return bytes.size();
  auto& peer = (*found)->hello;
  if (!dialled_) {
    // Refused or not, the other side may say in its log who we are.
    by_ = peer.by;
    auto ours = encode(core_->hello(by_));
    *gauge_ += ours.size();
    auto& out = tail();
    out.insert(out.end(), ours.begin(), ours.end());
    appended(ours.size(), 0, {});
    write();
  }
  if (peer.cluster != core_->settings.cluster)
    return fail(errc::denied, "the peer \"" + peer.node +
                                  "\" belongs to cluster \"" + peer.cluster +
                                  "\", not to \"" + core_->settings.cluster +
                                  "\"");
  if (peer.by != by_)
    return fail(errc::bad_input, "the peer answers for another lane");
  greeted_ = true;
  if (auto who = who_.lock())
    who->on_up();
  auto used = (*found)->size - before;
  hello_ = {};
  return used;
}

bool connection::on_frame(std::string_view frame) {
  auto header = decode_header(frame);
  auto ok = header ? on_whole_frame(*header, frame.substr(frame_header_bytes))
                   : status(header.failure());
  if (!ok)
    trouble_ = ok.failure().text;
  return ok && !closed_;
}

status connection::on_whole_frame(const frame_header& header,
                                  std::string_view payload) {
  bool is_answer =
      header.kind == frame_kind::answer || header.kind == frame_kind::failure;
  bool has_id = is_answer || header.kind == frame_kind::request;
  if (header.kind == frame_kind::ping)
    return {};
  // Who dialled asks, and the other side answers.
  if (is_answer != dialled_)
    return fail(errc::bad_input, dialled_ ? "a request from who was dialled"
                                          : "an answer to no request");
  if (has_id && (header.id == 0 || header.id > request_id_max))
    return fail(errc::bad_input, "a request of the impossible number " +
                                     std::to_string(header.id));
  if (!has_id && header.id != 0)
    return fail(errc::bad_input, "a message with a request's number");
  if (is_answer)
    on_answer(header, payload);
  else
    on_request(header, payload);
  return {};
}

void connection::on_request(const frame_header& header,
                            std::string_view payload) {
  bool is_request = header.kind == frame_kind::request;
  auto unheard = [&](caf::sec code, std::string why) {
    ++core_->counts.unreadable;
    spdlog::debug("agent.link: a message is left out: from={} error=\"{}\"",
                  peer_, why);
    if (is_request)
      refuse(header.id, code, std::move(why));
  };
  auto found = core_->offers.find(header.target);
  if (found == core_->offers.end())
    return unheard(
        caf::sec::remote_lookup_failed,
        "no actor \"" +
            caf::to_string(static_cast<caf::atom_value>(header.target)) +
            "\" is offered here");
  auto what = read_payload(core_->system, header.kind, payload);
  if (!what)
    return unheard(caf::sec::unknown_type, what.failure().text);
  if (is_request && !answers_) {
    box_ = std::make_shared<outbox>();
    answers_ = make_answer_ref(core_, shared_from_this(), box_);
  }
  auto mid = caf::message_id{header.id | caf::message_id::default_async_value};
  found->second->enqueue(
      caf::make_mailbox_element(is_request ? answers_ : nullptr, mid, {},
                                *std::move(what)),
      &core_->on);
}

void connection::on_answer(const frame_header& header,
                           std::string_view payload) {
  auto found = pending_.find(header.id);
  if (found == pending_.end())
    return; // answered twice
  auto one = std::move(found->second);
  pending_.erase(found);
  auto what = read_payload(core_->system, header.kind, payload);
  if (what)
    return one.answer(*std::move(what), &core_->on);
  ++core_->counts.unreadable;
  // The request may have done its work; only its answer is lost.
  one.fail(caf::sec::request_receiver_down, what.failure().text, &core_->on);
}

void connection::refuse(std::uint64_t id, caf::sec code, std::string why) {
  auto& out = tail();
  auto before = out.size();
  auto ok = append_frame(core_->system, out, {frame_kind::answer, id, 0},
                         caf::make_message(make_error(code, std::move(why))));
  PRAETOR_ASSERT(ok);
  *gauge_ += out.size() - before;
  appended(out.size() - before, 0, {});
}

// -- what goes ----------------------------------------------------------------

std::vector<char>& connection::tail() {
  if (out_.empty() || out_.back().size() >= piece_bytes)
    out_.emplace_back();
  return out_.back();
}

bool connection::appended(std::size_t bytes, std::uint64_t id, asked by) {
  PRAETOR_ASSERT(!closed_);
  if (id != 0 && pending_.size() >= core_->settings.limits.pending_max) {
    auto& out = out_.back();
    out.resize(out.size() - bytes);
    *gauge_ -= bytes;
    by.fail(caf::sec::runtime_error,
            std::to_string(pending_.size()) + " requests to " + peer_ +
                " wait already, no more may",
            &core_->on);
    return false;
  }
  if (id != 0)
    pending_.emplace(id, std::move(by));
  unsent_ += bytes;
  if (!std::exchange(dirty_, true))
    core_->mark_dirty(shared_from_this());
  return true;
}

bool connection::send(outgoing one) {
  auto bytes = one.frame.size();
  // A large frame keeps its own memory, small ones share theirs.
  if (bytes >= piece_bytes / 4) {
    out_.push_back(std::move(one.frame));
  } else {
    auto& out = tail();
    out.insert(out.end(), one.frame.begin(), one.frame.end());
  }
  return appended(bytes, one.id, std::move(one.by));
}

void connection::write() {
  dirty_ = false;
  while (!closed_ && !writing_ && !out_.empty()) {
    std::array<uv_buf_t, pieces_per_write> pieces;
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (auto& one : out_) {
      if (count == pieces.size())
        break;
      auto skip = count == 0 ? written_of_front_ : 0;
      pieces[count++] = uv_buf_init(one.data() + skip,
                                    static_cast<unsigned>(one.size() - skip));
      bytes += one.size() - skip;
    }
    if (bytes == 0)
      return;
    auto sent =
        uv_try_write(stream(), pieces.data(), static_cast<unsigned>(count));
    if (sent < 0 && sent != UV_EAGAIN)
      return close(uv_strerror(sent));
    auto taken = static_cast<std::size_t>(std::max(sent, 0));
    consume(taken);
    if (taken < bytes)
      return queue_rest();
  }
}

void connection::written(std::size_t bytes) {
  PRAETOR_ASSERT(unsent_ >= bytes);
  unsent_ -= bytes;
  *gauge_ -= bytes;
  sent_ = steady_now();
}

void connection::consume(std::size_t bytes) {
  written(bytes);
  while (bytes > 0) {
    auto& front = out_.front();
    auto left = front.size() - written_of_front_;
    if (bytes < left) {
      written_of_front_ += bytes;
      return;
    }
    bytes -= left;
    written_of_front_ = 0;
    if (out_.size() > 1 || front.capacity() > idle_buffer_bytes_max)
      out_.pop_front();
    else
      front.clear(); // the next turn writes into it
  }
}

void connection::queue_rest() {
  auto request = std::make_unique<write_request>();
  request->pieces = std::exchange(out_, {});
  request->owner = shared_from_this();
  std::vector<uv_buf_t> buffers;
  auto skip = std::exchange(written_of_front_, 0);
  for (auto& one : request->pieces) {
    buffers.push_back(uv_buf_init(one.data() + skip,
                                  static_cast<unsigned>(one.size() - skip)));
    request->bytes += one.size() - skip;
    skip = 0;
  }
  writing_ = true;
  auto* raw = request.release();
  auto failed = uv_write(&raw->uv, stream(), buffers.data(),
                         static_cast<unsigned>(buffers.size()),
                         [](uv_write_t* done, int status) {
                           std::unique_ptr<write_request> ours(
                               reinterpret_cast<write_request*>(done));
                           auto& self = *ours->owner;
                           if (self.closed_)
                             return;
                           self.writing_ = false;
                           if (status != 0) {
                             self.close(uv_strerror(status));
                           } else {
                             self.written(ours->bytes);
                             self.write();
                           }
                           self.core_->on.drain();
                         });
  if (failed) {
    delete raw;
    close(uv_strerror(failed));
  }
}

void connection::send_ping() {
  auto& out = tail();
  auto at = out.size();
  out.resize(at + frame_header_bytes);
  put_header(out, at, {});
  *gauge_ += frame_header_bytes;
  appended(frame_header_bytes, 0, {});
}

void connection::check_time(span now) {
  auto& limits = core_->settings.limits;
  if (!greeted_) {
    // Who dials has its own limit for the whole attempt.
    if (!dialled_ && now - born_ > limits.handshake_max)
      close("no hello came");
    return;
  }
  if (now - heard_ > limits.silence_max)
    close("nothing was heard for " +
          std::to_string((now - heard_) / std::chrono::milliseconds(1)) +
          " ms");
  else if (unsent_ == 0 && now - sent_ >= limits.ping_interval)
    send_ping();
}

} // namespace praetor::actors::io
