#include "actors/io/udp_probe.hpp"

#include "tests/unit/actors/probe_loop.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;
using health::probe_result;

namespace {

// A socket on an ephemeral port of 127.0.0.1; nobody reads from it.
class local_socket {
public:
  local_socket() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(socket_, place, size) == 0);
    CHECK(::getsockname(socket_, place, &size) == 0);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~local_socket() { close(); }
  void close() {
    if (socket_ >= 0)
      ::close(std::exchange(socket_, -1));
  }

  int raw() const { return socket_; }
  std::string address() const { return "127.0.0.1:" + port_; }

private:
  int socket_;
  std::string port_;
};

probe_result run(std::string address, span timeout) {
  probe_loop loop;
  auto running = io::start_udp_probe(loop.get(), {std::move(address), timeout},
                                     loop.keep());
  return loop.wait();
}

} // namespace

TEST_CASE("a UDP port that is silent is passing when the time is up") {
  local_socket open;
  CHECK(run(open.address(), 50ms) ==
        probe_result{"passing", "UDP connect " + open.address() + ": Success"});
}

TEST_CASE("a UDP port that answers is passing at once") {
  local_socket open;
  probe_loop loop;
  auto running =
      io::start_udp_probe(loop.get(), {open.address(), 60s}, loop.keep());
  sockaddr_in from{};
  socklen_t size = sizeof from;
  char none[1];
  ssize_t got = -1;
  loop.run_until([&] {
    got = ::recvfrom(open.raw(), none, sizeof none, MSG_DONTWAIT,
                     reinterpret_cast<sockaddr*>(&from), &size);
    return got >= 0;
  });
  CHECK(got == 0); // an empty datagram
  ::sendto(open.raw(), "x", 1, 0, reinterpret_cast<sockaddr*>(&from), size);
  CHECK(loop.wait().status == "passing");
}

TEST_CASE("a UDP port that refuses is critical with the reason") {
  local_socket gone;
  gone.close();
  auto found = run(gone.address(), 8s);
  CHECK(found.status == "critical");
  CHECK(found.output == "read udp " + gone.address() + ": connection refused");
}

TEST_CASE("an address that is none is critical at once") {
  CHECK(run("localhost", 8s) ==
        probe_result{"critical",
                     "dial tcp: address localhost: missing port in address"});
  CHECK(run("no such name.invalid:1", 8s).status == "critical");
}

TEST_CASE("a destroyed UDP probe says nothing") {
  local_socket open;
  probe_loop loop;
  for (int turns = 0; turns < 4; ++turns) {
    auto running =
        io::start_udp_probe(loop.get(), {open.address(), 5s}, loop.keep());
    for (int i = 0; i < turns; ++i)
      uv_run(loop.get(), UV_RUN_NOWAIT);
    running.cancel();
    uv_run(loop.get(), UV_RUN_NOWAIT);
    CHECK_FALSE(loop.has_result());
  }
}
