#include "actors/io/http_probe.hpp"

#include "tests/unit/actors/probe_loop.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>

using namespace praetor;
using namespace praetor::tests;
using namespace std::chrono_literals;
using health::probe_result;

namespace {

constexpr auto* hang = "hang";

// Answers each connection's one request with whatever `reply` returns: bytes
// to send before closing, or `hang` for silence.
class web_server {
public:
  explicit web_server(uv_loop_t* loop) {
    uv_tcp_init(loop, &listener_);
    listener_.data = this;
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    auto* place = reinterpret_cast<sockaddr*>(&address);
    uv_tcp_bind(&listener_, place, 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&listener_), 16, on_connection);
    int size = sizeof address;
    uv_tcp_getsockname(&listener_, place, &size);
    port_ = ntohs(address.sin_port);
  }
  ~web_server() {
    uv_close(reinterpret_cast<uv_handle_t*>(&listener_), nullptr);
    for (auto* one : std::set<client*>(clients_))
      one->close();
    while (!clients_.empty() ||
           uv_is_active(reinterpret_cast<uv_handle_t*>(&listener_)))
      uv_run(listener_.loop, UV_RUN_ONCE);
    uv_run(listener_.loop, UV_RUN_NOWAIT);
  }

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(std::string path) const { return "http://" + host() + path; }

  std::function<std::string(const std::string& request)> reply;
  std::vector<std::string> requests;

private:
  struct client {
    uv_tcp_t socket{};
    uv_write_t write{};
    web_server* server = nullptr;
    std::string request;
    std::string answer;
    std::array<char, 4096> buffer{};

    void close() {
      auto* handle = reinterpret_cast<uv_handle_t*>(&socket);
      if (!uv_is_closing(handle))
        uv_close(handle, [](uv_handle_t* closed) {
          auto* self = static_cast<client*>(closed->data);
          self->server->clients_.erase(self);
          delete self;
        });
    }
    bool is_complete() const {
      if (request.starts_with('\x16'))
        return true; // a TLS handshake
      auto end = request.find("\r\n\r\n");
      if (end == std::string::npos)
        return false;
      auto at = request.find("Content-Length: ");
      auto size = at == std::string::npos ? 0 : std::atoi(&request[at + 16]);
      return request.size() >= end + 4 + static_cast<std::size_t>(size);
    }
    void on_bytes(std::string_view bytes) {
      request += bytes;
      if (!is_complete())
        return;
      server->requests.push_back(request);
      answer = server->reply(request);
      if (answer == hang)
        return;
      bool stays = answer.ends_with(hang);
      if (stays)
        answer.resize(answer.size() - 4);
      auto out =
          uv_buf_init(answer.data(), static_cast<unsigned>(answer.size()));
      write.data = stays ? nullptr : this;
      uv_write(&write, reinterpret_cast<uv_stream_t*>(&socket), &out, 1,
               [](uv_write_t* done, int) {
                 if (done->data)
                   static_cast<client*>(done->data)->close();
               });
    }
  };

  static void on_connection(uv_stream_t* listener, int) {
    auto* self = static_cast<web_server*>(listener->data);
    auto* one = new client;
    one->server = self;
    self->clients_.insert(one);
    uv_tcp_init(listener->loop, &one->socket);
    one->socket.data = one;
    auto* stream = reinterpret_cast<uv_stream_t*>(&one->socket);
    uv_accept(listener, stream);
    uv_read_start(
        stream,
        [](uv_handle_t* handle, size_t, uv_buf_t* out) {
          auto& buffer = static_cast<client*>(handle->data)->buffer;
          *out = uv_buf_init(buffer.data(), buffer.size());
        },
        [](uv_stream_t* from, ssize_t count, const uv_buf_t* bytes) {
          auto* reader = static_cast<client*>(from->data);
          if (count < 0)
            reader->close();
          else
            reader->on_bytes({bytes->base, static_cast<std::size_t>(count)});
        });
  }

  uv_tcp_t listener_{};
  int port_ = 0;
  std::set<client*> clients_;
};

std::string response(std::string status, std::string body,
                     std::string headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A loop with a server and a prober, and one probe at a time.
struct world {
  probe_loop loop;
  web_server web{loop.get()};
  std::optional<io::http_prober> prober{loop.get()};
  io::probe running;

  world() {
    web.reply = [](auto&) { return response("200 OK", "hello"); };
  }
  ~world() {
    running.cancel();
    prober.reset();
  }
  probe_result run(io::http_probe_options options) {
    running = prober->start(std::move(options), loop.keep());
    return loop.wait();
  }
  probe_result get(std::string path) { return run({web.url(path)}); }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string closed_port() {
  int one = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(one, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(one, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(one);
  return std::to_string(ntohs(address.sin_port));
}

} // namespace

TEST_CASE("codes become statuses, the output shows code and body") {
  world one;
  for (auto [line, status] : {std::pair{"200 OK", "passing"},
                              {"299 Fine", "passing"},
                              {"429 Too Many Requests", "warning"},
                              {"404 Not Found", "critical"},
                              {"304 Not Modified", "critical"},
                              {"500 Oh No", "critical"}}) {
    one.web.reply = [=](auto&) { return response(line, "hello"); };
    auto found = one.get("/x");
    CHECK(found.status == status);
    auto body = std::string_view(line).starts_with("304") ? "" : "hello";
    CHECK(found.output ==
          "HTTP GET " + one.web.url("/x") + ": " + line + " Output: " + body);
  }
}

TEST_CASE("the request is the one that services know") {
  world one;
  one.get("/a?b=c");
  auto& request = one.web.requests.at(0);
  CHECK(request.starts_with("GET /a?b=c HTTP/1.1\r\n"));
  CHECK(contains(request, "\r\nHost: " + one.web.host() + "\r\n"));
  CHECK(contains(request, "\r\nUser-Agent: Consul Health Check\r\n"));
  CHECK(contains(request, "\r\nAccept: text/plain, text/*, */*\r\n"));
  CHECK(contains(request, "\r\nConnection: close\r\n"));
}

TEST_CASE("method, headers and body are sent as given") {
  world one;
  one.run({one.web.url("/"),
           "POST",
           {{"X-A", {"1", "2"}}, {"accept", {"a/b"}}, {"Host", {"web.x"}}},
           "ping"});
  auto& request = one.web.requests.at(0);
  CHECK(request.starts_with("POST / HTTP/1.1\r\n"));
  CHECK(request.ends_with("\r\n\r\nping"));
  CHECK(contains(request, "\r\nX-A: 1\r\nX-A: 2\r\n"));
  CHECK(contains(request, "\r\naccept: a/b\r\n"));
  CHECK_FALSE(contains(request, "text/plain"));
  CHECK(contains(request, "\r\nHost: web.x\r\n"));
  CHECK_FALSE(contains(request, "Content-Type"));
  one.run({one.web.url("/"), "HEAD"});
  CHECK(one.web.requests.at(1).starts_with("HEAD / "));
  auto found = one.run({one.web.url("/"), "PUT"});
  CHECK(contains(one.web.requests.at(2), "\r\nContent-Length: 0\r\n"));
  CHECK(found.output.starts_with("HTTP PUT http://"));
  one.run({"http://u:p@" + one.web.host() + "/"});
  CHECK(contains(one.web.requests.at(3), "\r\nAuthorization: Basic dTpw\r\n"));
}

TEST_CASE("of a long body the last bytes are kept") {
  world one;
  one.web.reply = [](auto&) {
    return response("200 OK", std::string(6000, 'h') + std::string(6000, 't'));
  };
  io::http_probe_options options{one.web.url("/")};
  options.output_max_size = 10;
  CHECK(one.run(options).output.ends_with(": 200 OK Output: tttttttttt"));
  CHECK(one.get("/").output.ends_with(std::string(4096, 't')));
  CHECK_FALSE(one.get("/").output.ends_with(std::string(4097, 't')));
}

TEST_CASE("a body that breaks off or does not end is still an answer") {
  world one;
  auto head = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc";
  one.web.reply = [=](auto&) { return head; };
  CHECK(one.get("/").output.ends_with(": 200 OK Output: abc"));
  one.web.reply = [=](auto&) { return std::string(head) + hang; };
  io::http_probe_options options{one.web.url("/")};
  options.timeout = 200ms;
  auto found = one.run(options);
  CHECK(found.status == "passing");
  CHECK(found.output.ends_with(": 200 OK Output: abc"));
}

TEST_CASE("interim answers are skipped") {
  world one;
  one.web.reply = [](auto&) {
    return "HTTP/1.1 103 Early Hints\r\n\r\n" + response("200 OK", "x");
  };
  CHECK(one.get("/").output.ends_with(": 200 OK Output: x"));
}

TEST_CASE("redirects on the same host and port are followed") {
  world one;
  one.web.reply = [&](const std::string& request) {
    if (contains(request, " /end "))
      return response("200 OK", "there");
    if (contains(request, " /absolute "))
      return response("301 Moved", "no",
                      "Location: " + one.web.url("/end") + "\r\n");
    return response("302 Found", "no", "Location: /absolute\r\n");
  };
  CHECK(one.get("/") == probe_result{"passing", "HTTP GET " + one.web.url("/") +
                                                    ": 200 OK Output: there"});
  CHECK(one.web.requests.size() == 3);
}

TEST_CASE("a redirect may turn the method into GET, or keep it") {
  world one;
  std::string code = "302 Found";
  one.web.reply = [&](const std::string& request) {
    return contains(request, " /end ")
               ? response("200 OK", "")
               : response(code, "", "Location: /end\r\n");
  };
  auto found = one.run({one.web.url("/"), "PUT", {}, "ping"});
  CHECK(found.output.starts_with("HTTP PUT "));
  CHECK(one.web.requests.at(1).starts_with("GET /end "));
  CHECK(one.web.requests.at(1).ends_with("\r\n\r\n"));
  code = "307 Temporary Redirect";
  one.run({one.web.url("/"), "PUT", {}, "ping"});
  CHECK(one.web.requests.at(3).starts_with("PUT /end "));
  CHECK(one.web.requests.at(3).ends_with("\r\n\r\nping"));
}

TEST_CASE("redirects elsewhere are answers, and critical ones") {
  world one;
  web_server other(one.loop.get());
  other.reply = [](auto&) { return response("200 OK", ""); };
  one.web.reply = [&](auto&) {
    return response("302 Found", "go", "Location: " + other.url("/") + "\r\n");
  };
  CHECK(one.get("/") ==
        probe_result{"critical", "HTTP GET " + one.web.url("/") +
                                     ": 302 Found Output: go"});
  CHECK(other.requests.empty());
}

TEST_CASE("redirects without an end or a target are critical") {
  world one;
  one.web.reply = [](auto&) {
    return response("302 Found", "", "Location: /loop\r\n");
  };
  CHECK(one.get("/") ==
        probe_result{"critical", "Get \"/loop\": stopped after 10 redirects"});
  CHECK(one.web.requests.size() == 11);
  one.web.reply = [](auto&) { return response("302 Found", ""); };
  CHECK(one.get("/").output == "Get \"" + one.web.url("/") +
                                   "\": 302 response missing Location header");
}

TEST_CASE("failures are worded in the known way") {
  world one;
  auto where = "127.0.0.1:" + closed_port();
  CHECK(one.run({"http://" + where + "/"}) ==
        probe_result{"critical", "Get \"http://" + where + "/\": dial tcp " +
                                     where + ": connect: connection refused"});
  CHECK(one.run({"http://u:p@" + where, "POST"}).output ==
        "Post \"http://u:***@" + where + "\": dial tcp " + where +
            ": connect: connection refused");
  one.web.reply = [](auto&) { return ""; };
  auto get = "Get \"" + one.web.url("/") + "\": ";
  CHECK(one.get("/") == probe_result{"critical", get + "EOF"});
  one.web.reply = [](auto&) { return "garbage\r\n\r\n"; };
  CHECK(one.get("/").output == get + "net/http: HTTP/1.x transport connection "
                                     "broken: malformed HTTP response");
  CHECK(one.run({"https://" + one.web.host() + "/"}).output ==
        "Get \"https://" + one.web.host() +
            "/\": tls: first record does not look like a TLS handshake");
  CHECK(one.run({"nohost"}).output ==
        "Get \"nohost\": unsupported protocol scheme \"\"");
  CHECK(one.run({"http://no-such-host.invalid/"})
            .output.starts_with(
                "Get \"http://no-such-host.invalid/\": dial tcp: lookup "
                "no-such-host.invalid: no such host"));
}

TEST_CASE("an answer that does not come is critical when the time is up") {
  world one;
  one.web.reply = [](auto&) { return hang; };
  io::http_probe_options options{one.web.url("/")};
  options.timeout = 200ms;
  CHECK(one.run(options) ==
        probe_result{"critical",
                     "Get \"" + one.web.url("/") +
                         "\": context deadline exceeded (Client.Timeout "
                         "exceeded while awaiting headers)"});
}

TEST_CASE("many probes run at once, each on its own connection") {
  world one;
  std::vector<io::probe> probes;
  int ends = 0;
  for (int i = 0; i < 30; ++i)
    probes.push_back(
        one.prober->start({one.web.url("/")}, [&](probe_result found) {
          CHECK(found.status == "passing");
          ++ends;
        }));
  one.loop.run_until([&] { return ends == 30; });
  CHECK(one.web.requests.size() == 30);
}

TEST_CASE("a destroyed HTTP probe says nothing, at whatever stage") {
  world one;
  for (int turns = 0; turns < 12; ++turns) {
    auto running = one.prober->start({one.web.url("/")}, one.loop.keep());
    for (int i = 0; i < turns && !one.loop.has_result(); ++i)
      uv_run(one.loop.get(), UV_RUN_NOWAIT);
    bool said = one.loop.has_result();
    running.cancel();
    for (int i = 0; i < 5; ++i)
      uv_run(one.loop.get(), UV_RUN_NOWAIT);
    CHECK(one.loop.has_result() == said);
  }
}

TEST_CASE("a callback may destroy the probe and the prober") {
  world one;
  bool called = false;
  auto other = one.prober->start({one.web.url("/")}, [](probe_result) {});
  one.web.reply = [](const std::string& request) {
    return contains(request, "/slow") ? hang : response("200 OK", "");
  };
  auto slow = one.prober->start({one.web.url("/slow")}, one.loop.keep());
  one.running = one.prober->start({one.web.url("/")}, [&](probe_result) {
    one.running = {};
    one.prober.reset();
    called = true;
  });
  one.loop.run_until([&] { return called; });
  for (int i = 0; i < 5; ++i)
    uv_run(one.loop.get(), UV_RUN_NOWAIT);
  CHECK_FALSE(one.loop.has_result());
}
