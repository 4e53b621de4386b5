#include "actors/io/tcp_probe.hpp"

#include "tests/unit/actors/probe_loop.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;
using health::probe_result;

namespace {

// A socket on an ephemeral port of 127.0.0.1. The kernel accepts for it.
class local_port {
public:
  explicit local_port(bool listens, int backlog = 16)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(socket_, place, size) == 0);
    if (listens)
      CHECK(::listen(socket_, backlog) == 0);
    CHECK(::getsockname(socket_, place, &size) == 0);
    address_ = address;
  }
  ~local_port() { ::close(socket_); }

  std::string port() const { return std::to_string(ntohs(address_.sin_port)); }
  std::string address() const { return "127.0.0.1:" + port(); }
  const sockaddr_in& place() const { return address_; }

private:
  int socket_;
  sockaddr_in address_{};
};

probe_result run(std::string address, span timeout = 8s) {
  probe_loop loop;
  auto running = io::start_tcp_probe(loop.get(), {std::move(address), timeout},
                                     loop.keep());
  return loop.wait();
}

} // namespace

TEST_CASE("a port that listens is passing") {
  local_port open(true);
  CHECK(run(open.address()) ==
        probe_result{"passing", "TCP connect " + open.address() + ": Success"});
}

TEST_CASE("a port that does not listen is critical in the known words") {
  local_port closed(false);
  CHECK(run(closed.address()) ==
        probe_result{"critical", "dial tcp " + closed.address() +
                                     ": connect: connection refused"});
}

TEST_CASE("names are resolved, and no name is this machine") {
  local_port open(true);
  CHECK(run("localhost:" + open.port()) ==
        probe_result{"passing",
                     "TCP connect localhost:" + open.port() + ": Success"});
  CHECK(run(":" + open.port()).status == "passing");
  local_port closed(false);
  CHECK(run(":" + closed.port()) ==
        probe_result{"critical", "dial tcp :" + closed.port() +
                                     ": connect: connection refused"});
}

TEST_CASE("addresses that cannot be dialled are critical with the reason") {
  CHECK(run("localhost") ==
        probe_result{"critical",
                     "dial tcp: address localhost: missing port in address"});
  CHECK(run("127.0.0.1:99999") ==
        probe_result{"critical", "dial tcp: address 99999: invalid port"});
  CHECK(run("127.0.0.1:no-such-service") ==
        probe_result{"critical",
                     "dial tcp: address tcp/no-such-service: unknown port"});
  CHECK(run("127.0.0.1:").status == "critical");
  CHECK(run("255.255.255.255:80")
            .output.starts_with("dial tcp 255.255.255.255:80: connect: "));
}

TEST_CASE("a name that does not resolve is critical") {
  auto found = run("no such name.invalid:1");
  CHECK(found.status == "critical");
  CHECK(found.output.starts_with("dial tcp: lookup no such name.invalid: "));
}

TEST_CASE("a silent address is critical when the time is up") {
  // Connections beyond a full backlog are not answered.
  local_port full(true, 0);
  std::vector<int> fillers;
  for (int i = 0; i < 8; ++i) {
    int one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ::connect(one, reinterpret_cast<const sockaddr*>(&full.place()),
              sizeof(sockaddr_in));
    fillers.push_back(one);
  }
  CHECK(
      run(full.address(), 200ms) ==
      probe_result{"critical", "dial tcp " + full.address() + ": i/o timeout"});
  for (int one : fillers)
    ::close(one);
}

TEST_CASE("a destroyed TCP probe says nothing") {
  local_port open(true);
  probe_loop loop;
  for (auto& target : {open.address(), "localhost:" + open.port()})
    for (int turns = 0; turns < 3; ++turns) {
      auto running =
          io::start_tcp_probe(loop.get(), {target, 5s}, [](probe_result) {});
      running = io::start_tcp_probe(loop.get(), {target, 5s}, loop.keep());
      if (turns > 0)
        uv_run(loop.get(), UV_RUN_NOWAIT);
      if (!loop.has_result())
        running.cancel();
      bool said = loop.has_result();
      uv_run(loop.get(), UV_RUN_NOWAIT);
      CHECK(loop.has_result() == said);
    }
}

TEST_CASE("a TCP probe may be destroyed by its callback") {
  local_port open(true);
  probe_loop loop;
  bool called = false;
  io::probe own;
  own = io::start_tcp_probe(loop.get(), {open.address()}, [&](probe_result) {
    own = {};
    called = true;
  });
  loop.run_until([&] { return called; });
}
