#include "actors/io/basp.hpp"

#include "actors/interfaces.hpp"
#include "actors/io/basp_peer.hpp"
#include "protocol/health/wording.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include <algorithm>
#include <map>

namespace praetor::actors::io {

struct basp::shared {
  shared(caf::actor_system& with, basp_settings made_with)
      : system(with), settings(std::move(made_with)) {}

  caf::actor_system& system;
  const basp_settings settings;
  std::mutex mutex; // guards all below
  std::map<caf::atom_value, caf::strong_actor_ptr> offers;
  std::map<std::string, std::shared_ptr<peer>> peers;
  std::map<std::pair<std::string, caf::atom_value>, caf::strong_actor_ptr>
      handles;
  caf::strong_actor_ptr door;
  bool started = false;
  bool ended = false;
};

namespace {

template <class T, class... Ts>
caf::strong_actor_ptr make_ref(caf::actor_system& system, Ts&&... xs) {
  caf::actor_config config;
  return caf::make_actor<T, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config,
      std::forward<Ts>(xs)...);
}

// Stands for one who asks from another node. Without it CAF's registry would
// keep each actor of ours that ever answered, until the system that the actor
// needs for its own end is gone.
class asker final : public caf::monitorable_actor {
public:
  asker(caf::actor_config& config, caf::strong_actor_ptr there)
      : monitorable_actor(config), there_(std::move(there)) {}
  const char* name() const override { return "basp_asker"; }
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    if (what->mid.is_response())
      there_->enqueue(nullptr, what->mid, what->move_content_to_message(),
                      unit);
  }

private:
  caf::strong_actor_ptr there_;
};

} // namespace

// What others reach: takes a name and a message, and puts the message into
// the mailbox of whom the name is for, as if the sender had.
class basp::door final : public caf::monitorable_actor {
public:
  door(caf::actor_config& config, std::weak_ptr<shared> common)
      : monitorable_actor(config), common_(std::move(common)) {}
  const char* name() const override { return "basp_door"; }

  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    auto& content = what->content();
    auto common = common_.lock();
    if (!common ||
        !content.match_elements<at::call, caf::atom_value, caf::message>())
      return refuse(*what, "the node stops, or the message is not for a door");
    auto name = content.get_as<caf::atom_value>(1);
    caf::strong_actor_ptr to;
    {
      std::lock_guard guard(common->mutex);
      auto found = common->offers.find(name);
      if (found != common->offers.end())
        to = found->second;
    }
    if (!to)
      return refuse(*what, "no actor \"" + caf::to_string(name) +
                               "\" is offered here");
    auto from = what->mid.is_request() && what->sender
                    ? make_ref<asker>(common->system, std::move(what->sender))
                    : nullptr;
    to->enqueue(std::move(from), what->mid, content.get_as<caf::message>(2),
                unit);
  }

private:
  static void refuse(const caf::mailbox_element& what, std::string why) {
    if (what.sender && what.mid.is_request())
      what.sender->enqueue(nullptr, what.mid.response_id(),
                           caf::make_message(caf::make_error(
                               caf::sec::remote_lookup_failed, std::move(why))),
                           nullptr);
  }

  std::weak_ptr<shared> common_;
};

namespace {

class basp_ref final : public caf::monitorable_actor {
public:
  basp_ref(caf::actor_config& config, std::shared_ptr<basp::peer> to,
           caf::atom_value target)
      : monitorable_actor(config), to_(std::move(to)), target_(target) {}
  const char* name() const override { return "basp_ref"; }
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    to_->submit(target_, std::move(what), unit);
  }

private:
  std::shared_ptr<basp::peer> to_;
  caf::atom_value target_;
};

} // namespace

void basp::configure(caf::actor_system_config& config,
                     const std::string& cluster) {
  config.load<caf::io::middleman>();
  config.set("middleman.app-identifiers",
             std::vector<std::string>{"praetor.1." + cluster});
  // Without them a peer that the network swallows is never noticed.
  config.set("middleman.heartbeat-interval",
             caf::timespan{std::chrono::milliseconds(500)});
  config.set("middleman.connection-timeout",
             caf::timespan{std::chrono::seconds(3)});
}

result<std::unique_ptr<basp>> basp::make(caf::actor_system& system,
                                         basp_settings settings) {
  PRAETOR_ASSERT(system.has_middleman());
  auto common = std::make_shared<shared>(system, std::move(settings));
  std::unique_ptr<basp> made(new basp(common));
  common->door = make_ref<door>(system, std::weak_ptr<shared>(common));
  for (auto& where : common->settings.listen) {
    auto parts = health::split_host_port(where);
    if (!parts)
      return parts.failure();
    auto bound = system.middleman().publish(
        caf::actor_cast<caf::actor>(common->door),
        static_cast<std::uint16_t>(std::atoi(parts->port.c_str())),
        parts->host.empty() ? nullptr : parts->host.c_str(), true);
    if (!bound)
      return fail(errc::io, "listen tcp " + where +
                                ": bind: " + system.render(bound.error()));
    made->ports_.push_back(*bound);
  }
  return made;
}

basp::~basp() {
  stop();
}

caf::actor basp::reach(const std::string& address, caf::atom_value name, lane) {
  auto& common = *common_;
  std::lock_guard guard(common.mutex);
  auto& own = common.settings.own_addresses;
  if (std::find(own.begin(), own.end(), address) != own.end())
    if (auto found = common.offers.find(name); found != common.offers.end())
      return caf::actor_cast<caf::actor>(found->second);
  auto& to = common.peers[address];
  if (!to) {
    to = std::make_shared<peer>(common.system, address, common.settings.limits);
    if (common.ended)
      to->end();
    else if (common.started)
      to->begin();
  }
  auto& handle = common.handles[{address, name}];
  if (!handle)
    handle = make_ref<basp_ref>(common.system, to, name);
  return caf::actor_cast<caf::actor>(handle);
}

void basp::offer(caf::atom_value name, caf::actor who) {
  std::lock_guard guard(common_->mutex);
  PRAETOR_ASSERT(!common_->started);
  common_->offers[name] =
      caf::actor_cast<caf::strong_actor_ptr>(std::move(who));
}

void basp::start() {
  std::lock_guard guard(common_->mutex);
  PRAETOR_ASSERT(!common_->started);
  common_->started = true;
  for (auto& [address, one] : common_->peers)
    one->begin();
}

void basp::stop() {
  auto& common = *common_;
  decltype(common.peers) old;
  caf::strong_actor_ptr old_door;
  {
    std::lock_guard guard(common.mutex);
    if (std::exchange(common.ended, true))
      return;
    old.swap(common.peers);
    common.handles.clear();
    common.offers.clear();
    old_door = std::move(common.door);
  }
  for (auto port : ports_)
    (void)common.system.middleman().close(static_cast<std::uint16_t>(port));
  if (old_door)
    common.system.registry().erase(old_door->id());
  for (auto& [address, one] : old)
    one->end();
}

} // namespace praetor::actors::io
