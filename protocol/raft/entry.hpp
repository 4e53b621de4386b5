#pragma once

// What the Raft log is made of, and what must outlive a crash beside it.

#include "protocol/base/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace praetor::raft {

enum class entry_kind : std::uint8_t {
  noop,          // a new leader's first entry (Raft paper, section 8)
  command,       // for the state machine
  configuration, // who votes; takes effect when appended
};

/// The number of kinds: a decoder refuses this value and all above.
inline constexpr std::uint8_t entry_kinds = 3;

/// One place of the log. The bytes are shared and never change, so copies of
/// an entry are cheap and may travel between threads.
struct entry {
  log_index index;
  term in_term;
  entry_kind kind = entry_kind::noop;
  /// May be null, which means the same as no bytes.
  std::shared_ptr<const std::string> data;

  std::string_view bytes() const {
    return data ? std::string_view(*data) : std::string_view();
  }
  friend bool operator==(const entry& x, const entry& y) {
    return x.index == y.index && x.in_term == y.in_term && x.kind == y.kind &&
           x.bytes() == y.bytes();
  }
};

/// Durable before any answer that rests on it (Raft paper, figure 2).
struct hard_state {
  term current;
  /// Whom this server voted for in that term; empty for nobody.
  node_id voted_for;
  friend bool operator==(const hard_state&, const hard_state&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entry& x) {
  auto& [index, in_term, kind, data] = x;
  if constexpr (Inspector::writes_state) {
    std::string bytes;
    auto outcome = f(index, in_term, kind, bytes);
    data = std::make_shared<const std::string>(std::move(bytes));
    return outcome;
  } else {
    // An inspector that reads takes references it does not write to; bytes of
    // a megabyte should not be copied for each follower.
    static const std::string none;
    return f(index, in_term, kind,
             const_cast<std::string&>(data ? *data : none));
  }
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hard_state& x) {
  auto& [current, voted_for] = x;
  return f(current, voted_for);
}

} // namespace praetor::raft
