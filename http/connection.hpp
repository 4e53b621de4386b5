#pragma once

// The server's side of one HTTP/1.1 connection, without the socket: bytes in,
// requests out; responses in, bytes out (RFC 9112).
//
// One request is open at a time, from `next` to the end of its answer. What
// the client sends ahead waits as bytes, so that answers, errors and
// "100 Continue" come out in order by construction. An idle connection owns no
// heap: the parser lives only while a request arrives.
//
// The caller's loop:
//   receive(bytes); while (auto x = next()) {... respond() or later ...};
//   write take_output(); if closing(), shut down after the flush.
// After every call, look at take_output() and next() again. Call `next` only
// while the socket's write queue is short: that is what bounds the output.
// On closing(), go on reading (and handing in) for half a second while
// wants_read(): closing on unread bytes would reset the connection and could
// destroy the answer on its way.

#include "http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http {

/// Shared by all connections of a listener; must outlive them.
struct limits {
  /// Request line and headers, as Go's server: 1 MiB and a buffer's slop.
  std::size_t header_bytes = (std::size_t{1} << 20) + 4096;
  /// A header costs 64 bytes: a head of ":\n" lines must not become sixteen
  /// times its size in memory.
  std::size_t header_count = 4096;
  /// The largest value of a key is 512 KiB; the slack lets a handler of JSON
  /// say in its own words what is too large.
  std::uint64_t body_bytes = (512 + 64) * 1024;
  /// If set, asked with the finished head (no body yet) instead.
  std::function<std::uint64_t(const request&)> body_bytes_for;
  /// How much of an unwanted body is thrown away so that a client which
  /// writes all before it reads gets its answer.
  std::uint64_t drain_bytes = std::uint64_t{16} << 20;
  /// One line of a chunk's size, or all trailers: nobody needs more.
  std::size_t chunk_line_bytes = 16 * 1024;
  /// How much may wait behind an open request before wants_read() says no.
  std::size_t read_ahead_bytes = 64 * 1024;
};

class connection {
public:
  /// Output to be written in order: first the head, then the body. Large
  /// bodies are shared, never copied.
  struct piece {
    std::string head;
    std::shared_ptr<const std::string> body;
  };

  /// Both must outlive the connection. The date is the text of the Date
  /// header, kept up to date by the owner; null leaves the header out.
  explicit connection(const limits& bounds, const std::string* date = nullptr);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Feeds bytes from the client. Never fails: malformed input becomes an
  /// error answer and closing().
  void receive(std::string_view bytes);

  /// The next complete request; nothing while one is open.
  std::optional<request> next();

  /// Answers the open request.
  void respond(response&& answer);

  /// More of a body whose response was a chunked_stream.
  void stream(std::string_view chunk);
  void end_stream();

  /// What is to be written since the last call.
  std::vector<piece> take_output();
  bool has_output() const { return !output_.empty(); }

  /// Whether more bytes are of use; if not, stop reading from the socket.
  bool wants_read() const;
  /// Close after the output is flushed.
  bool closing() const { return closing_; }
  /// Between requests: nothing open, nothing half-received, all taken.
  bool idle() const;
  /// A request was handed out and its answer is not complete.
  bool is_open() const { return open_; }

private:
  class reader;
  struct refusal;

  std::size_t consume(std::string_view in);
  std::size_t read_head(std::string_view in);
  std::size_t read_body(std::string_view in);
  bool judge_head();
  bool measure_body();
  void offer_continue();
  void wait_for_head(std::string_view in);
  void on_body_read();
  void pump();
  bool refuse(const refusal& why);
  void stop_input();
  void finish_answer();
  std::string& tail();

  const limits* limits_;
  const std::string* date_;
  /// Present while a request arrives, waits to be taken, or is drained.
  std::unique_ptr<reader> reader_;
  /// Received and not yet parsed, from parsed_ on.
  std::string buffer_;
  std::size_t parsed_ = 0;
  std::vector<piece> output_;
  /// Bytes thrown away since the last kept request.
  std::uint64_t drained_ = 0;
  bool ready_ = false;       // reader_ holds a request for next()
  bool open_ = false;        // handed out, not answered to the end
  bool streaming_ = false;   // its answer has begun
  bool chunked_ = false;     // and is sent in chunks
  bool input_ended_ = false; // nothing is parsed any more
  bool closing_ = false;
  // Of the open request.
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool http10_ = false;
};

} // namespace praetor::http
