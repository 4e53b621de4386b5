#include "actors/io/udp_probe.hpp"

#include "protocol/health/wording.hpp"

#include <netdb.h>

#include <utility>

namespace praetor::io {
namespace {

class udp_probe_run;

// Both live until libuv is through with them, which may be after the run.
struct lookup {
  uv_getaddrinfo_t request{};
  udp_probe_run* run = nullptr;
};

struct exchange {
  uv_udp_t socket{};
  uv_udp_send_t request{};
  udp_probe_run* run = nullptr;
  char answer[16] = ""; // nobody reads it
};

class udp_probe_run final : public probe_run {
public:
  udp_probe_run(uv_loop_t* loop, udp_probe_options options, probe_callback done)
      : probe_run(loop, options.timeout, std::move(done)),
        address_(std::move(options.address)) {}

protected:
  void begin() override {
    auto parts = health::split_host_port(address_);
    if (!parts)
      return fail(parts.failure().text);
    target_ = *std::move(parts);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    auto* one = new lookup;
    one->run = this;
    one->request.data = one;
    auto on_done = [](uv_getaddrinfo_t* request, int error, addrinfo* found) {
      std::unique_ptr<lookup> done(static_cast<lookup*>(request->data));
      done->run->on_address(error, found);
      uv_freeaddrinfo(found);
      done->run->drop();
    };
    // No host at all is this machine.
    auto* host = target_.host.empty() ? nullptr : target_.host.c_str();
    if (int error = uv_getaddrinfo(loop(), &one->request, on_done, host,
                                   target_.port.c_str(), &hints);
        error < 0) {
      delete one;
      return fail(health::lookup_error(target_.host, uv_strerror(error)));
    }
    lookup_ = one;
    hold();
  }

  // Silence is all that many services over UDP ever say.
  void on_timeout() override {
    if (lookup_)
      return fail(health::lookup_error(target_.host, "i/o timeout"));
    succeed();
  }

  void release() override {
    if (lookup_)
      uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    lookup_ = nullptr;
    hang_up();
  }

private:
  void succeed() {
    finish({model::check_status::passing,
            "UDP connect " + address_ + ": Success"});
  }

  void refuse(int error) {
    fail("read udp " + address_ + ": " + health::system_error_text(-error));
  }

  void on_address(int error, const addrinfo* found) {
    if (is_over())
      return;
    lookup_ = nullptr;
    if (error < 0 || !found)
      return fail(health::lookup_error(target_.host, "no such host"));
    send_to(*found->ai_addr);
  }

  void send_to(const sockaddr& where) {
    PRAETOR_ASSERT(exchange_ == nullptr);
    exchange_ = new exchange;
    exchange_->run = this;
    uv_udp_init(loop(), &exchange_->socket);
    exchange_->socket.data = exchange_;
    hold();
    auto on_sent = [](uv_udp_send_t*, int) {};
    auto nothing = uv_buf_init(exchange_->answer, 0);
    int error = uv_udp_connect(&exchange_->socket, &where);
    if (error == 0)
      error = uv_udp_recv_start(&exchange_->socket, &give_room, &on_datagram);
    if (error == 0)
      error = uv_udp_send(&exchange_->request, &exchange_->socket, &nothing, 1,
                          nullptr, on_sent);
    if (error < 0)
      refuse(error);
  }

  static void give_room(uv_handle_t* handle, size_t, uv_buf_t* into) {
    auto* one = static_cast<exchange*>(handle->data);
    *into = uv_buf_init(one->answer, sizeof one->answer);
  }

  // libuv also calls with neither bytes nor an address: nothing was there.
  static void on_datagram(uv_udp_t* socket, ssize_t size, const uv_buf_t*,
                          const sockaddr* from, unsigned) {
    auto* one = static_cast<exchange*>(socket->data);
    auto* run = one->run;
    if (run->exchange_ != one || (size == 0 && !from))
      return;
    if (size < 0)
      run->refuse(static_cast<int>(size));
    else
      run->succeed();
  }

  void hang_up() {
    auto* one = std::exchange(exchange_, nullptr);
    if (!one)
      return;
    uv_close(reinterpret_cast<uv_handle_t*>(&one->socket),
             [](uv_handle_t* handle) {
               auto* closed = static_cast<exchange*>(handle->data);
               auto* run = closed->run;
               delete closed;
               run->drop();
             });
  }

  std::string address_;
  health::host_port target_;
  lookup* lookup_ = nullptr;
  exchange* exchange_ = nullptr;
};

} // namespace

probe start_udp_probe(uv_loop_t* loop, udp_probe_options options,
                      probe_callback done) {
  auto run = std::make_shared<udp_probe_run>(loop, std::move(options),
                                             std::move(done));
  run->start();
  return probe(std::move(run));
}

} // namespace praetor::io
