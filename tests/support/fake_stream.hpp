#pragma once

// A client's connection as a list of what was written to it.

#include "actors/io/byte_stream.hpp"

#include <string>

namespace praetor::tests {

/// The client's side; shared with the stream that the session owns.
struct client_side {
  std::string got;        // all that was written, in order
  std::size_t queued = 0; // what the client has not read of it
  bool reads = true;      // takes all at once
  bool server_reads = true;
  bool finished = false;
  bool closed = false;
  std::string address = "192.0.2.1";
};

class fake_stream final : public actors::io::byte_stream {
public:
  explicit fake_stream(std::shared_ptr<client_side> client)
      : client_(std::move(client)) {}

  void write(std::vector<http::connection::piece> pieces) override {
    for (auto& one : pieces) {
      auto bytes = one.head + (one.body ? *one.body : std::string());
      if (!client_->reads)
        client_->queued += bytes.size();
      client_->got += bytes;
    }
  }
  std::size_t queued_bytes() const override { return client_->queued; }
  void set_reading(bool on) override { client_->server_reads = on; }
  void finish() override { client_->finished = true; }
  void close() override { client_->closed = true; }
  std::string peer_address() const override { return client_->address; }

private:
  std::shared_ptr<client_side> client_;
};

} // namespace praetor::tests
