#include "actors/io/link.hpp"

#include "actors/io/link_channel.hpp"
#include "protocol/health/wording.hpp"

#include <caf/actor_cast.hpp>

#include <charconv>
#include <future>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

/// Handles that nobody holds are looked for after so many ticks; found twice,
/// they and their sockets go.
constexpr int ticks_per_look = 64;

template <class Handle>
void close_and_delete(Handle*& one) {
  if (auto* old = std::exchange(one, nullptr))
    uv_close(reinterpret_cast<uv_handle_t*>(old), [](uv_handle_t* closed) {
      delete reinterpret_cast<Handle*>(closed);
    });
}

} // namespace

// -- what all sockets share ---------------------------------------------------

void link_core::begin() {
  PRAETOR_ASSERT(on.on_thread());
  end_of_turn_ = new uv_prepare_t;
  end_of_turn_->data = this;
  uv_prepare_init(on.raw(), end_of_turn_);
  uv_prepare_start(end_of_turn_, [](uv_prepare_t* handle) {
    static_cast<link_core*>(handle->data)->flush();
  });
  last_tick_ = steady_now();
  ticker_ = new uv_timer_t;
  ticker_->data = this;
  uv_timer_init(on.raw(), ticker_);
  auto every = std::max<std::int64_t>(1, settings.limits.ping_interval /
                                             std::chrono::milliseconds(2));
  uv_timer_start(
      ticker_,
      [](uv_timer_t* handle) {
        static_cast<link_core*>(handle->data)->on_tick();
      },
      static_cast<std::uint64_t>(every), static_cast<std::uint64_t>(every));
  std::vector<std::shared_ptr<channel>> all;
  {
    std::lock_guard guard(mutex);
    for (auto& [key, one] : peers)
      all.push_back(one.to);
  }
  for (auto& one : all)
    one->dial();
}

void link_core::end() {
  decltype(peers) old;
  {
    std::lock_guard guard(mutex);
    old.swap(peers);
    offers.clear();
  }
  listeners.clear();
  for (auto& [key, one] : old)
    one.to->end();
  // Closing removes from the set.
  for (auto& one : std::vector(connections.begin(), connections.end()))
    one->close("the node stops");
  PRAETOR_ASSERT(connections.empty());
  dirty_.clear();
  close_and_delete(end_of_turn_);
  close_and_delete(ticker_);
  if (on.on_thread())
    on.drain();
}

void link_core::accept(int socket, std::string peer) {
  if (accepted >= settings.limits.accepted_max) {
    ::close(socket);
    spdlog::warn("agent.link: refused a connection: from={} error=\"{} are "
                 "open, no more may\"",
                 peer, accepted);
    return;
  }
  ++accepted;
  auto one =
      std::make_shared<connection>(*this, lane::control, std::move(peer));
  connections.insert(one);
  one->accept(socket);
}

void link_core::remove(const std::shared_ptr<connection>& one) {
  if (connections.erase(one) > 0 && !one->is_dialled()) {
    PRAETOR_ASSERT(accepted > 0);
    --accepted;
  }
}

void link_core::mark_dirty(std::shared_ptr<connection> one) {
  dirty_.push_back(std::move(one));
}

void link_core::flush() {
  // Writing may fail requests, whose senders send again.
  for (auto& one : std::exchange(dirty_, {}))
    one->write();
  on.drain();
}

void link_core::on_tick() {
  auto now_at = steady_now();
  // Whoever was stopped for a while has not listened either.
  bool overslept =
      now_at - std::exchange(last_tick_, now_at) > settings.limits.silence_max;
  for (auto& one : std::vector(connections.begin(), connections.end())) {
    if (overslept)
      one->forgive_silence(now_at);
    one->check_time(now_at);
  }
  if (++ticks_ % ticks_per_look == 0)
    drop_unheld();
  on.drain();
}

void link_core::drop_unheld() {
  std::vector<peer> gone;
  {
    std::lock_guard guard(mutex);
    for (auto at = peers.begin(); at != peers.end();) {
      auto& one = at->second;
      bool held = !one.to->is_idle();
      for (auto& [name, handle] : one.handles)
        held = held || handle->strong_refs > 1;
      if (!held && one.unheld) {
        gone.push_back(std::move(one));
        at = peers.erase(at);
        continue;
      }
      one.unheld = !held;
      ++at;
    }
  }
  for (auto& one : gone)
    one.to->end();
}

// -- the carrier --------------------------------------------------------------

result<std::unique_ptr<link>> link::make(caf::actor_system& system, loop& on,
                                         link_settings settings) {
  PRAETOR_ASSERT(settings.cluster.size() <= 255);
  PRAETOR_ASSERT(settings.node.size() <= 255);
  auto core = std::make_shared<link_core>(system, on, std::move(settings));
  for (auto& where : core->settings.listen) {
    auto parts = health::split_host_port(where);
    if (!parts)
      return parts.failure();
    int port = -1;
    auto* end = parts->port.data() + parts->port.size();
    auto read = std::from_chars(parts->port.data(), end, port);
    if (read.ptr != end || port < 0 || port > 65'535)
      return fail(errc::bad_input,
                  "listen tcp: \"" + where + "\" has no port of 0 to 65535");
    auto made = listener::tcp(parts->host, port,
                              [raw = core.get()](int socket, std::string peer) {
                                raw->accept(socket, std::move(peer));
                              });
    if (!made)
      return made.failure();
    core->ports.push_back((*made)->port());
    core->listeners.push_back(*std::move(made));
  }
  return std::unique_ptr<link>(new link(std::move(core)));
}

link::~link() {
  stop();
}

caf::actor link::reach(const std::string& address, caf::atom_value name,
                       lane by) {
  auto& core = *core_;
  auto& own = core.settings.own_addresses;
  std::lock_guard guard(core.mutex);
  // To ourselves there is a shorter way.
  if (std::find(own.begin(), own.end(), address) != own.end()) {
    auto offered = core.offers.find(static_cast<std::uint64_t>(name));
    if (offered != core.offers.end())
      return caf::actor_cast<caf::actor>(offered->second);
  }
  auto key = std::pair(address, by);
  auto found = core.peers.find(key);
  if (found == core.peers.end()) {
    auto to = std::make_shared<channel>(core_, address, by);
    if (core.now == link_core::phase::ended ||
        core.peers.size() >= core.settings.limits.peers_max) {
      spdlog::warn("agent.link: No connection: address={} error=\"{} are open, "
                   "no more may\"",
                   address, core.peers.size());
      to->end();
      return caf::actor_cast<caf::actor>(
          make_remote_ref(core.system, std::move(to), name));
    }
    found = core.peers.emplace(key, link_core::peer{to, {}, false}).first;
    if (core.now == link_core::phase::started)
      core.on.post([to] { to->dial(); });
  }
  auto& handle = found->second.handles[name];
  if (!handle)
    handle = make_remote_ref(core.system, found->second.to, name);
  found->second.unheld = false;
  return caf::actor_cast<caf::actor>(handle);
}

void link::offer(caf::atom_value name, caf::actor who) {
  std::lock_guard guard(core_->mutex);
  PRAETOR_ASSERT(core_->now == link_core::phase::made);
  core_->offers[static_cast<std::uint64_t>(name)] =
      caf::actor_cast<caf::strong_actor_ptr>(std::move(who));
}

void link::start() {
  std::lock_guard guard(core_->mutex);
  PRAETOR_ASSERT(core_->now == link_core::phase::made);
  core_->now = link_core::phase::started;
  for (auto& one : core_->listeners)
    one->start(core_->on);
  core_->on.post([core = core_] { core->begin(); });
}

void link::stop() {
  bool started = false;
  {
    std::lock_guard guard(core_->mutex);
    if (core_->now == link_core::phase::ended)
      return;
    started = core_->now == link_core::phase::started;
    core_->now = link_core::phase::ended;
  }
  if (!started || core_->on.on_thread()) {
    core_->end();
    return;
  }
  std::promise<void> done;
  core_->on.post([core = core_, &done] {
    core->end();
    done.set_value();
  });
  done.get_future().wait();
}

const std::vector<int>& link::ports() const {
  return core_->ports;
}

const link_counts& link::counts() const {
  return core_->counts;
}

} // namespace praetor::actors::io
