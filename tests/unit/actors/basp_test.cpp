#include "actors/io/basp.hpp"

#include "tests/unit/actors/carrier_world.hpp"

namespace praetor::actors::io {
namespace {

using tests::ask;
using tests::counter;
using tests::wait_for;

constexpr auto by_name = caf::atom("echo");

struct basp_config : tests::carrier_config {
  explicit basp_config(const std::string& cluster) {
    basp::configure(*this, cluster);
  }
};

class basp_node {
public:
  explicit basp_node(int port = 0, const std::string& cluster = "dc1",
                     basp_settings settings = {})
      : config(cluster) {
    settings.listen = {"127.0.0.1:" + std::to_string(port)};
    settings.limits.retry_max = std::chrono::milliseconds(100);
    auto made = basp::make(system, settings);
    REQUIRE(made);
    carrier = *std::move(made);
  }
  ~basp_node() {
    carrier->stop();
    carrier.reset();
    system.await_actors_before_shutdown(false);
  }
  std::string address() const {
    return "127.0.0.1:" + std::to_string(carrier->ports().front());
  }

  basp_config config;
  caf::actor_system system{config};
  std::unique_ptr<basp> carrier;
};

std::unique_ptr<basp_node> echo_node(int port = 0,
                                     const std::string& cluster = "dc1") {
  auto made = std::make_unique<basp_node>(port, cluster);
  made->carrier->offer(by_name, made->system.spawn(tests::echo));
  made->carrier->start();
  return made;
}

// When two nodes dial one another at once BASP closes one of the connections.
std::optional<std::string> answered(basp_node& from, const caf::actor& there,
                                    const std::string& text) {
  for (int i = 0; i < 100; ++i)
    if (auto found = wait_for(ask(from.system, there, text)); found.text)
      return found.text;
  return std::nullopt;
}

TEST_CASE("by BASP a request crosses and its answer comes back, both ways") {
  auto one = echo_node();
  auto two = echo_node();
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  auto back = two->carrier->reach(one->address(), by_name, lane::bulk);
  CHECK(answered(*one, there, "you") == "heard you");
  CHECK(answered(*two, back, "me") == "heard me");
  CHECK(there == one->carrier->reach(two->address(), by_name, lane::control));
  std::string large(4u << 20, 'x');
  CHECK(answered(*one, there, large) == "heard " + large);
}

TEST_CASE("by BASP errors and unknown names are answered with errors") {
  auto one = echo_node();
  auto two = echo_node();
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  CHECK(wait_for(ask(one->system, there, at::check::value)).why ==
        caf::sec::invalid_argument);
  auto nobody =
      one->carrier->reach(two->address(), caf::atom("nobody"), lane::control);
  CHECK(wait_for(ask(one->system, nobody, std::string("hello"))).why ==
        caf::sec::remote_lookup_failed);
}

TEST_CASE("by BASP requests to a peer that dies fail, and the same handle "
          "reaches it when it is back") {
  auto one = echo_node();
  auto got = std::make_shared<counter>();
  auto two = std::make_unique<basp_node>();
  two->carrier->offer(by_name, two->system.spawn(tests::silent, got));
  two->carrier->start();
  auto port = two->carrier->ports().front();
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  std::vector<std::future<tests::answer>> waiting;
  for (int i = 0; i < 100; ++i)
    waiting.push_back(ask(one->system, there, std::string("you")));
  REQUIRE(got->wait_until(100));
  two.reset();
  for (auto& each : waiting)
    CHECK(wait_for(std::move(each)).why == caf::sec::request_receiver_down);
  two = echo_node(port);
  tests::answer found;
  while (!found.text)
    found = wait_for(ask(one->system, there, std::string("you")));
  CHECK(found.text == "heard you");
}

TEST_CASE("by BASP nobody listens: the request fails as not connected") {
  std::string address;
  {
    basp_node gone;
    address = gone.address();
  }
  auto one = echo_node();
  auto there = one->carrier->reach(address, by_name, lane::control);
  CHECK(wait_for(ask(one->system, there, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
}

TEST_CASE("by BASP a node of another cluster is refused") {
  auto one = echo_node(0, "dc2");
  auto two = echo_node();
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  CHECK(wait_for(ask(one->system, there, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
}

TEST_CASE("by BASP stopping fails what is under way and what comes after") {
  auto one = echo_node();
  auto got = std::make_shared<counter>();
  basp_node two;
  two.carrier->offer(by_name, two.system.spawn(tests::silent, got));
  two.carrier->start();
  auto there = one->carrier->reach(two.address(), by_name, lane::control);
  auto waiting = ask(one->system, there, std::string("you"));
  REQUIRE(got->wait_until(1));
  one->carrier->stop();
  CHECK(wait_for(std::move(waiting)).why == caf::sec::request_receiver_down);
  CHECK(wait_for(ask(one->system, there, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
}

TEST_CASE("by BASP messages keep their order") {
  constexpr int many = 10'000;
  auto one = echo_node();
  basp_node two;
  auto in_order = std::make_shared<std::promise<bool>>();
  auto next = std::make_shared<int>(0);
  two.carrier->offer(by_name, two.system.spawn([=]() -> caf::behavior {
    return {[=](std::int32_t number) {
      if (number != (*next)++)
        in_order->set_value(false);
      else if (*next == many)
        in_order->set_value(true);
      return std::string("heard");
    }};
  }));
  two.carrier->start();
  auto there = one->carrier->reach(two.address(), by_name, lane::control);
  // The connection is up once this is answered.
  CHECK(wait_for(ask(one->system, there, std::int32_t{0})).text == "heard");
  one->system.spawn([=](caf::event_based_actor* self) {
    for (std::int32_t i = 1; i < many; ++i)
      self->send(there, i);
  });
  CHECK(wait_for(in_order->get_future()));
}

TEST_CASE("by BASP no more messages wait for a connection than may") {
  basp_settings settings;
  settings.limits.waiting_max = 1;
  basp_node one(0, "dc1", settings);
  // Nothing is dialled before the start.
  auto there = one.carrier->reach("127.0.0.1:1", by_name, lane::control);
  caf::anon_send(there, std::string("waits"));
  CHECK(wait_for(ask(one.system, there, std::string("you"))).why ==
        caf::sec::runtime_error);
}

} // namespace
} // namespace praetor::actors::io
