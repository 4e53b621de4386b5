#include "actors/io/http_probe.hpp"

#include "protocol/health/grpc.hpp"
#include "tests/unit/actors/probe_loop.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;
using health::probe_result;

namespace {

// One frame of HTTP/2 (RFC 9113, section 4.1).
std::string frame(char type, char flags, char stream, std::string payload) {
  std::string head(9, '\0');
  head[2] = static_cast<char>(payload.size());
  head[3] = type;
  head[4] = flags;
  head[8] = stream;
  return head + payload;
}

// A header that is neither indexed nor compressed (RFC 7541, section 6.2.2).
std::string header(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + static_cast<char>(name.size()) + name +
         static_cast<char>(value.size()) + value;
}

constexpr char data = 0;
constexpr char headers = 1;
constexpr char settings = 4;
constexpr char end_stream = 1;
constexpr char end_headers = 4;
constexpr char acknowledged = 1;

std::string answer(std::string message, const std::string& status) {
  auto framed =
      std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + message;
  return frame(settings, 0, 0, "") + frame(settings, acknowledged, 0, "") +
         frame(headers, end_headers, 1,
               "\x88" + header("content-type", "application/grpc")) +
         (message.empty() ? "" : frame(data, 0, 1, framed)) +
         frame(headers, end_headers | end_stream, 1,
               header("grpc-status", status) +
                   header("grpc-message", "as it says"));
}

// Answers one connection when it has asked for the service "svc".
class server {
public:
  explicit server(std::string reply) : reply_(std::move(reply)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener_, place, size) == 0);
    CHECK(::listen(listener_, 1) == 0);
    CHECK(::getsockname(listener_, place, &size) == 0);
    port_ = std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string address() const { return "127.0.0.1:" + port_; }

private:
  void serve() {
    int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0)
      return;
    std::string got;
    char bytes[1024];
    bool answered = false;
    for (ssize_t size = 1; size > 0;) {
      size = ::recv(client, bytes, sizeof bytes, 0);
      got.append(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
      if (got.find("\x0a\x03svc") == got.npos || std::exchange(answered, true))
        continue;
      ::send(client, reply_.data(), reply_.size(), MSG_NOSIGNAL);
    }
    ::close(client);
  }

  std::string reply_;
  int listener_;
  std::string port_;
  std::thread thread_;
};

probe_result run(const std::string& target, span timeout = 8s) {
  probe_loop loop;
  std::optional<io::http_prober> prober{loop.get()};
  auto running =
      prober->start_grpc({target, false, false, timeout}, loop.keep());
  auto found = loop.wait();
  prober.reset();
  return found;
}

} // namespace

TEST_CASE("a gRPC server that says it serves is passing") {
  server one(answer("\x08\x01", "0"));
  auto target = one.address() + "/svc";
  CHECK(run(target) ==
        probe_result{"passing", "gRPC check " + target + ": success"});
}

TEST_CASE("a gRPC server that does not serve is critical") {
  server one(answer("\x08\x02", "0"));
  CHECK(run(one.address() + "/svc") ==
        probe_result{"critical",
                     "gRPC application didn't report service healthy"});
}

TEST_CASE("a gRPC server that fails the call is critical in its own words") {
  server one(answer("", "5"));
  CHECK(
      run(one.address() + "/svc") ==
      probe_result{"critical", "rpc error: code = NotFound desc = as it says"});
}

TEST_CASE("where nobody listens a gRPC check is critical in the known words") {
  // Bound and not listening: nobody else gets that port.
  int spare = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(spare, place, size) == 0);
  REQUIRE(::getsockname(spare, place, &size) == 0);
  auto target = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  CHECK(run(target) ==
        probe_result{"critical",
                     "rpc error: code = Unavailable desc = connection error: "
                     "desc = \"transport: Error while dialing dial tcp " +
                         target + ": connect: connection refused\""});
  ::close(spare);
}

TEST_CASE("a server that never answers is critical when the time is up") {
  server one("");
  CHECK(run(one.address() + "/svc", 200ms) ==
        probe_result{"critical", "rpc error: code = DeadlineExceeded desc = "
                                 "context deadline exceeded"});
}

TEST_CASE("a gRPC target without a port is critical at once") {
  CHECK(run("127.0.0.1").output ==
        "rpc error: code = Unavailable desc = connection error: desc = "
        "\"transport: Error while dialing dial tcp: address 127.0.0.1: missing "
        "port in address\"");
}
