#include "actors/io/basp_peer.hpp"

#include "actors/interfaces.hpp"
#include "protocol/health/wording.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <future>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

/// The kernel gives a connection up after this long without an answer.
constexpr unsigned tcp_user_timeout_ms = 3'000;

// -- the relay ----------------------------------------------------------------

class relay final : public caf::monitorable_actor {
public:
  relay(caf::actor_config& config, std::weak_ptr<basp::peer> to)
      : monitorable_actor(config), to_(std::move(to)) {}
  const char* name() const override { return "basp_relay"; }
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    if (auto to = to_.lock())
      to->on_answer(std::move(what), unit);
  }

private:
  std::weak_ptr<basp::peer> to_;
};

// -- the actor that dials, on a thread of its own -----------------------------

struct dialler_state {
  dialler_state() = default;
  static inline const char* name = "basp_dialler";
  std::shared_ptr<basp::peer> of;
  span back_off{};
  caf::strong_actor_ptr door;
  std::string told; // the failure that the log has already
};

using dialler_ptr = caf::stateful_actor<dialler_state>*;

// Waits until the socket is connected; CAF's own connect would hold up all
// others for minutes.
int finish_connect(int socket, span limit) {
  pollfd one{socket, POLLOUT, 0};
  auto wait = static_cast<int>(limit / std::chrono::milliseconds(1));
  if (::poll(&one, 1, wait) != 1)
    return ETIMEDOUT;
  int number = 0;
  socklen_t size = sizeof number;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size);
  return number;
}

result<int> connect_to(const std::string& address, span limit) {
  auto parts = health::split_host_port(address);
  if (!parts)
    return parts.failure();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (int error =
          ::getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &raw))
    return fail(errc::not_found, ::gai_strerror(error));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(raw, ::freeaddrinfo);
  int number = ENOENT;
  for (auto* one = all.get(); one; one = one->ai_next) {
    int socket =
        ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0)
      return fail(errc::io, std::strerror(errno));
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &tcp_user_timeout_ms,
               sizeof tcp_user_timeout_ms);
    number = ::connect(socket, one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (number == EINPROGRESS)
      number = finish_connect(socket, limit);
    if (number == 0)
      return socket;
    ::close(socket);
  }
  return fail(errc::io, std::strerror(number));
}

void lose(dialler_ptr self, const std::string& why) {
  auto& state = self->state;
  state.door = nullptr;
  auto& limits = state.of->limits();
  state.back_off =
      std::clamp(state.back_off * 2, limits.retry_min, limits.retry_max);
  bool is_new = std::exchange(state.told, why) != why;
  spdlog::log(is_new ? spdlog::level::warn : spdlog::level::debug,
              "agent.basp: No connection: address={} error=\"{}\"",
              state.of->address(), why);
  state.of->on_lost(why);
  self->delayed_send(self, state.back_off, at::tick::value);
}

void dial(dialler_ptr self) {
  auto& state = self->state;
  if (state.door)
    return;
  state.of->on_dialling();
  auto& limits = state.of->limits();
  auto socket = connect_to(state.of->address(), limits.attempt_max);
  if (!socket)
    return lose(self, socket.failure().text);
  auto parts = health::split_host_port(state.of->address());
  PRAETOR_ASSERT(parts);
  auto port = static_cast<std::uint16_t>(std::atoi(parts->port.c_str()));
  auto& middleman = self->system().middleman();
  auto broker = middleman.named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  self->request(broker, limits.handshake_max, caf::connect_atom::value,
                middleman.backend().new_scribe(*socket), port)
      .then(
          [self](const caf::node_id&, const caf::strong_actor_ptr& door,
                 const std::set<std::string>&) {
            if (!door)
              return lose(self, "the peer has no door");
            auto& now = self->state;
            now.door = door;
            now.back_off = {};
            now.told.clear();
            self->monitor(door);
            spdlog::info("agent.basp: Connected: address={}",
                         now.of->address());
            now.of->on_up(door);
          },
          [self](const caf::error& why) {
            lose(self, self->system().render(why));
          });
}

caf::behavior dialler(dialler_ptr self, std::shared_ptr<basp::peer> of) {
  self->state.of = std::move(of);
  self->set_down_handler([self](const caf::down_msg& gone) {
    if (self->state.door && gone.source == self->state.door)
      lose(self, "the connection was lost");
  });
  self->send(self, at::tick::value);
  return {
      [self](at::tick) { dial(self); },
      [self](at::stop) { self->quit(); },
  };
}

} // namespace

// -- the peer -----------------------------------------------------------------

void basp::peer::fail(const asked& one, caf::sec code, const std::string& why) {
  if (one.who && one.mid.is_request())
    one.who->enqueue(nullptr, one.mid.response_id(),
                     caf::make_message(caf::make_error(code, why)), nullptr);
}

void basp::peer::submit(caf::atom_value name, caf::mailbox_element_ptr what,
                        caf::execution_unit* unit) {
  if (what->mid.is_response() || !what->stages.empty())
    return fail({what->sender, what->mid}, caf::sec::runtime_error,
                "no message for a remote actor");
  asked by{what->sender, what->mid};
  bool is_request = what->mid.is_request();
  auto message =
      caf::make_message(at::call::value, name, what->move_content_to_message());
  // Sent under the lock, so that the order stays. What hears of a failure
  // only puts it into its mailbox.
  std::lock_guard guard(mutex_);
  if (now_ == phase::resting || now_ == phase::ended)
    return fail(by, caf::sec::cannot_connect_to_node,
                "no connection to " + address_);
  bool is_full = now_ == phase::up ? pending_.size() >= limits_.pending_max
                                   : waiting_.size() >= limits_.waiting_max;
  if (is_full && (is_request || now_ != phase::up))
    return fail(by, caf::sec::runtime_error,
                "queue full: too many messages wait for " + address_);
  auto id = is_request ? ++last_id_ : 0;
  if (now_ != phase::up) {
    waiting_.push_back({std::move(by), id, std::move(message)});
    return;
  }
  if (is_request)
    pending_.emplace(id, std::move(by));
  door_->enqueue(is_request ? relay_ : nullptr,
                 caf::message_id{id | caf::message_id::default_async_value},
                 std::move(message), unit);
}

void basp::peer::on_answer(caf::mailbox_element_ptr what,
                           caf::execution_unit* unit) {
  if (!what->mid.is_response())
    return;
  asked one;
  {
    std::lock_guard guard(mutex_);
    auto found = pending_.find(what->mid.request_id().integer_value());
    if (found == pending_.end())
      return;
    one = std::move(found->second);
    pending_.erase(found);
  }
  if (one.who)
    one.who->enqueue(nullptr, one.mid.response_id(),
                     what->move_content_to_message(), unit);
}

void basp::peer::begin() {
  caf::actor_config config;
  auto made = caf::make_actor<relay, caf::strong_actor_ptr>(
      system_.next_actor_id(), system_.node(), &system_, config,
      weak_from_this());
  std::lock_guard guard(mutex_);
  if (now_ == phase::ended)
    return;
  relay_ = std::move(made);
  dialler_ = system_.spawn<caf::detached>(dialler, shared_from_this());
}

void basp::peer::on_dialling() {
  std::lock_guard guard(mutex_);
  if (now_ == phase::resting)
    now_ = phase::dialling;
}

void basp::peer::on_up(caf::strong_actor_ptr door) {
  std::lock_guard guard(mutex_);
  if (now_ == phase::ended)
    return;
  door_ = std::move(door);
  now_ = phase::up;
  for (auto& one : std::exchange(waiting_, {})) {
    bool is_request = one.id != 0;
    if (is_request)
      pending_.emplace(one.id, std::move(one.by));
    door_->enqueue(
        is_request ? relay_ : nullptr,
        caf::message_id{one.id | caf::message_id::default_async_value},
        std::move(one.what), nullptr);
  }
}

void basp::peer::fail_all(phase next, const std::string& why) {
  std::vector<waiting> unsent;
  std::unordered_map<std::uint64_t, asked> sent;
  {
    std::lock_guard guard(mutex_);
    if (now_ == phase::ended)
      return;
    now_ = next;
    door_ = nullptr;
    unsent.swap(waiting_);
    sent.swap(pending_);
  }
  for (auto& one : unsent)
    fail(one.by, caf::sec::cannot_connect_to_node,
         "no connection to " + address_ + ": " + why);
  for (auto& [id, one] : sent)
    fail(one, caf::sec::request_receiver_down,
         "the connection to " + address_ + " was lost: " + why);
}

void basp::peer::on_lost(const std::string& why) {
  fail_all(phase::resting, why);
}

void basp::peer::end() {
  fail_all(phase::ended, "the node stops");
  caf::actor dialler;
  caf::strong_actor_ptr old_relay;
  {
    std::lock_guard guard(mutex_);
    dialler = std::exchange(dialler_, {});
    old_relay = std::exchange(relay_, nullptr);
  }
  // CAF's registry knows everyone who sent over the network.
  if (old_relay)
    system_.registry().erase(old_relay->id());
  if (!dialler)
    return;
  // CAF's middleman may stop next, and must not be used after it has.
  std::promise<void> gone;
  auto is_gone = gone.get_future();
  dialler->attach_functor([told = std::make_shared<std::promise<void>>(
                               std::move(gone))] { told->set_value(); });
  caf::anon_send(dialler, at::stop::value);
  is_gone.wait();
}

} // namespace praetor::actors::io
