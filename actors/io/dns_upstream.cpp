#include "actors/io/dns_upstream.hpp"

#include "dns/recursion.hpp"

#include <spdlog/spdlog.h>
#include <uv.h>

#include <cstdlib>

namespace praetor::actors::io {

struct dns_upstream::address {
  sockaddr_storage socket{};
  std::string text;
};

namespace {

constexpr std::size_t datagram_bytes = 64 * 1024;
constexpr std::size_t frame_head = 2;
constexpr int default_port = 53;

std::size_t& open_questions() {
  static thread_local std::size_t count = 0;
  return count;
}

using addresses = std::shared_ptr<const std::vector<dns_upstream::address>>;

// One question on its way from recursor to recursor. Each try has a socket of
// its own, so that a late answer finds nobody; it lives until libuv has closed
// all that it opened.
class question : public std::enable_shared_from_this<question> {
public:
  question(loop& on, addresses whom, span timeout, std::string packet,
           std::function<void(std::string)> done)
      : loop_(on), whom_(std::move(whom)),
        timeout_ms_(static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(timeout)
                .count())),
        packet_(std::move(packet)), done_(std::move(done)) {
    ++open_questions();
  }
  virtual ~question() { --open_questions(); }

  void begin() {
    uv_timer_init(loop_.raw(), &timer_);
    timer_.data = this;
    self_ = shared_from_this();
    // The caller goes on first.
    start_timer(0);
  }

protected:
  virtual bool open(const sockaddr* to) = 0;
  virtual void close_socket(std::function<void()> then) = 0;

  loop& on() { return loop_; }
  const std::string& packet() const { return packet_; }

  void on_reply(std::string reply) {
    bool ours = reply.size() >= 2 && dns::id_of(reply) == dns::id_of(packet_);
    if (!ours)
      return; // not to what was asked: go on waiting
    if (dns::is_settled(reply))
      return finish(std::move(reply));
    on_failure("it could not tell");
  }
  void on_failure(const char* why) {
    if (finished_ || closing_)
      return;
    spdlog::debug("agent.dns: recursor {} is passed over: {}",
                  (*whom_)[at_ - 1].text, why);
    start_timer(0); // the next one
  }

private:
  void start_timer(std::uint64_t ms) {
    uv_timer_start(
        &timer_,
        [](uv_timer_t* timer) { static_cast<question*>(timer->data)->next(); },
        ms, 0);
  }

  void next() {
    if (closing_ || finished_)
      return;
    if (!is_open_)
      return ask_next();
    closing_ = true;
    is_open_ = false;
    close_socket([this] {
      closing_ = false;
      ask_next();
    });
  }

  void ask_next() {
    while (at_ < whom_->size()) {
      auto& to = (*whom_)[at_++];
      is_open_ = true;
      start_timer(timeout_ms_);
      if (open(reinterpret_cast<const sockaddr*>(&to.socket)))
        return;
      return on_failure("no socket");
    }
    finish({});
  }

  void finish(std::string reply) {
    if (std::exchange(finished_, true))
      return;
    auto end = [this] {
      uv_close(reinterpret_cast<uv_handle_t*>(&timer_), [](uv_handle_t* timer) {
        static_cast<question*>(timer->data)->self_.reset();
      });
    };
    uv_timer_stop(&timer_);
    if (is_open_)
      close_socket(end);
    else
      end();
    done_(std::move(reply));
    loop_.drain();
  }

  loop& loop_;
  addresses whom_;
  std::uint64_t timeout_ms_;
  std::string packet_;
  std::function<void(std::string)> done_;
  uv_timer_t timer_{};
  std::shared_ptr<question> self_;
  std::size_t at_ = 0;
  bool is_open_ = false;
  bool closing_ = false;
  bool finished_ = false;
};

class udp_question final : public question {
public:
  using question::question;

private:
  bool open(const sockaddr* to) override {
    uv_udp_init(on().raw(), &socket_);
    socket_.data = this;
    // Connected: datagrams of anybody else are not delivered.
    if (uv_udp_connect(&socket_, to) != 0)
      return false;
    uv_udp_recv_start(
        &socket_,
        [](uv_handle_t*, std::size_t, uv_buf_t* out) {
          static thread_local char buffer[datagram_bytes];
          *out = uv_buf_init(buffer, sizeof buffer);
        },
        [](uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
           const sockaddr*, unsigned) {
          auto* self = static_cast<udp_question*>(handle->data);
          if (size < 0)
            self->on_failure("it is not there");
          else if (size > 0)
            self->on_reply({buffer->base, static_cast<std::size_t>(size)});
        });
    auto out = uv_buf_init(const_cast<char*>(packet().data()),
                           static_cast<unsigned>(packet().size()));
    return uv_udp_try_send(&socket_, &out, 1, nullptr) >= 0;
  }

  void close_socket(std::function<void()> then) override {
    then_ = std::move(then);
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), [](uv_handle_t* handle) {
      auto act = std::move(static_cast<udp_question*>(handle->data)->then_);
      act();
    });
  }

  uv_udp_t socket_{};
  std::function<void()> then_;
};

class tcp_question final : public question {
public:
  using question::question;

private:
  bool open(const sockaddr* to) override {
    uv_tcp_init(on().raw(), &socket_);
    socket_.data = connect_.data = write_.data = this;
    got_.clear();
    return uv_tcp_connect(
               &connect_, &socket_, to, [](uv_connect_t* done, int status) {
                 static_cast<tcp_question*>(done->data)->on_connected(status);
               }) == 0;
  }

  void on_connected(int status) {
    if (status == UV_ECANCELED)
      return; // its time was over
    if (status != 0)
      return on_failure("it takes no connection");
    frame_.clear();
    frame_ += static_cast<char>(packet().size() >> 8);
    frame_ += static_cast<char>(packet().size() & 0xFF);
    frame_ += packet();
    auto out = uv_buf_init(frame_.data(), static_cast<unsigned>(frame_.size()));
    uv_write(&write_, stream(), &out, 1, [](uv_write_t*, int) {});
    uv_read_start(
        stream(),
        [](uv_handle_t*, std::size_t, uv_buf_t* out) {
          static thread_local char buffer[datagram_bytes];
          *out = uv_buf_init(buffer, sizeof buffer);
        },
        [](uv_stream_t* from, ssize_t size, const uv_buf_t* buffer) {
          static_cast<tcp_question*>(from->data)->on_read(size, buffer);
        });
  }

  void on_read(ssize_t size, const uv_buf_t* buffer) {
    if (size < 0)
      return on_failure("it hung up");
    got_.append(buffer->base, static_cast<std::size_t>(size));
    if (got_.size() < frame_head)
      return;
    auto length = std::size_t{dns::id_of(got_)}; // two bytes alike
    if (got_.size() >= frame_head + length)
      on_reply(got_.substr(frame_head, length));
  }

  void close_socket(std::function<void()> then) override {
    then_ = std::move(then);
    uv_close(reinterpret_cast<uv_handle_t*>(&socket_), [](uv_handle_t* handle) {
      auto act = std::move(static_cast<tcp_question*>(handle->data)->then_);
      act();
    });
  }

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&socket_); }

  uv_tcp_t socket_{};
  uv_connect_t connect_{};
  uv_write_t write_{};
  std::string frame_;
  std::string got_;
  std::function<void()> then_;
};

bool read_host(const std::string& host, int port, sockaddr_storage& out) {
  return uv_ip4_addr(host.c_str(), port,
                     reinterpret_cast<sockaddr_in*>(&out)) == 0 ||
         uv_ip6_addr(host.c_str(), port,
                     reinterpret_cast<sockaddr_in6*>(&out)) == 0;
}

// "host", "host:port" or "[host]:port".
bool read_address(const std::string& text, sockaddr_storage& out) {
  if (read_host(text, default_port, out))
    return true;
  auto colon = text.rfind(':');
  if (colon == text.npos)
    return false;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  return read_host(host, std::atoi(text.c_str() + colon + 1), out);
}

} // namespace

void dns_upstream::set(const std::vector<std::string>& recursors,
                       span timeout) {
  PRAETOR_ASSERT(loop_.on_thread());
  auto made = std::make_shared<std::vector<address>>();
  for (auto& text : recursors) {
    address one;
    one.text = text;
    if (!read_address(text, one.socket)) {
      spdlog::error("agent.dns: recursor {} is no address and is not asked",
                    text);
      continue;
    }
    made->push_back(std::move(one));
  }
  recursors_ = std::move(made);
  timeout_ = timeout;
}

void dns_upstream::ask(std::string packet, dns::transport via,
                       std::function<void(std::string)> done) {
  PRAETOR_ASSERT(loop_.on_thread() && packet.size() >= 2);
  if (!recursors_ || recursors_->empty() ||
      open_questions() >= dns_recursions_max)
    return loop_.post([done = std::move(done)] { done({}); });
  auto id = dns::id_of(packet);
  dns::set_id(packet, static_cast<std::uint16_t>(chance_.next() >> 32));
  auto back = [id, done = std::move(done)](std::string reply) {
    if (!reply.empty())
      dns::set_id(reply, id);
    done(std::move(reply));
  };
  std::shared_ptr<question> made;
  if (via == dns::transport::udp)
    made = std::make_shared<udp_question>(loop_, recursors_, timeout_,
                                          std::move(packet), std::move(back));
  else
    made = std::make_shared<tcp_question>(loop_, recursors_, timeout_,
                                          std::move(packet), std::move(back));
  made->begin();
}

} // namespace praetor::actors::io
