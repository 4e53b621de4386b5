#pragma once

// Clients of the simulated cluster. Each does one thing after the other at a
// server of its choice: some write and read registers, some take locks, some
// watch a key. What they did is kept for the checks at the end.

#include "actors/sim/auditor.hpp"
#include "actors/sim/history.hpp"

namespace praetor::actors::sim {

/// How many of each, and how busy they are.
struct client_options {
  std::size_t registers = 3;
  std::size_t lockers = 1;
  std::size_t watchers = 1;
  std::size_t keys = 4;
  /// Between an answer and the next question.
  span pause_max = std::chrono::milliseconds(120);
};

struct client_counts {
  std::uint64_t asked = 0;
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  std::uint64_t in_doubt = 0;
  std::uint64_t locks = 0;
  std::uint64_t watched = 0; // answers of watches
};

class clients {
public:
  clients(timeline& time, network& net,
          std::vector<std::unique_ptr<node>>& nodes, auditor& checks,
          std::uint64_t seed, client_options chosen);
  ~clients();

  void start();
  /// They finish what they began, and begin nothing more; watchers go on.
  void stop_writing() { writing_ = false; }
  void stop() { writing_ = watching_ = false; }
  /// Connections to this server are gone.
  void on_crash(std::size_t which);

  /// What happened to the registers.
  const history& past() const { return past_; }
  const client_counts& counts() const { return counts_; }
  /// After the end: what watchers saw was true, and the last of it.
  void check_watches();

  // -- for plots: one more question, kept with the others ---------------------

  void put_at(std::size_t server);
  void get_at(std::size_t server, http::consistency level);
  /// Of those puts, how many have no answer yet.
  std::size_t puts_waiting() const { return puts_waiting_; }

  /// One request of somebody else's: asks that server, and tells what came
  /// back, at the latest after so long.
  void ask(std::size_t server, asked what, span at_most,
           std::function<void(const told&)> then);

private:
  struct one; // a client
  struct register_client;
  struct lock_client;
  struct watch_client;
  struct pending {
    std::size_t server = 0;
    std::function<void(const told&)> then;
  };

  std::size_t some_server(one& who);
  bool goes_on(const one& who) const;
  void next_later(one& who);
  void finish(std::uint64_t id, const told& what);

  timeline& time_;
  network& net_;
  std::vector<std::unique_ptr<node>>& nodes_;
  auditor& checks_;
  prng chance_;
  client_options chosen_;
  bool writing_ = true;
  bool watching_ = true;
  std::vector<std::unique_ptr<one>> all_;
  std::unique_ptr<register_client> guest_; // who asks for plots
  std::size_t puts_waiting_ = 0;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, pending> pending_;
  history past_;
  client_counts counts_;
};

} // namespace praetor::actors::sim
