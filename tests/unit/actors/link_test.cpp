#include "actors/io/link.hpp"

#include "actors/io/link_frame.hpp"
#include "tests/unit/actors/carrier_world.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace praetor::actors::io {
namespace {

using tests::ask;
using tests::ask_message;
using tests::counter;
using tests::wait_for;

constexpr auto by_name = caf::atom("echo");

link_settings settings_of(const std::string& name, int port = 0) {
  link_settings made;
  made.listen = {"127.0.0.1:" + std::to_string(port)};
  made.cluster = "dc1";
  made.node = name;
  made.incarnation = 1;
  // Failures shall show soon; nothing here waits for these times but by them.
  made.limits.retry_max = std::chrono::milliseconds(100);
  return made;
}

class world_node {
public:
  explicit world_node(link_settings settings) {
    auto made = link::make(system, on, std::move(settings));
    REQUIRE(made);
    carrier = *std::move(made);
  }
  ~world_node() {
    carrier->stop();
    on.stop();
    carrier.reset();
    system.await_actors_before_shutdown(false);
  }

  void start() {
    on.start();
    carrier->start();
  }
  void offer_echo() { carrier->offer(by_name, system.spawn(tests::echo)); }
  std::string address() const {
    return "127.0.0.1:" + std::to_string(carrier->ports().front());
  }

  tests::carrier_config config;
  caf::actor_system system{config};
  loop on{system};
  std::unique_ptr<link> carrier;
};

std::unique_ptr<world_node> echo_node(const std::string& name, int port = 0) {
  auto made = std::make_unique<world_node>(settings_of(name, port));
  made->offer_echo();
  made->start();
  return made;
}

// A client that speaks the bytes itself.
class raw_client {
public:
  explicit raw_client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    timeval limit{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&where),
                      sizeof where) == 0);
  }
  ~raw_client() { ::close(socket_); }
  raw_client(const raw_client&) = delete;

  void send(std::string_view bytes) {
    (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Everything until the other side closes; nothing if it does not.
  std::optional<std::string> rest() {
    std::string all;
    char buffer[4096];
    for (;;) {
      auto size = ::recv(socket_, buffer, sizeof buffer, 0);
      if (size < 0 && errno != ECONNRESET)
        return std::nullopt;
      if (size <= 0)
        return all;
      all.append(buffer, static_cast<std::size_t>(size));
    }
  }
  std::string receive(std::size_t wanted) {
    std::string all(wanted, '\0');
    auto size = ::recv(socket_, all.data(), wanted, MSG_WAITALL);
    all.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return all;
  }

private:
  int socket_;
};

TEST_CASE("a request crosses the link and its answer comes back, both ways") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  for (auto by : {lane::control, lane::bulk}) {
    auto there = one->carrier->reach(two->address(), by_name, by);
    auto back = two->carrier->reach(one->address(), by_name, by);
    for (auto* where : {static_cast<loop*>(nullptr), &one->on}) {
      auto found = wait_for(ask_message(
          one->system, there, caf::make_message(std::string("you")), where));
      CHECK(found.text == "heard you");
    }
    CHECK(wait_for(ask(two->system, back, std::string("me"))).text ==
          "heard me");
  }
}

TEST_CASE("the same triple gives the same handle") {
  world_node one(settings_of("one"));
  auto first = one.carrier->reach("127.0.0.1:1", by_name, lane::control);
  CHECK(first == one.carrier->reach("127.0.0.1:1", by_name, lane::control));
  CHECK(first != one.carrier->reach("127.0.0.1:1", by_name, lane::bulk));
  CHECK(first != one.carrier->reach("127.0.0.1:2", by_name, lane::control));
  CHECK(first !=
        one.carrier->reach("127.0.0.1:1", caf::atom("b"), lane::control));
}

TEST_CASE("errors and unknown names are answered with errors") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  auto refused = wait_for(ask(one->system, there, at::check::value));
  CHECK(refused.why == caf::sec::invalid_argument);
  CHECK(caf::to_string(refused.why).find("no such check") != std::string::npos);
  auto nobody =
      one->carrier->reach(two->address(), caf::atom("nobody"), lane::control);
  auto unknown = wait_for(ask(one->system, nobody, std::string("hello")));
  CHECK(unknown.why == caf::sec::remote_lookup_failed);
}

TEST_CASE("a name of another machine is looked up") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  auto port = std::to_string(two->carrier->ports().front());
  auto there = one->carrier->reach("localhost:" + port, by_name, lane::control);
  // The first of the addresses may be that of the other family.
  tests::answer found;
  for (int i = 0; i < 1000 && !found.text; ++i)
    found = wait_for(ask(one->system, there, std::string("you")));
  CHECK(found.text == "heard you");
}

TEST_CASE("messages up to the largest frame cross, larger ones are refused") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  auto there = one->carrier->reach(two->address(), by_name, lane::bulk);
  for (std::size_t size : {std::size_t{100'000}, entry_bytes_max}) {
    std::string text(size, 'x');
    auto found = wait_for(ask(one->system, there, text));
    REQUIRE(found.text);
    CHECK(*found.text == "heard " + text);
  }
  auto refused =
      wait_for(ask(one->system, there, std::string(frame_bytes_max, 'x')));
  CHECK(refused.why == caf::sec::runtime_error);
  // The connection is as good as before.
  CHECK(wait_for(ask(one->system, there, std::string("a"))).text == "heard a");
}

TEST_CASE("what is in no table is refused on the sender's side") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  auto refused = wait_for(ask(one->system, there, save_request{}));
  CHECK(refused.why == caf::sec::runtime_error);
  CHECK(one->carrier->counts().refused == 1);
}

TEST_CASE("without a listener a request fails as not connected") {
  std::string address;
  {
    world_node gone(settings_of("gone"));
    address = gone.address();
  }
  auto one = echo_node("one");
  auto there = one->carrier->reach(address, by_name, lane::control);
  auto failed = wait_for(ask(one->system, there, std::string("you")));
  CHECK(failed.why == caf::sec::cannot_connect_to_node);
}

TEST_CASE("requests to a peer that dies fail, and the same handle reaches it "
          "when it is back") {
  auto one = echo_node("one");
  auto got = std::make_shared<counter>();
  auto two = std::make_unique<world_node>(settings_of("two"));
  two->carrier->offer(by_name, two->system.spawn(tests::silent, got));
  two->start();
  auto port = two->carrier->ports().front();
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  std::vector<std::future<tests::answer>> waiting;
  for (int i = 0; i < 100; ++i)
    waiting.push_back(ask(one->system, there, std::string("you")));
  REQUIRE(got->wait_until(100));
  two.reset();
  for (auto& each : waiting)
    CHECK(wait_for(std::move(each)).why == caf::sec::request_receiver_down);
  two = echo_node("two", port);
  tests::answer found;
  while (!found.text)
    found = wait_for(ask(one->system, there, std::string("you")));
  CHECK(found.text == "heard you");
}

TEST_CASE("stopping fails what is under way and what comes after") {
  auto one = echo_node("one");
  auto got = std::make_shared<counter>();
  world_node two(settings_of("two"));
  two.carrier->offer(by_name, two.system.spawn(tests::silent, got));
  two.start();
  auto there = one->carrier->reach(two.address(), by_name, lane::control);
  auto waiting = ask(one->system, there, std::string("you"));
  REQUIRE(got->wait_until(1));
  one->carrier->stop();
  CHECK(wait_for(std::move(waiting)).why == caf::sec::request_receiver_down);
  CHECK(wait_for(ask(one->system, there, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
}

TEST_CASE("a lane keeps the order of what it carries") {
  constexpr int many = 20'000;
  auto one = echo_node("one");
  world_node two(settings_of("two"));
  auto in_order = std::make_shared<std::promise<bool>>();
  auto next = std::make_shared<int>(0);
  two.carrier->offer(by_name, two.system.spawn([=]() -> caf::behavior {
    return {[=](std::int32_t number) {
      if (number != (*next)++)
        in_order->set_value(false);
      else if (*next == many)
        in_order->set_value(true);
    }};
  }));
  two.start();
  auto there = one->carrier->reach(two.address(), by_name, lane::control);
  one->system.spawn([=](caf::event_based_actor* self) {
    for (std::int32_t i = 0; i < many; ++i)
      self->send(there, i);
  });
  CHECK(wait_for(in_order->get_future()));
  CHECK(one->carrier->counts().dropped == 0);
}

TEST_CASE("a full queue refuses requests and drops messages") {
  auto settings = settings_of("one");
  settings.limits.bulk_queue_bytes_max = 1000;
  world_node one(settings);
  // Before the start nothing is written.
  auto there = one.carrier->reach("127.0.0.1:1", by_name, lane::bulk);
  caf::anon_send(there, std::string(2000, 'x'));
  auto refused = wait_for(ask(one.system, there, std::string("you")));
  CHECK(refused.why == caf::sec::runtime_error);
  CHECK(caf::to_string(refused.why).find("queue full") != std::string::npos);
  caf::anon_send(there, std::string("and more"));
  CHECK(one.carrier->counts().dropped == 1);
}

TEST_CASE("no more requests wait than may") {
  auto settings = settings_of("one");
  settings.limits.pending_max = 2;
  world_node one(settings);
  one.start();
  auto got = std::make_shared<counter>();
  world_node two(settings_of("two"));
  two.carrier->offer(by_name, two.system.spawn(tests::silent, got));
  two.start();
  auto there = one.carrier->reach(two.address(), by_name, lane::control);
  auto first = ask(one.system, there, std::string("you"));
  auto second = ask(one.system, there, std::string("you"));
  REQUIRE(got->wait_until(2));
  CHECK(wait_for(ask(one.system, there, std::string("you"))).why ==
        caf::sec::runtime_error);
}

TEST_CASE("a node of another cluster is refused, on both sides") {
  auto settings = settings_of("one");
  settings.cluster = "dc2";
  world_node one(settings);
  one.offer_echo();
  one.start();
  auto two = echo_node("two");
  auto there = one.carrier->reach(two->address(), by_name, lane::control);
  CHECK(wait_for(ask(one.system, there, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
  auto back = two->carrier->reach(one.address(), by_name, lane::control);
  CHECK(wait_for(ask(two->system, back, std::string("you"))).why ==
        caf::sec::cannot_connect_to_node);
}

TEST_CASE("garbage closes its connection and harms nobody else") {
  auto one = echo_node("one");
  auto two = echo_node("two");
  auto there = one->carrier->reach(two->address(), by_name, lane::control);
  auto port = two->carrier->ports().front();
  auto hello = encode(link_hello{"dc1", "three", 3, lane::control});
  std::vector<std::string> all = {
      "GET / HTTP/1.1\r\n\r\n",
      hello + std::string("\xFF\xFF\xFF\xFF", 4),
      hello + std::string(4, '\0'),
      hello + std::string("\x11\0\0\0\x09", 5) + std::string(16, '\0'),
      // An answer that nobody asked for.
      hello + std::string("\x11\0\0\0\x03", 5) + std::string(16, '\1'),
  };
  for (auto& bytes : all) {
    raw_client stranger(port);
    stranger.send(bytes);
    CHECK(stranger.rest());
    CHECK(wait_for(ask(one->system, there, std::string("you"))).text ==
          "heard you");
  }
}

TEST_CASE("a message that cannot be read is answered and the connection "
          "lives") {
  auto two = echo_node("two");
  raw_client stranger(two->carrier->ports().front());
  auto hello = encode(link_hello{"dc1", "three", 3, lane::control});
  std::vector<char> frame(frame_header_bytes);
  for (char c : std::string_view("\0\0\x0c@<>+@message", 15))
    frame.push_back(c);
  put_header(frame, 0,
             {frame_kind::request, 7, static_cast<std::uint64_t>(by_name)});
  std::string bytes(frame.begin(), frame.end());
  stranger.send(hello + bytes + bytes);
  stranger.receive(encode(link_hello{"dc1", "two", 1, lane::control}).size());
  for (int i = 0; i < 2; ++i) {
    auto head = stranger.receive(frame_header_bytes);
    REQUIRE(head.size() == frame_header_bytes);
    auto found = decode_header(head);
    REQUIRE(found);
    CHECK(found->kind == frame_kind::failure);
    CHECK(found->id == 7);
    auto left = static_cast<unsigned char>(head[0]) +
                256u * static_cast<unsigned char>(head[1]) -
                (frame_header_bytes - frame_length_bytes);
    CHECK(stranger.receive(left).size() == left);
  }
}

TEST_CASE("who does not say hello in time is closed") {
  auto settings = settings_of("two");
  settings.limits.handshake_max = std::chrono::milliseconds(10);
  settings.limits.ping_interval = std::chrono::milliseconds(20);
  world_node two(settings);
  two.start();
  raw_client stranger(two.carrier->ports().front());
  stranger.send("praetor\n");
  auto rest = stranger.rest();
  REQUIRE(rest);
  CHECK(rest->empty());
}

TEST_CASE("a peer that falls silent is lost, one that pings is not") {
  auto settings = settings_of("two");
  settings.limits.ping_interval = std::chrono::milliseconds(20);
  settings.limits.silence_max = std::chrono::milliseconds(100);
  world_node two(settings);
  two.start();
  raw_client stranger(two.carrier->ports().front());
  stranger.send(encode(link_hello{"dc1", "three", 3, lane::control}));
  auto rest = stranger.rest();
  REQUIRE(rest);
  // Its hello and some pings.
  CHECK(rest->size() > 2 * frame_header_bytes);
}

TEST_CASE("our own address is the local actor") {
  world_node one(settings_of("one"));
  auto settings = settings_of("two");
  settings.own_addresses = {"10.1.2.3:8300"};
  world_node two(settings);
  auto own = two.system.spawn(tests::echo);
  two.carrier->offer(by_name, own);
  CHECK(two.carrier->reach("10.1.2.3:8300", by_name, lane::control) == own);
}

TEST_CASE("no more connections are accepted than may be open") {
  auto settings = settings_of("two");
  settings.limits.accepted_max = 1;
  world_node two(settings);
  two.start();
  auto hello = encode(link_hello{"dc1", "three", 3, lane::control});
  raw_client first(two.carrier->ports().front());
  first.send(hello);
  CHECK(!first.receive(8).empty());
  raw_client second(two.carrier->ports().front());
  second.send(hello);
  auto rest = second.rest();
  REQUIRE(rest);
  CHECK(rest->empty());
}

} // namespace
} // namespace praetor::actors::io
