#include "actors/dns_responder.hpp"

#include "tests/support/stand_ins.hpp"
#include "tests/unit/dns/packets.hpp"

#include <doctest/doctest.h>

namespace praetor::actors {
namespace {

class recording_port final : public dns_reply_port {
public:
  void send(std::string bytes) override { replies.push_back(std::move(bytes)); }
  std::vector<std::string> replies;
};

/// Recursors that answer when the test says so.
struct recorded_recursors final : dns_recursors {
  struct asked {
    std::string packet;
    std::function<void(std::string)> done;
  };
  void ask(std::string packet, dns::transport,
           std::function<void(std::string)> done) override {
    open.push_back({std::move(packet), std::move(done)});
  }
  std::vector<asked> open;
};

struct responder_fixture {
  tests::actor_world world;
  tests::fake_raft raft{world};
  std::shared_ptr<recording_port> port = std::make_shared<recording_port>();
  std::shared_ptr<recorded_recursors> recursors =
      std::make_shared<recorded_recursors>();
  dns_responder_actor responder = world.spawn(
      dns_responder,
      std::shared_ptr<const dns::settings>(std::make_shared<dns::settings>()),
      raft.readers, std::uint64_t{1}, std::shared_ptr<dns_recursors>(recursors),
      gateway_actor{});

  void send(std::string packet) {
    world.tell(
        responder, at::received::value,
        dns_question{std::make_shared<const std::string>(std::move(packet)),
                     dns::transport::udp, port});
  }
  dns::read_reply ask(const std::string& name, unsigned type = dns::type::a) {
    port->replies.clear();
    send(dns::make_query(name, type));
    REQUIRE(port->replies.size() == 1);
    return dns::read(port->replies[0]);
  }
  static model::catalog_register web_on(const std::string& node,
                                        const std::string& address) {
    auto made = tests::register_node(node, address);
    made.service.emplace();
    made.service->id = made.service->name = "web";
    return made;
  }
  using texts = std::vector<std::string>;
};

TEST_CASE_FIXTURE(responder_fixture, "a service is answered from the newest "
                                     "state") {
  CHECK(ask("web.service.consul").answers.empty());
  raft.put(web_on("n", "10.0.0.1"));
  CHECK(ask("web.service.consul").answers ==
        texts{"web.service.consul 0 A 10.0.0.1"});
  auto gone = model::catalog_deregister{"n", "web", ""};
  raft.put(gone);
  CHECK(ask("web.service.consul").answers.empty());
}

TEST_CASE_FIXTURE(responder_fixture, "what is kept of a service follows its "
                                     "node's address and its checks") {
  raft.put(web_on("n", "10.0.0.1"));
  ask("web.service.consul");
  raft.put(tests::register_node("n", "10.0.0.2"));
  CHECK(ask("web.service.consul").answers ==
        texts{"web.service.consul 0 A 10.0.0.2"});
  auto failing = tests::register_node("n", "10.0.0.2");
  auto& check = failing.checks.emplace_back();
  check.id = check.name = "alive";
  check.status = model::check_status::critical;
  raft.put(failing);
  CHECK(ask("web.service.consul").answers.empty());
}

TEST_CASE_FIXTURE(responder_fixture, "other services do not disturb what is "
                                     "kept") {
  raft.put(web_on("n", "10.0.0.1"));
  ask("web.service.consul");
  auto other = web_on("m", "10.0.0.9");
  other.service->id = other.service->name = "api";
  raft.put(other);
  CHECK(ask("web.service.consul").answers.size() == 1);
  CHECK(ask("api.service.consul").answers ==
        texts{"api.service.consul 0 A 10.0.0.9"});
}

TEST_CASE_FIXTURE(responder_fixture, "nodes and reverse lookups are answered") {
  raft.put(web_on("n", "10.0.0.1"));
  CHECK(ask("n.node.consul").answers == texts{"n.node.consul 0 A 10.0.0.1"});
  CHECK(ask("1.0.0.10.in-addr.arpa", dns::type::ptr).answers.size() == 1);
}

TEST_CASE_FIXTURE(responder_fixture, "a prepared query is executed, with its "
                                     "own time to live") {
  CHECK(ask("some.query.consul").code ==
        static_cast<unsigned>(dns::rcode::name_error));
  raft.put(web_on("n", "10.0.0.1"));
  model::query_put made;
  made.query.id = tests::uuid_of('1');
  made.query.name = "some";
  made.query.wanted.service = "web";
  made.query.dns_ttl = "7s";
  raft.put(made);
  CHECK(ask("Some.query.consul").answers ==
        texts{"Some.query.consul 7 A 10.0.0.1"});
  CHECK(ask("some.query.dc1.consul").answers.size() == 1);
  made.query.wanted.tags = texts{"!no", "yes"};
  raft.put(made);
  CHECK(ask("some.query.consul").code ==
        static_cast<unsigned>(dns::rcode::name_error));
}

TEST_CASE_FIXTURE(responder_fixture, "a template that cannot be looked up is a "
                                     "failure of ours") {
  model::query_put made;
  made.query.id = "f47dd2aa-038f-ca37-1304-e876980b565b";
  made.query.name = "geo-";
  made.query.pattern.type = model::template_by_prefix;
  made.query.wanted.service = "web";
  raft.put(made);
  CHECK(ask(made.query.id + ".query.consul").code ==
        static_cast<unsigned>(dns::rcode::server_failure));
}

TEST_CASE_FIXTURE(responder_fixture, "names of others are left to recursors, "
                                     "and their silence is a failure") {
  auto rules = std::make_shared<dns::settings>();
  rules->has_recursors = true;
  world.tell(responder, at::reload::value,
             std::shared_ptr<const dns::settings>(rules));
  send(dns::make_query("www.example.com", dns::type::a));
  REQUIRE(recursors->open.size() == 1);
  CHECK(port->replies.empty());
  recursors->open[0].done("their bytes");
  CHECK(port->replies == std::vector<std::string>{"their bytes"});
  port->replies.clear();
  send(dns::make_query("www.example.com", dns::type::a));
  recursors->open[1].done("");
  REQUIRE(port->replies.size() == 1);
  CHECK(dns::read(port->replies[0]).code ==
        static_cast<unsigned>(dns::rcode::server_failure));
}

TEST_CASE_FIXTURE(responder_fixture, "an instance at a host name is followed "
                                     "by a recursor") {
  auto rules = std::make_shared<dns::settings>();
  rules->has_recursors = true;
  world.tell(responder, at::reload::value,
             std::shared_ptr<const dns::settings>(rules));
  raft.put(web_on("n", "www.example.com"));
  send(dns::make_query("web.service.consul", dns::type::a));
  REQUIRE(recursors->open.size() == 1);
  auto reply = recursors->open[0].packet;
  reply[2] = '\x81';
  reply[3] = '\x80';
  reply[7] = 1; // one answer: its name, A, IN, 300 s, 4 bytes
  reply += std::string("\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\1\2\3", 16);
  recursors->open[0].done(reply);
  REQUIRE(port->replies.size() == 1);
  CHECK(dns::read(port->replies[0]).answers ==
        texts{"web.service.consul 0 CNAME www.example.com",
              "www.example.com 0 A 10.1.2.3"});
}

TEST_CASE_FIXTURE(responder_fixture, "nonsense is dropped or refused, never "
                                     "answered twice") {
  for (auto packet : {"", "x", "\xff\xff\xff\xff", "twelve bytes!"}) {
    port->replies.clear();
    send(packet);
    CHECK(port->replies.size() <= 1);
  }
  CHECK(ask("n.node.consul").id == 0x1234);
}

TEST_CASE_FIXTURE(responder_fixture, "a flood of names nobody registered is "
                                     "not kept") {
  dns_view view(raft.readers, [] { return 1u; });
  for (int i = 0; i < 10'000; ++i)
    CHECK(view.service("x" + std::to_string(i)) == nullptr);
  raft.put(web_on("n", "10.0.0.1"));
  auto first = view.service("web");
  REQUIRE(first);
  CHECK(view.service("web") == first);
}

TEST_CASE_FIXTURE(responder_fixture, "a leader that was known once is enough "
                                     "to answer") {
  auto readers = std::make_shared<publication>();
  dns_view view(readers, [] { return 1u; });
  CHECK_FALSE(view.has_leader());
  // Nobody asked while the leader was there: it counts all the same.
  readers->set_leadership({.leader_known = true});
  readers->set_leadership({});
  CHECK(view.has_leader());
}

} // namespace
} // namespace praetor::actors
