#include "actors/io/gossip_sockets.hpp"

#include "actors/gossip_prober.hpp"
#include "actors/io/gossip_stream.hpp"
#include "tests/unit/actors/carrier_world.hpp"

#include <doctest/doctest.h>

#include <condition_variable>

using namespace praetor;
using namespace praetor::actors;
using namespace praetor::tests;
using namespace std::chrono_literals;

namespace {

// A member as a node has it: a loop, real sockets on a free port.
struct real_member {
  carrier_config config;
  caf::actor_system system{config};
  io::loop on{system};
  int port = 0;
  gossip_prober_actor who;

  explicit real_member(const std::string& name) {
    system.await_actors_before_shutdown(false);
    auto bound = io::bind_gossip(on, "127.0.0.1", 0);
    REQUIRE(bound);
    port = bound->number;
    auto parts = std::make_shared<gossip_prober_parts>();
    parts->port = std::move(bound->port);
    parts->time = &on;
    parts->core = std::make_unique<gossip::core>(
        gossip::lan_settings(),
        gossip::identity{
            name, {"127.0.0.1", static_cast<std::uint16_t>(port)}, {}, 1},
        prng(static_cast<std::uint64_t>(port)), on.now());
    on.start();
    std::promise<gossip_prober_actor> made;
    on.post([&] {
      made.set_value(io::spawn_on(system, &on, gossip_prober, parts));
    });
    who = wait_for(made.get_future());
  }
  ~real_member() {
    on.stop();
    who = gossip_prober_actor{};
  }

  template <class T, class... Ts>
  T ask(Ts... what) {
    auto done = std::make_shared<std::promise<T>>();
    auto whom = caf::actor_cast<caf::actor>(who);
    system.spawn([=](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, what...)
          .then([=](const T& found) { done->set_value(found); },
                [=](caf::error&) { done->set_value(T{}); });
    });
    return wait_for(done->get_future());
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }
};

// Waits until the member hears of that change.
void wait_for_change(real_member& member, const std::string& name,
                     gossip::change wanted) {
  auto seen = std::make_shared<std::promise<void>>();
  auto told = std::make_shared<bool>(false);
  auto listener =
      member.system.spawn([=](caf::event_based_actor* self) -> caf::behavior {
        self->set_default_handler(caf::drop);
        return {[=](at::report, const gossip_news& news) {
          auto* one = std::get_if<gossip::member_change>(&news.what);
          if (one && one->who.name == name && one->what == wanted &&
              !std::exchange(*told, true))
            seen->set_value();
        }};
      });
  caf::anon_send(member.who, at::subscribe::value,
                 caf::actor_cast<gossip_listener_actor>(listener));
  wait_for(seen->get_future());
}

} // namespace

TEST_SUITE("gossip sockets") {
  TEST_CASE("members meet, talk and leave over real sockets") {
    real_member a("a");
    real_member b("b");
    auto joined = b.ask<gossip_joined>(
        at::join::value, gossip_join{{a.address(), "localhost:1"}});
    CHECK(joined.reached == 1);
    REQUIRE(joined.failures.size() == 1);
    CHECK(joined.failures[0].find("connection refused") != std::string::npos);
    wait_for_change(a, "b", gossip::change::joined);
    CHECK(b.ask<bool>(at::leave::value));
    wait_for_change(a, "b", gossip::change::left);
  }

  TEST_CASE("a large state passes over a stream, a lying length does not") {
    real_member a("a");
    carrier_config config;
    caf::actor_system system{config};
    io::loop on{system};
    on.start();
    auto ask = [&](std::string bytes) {
      auto done = std::make_shared<std::promise<gossip::exchange_answer>>();
      on.post([&, done, bytes = std::move(bytes)] {
        auto budget = std::make_shared<io::gossip_stream_budget>();
        io::gossip_stream::dial(
            on, budget,
            {1, {"127.0.0.1", static_cast<std::uint16_t>(a.port)}, bytes, 10s},
            [done](gossip::exchange_answer answer) {
              done->set_value(std::move(answer));
            });
      });
      return wait_for(done->get_future());
    };
    // No state, but an answer that says so.
    auto large = ask(std::string(4u << 20, 'x'));
    CHECK(std::holds_alternative<std::string>(large));
    auto longer = ask(std::string(gossip::stream_bytes_max + 100, 'x'));
    CHECK(std::holds_alternative<gossip::exchange_failure>(longer));
    on.stop();
  }
}
