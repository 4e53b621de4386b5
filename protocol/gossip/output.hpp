#pragma once

// What a core asks of its shell, in the order in which it is carried out.

#include "protocol/gossip/member.hpp"

#include <variant>

namespace praetor::gossip {

/// A datagram. May be lost.
struct packet {
  endpoint to;
  std::string bytes;
  friend bool operator==(const packet&, const packet&) = default;
};

/// Names a stream that we opened.
using ticket = std::uint64_t;

/// Connect, send these bytes, wait for the answer, close. The shell hands the
/// answer to `core::on_answer`, or why there is none.
struct exchange {
  ticket which = 0;
  endpoint to;
  std::string bytes;
  span timeout{};
  friend bool operator==(const exchange&, const exchange&) = default;
};

/// Why a stream gave no answer.
struct exchange_failure {
  /// The host is there, but nobody listens on that port.
  bool refused = false;
  std::string text;
};

using exchange_answer = std::variant<std::string, exchange_failure>;

// -- what happened ------------------------------------------------------------

enum class change : std::uint8_t {
  joined,
  updated,
  leaving,
  left,
  failed,
  reaped
};

struct member_change {
  change what = change::joined;
  member who;
  friend bool operator==(const member_change&, const member_change&) = default;
};

/// Two members claim the same name, or, where `id` is not empty, the same id.
struct conflict {
  std::string name;
  endpoint ours; // the one that is kept
  endpoint theirs;
  std::string id;
  std::string other; // the other name with that id
  bool about_us = false;
  friend bool operator==(const conflict&, const conflict&) = default;
};

/// A join is over: reached, or why not.
struct join_ended {
  ticket which = 0;
  endpoint whom;
  std::string failure; // empty: reached
  friend bool operator==(const join_ended&, const join_ended&) = default;
};

/// All has been said and done: the shell may stop.
struct leave_ended {
  friend bool operator==(const leave_ended&, const leave_ended&) = default;
};

/// A line for the log.
struct note {
  enum class level : std::uint8_t { debug, info, warning, error };
  level how = level::info;
  std::string text;
  friend bool operator==(const note&, const note&) = default;
};

using event = std::variant<member_change, user_event, conflict, join_ended,
                           leave_ended, note>;

struct output {
  std::vector<packet> packets;
  std::vector<exchange> exchanges;
  std::vector<event> events;
  friend bool operator==(const output&, const output&) = default;
};

} // namespace praetor::gossip
