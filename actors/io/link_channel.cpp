#include "actors/io/link_channel.hpp"

#include "protocol/health/wording.hpp"

#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>

#include <netdb.h>
#include <spdlog/spdlog.h>

namespace praetor::actors::io {
namespace {

class remote_ref final : public caf::monitorable_actor {
public:
  remote_ref(caf::actor_config& config, std::shared_ptr<channel> to,
             caf::atom_value target)
      : monitorable_actor(config), to_(std::move(to)), target_(target) {}
  const char* name() const override { return "remote_ref"; }
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    to_->submit(target_, *what, unit);
  }

private:
  std::shared_ptr<channel> to_;
  caf::atom_value target_;
};

class answer_ref final : public caf::monitorable_actor {
public:
  answer_ref(caf::actor_config& config, std::shared_ptr<link_core> core,
             const std::shared_ptr<connection>& to, std::shared_ptr<outbox> box)
      : monitorable_actor(config), core_(std::move(core)), to_(to),
        gauge_(to->gauge()), queue_max_(core_->queue_max(to->by())),
        box_(std::move(box)) {}
  const char* name() const override { return "answer_ref"; }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    if (!what->mid.is_response())
      return; // not an answer: nobody there has a name for it
    frame_header header{frame_kind::answer,
                        what->mid.request_id().integer_value(), 0};
    if (core_->on.on_thread() && box_->empty()) {
      auto to = to_.lock();
      if (!to || !to->is_up())
        return;
      auto& out = to->tail();
      auto before = out.size();
      append(out, header, what->content());
      *gauge_ += out.size() - before;
      to->appended(out.size() - before, 0, {});
      return;
    }
    outgoing one;
    append(one.frame, header, what->content());
    auto size = one.frame.size();
    *gauge_ += size;
    if (!box_->put(one, false, [this] {
          core_->on.post([to = to_, box = box_] { flush(to, *box); });
        }))
      *gauge_ -= size;
  }

private:
  // What cannot travel is answered all the same: who asked must hear.
  void append(std::vector<char>& out, const frame_header& header,
              const caf::type_erased_tuple& what) {
    status ok = *gauge_ < queue_max_
                    ? append_frame(core_->system, out, header, what)
                    : fail(errc::unavailable, "the queue is full");
    if (ok)
      return;
    ok = append_frame(core_->system, out, header,
                      caf::make_message(make_error(
                          caf::sec::request_receiver_down,
                          "the answer cannot be sent: " + ok.failure().text)));
    PRAETOR_ASSERT(ok);
  }

  static void flush(const std::weak_ptr<connection>& to, outbox& box) {
    auto here = to.lock();
    for (auto& one : box.take())
      if (here && here->is_up())
        here->send(std::move(one));
  }

  std::shared_ptr<link_core> core_;
  std::weak_ptr<connection> to_;
  byte_gauge gauge_;
  std::size_t queue_max_;
  std::shared_ptr<outbox> box_;
};

template <class T, class... Ts>
caf::strong_actor_ptr make(caf::actor_system& system, Ts&&... xs) {
  caf::actor_config config;
  return caf::make_actor<T, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config,
      std::forward<Ts>(xs)...);
}

} // namespace

caf::strong_actor_ptr make_remote_ref(caf::actor_system& system,
                                      std::shared_ptr<channel> to,
                                      caf::atom_value target) {
  return make<remote_ref>(system, std::move(to), target);
}

caf::strong_actor_ptr make_answer_ref(std::shared_ptr<link_core> core,
                                      const std::shared_ptr<connection>& to,
                                      std::shared_ptr<outbox> box) {
  auto& system = core->system;
  return make<answer_ref>(system, std::move(core), to, std::move(box));
}

channel::channel(std::shared_ptr<link_core> core, std::string address, lane by)
    : core_(std::move(core)), address_(std::move(address)), by_(by),
      gauge_(std::make_shared<std::atomic<std::size_t>>(0)) {}

// -- sending ------------------------------------------------------------------

void channel::refuse(const asked& by, caf::sec code, std::string why,
                     caf::execution_unit* unit) {
  if (!by.mid.is_request()) {
    ++core_->counts.dropped;
    return;
  }
  ++core_->counts.refused;
  by.fail(code, std::move(why), unit);
}

void channel::submit(caf::atom_value target, caf::mailbox_element& what,
                     caf::execution_unit* unit) {
  asked by{what.sender, what.mid};
  if (what.mid.is_response() || !what.stages.empty())
    return refuse(by, caf::sec::runtime_error, "no message for a remote actor",
                  unit);
  if (auto waiting = gauge_->load(); waiting >= core_->queue_max(by_))
    return refuse(by, caf::sec::runtime_error,
                  "queue full: " + std::to_string(waiting) +
                      " bytes wait for " + address_ + ", at most " +
                      std::to_string(core_->queue_max(by_)),
                  unit);
  bool is_request = what.mid.is_request();
  frame_header header{is_request ? frame_kind::request : frame_kind::message,
                      is_request ? ++next_id_ : 0,
                      static_cast<std::uint64_t>(target)};
  if (core_->on.on_thread() && now_ == phase::up && box_.empty()) {
    submit_here(header, what);
    return;
  }
  outgoing one{{}, header.id, std::move(by)};
  if (auto ok = append_frame(core_->system, one.frame, header, what.content());
      !ok)
    return refuse(one.by, caf::sec::runtime_error, ok.failure().text, unit);
  auto size = one.frame.size();
  *gauge_ += size;
  bool may_try = steady_now().count() >= try_after_;
  auto self = shared_from_this();
  if (box_.put(one, may_try,
               [&] { core_->on.post([self] { self->dial_soon(); }); }))
    return;
  *gauge_ -= size;
  refuse(one.by, caf::sec::cannot_connect_to_node,
         "no connection to " + address_, unit);
}

// On the loop's thread the frame is written where it will be sent from.
bool channel::submit_here(const frame_header& header,
                          caf::mailbox_element& what) {
  asked by{what.sender, what.mid};
  auto& out = socket_->tail();
  auto before = out.size();
  if (auto ok = append_frame(core_->system, out, header, what.content()); !ok) {
    refuse(by, caf::sec::runtime_error, ok.failure().text, &core_->on);
    return false;
  }
  auto size = out.size() - before;
  *gauge_ += size;
  return socket_->appended(size, header.id, std::move(by));
}

// Something came into the box.
void channel::dial_soon() {
  if (now_ == phase::up)
    flush();
  else if (now_ == phase::resting && core_->is_started())
    dial();
}

void channel::flush() {
  PRAETOR_ASSERT(now_ == phase::up);
  for (auto& one : box_.take())
    socket_->send(std::move(one));
}

void channel::fail_all(std::vector<outgoing> those, const std::string& why) {
  for (auto& one : those) {
    *gauge_ -= one.frame.size();
    refuse(one.by, caf::sec::cannot_connect_to_node,
           "no connection to " + address_ + ": " + why, &core_->on);
  }
}

bool channel::is_idle() const {
  return box_.empty() && *gauge_ == 0 && (!socket_ || socket_->pending() == 0);
}

// -- dialling -----------------------------------------------------------------

// Its memory outlives the channel until libuv has closed the handle.
struct channel::alarm {
  uv_timer_t timer{};
  channel* owner = nullptr;
};

// As does that of a question to the resolver, which nothing can end.
struct channel::lookup {
  uv_getaddrinfo_t request{};
  std::weak_ptr<channel> asker;
  std::uint64_t attempt = 0;
};

void channel::set_alarm(span after) {
  if (!alarm_) {
    alarm_ = new alarm;
    alarm_->owner = this;
    alarm_->timer.data = alarm_;
    uv_timer_init(core_->on.raw(), &alarm_->timer);
  }
  uv_update_time(core_->on.raw());
  auto wait = std::chrono::ceil<std::chrono::milliseconds>(after).count();
  uv_timer_start(
      &alarm_->timer,
      [](uv_timer_t* timer) {
        auto self = static_cast<alarm*>(timer->data)->owner->shared_from_this();
        self->on_alarm();
        self->core_->on.drain();
      },
      static_cast<std::uint64_t>(wait), 0);
}

void channel::on_alarm() {
  if (now_ == phase::resting)
    return dial();
  if (now_ != phase::dialling)
    return;
  auto socket = socket_;
  std::string why = "no connection within " +
                    std::to_string(core_->settings.limits.attempt_max /
                                   std::chrono::milliseconds(1)) +
                    " ms";
  if (socket)
    socket->close(why);
  else
    on_lost(why); // the resolver still thinks
}

void channel::dial() {
  if (now_ != phase::resting)
    return;
  now_ = phase::dialling;
  ++attempts_;
  auto& limits = core_->settings.limits;
  try_after_ = (steady_now() + limits.retry_min).count();
  box_.open();
  set_alarm(limits.attempt_max);
  auto parts = health::split_host_port(address_);
  if (!parts)
    return on_lost(parts.failure().text);
  auto port = std::atoi(parts->port.c_str());
  sockaddr_storage where{};
  socklen_t size = 0;
  if (to_socket_address(parts->host, port, where, size))
    connect(reinterpret_cast<const sockaddr*>(&where));
  else
    look_up(parts->host, parts->port);
}

void channel::look_up(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto question = std::make_unique<lookup>();
  question->asker = weak_from_this();
  question->attempt = attempts_;
  question->request.data = question.get();
  auto failed = uv_getaddrinfo(
      core_->on.raw(), &question->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        std::unique_ptr<lookup> done(static_cast<lookup*>(request->data));
        auto self = done->asker.lock();
        if (self && self->asking_ == done.get())
          self->asking_ = nullptr;
        if (self && self->attempts_ == done->attempt &&
            self->now_ == phase::dialling) {
          self->on_addresses(status, found);
          self->core_->on.drain();
        }
        uv_freeaddrinfo(found);
      },
      host.c_str(), port.c_str(), &hints);
  if (failed)
    on_lost(uv_strerror(failed));
  else
    asking_ = question.release();
}

// Each attempt takes the next of several addresses.
void channel::on_addresses(int status, const addrinfo* found) {
  std::vector<const sockaddr*> those;
  for (; found; found = found->ai_next)
    those.push_back(found->ai_addr);
  if (status != 0 || those.empty())
    return on_lost(uv_strerror(status != 0 ? status : UV_EAI_NONAME));
  connect(those[attempts_ % those.size()]);
}

void channel::connect(const sockaddr* where) {
  socket_ = std::make_shared<connection>(*core_, by_, address_);
  socket_->share_gauge(gauge_);
  core_->connections.insert(socket_);
  // A copy: a failure at once lets go of ours.
  auto socket = socket_;
  socket->dial(where, weak_from_this());
}

void channel::on_up() {
  PRAETOR_ASSERT(now_ == phase::dialling);
  now_ = phase::up;
  back_off_ = {};
  told_.clear();
  uv_timer_stop(&alarm_->timer);
  spdlog::log(by_ == lane::control ? spdlog::level::info : spdlog::level::debug,
              "agent.link: Connected: address={} lane={}", address_,
              by_ == lane::control ? "control" : "bulk");
  flush();
}

void channel::on_lost(const std::string& why) {
  if (now_ == phase::ended)
    return;
  bool was_up = now_ == phase::up;
  now_ = phase::resting;
  socket_ = nullptr;
  fail_all(box_.shut(), why);
  tell_failure(why);
  auto& limits = core_->settings.limits;
  back_off_ =
      was_up ? limits.retry_min
             : std::clamp(back_off_ * 2, limits.retry_min, limits.retry_max);
  // Half of it by chance, so that a server that comes back is not met by all
  // at the same moment.
  auto half = std::max<span::rep>(1, back_off_.count() / 2);
  set_alarm(span{half} + span{static_cast<span::rep>(core_->chance.below(
                             static_cast<std::uint64_t>(half)))});
}

// Said once, not once per attempt.
void channel::tell_failure(const std::string& why) {
  bool is_new = std::exchange(told_, why) != why && by_ == lane::control;
  spdlog::log(is_new ? spdlog::level::warn : spdlog::level::debug,
              "agent.link: No connection: address={} lane={} error=\"{}\"",
              address_, by_ == lane::control ? "control" : "bulk", why);
}

void channel::end() {
  now_ = phase::ended;
  fail_all(box_.end(), "the node stops");
  if (auto socket = std::exchange(socket_, nullptr))
    socket->close("the node stops");
  if (asking_)
    uv_cancel(reinterpret_cast<uv_req_t*>(&asking_->request));
  if (auto* old = std::exchange(alarm_, nullptr))
    uv_close(
        reinterpret_cast<uv_handle_t*>(&old->timer),
        [](uv_handle_t* handle) { delete static_cast<alarm*>(handle->data); });
}

} // namespace praetor::actors::io
