#pragma once

// How long to doubt a member before it counts as failed (Lifeguard, section
// 4.2): long at first, for it may be we who are slow; shorter with each other
// member that has come to the same doubt by itself.

#include "protocol/base/time.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace praetor::gossip {

/// The least time of doubt among that many members.
span suspicion_timeout(int mult, std::size_t members, span interval);

struct suspicion_rules {
  span least{};
  span most{};
  /// Confirmations that bring it down to the least; 0: it is there at once.
  int confirmations = 0;
  /// The least when the member's host refused a connection.
  span refused{};
};

class suspicion {
public:
  suspicion(std::string accuser, bool refused, const suspicion_rules& rules,
            instant now);

  /// Another member doubts, too. True when that is news, to be told on.
  bool confirm(const std::string& from, bool refused);
  instant deadline() const;
  int confirmations() const { return static_cast<int>(doubters_.size()) - 1; }
  bool is_refused() const { return refused_; }

  friend bool operator==(const suspicion&, const suspicion&) = default;

private:
  instant start_;
  span least_;
  span most_;
  span refused_least_;
  int wanted_;
  bool refused_;
  std::set<std::string> doubters_; // the first accuser, and who confirmed
};

} // namespace praetor::gossip
