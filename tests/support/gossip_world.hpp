#pragma once

// Pools of gossip cores on a network that is all chance and one seed: loss,
// delay, partitions, crashes, and members that are not scheduled for a while.
// Everything goes through its bytes; time is virtual.

#include "protocol/gossip/core.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>

namespace praetor::tests {

/// The network, as it is between any two.
struct gossip_weather {
  double loss = 0; // of datagrams, 0 to 1
  span delay_min = std::chrono::microseconds(200);
  span delay_max = std::chrono::milliseconds(2);
};

class gossip_world {
public:
  using event_hook =
      std::function<void(std::size_t who, instant when, const gossip::event&)>;

  gossip_world(gossip::settings chosen, std::uint64_t seed);
  gossip_world(const gossip_world&) = delete;
  gossip_world& operator=(const gossip_world&) = delete;

  // -- members

  /// A new member "m<number>", alone at first.
  std::size_t add(gossip::tag_map tags = {});
  void add_many(std::size_t count);
  /// Everybody joins by way of the first.
  void join_all();
  void join(std::size_t who, std::size_t whom);
  gossip::core& core(std::size_t who) { return *members_[who].core; }
  const std::string& name(std::size_t who) const {
    return members_[who].self.name;
  }
  std::size_t size() const { return members_.size(); }
  bool is_up(std::size_t who) const { return members_[who].up; }

  // -- faults

  gossip_weather weather;
  /// The process ends without a word; its host refuses connections.
  void crash(std::size_t who);
  /// The whole host is gone: nobody answers.
  void power_off(std::size_t who);
  /// A new life of a crashed member, which knows nobody.
  void restart(std::size_t who, std::optional<gossip::endpoint> at = {});
  /// Not scheduled for so long; what comes meanwhile waits.
  void stall(std::size_t who, span for_how_long);
  /// Members of different sides do not hear of each other.
  void put_on_side(std::size_t who, int side) { members_[who].side = side; }
  void heal();

  // -- time

  instant now() const { return now_; }
  void run(span time_passing);
  /// Runs until the condition holds; after how long it did, or nothing. Asked
  /// once every `step`.
  std::optional<span> run_until(const std::function<bool()>& holds, span most,
                                span step = std::chrono::milliseconds(10));
  /// Hears of all events; may look at cores, but not change them.
  void on_event(event_hook hook) { hook_ = std::move(hook); }
  /// What this member has reported.
  const std::vector<gossip::event>& heard(std::size_t who) const {
    return members_[who].heard;
  }
  /// Not for large pools: events are kept otherwise.
  bool keeps_events = true;

  // -- questions

  /// Whether all who are up know exactly each other as alive.
  bool is_converged() const;
  /// How many of those who are up see that member so.
  std::size_t seeing(const std::string& whom, gossip::member_status how) const;
  void check_invariants() const;
  std::uint64_t packets() const { return packets_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  struct one_member {
    gossip::identity self;
    std::unique_ptr<gossip::core> core;
    bool up = true;
    bool host_up = true;
    int side = 0;
    int life = 0;
    instant stalled_until{};
    std::deque<std::function<void()>> waiting; // while it is stalled
    instant tick_at = instant::max();          // the earliest in the queue
    std::vector<gossip::event> heard;
  };
  struct due {
    instant when;
    std::uint64_t order = 0;
    std::function<void()> work;
    friend bool operator<(const due& a, const due& b) {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };

  void begin(std::size_t who);
  void at(instant when, std::function<void()> work);
  /// Does that to a member that is up, now or when it is scheduled again.
  void to(std::size_t who, std::function<void()> work);
  void flush(std::size_t who);
  void arm(std::size_t who);
  void tick(std::size_t who);
  void carry(std::size_t from, gossip::packet what);
  void carry(std::size_t from, gossip::exchange what);
  void answer(std::size_t who, int life, gossip::ticket which,
              gossip::exchange_answer what);
  std::optional<std::size_t> find(const gossip::endpoint& where) const;
  bool hears(std::size_t a, std::size_t b) const;
  span delay();

  gossip::settings settings_;
  prng chance_;
  instant now_{std::chrono::hours(1)};
  std::uint64_t next_order_ = 1;
  std::priority_queue<due> queue_;
  std::vector<one_member> members_;
  std::map<gossip::endpoint, std::size_t> places_;
  event_hook hook_;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace praetor::tests
