#pragma once

// The queue of rumours. Each is told a bounded number of times, the least told
// first; a newer rumour about a member takes the place of the older one, so
// the queue is bounded by the members.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace praetor::gossip {

/// How often a rumour is told before all have heard it (SWIM, section 4.1:
/// λ log n).
int retransmit_limit(int mult, std::size_t members);

class broadcasts {
public:
  /// The rumours of one queue; over it the most told give way.
  explicit broadcasts(std::size_t most) : most_(most) {}

  /// A rumour about that subject.
  void put(const std::string& subject, std::string bytes);
  void drop(const std::string& subject);
  /// Appends rumours to the packet while they fit, and counts them as told.
  void fill(std::string& packet, std::size_t most_bytes, int limit);

  bool empty() const { return order_.empty(); }
  std::size_t size() const { return order_.size(); }
  bool has(const std::string& subject) const { return kept_.count(subject); }

  friend bool operator==(const broadcasts&, const broadcasts&) = default;

private:
  struct rumour {
    std::string bytes;
    int told = 0;
    std::uint64_t age = 0; // its place in `order_`, with `told`
    friend bool operator==(const rumour&, const rumour&) = default;
  };
  /// The least told, and of those the newest.
  struct place {
    int told = 0;
    std::uint64_t age = 0;
    std::string subject;
    friend bool operator==(const place&, const place&) = default;
    friend bool operator<(const place& a, const place& b) {
      return a.told != b.told ? a.told < b.told : a.age > b.age;
    }
  };

  std::size_t most_;
  std::uint64_t next_age_ = 1;
  std::map<std::string, rumour> kept_;
  std::set<place> order_;
};

} // namespace praetor::gossip
