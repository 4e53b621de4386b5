#pragma once

// What servers say to one another (Raft paper, figures 2 and 13; Ongaro's
// thesis, sections 3.10 and 9.6). Every message says from whom, to whom and
// in which term. They come from outside: nothing in them is taken on trust.

#include "protocol/base/ids.hpp"
#include "protocol/raft/configuration.hpp"
#include "protocol/raft/entry.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace praetor::raft {

/// No cluster ever gets here; beyond it, counting on could wrap around.
inline constexpr std::uint64_t term_max = UINT64_MAX / 2;
inline constexpr std::uint64_t index_max = UINT64_MAX / 2;

/// What a leader puts on a message and the follower returns as it is: when
/// the message left, on the leader's clock, and which round of reads it
/// serves. It means nothing to anyone else.
struct echo {
  std::int64_t sent_at = 0;
  std::uint64_t round = 0;
  friend bool operator==(const echo&, const echo&) = default;
};

/// A place of the log as both sides must agree on it.
struct log_place {
  log_index index;
  term in_term;
  friend bool operator==(const log_place&, const log_place&) = default;
};

/// What a snapshot stands for: everything up to a place of the log, and who
/// were the members there.
struct snapshot_mark {
  log_place last;
  configuration members;
  friend bool operator==(const snapshot_mark&, const snapshot_mark&) = default;
};

struct request_vote {
  node_id from;
  node_id to;
  /// The term that the vote is for; on trial, the sender is not in it yet.
  term in_term;
  log_place last;
  /// A pre-vote: would you vote for me? Nobody changes anything for it.
  bool trial = false;
  /// The old leader wants this election, so its being alive is no objection.
  bool transfer = false;
  friend bool operator==(const request_vote&, const request_vote&) = default;
};

struct request_vote_reply {
  node_id from;
  node_id to;
  /// The term asked for when granted, else the term of who refuses.
  term in_term;
  bool trial = false;
  bool granted = false;
  friend bool operator==(const request_vote_reply&,
                         const request_vote_reply&) = default;
};

/// Without entries it is a heartbeat.
struct append_entries {
  node_id from;
  node_id to;
  term in_term;
  /// What comes directly before the entries.
  log_place previous;
  std::vector<entry> entries;
  log_index commit;
  echo returned;
  friend bool operator==(const append_entries&,
                         const append_entries&) = default;
};

struct append_entries_reply {
  node_id from;
  node_id to;
  term in_term;
  bool success = false;
  /// On success: durable and equal to the leader's log up to here.
  log_index match;
  /// On success: equal to the leader's log up to here, durable or not.
  log_index accepted;
  /// On refusal: the place that was asked about, and where the leader should
  /// look instead: the first entry of the term found there. A term of 0 says
  /// that the log ends before.
  log_index refused;
  log_place conflict;
  echo returned;
  friend bool operator==(const append_entries_reply&,
                         const append_entries_reply&) = default;
};

/// One piece of a snapshot. The core leaves `bytes` and `last_chunk` to the
/// shell, which has the file.
struct install_snapshot {
  node_id from;
  node_id to;
  term in_term;
  snapshot_mark mark;
  std::uint64_t offset = 0;
  std::string bytes;
  bool last_chunk = false;
  friend bool operator==(const install_snapshot&,
                         const install_snapshot&) = default;
};

struct install_snapshot_reply {
  node_id from;
  node_id to;
  term in_term;
  log_index last;
  /// Which offset should come next.
  std::uint64_t offset = 0;
  /// Everything up to `last` is durable here.
  bool installed = false;
  friend bool operator==(const install_snapshot_reply&,
                         const install_snapshot_reply&) = default;
};

/// The leader wants the receiver to stand at once (thesis, section 3.10).
struct timeout_now {
  node_id from;
  node_id to;
  term in_term;
  friend bool operator==(const timeout_now&, const timeout_now&) = default;
};

using message = std::variant<request_vote, request_vote_reply, append_entries,
                             append_entries_reply, install_snapshot,
                             install_snapshot_reply, timeout_now>;

inline const node_id& sender(const message& one) {
  return std::visit([](auto& x) -> const node_id& { return x.from; }, one);
}

inline const node_id& recipient(const message& one) {
  return std::visit([](auto& x) -> const node_id& { return x.to; }, one);
}

inline term term_of(const message& one) {
  return std::visit([](auto& x) { return x.in_term; }, one);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, echo& x) {
  auto& [sent_at, round] = x;
  return f(sent_at, round);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, log_place& x) {
  auto& [index, in_term] = x;
  return f(index, in_term);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, snapshot_mark& x) {
  auto& [last, members] = x;
  return f(last, members);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request_vote& x) {
  auto& [from, to, in_term, last, trial, transfer] = x;
  return f(from, to, in_term, last, trial, transfer);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, request_vote_reply& x) {
  auto& [from, to, in_term, trial, granted] = x;
  return f(from, to, in_term, trial, granted);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, append_entries& x) {
  auto& [from, to, in_term, previous, entries, commit, returned] = x;
  return f(from, to, in_term, previous, entries, commit, returned);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, append_entries_reply& x) {
  auto& [from, to, in_term, success, match, accepted, refused, conflict,
         returned] = x;
  return f(from, to, in_term, success, match, accepted, refused, conflict,
           returned);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, install_snapshot& x) {
  auto& [from, to, in_term, mark, offset, bytes, last_chunk] = x;
  return f(from, to, in_term, mark, offset, bytes, last_chunk);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f,
                                        install_snapshot_reply& x) {
  auto& [from, to, in_term, last, offset, installed] = x;
  return f(from, to, in_term, last, offset, installed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, timeout_now& x) {
  auto& [from, to, in_term] = x;
  return f(from, to, in_term);
}

} // namespace praetor::raft
