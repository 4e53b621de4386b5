#pragma once

// One node that `basp` connects to: what waits for the connection, and the
// requests under way, which BASP itself would never fail. Any thread. Part of
// basp.cpp; use carrier.hpp.

#include "actors/io/basp.hpp"

#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>

#include <mutex>
#include <unordered_map>

namespace praetor::actors::io {

class basp::peer final : public std::enable_shared_from_this<basp::peer> {
public:
  peer(caf::actor_system& system, std::string address, basp_limits limits)
      : system_(system), address_(std::move(address)), limits_(limits) {}

  /// What was sent to a handle of this name.
  void submit(caf::atom_value name, caf::mailbox_element_ptr what,
              caf::execution_unit* unit);
  /// What came back.
  void on_answer(caf::mailbox_element_ptr what, caf::execution_unit* unit);

  /// Spawns the actor which connects for as long as `end` was not called.
  void begin();
  void end();

  // -- by the actor that dials ------------------------------------------------
  void on_dialling();
  void on_up(caf::strong_actor_ptr door);
  /// All that waits fails.
  void on_lost(const std::string& why);

  const std::string& address() const { return address_; }
  const basp_limits& limits() const { return limits_; }

private:
  struct asked {
    caf::strong_actor_ptr who;
    caf::message_id mid;
  };
  struct waiting {
    asked by;
    std::uint64_t id;
    caf::message what;
  };
  enum class phase { dialling, up, resting, ended };

  static void fail(const asked& one, caf::sec code, const std::string& why);
  void fail_all(phase next, const std::string& why);

  caf::actor_system& system_;
  const std::string address_;
  const basp_limits limits_;
  std::mutex mutex_; // guards all below
  phase now_ = phase::dialling;
  caf::actor dialler_;
  caf::strong_actor_ptr door_;
  caf::strong_actor_ptr relay_; // the sender of all requests
  std::uint64_t last_id_ = 0;
  std::vector<waiting> waiting_;
  std::unordered_map<std::uint64_t, asked> pending_;
};

} // namespace praetor::actors::io
