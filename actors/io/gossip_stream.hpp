#pragma once

// TCP streams of gossip on libuv: one request and one answer, each with its
// length before it (4 bytes, little-endian), then the end.

#include "actors/io/loop.hpp"
#include "protocol/gossip/output.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>

struct addrinfo;

namespace praetor::actors::io {

/// What all streams of one pool may hold at a time: some large states, or
/// very many small ones.
inline constexpr std::size_t gossip_buffered_max = 64u << 20;
/// Streams that others have opened; more are closed at once.
inline constexpr std::size_t gossip_streams_max = 256;
/// A request has to be there by then, and the answer out.
inline constexpr span gossip_serve_max = std::chrono::seconds(30);

/// What the streams of one pool share.
struct gossip_stream_budget {
  std::size_t buffered = 0;
  std::size_t serving = 0;
};

class gossip_stream : public std::enable_shared_from_this<gossip_stream> {
public:
  using budget_ptr = std::shared_ptr<gossip_stream_budget>;
  using answered = std::function<void(gossip::exchange_answer)>;
  using requested =
      std::function<void(std::shared_ptr<gossip_stream>, std::string)>;

  /// Looks the host up, connects, sends, and calls back once, never from
  /// within this call.
  static std::shared_ptr<gossip_stream>
  dial(loop& on, budget_ptr budget, gossip::exchange what, answered done);
  /// Takes over a connected socket, and calls back with what is asked.
  static std::shared_ptr<gossip_stream> serve(loop& on, budget_ptr budget,
                                              int socket, requested done);
  ~gossip_stream();
  gossip_stream(const gossip_stream&) = delete;
  gossip_stream& operator=(const gossip_stream&) = delete;

  /// Sends the answer to what was asked, then ends; at once if it is empty.
  void answer(std::string bytes);
  /// Ends without a word to whoever waits.
  void close();

private:
  gossip_stream(loop& on, budget_ptr budget)
      : loop_(on), budget_(std::move(budget)) {}

  void begin(span timeout);
  void look_up();
  void on_addresses(int error, const addrinfo* found);
  void connect_next();
  void on_connected(int error);
  void send(std::string bytes);
  void read();
  void on_read(ssize_t size, const uv_buf_t* buffer);
  void on_timeout();
  void fail(bool refused, std::string why);
  void close_socket();

  loop& loop_;
  budget_ptr budget_;
  gossip::exchange what_; // of a stream that we opened
  answered answered_;
  requested requested_;
  std::vector<sockaddr_storage> addresses_;
  std::size_t next_ = 0;
  bool refused_ = false;
  std::string first_failure_;
  uv_tcp_t* socket_ = nullptr;
  uv_timer_t* timer_ = nullptr;
  std::string pending_;
  bool serves_ = false;
  bool closed_ = false;
  std::shared_ptr<gossip_stream> self_; // until it is closed
};

} // namespace praetor::actors::io
