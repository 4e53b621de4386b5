#pragma once

// A session of the cluster that is kept alive by a thread of its own, and
// destroyed with the object.

#include "http/client/client.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace praetor::http::cli {

class kept_session {
public:
  struct options {
    std::string name;
    std::string node;     // empty: the agent's own
    std::string behavior; // empty: the cluster's default, "release"
    std::chrono::seconds ttl = std::chrono::seconds(15);
  };

  static result<std::unique_ptr<kept_session>> create(const client::client& api,
                                                      const options& how);
  ~kept_session();

  kept_session(const kept_session&) = delete;
  kept_session& operator=(const kept_session&) = delete;

  const std::string& id() const { return id_; }
  /// The cluster says that the session is no more.
  bool lost() const { return lost_; }

private:
  kept_session(const client::client& api, std::string id,
               std::chrono::seconds ttl);
  void renew();

  client::client api_;
  std::string id_;
  std::chrono::seconds ttl_;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex lock_;
  std::condition_variable wake_;
  std::thread renewer_;
};

} // namespace praetor::http::cli
