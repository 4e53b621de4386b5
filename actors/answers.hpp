#pragma once

// Encoded answers of one thread: reads take the newest published state, and
// what was encoded once is handed out again while the state has not moved
// under it. Shared by the sessions and the watch keeper of a loop, and touched
// on no other thread.

#include "actors/publication.hpp"
#include "http/render.hpp"

#include <list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

namespace praetor::actors {

/// Encoded bytes kept per loop. Large enough for the hot answers of a big
/// catalogue, small beside the state itself.
inline constexpr std::size_t answer_cache_bytes_max = 16u << 20;

/// A single larger answer is encoded for each who asks.
inline constexpr std::size_t answer_cache_item_bytes_max = 4u << 20;

/// Questions asked with `?cached`, of all loops together: who asks again is
/// told that the answer was at hand.
class asked_before {
public:
  /// Whether the question was asked before; from now on it was.
  bool note(const std::string& key);

private:
  std::mutex mutex_;
  std::unordered_set<std::string> keys_;
};

/// Questions remembered; then all are forgotten and asked anew.
inline constexpr std::size_t asked_before_max = 16'384;

class answers {
public:
  explicit answers(std::shared_ptr<const publication> from)
      : reader_(std::move(from)) {}

  const state_ptr& newest() { return reader_.newest(); }
  const publication& source() const { return reader_.source(); }
  std::shared_ptr<const publication> shared_source() const {
    return reader_.shared_source();
  }

  /// The answer at this state, or the error that the query meets.
  http::rendered_ptr answer(const http::read_action& asked,
                            const storage::state& state);

  std::size_t cached_bytes() const { return bytes_; }

private:
  struct item {
    std::string key;
    modify_index version = 0;
    http::rendered_ptr answer;
  };

  http::rendered_ptr encode(const http::read_action& asked,
                            const storage::state& state);
  void keep(const std::string& key, modify_index version,
            const http::rendered_ptr& answer);
  void drop(std::list<item>::iterator which);

  state_reader reader_;
  std::list<item> recent_; // most recently used first
  std::unordered_map<std::string_view, std::list<item>::iterator> by_key_;
  std::size_t bytes_ = 0;
};

} // namespace praetor::actors
