#include "actors/io/tcp_probe.hpp"

#include "protocol/health/wording.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace praetor::io {
namespace {

using health::join_host_port;

/// More addresses of one name than anybody waits for.
constexpr std::size_t addresses_max = 16;

/// The least time that one of several addresses gets, in milliseconds: a
/// share of a short timeout would be too little for a distant service.
constexpr std::uint64_t attempt_ms_min = 2000;

class tcp_probe_run;

// One connection being made. Lives until libuv has closed its handle, which
// may be after the run went on to the next address.
struct attempt {
  uv_tcp_t socket{};
  uv_timer_t timer{};
  uv_connect_t request{};
  tcp_probe_run* run = nullptr;
  int handles = 0;
};

struct lookup {
  uv_getaddrinfo_t request{};
  tcp_probe_run* run = nullptr;
};

std::string name_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  uv_ip_name(reinterpret_cast<const sockaddr*>(&address), text, sizeof text);
  auto port = address.ss_family == AF_INET6
                  ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                  : reinterpret_cast<const sockaddr_in&>(address).sin_port;
  return join_host_port(text, std::to_string(ntohs(port)));
}

class tcp_probe_run final : public probe_run {
public:
  tcp_probe_run(uv_loop_t* loop, tcp_probe_options options, probe_callback done)
      : probe_run(loop, options.timeout, std::move(done)),
        address_(std::move(options.address)) {}

protected:
  void begin() override {
    deadline_ = uv_now(loop()) + to_milliseconds(timeout());
    auto parts = health::split_host_port(address_);
    if (!parts)
      return fail(parts.failure().text);
    target_ = std::move(parts).value();
    if (target_.port.empty())
      target_.port = "0";
    if (!take_number())
      look_up();
    else
      connect_next();
  }

  void on_timeout() override {
    if (lookup_)
      return fail(health::lookup_error(target_.host, "i/o timeout"));
    on_failure(health::dial_timeout(current_name()));
    fail(first_failure_);
  }

  void release() override {
    if (lookup_)
      uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    lookup_ = nullptr;
    give_up_attempt();
  }

private:
  // An address in numbers needs no resolver, whose threads may be busy.
  bool take_number() {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!std::all_of(target_.port.begin(), target_.port.end(), digit))
      return false;
    int port = std::stoi(target_.port);
    PRAETOR_ASSERT(port <= 65535);
    sockaddr_storage found{};
    auto* host = target_.host.c_str();
    if (uv_ip4_addr(host, port, reinterpret_cast<sockaddr_in*>(&found)) != 0 &&
        uv_ip6_addr(host, port, reinterpret_cast<sockaddr_in6*>(&found)) != 0)
      return false;
    addresses_.push_back(found);
    return true;
  }

  void look_up() {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto* one = new lookup;
    one->run = this;
    one->request.data = one;
    auto on_done = [](uv_getaddrinfo_t* request, int error, addrinfo* found) {
      std::unique_ptr<lookup> done(static_cast<lookup*>(request->data));
      done->run->on_addresses(error, found);
      uv_freeaddrinfo(found);
      done->run->drop();
    };
    // No host at all is this machine.
    auto* host = target_.host.empty() ? nullptr : target_.host.c_str();
    if (int error = uv_getaddrinfo(loop(), &one->request, on_done, host,
                                   target_.port.c_str(), &hints);
        error < 0) {
      delete one;
      return fail(health::lookup_error(target_.host, lookup_reason(error)));
    }
    lookup_ = one;
    hold();
  }

  static std::string lookup_reason(int error) {
    bool unknown = error == UV_EAI_NONAME || error == UV_EAI_NODATA;
    return unknown ? "no such host" : uv_strerror(error);
  }

  void on_addresses(int error, const addrinfo* found) {
    if (is_over())
      return;
    lookup_ = nullptr;
    if (error == UV_EAI_SERVICE)
      return fail("dial tcp: address tcp/" + target_.port + ": unknown port");
    for (; found && addresses_.size() < addresses_max; found = found->ai_next) {
      if (found->ai_addrlen > sizeof(sockaddr_storage))
        continue;
      auto& place = addresses_.emplace_back();
      std::memcpy(&place, found->ai_addr, found->ai_addrlen);
    }
    if (error < 0 || addresses_.empty())
      return fail(health::lookup_error(
          target_.host, lookup_reason(error < 0 ? error : UV_EAI_NONAME)));
    connect_next();
  }

  // The name that failures are told by; without a host, as it was given.
  std::string current_name() const {
    if (target_.host.empty() || next_ == 0)
      return address_;
    return name_of(addresses_[next_ - 1]);
  }

  void on_failure(std::string text) {
    if (first_failure_.empty())
      first_failure_ = std::move(text);
  }

  void connect_next() {
    while (next_ < addresses_.size()) {
      auto& address = addresses_[next_++];
      int error = connect(address);
      if (error == 0)
        return;
      give_up_attempt();
      on_failure(health::dial_error(current_name(), -error));
    }
    fail(first_failure_);
  }

  int connect(const sockaddr_storage& address) {
    PRAETOR_ASSERT(attempt_ == nullptr);
    attempt_ = new attempt;
    attempt_->run = this;
    attempt_->handles = 2;
    hold();
    uv_timer_init(loop(), &attempt_->timer);
    attempt_->timer.data = attempt_;
    uv_tcp_init(loop(), &attempt_->socket);
    attempt_->socket.data = attempt_;
    attempt_->request.data = attempt_;
    start_attempt_timer();
    auto on_connect = [](uv_connect_t* request, int error) {
      auto* one = static_cast<attempt*>(request->data);
      // Closing an attempt cancels it, which is told here as well.
      if (one->run->attempt_ == one)
        one->run->on_connected(error);
    };
    return uv_tcp_connect(&attempt_->request, &attempt_->socket,
                          reinterpret_cast<const sockaddr*>(&address),
                          on_connect);
  }

  // The remaining addresses share the remaining time, so that a silent one
  // does not keep us from the next. The last is ended by the run's own timer.
  void start_attempt_timer() {
    auto left = addresses_.size() - next_ + 1;
    if (left < 2)
      return;
    auto now = uv_now(loop());
    auto share = now < deadline_ ? (deadline_ - now) / left : 0;
    auto on_timer = [](uv_timer_t* timer) {
      auto* one = static_cast<attempt*>(timer->data);
      if (one->run->attempt_ == one)
        one->run->on_connected(UV_ETIMEDOUT);
    };
    uv_timer_start(&attempt_->timer, on_timer, std::max(share, attempt_ms_min),
                   0);
  }

  void on_connected(int error) {
    if (error == 0)
      return finish({model::check_status::passing,
                     "TCP connect " + address_ + ": Success"});
    give_up_attempt();
    on_failure(error == UV_ETIMEDOUT
                   ? health::dial_timeout(current_name())
                   : health::dial_error(current_name(), -error));
    connect_next();
  }

  void give_up_attempt() {
    auto* one = std::exchange(attempt_, nullptr);
    if (!one)
      return;
    auto on_close = [](uv_handle_t* handle) {
      auto* closed = static_cast<attempt*>(handle->data);
      if (--closed->handles > 0)
        return;
      auto* run = closed->run;
      delete closed;
      run->drop();
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&one->timer), on_close);
    uv_close(reinterpret_cast<uv_handle_t*>(&one->socket), on_close);
  }

  std::string address_;
  health::host_port target_;
  std::uint64_t deadline_ = 0;
  std::vector<sockaddr_storage> addresses_;
  std::size_t next_ = 0;
  std::string first_failure_;
  lookup* lookup_ = nullptr;
  attempt* attempt_ = nullptr;
};

} // namespace

probe start_tcp_probe(uv_loop_t* loop, tcp_probe_options options,
                      probe_callback done) {
  auto run = std::make_shared<tcp_probe_run>(loop, std::move(options),
                                             std::move(done));
  run->start();
  return probe(std::move(run));
}

} // namespace praetor::io
