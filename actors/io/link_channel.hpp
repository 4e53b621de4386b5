#pragma once

// One lane to one address: dials it for as long as somebody holds a handle,
// and takes what is sent to the handles. Part of link.cpp; use carrier.hpp.

#include "actors/io/link_connection.hpp"

namespace praetor::actors::io {

class channel final : public dialler,
                      public std::enable_shared_from_this<channel> {
public:
  channel(std::shared_ptr<link_core> core, std::string address, lane by);

  // -- any thread -------------------------------------------------------------

  /// What was sent to a handle of this name.
  void submit(caf::atom_value target, caf::mailbox_element& what,
              caf::execution_unit* unit);

  // -- the loop's thread ------------------------------------------------------

  void dial();
  void end();
  bool is_idle() const;

  // dialler
  void on_up() override;
  void on_lost(const std::string& why) override;

private:
  struct lookup;
  struct alarm;

  enum class phase { resting, dialling, up, ended };

  bool submit_here(const frame_header& header, caf::mailbox_element& what);
  void refuse(const asked& by, caf::sec code, std::string why,
              caf::execution_unit* unit);
  void dial_soon();
  void look_up(const std::string& host, const std::string& port);
  void on_addresses(int status, const addrinfo* found);
  void connect(const sockaddr* where);
  void rest(span wait);
  void set_alarm(span after);
  void on_alarm();
  void flush();
  void fail_all(std::vector<outgoing> those, const std::string& why);
  void tell_failure(const std::string& why);

  const std::shared_ptr<link_core> core_;
  const std::string address_;
  const lane by_;
  const byte_gauge gauge_;
  outbox box_;
  std::atomic<std::uint64_t> next_id_{0};
  /// Before then a lost peer is not tried again for a message's sake.
  std::atomic<span::rep> try_after_{0};

  phase now_ = phase::resting;
  std::shared_ptr<connection> socket_;
  std::uint64_t attempts_ = 0;
  span back_off_{};
  alarm* alarm_ = nullptr;
  lookup* asking_ = nullptr; // the last question to the resolver
  std::string told_;         // the failure that the log has already
};

/// The handle that a carrier gives: what is sent to it goes to the channel.
caf::strong_actor_ptr make_remote_ref(caf::actor_system& system,
                                      std::shared_ptr<channel> to,
                                      caf::atom_value target);

} // namespace praetor::actors::io
