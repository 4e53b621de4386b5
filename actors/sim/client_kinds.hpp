#pragma once

// The kinds of clients, for client.cpp alone.

#include "actors/sim/client.hpp"
#include "actors/sim/watches.hpp"

namespace praetor::actors::sim {

struct clients::one {
  one(clients& owner, std::uint32_t number)
      : all(owner), number(number), chance(owner.chance_.next()) {}
  virtual ~one() = default;
  /// Does the next thing, and calls `all.next_later(*this)` when it is done.
  virtual void act() = 0;
  virtual void check() {}
  virtual bool only_reads() const { return false; }

  clients& all;
  std::uint32_t number;
  prng chance;
  std::size_t server = 0;

  std::string key(const char* prefix) {
    return prefix + std::to_string(chance.below(all.chosen_.keys));
  }
};

/// Writes and reads a few keys, alone and in transactions.
struct clients::register_client final : one {
  using one::one;
  void act() override;

  /// Everything about one question but its server is drawn or given.
  void ask(std::size_t at, operation what, http::consistency level,
           std::function<void()> then);
  operation draw_put() { return put(key("r/"), new_value()); }

private:
  operation draw();
  operation draw_transaction();
  void on_told(history::id which, const operation& what, const told& answer);
  std::string new_value() {
    return std::to_string(number) + "-" + std::to_string(++written);
  }

  std::uint64_t written = 0;
  std::map<std::string, modify_index> seen; // what it last read
};

/// Makes sessions, takes and frees locks, lets sessions run out.
struct clients::lock_client final : one {
  using one::one;
  void act() override;

private:
  void propose(model::command what);
  void make_session();

  session_id session;
  std::string held;
  std::uint64_t made = 0;
};

/// Waits for changes of one key, again and again.
struct clients::watch_client final : one {
  using one::one;
  void act() override;
  void check() override;
  bool only_reads() const override { return true; }

private:
  void on_told(const told& answer);

  watch past;
  watch_answer asked_now;
  instant server_time; // when it was asked, by the clock over there
};

} // namespace praetor::actors::sim
