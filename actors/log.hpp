#pragma once

// The log of the node: spdlog with one line format, or one JSON object per
// line, and a hub from which clients may follow the lines as they come.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace praetor::actors {

struct log_options {
  std::string level = "INFO"; // TRACE, DEBUG, INFO, WARN, ERR
  bool json = false;
  std::string file; // empty: standard output only
};

/// Followers of the log. Any thread; a follower is called on the thread that
/// logs and must only hand the line on.
class log_hub {
public:
  using follower = std::function<void(const std::string& line)>;

  /// `level` as spdlog numbers them; 0 is the finest.
  std::uint64_t follow(int level, follower who);
  void unfollow(std::uint64_t subscription);
  void publish(int level, const std::string& line);
  bool empty() const;

private:
  int finest() const;

  struct entry {
    int level;
    follower who;
  };
  mutable std::mutex mutex_;
  std::map<std::uint64_t, entry> followers_;
  std::uint64_t next_ = 1;
};

/// Sets up spdlog's default logger; lines also go to the hub.
void start_log(const log_options& options, std::shared_ptr<log_hub> hub);

/// Changes the level of the running log.
void set_log_level(const std::string& level);

/// spdlog's number of a level's name, in Consul's spelling; info if unknown.
int level_number(const std::string& name);

} // namespace praetor::actors
