// The actors that stand for remote ones. A message to them goes to the
// network; nothing of them runs.

#include "actors/sim/network.hpp"

#include <caf/actor_config.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

namespace praetor::actors::sim {
namespace {

class remote final : public caf::monitorable_actor {
public:
  remote(caf::actor_config& config, network& by, network::sender from,
         std::size_t to, caf::atom_value name, io::lane through)
      : monitorable_actor(config), by_(by), from_(from), to_(to), name_(name),
        through_(through) {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    by_.submit(from_, to_, name_, through_, *what);
  }

private:
  network& by_;
  network::sender from_;
  std::size_t to_;
  caf::atom_value name_;
  io::lane through_;
};

class asker final : public caf::monitorable_actor {
public:
  asker(caf::actor_config& config, network& by, std::uint64_t request,
        network::sender answers)
      : monitorable_actor(config), by_(by), request_(request),
        answers_(answers) {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    by_.answer(request_, answers_, *what);
  }

private:
  network& by_;
  std::uint64_t request_;
  network::sender answers_;
};

template <class T, class... Ts>
caf::strong_actor_ptr make(network& by, Ts&&... xs) {
  auto& system = by.system();
  caf::actor_config config;
  return caf::make_actor<T, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, config, by,
      std::forward<Ts>(xs)...);
}

} // namespace

caf::actor make_remote(network& by, network::sender from, std::size_t to,
                       caf::atom_value name, io::lane through) {
  return caf::actor_cast<caf::actor>(make<remote>(by, from, to, name, through));
}

caf::strong_actor_ptr make_asker(network& by, std::uint64_t request,
                                 network::sender answers) {
  return make<asker>(by, request, answers);
}

} // namespace praetor::actors::sim
