#pragma once

// A member of a pool as a value: SWIM (Das, Gupta and Motivala, 2002) with
// Lifeguard (Dadgar, Phillips and Currey, 2017). Packets, streams and time go
// in; packets, streams and events come out of `take_output`. It has no clock,
// no socket and no chance but its seed, and a copy of it is a fork of history.
//
// The shell calls `tick` when `next_deadline` has come. Whoever calls late was
// not scheduled; what was to happen meanwhile is put off by as much, for the
// answers that would have prevented it are in a queue that nobody read.

#include "protocol/base/prng.hpp"
#include "protocol/gossip/broadcasts.hpp"
#include "protocol/gossip/event_log.hpp"
#include "protocol/gossip/output.hpp"
#include "protocol/gossip/suspicion.hpp"

#include <utility>

namespace praetor::gossip {

/// What a member says of itself.
struct identity {
  std::string name;
  endpoint at;
  tag_map tags;
  /// Where to begin: greater than in any life before, if that is known (the
  /// clock on the wall). Else others tell, and the member catches up.
  std::uint64_t incarnation = 1;
};

/// Whether a core can be made of this: name, tags and address in their limits.
status check_identity(const identity& self);

/// Counted since the beginning.
struct counters {
  std::uint64_t packets_in = 0;
  std::uint64_t packets_malformed = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t probes = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t refutations = 0;
  std::uint64_t stalls = 0;
  friend bool operator==(const counters&, const counters&) = default;
};

class core {
public:
  core(settings chosen, const identity& self, prng chance, instant now);

  // -- what happens

  /// A datagram came in.
  void handle(std::string_view bytes, const endpoint& from, instant now);
  /// Time has passed.
  void tick(instant now);
  /// A stream that we opened was answered, or not.
  void on_answer(ticket which, const exchange_answer& answer, instant now);
  /// A stream that another member opened: what to answer.
  std::string serve(std::string_view request, const endpoint& from,
                    instant now);

  // -- what is wished

  /// Exchanges states with whoever is there; `join_ended` says how it went.
  result<ticket> join(const endpoint& whom, instant now);
  /// Says good-bye; `leave_ended` says when all was said.
  status leave(instant now);
  /// Makes a failed member a left one, and with `prune` forgets it.
  status force_leave(const std::string& name, bool prune, instant now);
  status set_tags(const tag_map& tags, instant now);
  status fire_event(std::string name, std::string payload, instant now);

  // -- what comes of it

  output take_output() { return std::exchange(out_, {}); }
  bool has_output() const;
  /// When to tick; always some time.
  instant next_deadline() const;

  // -- what is known

  const settings& chosen() const { return settings_; }
  /// Everybody, ourselves included, by name.
  const std::map<std::string, member>& members() const { return members_; }
  const member* find(const std::string& name) const;
  const member& self() const;
  bool is_suspect(const std::string& name) const;
  /// Alive and leaving members.
  std::size_t present() const { return present_; }
  /// 0 is healthy; more scales our timeouts up.
  int health_score() const { return awareness_; }
  const counters& counted() const { return counters_; }
  const coordinate& own_coordinate() const { return places_.own(); }
  /// Goes on from the coordinate that an earlier life has left.
  void set_coordinate(const coordinate& where) { places_.set(where); }
  /// The last known one of a member that we have probed.
  const coordinate* coordinate_of(const std::string& name) const;
  bool has_left() const { return farewell_ == farewell::done; }

  /// What must hold after every step.
  void check_invariants() const;

  friend bool operator==(const core&, const core&) = default;

private:
  /// A probe of ours that is under way.
  struct probe {
    std::uint32_t number = 0;
    std::string target;
    instant sent{};
    instant direct_until{};
    instant until{};
    bool indirect = false;
    int asked = 0; // who would answer with a nack
    int nacks = 0;
    ticket by_stream = 0;
    bool reached_by_stream = false;
    bool refused = false;
    friend bool operator==(const probe&, const probe&) = default;
  };
  /// A probe in the stead of another member.
  struct relay {
    endpoint whom;
    std::uint32_t number = 0; // theirs
    instant nack_at{};
    instant until{};
    bool nacked = false;
    friend bool operator==(const relay&, const relay&) = default;
  };
  /// A stream that we opened.
  struct open_exchange {
    enum class purpose : std::uint8_t { join, sync, ping };
    purpose why = purpose::sync;
    endpoint whom;
    friend bool operator==(const open_exchange&,
                           const open_exchange&) = default;
  };
  /// The intent is spread, then the fact, then we stay for a while.
  enum class farewell : std::uint8_t { none, announced, said, staying, done };

  // -- core.cpp
  void enter(instant now);
  void promise() { promised_ = next_deadline(); }
  void send(const endpoint& to, const message& what);
  void send(const endpoint& to, std::string packet);
  void fill(std::string& packet, std::size_t most);
  void spread(const std::string& subject, const message& what);
  void gossip();
  void report(note::level how, std::string text);
  void report(change what, const member& who);
  member& own();
  span awareness_scaled(span time) const;
  void be_aware(int delta);
  std::vector<std::string> pick(int count, const std::string& but,
                                bool (*wanted)(const core&, const member&));
  bool is_recently_gone(const member& one) const;
  void reap();

  // -- probing.cpp
  void probe_next();
  void start_probe(const member& target);
  void probe_indirectly();
  void end_probe(bool answered);
  void fail_probe();
  void tick_probe();
  void tick_relays();
  void on(const ping& heard, const endpoint& from);
  void on(const ping_request& heard, const endpoint& from);
  void on(const ack& heard, const endpoint& from);
  void on(const nack& heard, const endpoint& from);
  void on_ping_answer(ticket which, const exchange_answer& answer);
  instant probing_deadline() const;

  // -- claims.cpp
  void on(const alive& heard, const endpoint& from);
  void on(const suspect& heard, const endpoint& from);
  void on(const dead& heard, const endpoint& from);
  void on(const leave_intent& heard, const endpoint& from);
  void on(const user_event& heard, const endpoint& from);
  void meet(const alive& heard);
  bool may_move(const member& known, const alive& heard);
  void renew(member& known, const alive& heard);
  void begin_suspicion(const member& known, const suspect& heard);
  void refute(std::uint64_t accused, const std::string& why);
  void announce();
  void look_for_id_conflict(const member& who);
  void set_status(member& who, member_status status);
  void tick_suspicions();
  void forget(const std::string& name, bool reported);

  // -- syncing.cpp
  push_pull own_state(bool join) const;
  ticket open(open_exchange::purpose why, const endpoint& whom,
              std::string bytes, span timeout);
  status admit(const push_pull& theirs);
  void merge(const push_pull& theirs);
  std::string take_state(const open_exchange& which,
                         const exchange_answer& answer);
  void end_join(ticket which, const endpoint& whom, std::string failure);
  void sync_next();
  void reconnect();
  span push_pull_after() const;

  // -- leaving.cpp
  void tick_farewell();

  settings settings_;
  std::string name_;
  prng chance_;
  instant now_{};    // our time: without the stalls
  span stalled_{};   // what the shell's clock shows more
  instant promised_; // the deadline the shell was last told, on its clock

  std::map<std::string, member> members_;
  std::size_t present_ = 1;
  std::map<std::string, std::string> ids_; // tag "id" -> who has it
  std::vector<std::string> ring_; // all others, in the order of probing
  std::size_t next_in_ring_ = 0;
  std::map<std::string, suspicion> suspicions_;
  broadcasts rumours_;
  broadcasts event_rumours_{recent_events_max};
  event_log events_;

  std::uint32_t next_number_ = 1;
  std::optional<probe> probe_;
  std::map<std::uint32_t, relay> relays_; // by our number
  int awareness_ = 0;
  coordinate_client places_;
  std::map<std::string, coordinate> places_of_;

  ticket next_ticket_ = 1;
  std::map<ticket, open_exchange> open_;
  farewell farewell_ = farewell::none;
  instant farewell_until_{};

  instant next_probe_{};
  instant next_gossip_ = instant::max(); // never: nothing to tell
  instant next_push_pull_{};
  instant next_reconnect_{};
  instant next_reap_{};
  counters counters_;
  output out_;
};

} // namespace praetor::gossip
