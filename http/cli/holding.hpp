#pragma once

// What `lock` holds while its command runs: a key, or one of the places of a
// semaphore. Both rest on a session and on keys marked as theirs.

#include "http/client/client.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace praetor::http::cli {

// One blocking look at a key; also how long a signal may go unnoticed.
constexpr std::chrono::seconds block_for(15);
// A key that was lost and not released stays shut for a while: try again.
constexpr std::chrono::seconds delay_pause(1);

class holding {
public:
  virtual ~holding() = default;

  /// One attempt: true once it is ours. Waits at most `wait` for a change if
  /// it belongs to others.
  virtual result<bool> attempt(std::chrono::nanoseconds wait) = 0;
  /// Whether it is still ours; waits for a change after the first call.
  virtual result<bool> still_ours(const std::atomic<bool>& stop) = 0;
  /// Gives it back.
  virtual status release() = 0;
  /// Removes what nobody uses any longer; false if somebody does.
  virtual result<bool> clean_up() = 0;
};

/// A copy of `api` is kept. `prefix` has no slash at either end.
std::unique_ptr<holding> hold_key(const client::client& api,
                                  const std::string& prefix,
                                  const std::string& session);
std::unique_ptr<holding> hold_place(const client::client& api,
                                    const std::string& prefix,
                                    const std::string& session,
                                    std::uint64_t places);

/// One key as it was seen.
struct key_state {
  std::string key;
  std::string value;
  std::string holder; // the session that locks it
  std::uint64_t flags = 0;
  std::uint64_t modify_index = 0;
};

struct keys_seen {
  std::vector<key_state> keys;
  std::string index; // of the answer; the next look waits for a later one
};

/// The key, or with `below` every key below it. With `after` not empty, waits
/// up to `wait` for a change.
result<keys_seen> look_at(const client::client& api, const std::string& key,
                          bool below, const std::string& after,
                          std::chrono::nanoseconds wait,
                          const std::atomic<bool>* stop);

/// A write, a lock or a delete with conditions; whether it was done.
result<bool> try_write(const client::client& api, const std::string& method,
                       const std::string& key, const std::string& condition,
                       const std::string& value, std::uint64_t flags,
                       const std::string& body = "");

} // namespace praetor::http::cli
