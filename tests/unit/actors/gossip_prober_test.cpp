#include "actors/gossip_prober.hpp"

#include "protocol/gossip/codec.hpp"
#include "tests/support/actor_world.hpp"

#include <doctest/doctest.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

using namespace praetor;
using namespace praetor::actors;
using namespace praetor::tests;
using namespace std::chrono_literals;

namespace {

const std::string key_a(32, 'a');
const std::string key_b(16, 'b');

// Carries by hand between the probers of one world.
struct wires {
  struct end {
    gossip_prober_actor who;
    bool cut = false;
  };
  std::map<gossip::endpoint, end> ends;
};

struct hand_reply final : gossip_reply_port {
  hand_reply(gossip_prober_actor whom, gossip::ticket which)
      : whom(std::move(whom)), which(which) {}
  void send(std::string bytes) override {
    gossip::exchange_answer answer = bytes;
    if (bytes.empty())
      answer = gossip::exchange_failure{false, "closed"};
    caf::anon_send(whom, at::report::value, gossip_answer{which, answer});
  }
  gossip_prober_actor whom;
  gossip::ticket which;
};

struct hand_port final : gossip_port {
  hand_port(std::shared_ptr<wires> net, gossip::endpoint at)
      : net(std::move(net)), at(std::move(at)) {}
  void open(gossip_prober_actor who) override { net->ends[at] = {who, false}; }
  gossip_prober_actor find(const gossip::endpoint& to) {
    auto found = net->ends.find(to);
    if (found == net->ends.end() || found->second.cut || net->ends[at].cut)
      return {};
    return found->second.who;
  }
  void send(const gossip::endpoint& to, std::string bytes) override {
    CHECK(bytes.size() <= gossip::datagram_bytes_max);
    if (auto whom = find(to))
      caf::anon_send(whom, at::received::value,
                     gossip_datagram{at, std::move(bytes)});
  }
  void exchange(gossip::exchange what) override {
    auto own = net->ends[at].who;
    if (auto whom = find(what.to))
      caf::anon_send(
          whom, at::call::value,
          gossip_call{at, what.bytes,
                      std::make_shared<hand_reply>(own, what.which)});
    else
      caf::anon_send(
          own, at::report::value,
          gossip_answer{what.which,
                        gossip::exchange_failure{
                            true, "dial tcp " + gossip::to_text(what.to) +
                                      ": connect: connection refused"}});
  }
  std::shared_ptr<wires> net;
  gossip::endpoint at;
};

struct pool {
  actor_world world;
  std::shared_ptr<wires> net = std::make_shared<wires>();

  static gossip::endpoint place(int number) {
    return {"127.0.0." + std::to_string(number), 8301};
  }

  gossip_prober_actor add(int number, std::vector<std::string> keys = {}) {
    auto parts = std::make_shared<gossip_prober_parts>();
    gossip::keyring ring;
    for (auto& key : keys)
      REQUIRE(ring.install(key));
    parts->seal = gossip_seal("lan/dc1", ring);
    parts->time = &world.time;
    parts->core = std::make_unique<gossip::core>(
        gossip::lan_settings(),
        gossip::identity{
            "n" + std::to_string(number), place(number), {{"dc", "dc1"}}, 1},
        prng(static_cast<std::uint64_t>(number)), world.time.now());
    parts->port = std::make_unique<hand_port>(net, place(number));
    auto made = world.spawn(gossip_prober, parts);
    world.settle();
    return made;
  }
  gossip_joined join(const gossip_prober_actor& who,
                     std::vector<std::string> addresses) {
    auto reply = world.ask<gossip_joined>(who, at::join::value,
                                          gossip_join{std::move(addresses)});
    REQUIRE(reply->value);
    return *reply->value;
  }
  gossip_members_ptr members(const gossip_prober_actor& who) {
    auto reply = world.ask<gossip_members_ptr>(who, at::read::value);
    REQUIRE(reply->value);
    return *reply->value;
  }
};

// What the log says while this lives.
struct kept_log {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
  kept_log() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("kept", sink));
  }
  ~kept_log() { spdlog::set_default_logger(before); }
};

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + 1))
    ++count;
  return count;
}

} // namespace

TEST_SUITE("gossip prober") {
  TEST_CASE("probers that join know each other, sealed or not") {
    for (auto& keys : {std::vector<std::string>{}, {key_a}}) {
      pool all;
      auto a = all.add(1, keys);
      auto b = all.add(2, keys);
      auto joined = all.join(b, {"127.0.0.1"});
      CHECK(joined.reached == 1);
      CHECK(joined.failures.empty());
      auto seen = all.members(a);
      CHECK(seen->members.size() == 2);
      CHECK(seen->self == "n1");
      CHECK(seen->encrypted == !keys.empty());
      CHECK(gossip::tag_of(seen->members.at("n2").tags, "dc") == "dc1");
    }
  }

  TEST_CASE("a join counts who was reached and says why others were not") {
    pool all;
    auto a = all.add(1);
    all.add(2);
    auto joined = all.join(a, {"127.0.0.2:8301", "127.0.0.9", "1.2.3.4:99999"});
    CHECK(joined.reached == 1);
    REQUIRE(joined.failures.size() == 2);
    CHECK(joined.failures[0] ==
          "Failed to join 1.2.3.4:99999: \"99999\" is no port");
    CHECK(joined.failures[1] == "Failed to join 127.0.0.9: dial tcp "
                                "127.0.0.9:8301: connect: connection refused");
    CHECK(all.join(a, {}).reached == 0);
  }

  TEST_CASE("listeners hear who is there, who comes and who fails") {
    pool all;
    auto a = all.add(1);
    auto heard = std::make_shared<std::vector<std::string>>();
    auto listener = all.world.stand_in<gossip_listener_actor>(
        [heard](caf::event_based_actor*) -> caf::message_handler {
          return {[heard](at::report, const gossip_news& news) {
            CHECK(news.pool == "lan");
            if (auto* one = std::get_if<gossip::member_change>(&news.what))
              heard->push_back(one->who.name + " " +
                               std::to_string(static_cast<int>(one->what)));
            if (auto* one = std::get_if<gossip::user_event>(&news.what))
              heard->push_back(one->name + " " + one->payload);
          }};
        });
    all.world.tell(a, at::subscribe::value, listener);
    CHECK(*heard == std::vector<std::string>{"n1 0"});
    auto b = all.add(2);
    all.join(b, {"127.0.0.1"});
    CHECK(heard->back() == "n2 0");
    auto fired =
        all.world.ask<error>(b, at::fire::value, gossip_event{"deploy", "v2"});
    REQUIRE(fired->value);
    CHECK(fired->value->code == errc::ok);
    all.world.pass(1s);
    CHECK(heard->back() == "deploy v2");
    all.net->ends[pool::place(2)].cut = true;
    all.world.pass(10s);
    CHECK(heard->back() == "n2 4");
    auto forced = all.world.ask<error>(a, at::remove::value,
                                       gossip_force_leave{"n2", true});
    REQUIRE(forced->value);
    CHECK(heard->back() == "n2 5");
    auto unknown = all.world.ask<error>(a, at::remove::value,
                                        gossip_force_leave{"n2", false});
    CHECK(unknown->value->text == "No node found with name 'n2'");
  }

  TEST_CASE("leaving answers when others have heard of it") {
    pool all;
    auto a = all.add(1);
    auto b = all.add(2);
    all.join(b, {"127.0.0.1"});
    auto left = all.world.ask<bool>(b, at::leave::value);
    auto again = all.world.ask<bool>(b, at::leave::value);
    CHECK(left->pending());
    all.world.pass(10s);
    CHECK(left->value);
    CHECK(again->value);
    CHECK(all.members(a)->members.at("n2").status ==
          gossip::member_status::left);
  }

  TEST_CASE("changed tags come to others") {
    pool all;
    auto a = all.add(1);
    auto b = all.add(2);
    all.join(b, {"127.0.0.1"});
    auto done = all.world.ask<error>(
        b, at::update::value, gossip::tag_map{{"dc", "dc1"}, {"x", "y"}});
    REQUIRE(done->value);
    all.world.pass(1s);
    CHECK(gossip::tag_of(all.members(a)->members.at("n2").tags, "x") == "y");
  }

  TEST_CASE("probes bring coordinates of both") {
    pool all;
    auto a = all.add(1);
    auto b = all.add(2);
    all.join(b, {"127.0.0.1"});
    all.world.pass(10s);
    CHECK(all.members(a)->coordinates.size() == 2);
  }

  TEST_CASE("a wrong key is refused, and told of in few lines") {
    kept_log log;
    pool all;
    auto a = all.add(1, {key_a});
    auto b = all.add(2, {key_b});
    auto joined = all.join(b, {"127.0.0.1"});
    CHECK(joined.reached == 0);
    for (int i = 0; i < 100; ++i)
      all.world.tell(a, at::received::value,
                     gossip_datagram{pool::place(7), "garbage"});
    CHECK(all.members(a)->members.size() == 1);
    CHECK(count_of(log.text.str(), "does not open") == 1);
    CHECK(count_of(log.text.str(), "127.0.0.2:8301") == 1);
    all.world.pass(refused_log_interval);
    all.world.tell(a, at::received::value,
                   gossip_datagram{pool::place(7), "garbage"});
    CHECK(count_of(log.text.str(), "(101 since the last such line)") == 1);
  }

  TEST_CASE("keys are changed under way without losing anybody") {
    pool all;
    auto a = all.add(1, {key_a});
    auto b = all.add(2, {key_a});
    all.join(b, {"127.0.0.1"});
    auto change = [&](key_verb verb, const std::string& key) {
      for (auto& one : {a, b}) {
        auto done = all.world.ask<gossip_keys>(one, at::keys::value,
                                               gossip_key_request{verb, key});
        REQUIRE(done->value);
        CHECK(done->value->failure.code == errc::ok);
      }
      all.world.pass(20s);
      CHECK(all.members(a)->members.at("n2").status ==
            gossip::member_status::alive);
    };
    change(key_verb::install, key_b);
    change(key_verb::use, key_b);
    change(key_verb::remove, key_a);
    auto listed =
        all.world.ask<gossip_keys>(a, at::keys::value, gossip_key_request{});
    CHECK(listed->value->keys == std::vector{key_b});
    pool plain;
    auto none = plain.world.ask<gossip_keys>(plain.add(1), at::keys::value,
                                             gossip_key_request{});
    CHECK(none->value->failure.code == errc::unsupported);
  }

  TEST_CASE("addresses are read with and without a port") {
    CHECK(*parse_endpoint("10.0.0.1", 8301) ==
          gossip::endpoint{"10.0.0.1", 8301});
    CHECK(*parse_endpoint("web:1", 8301) == gossip::endpoint{"web", 1});
    CHECK(*parse_endpoint("[::1]:2", 8301) == gossip::endpoint{"::1", 2});
    CHECK(*parse_endpoint("[::1]", 8301) == gossip::endpoint{"::1", 8301});
    CHECK(*parse_endpoint("::1", 8301) == gossip::endpoint{"::1", 8301});
    for (auto bad : {"", ":1", "a:", "a:x", "a:0", "a:65536", "[]:1"})
      CHECK_FALSE(parse_endpoint(bad, 8301));
  }
}
