#pragma once

// One node of the cluster: spawns the actors, wires them, stops them in
// order. It alone decides what runs where.

#include "actors/config.hpp"
#include "actors/log.hpp"
#include "protocol/base/result.hpp"

#include <functional>
#include <memory>

namespace praetor::actors {

/// How long an orderly stop may take; then the process ends all the same.
inline constexpr span stop_time_max = std::chrono::seconds(5);

/// Loop threads at most, until more are measured to help.
inline constexpr unsigned loops_max = 4;

class node {
public:
  /// Makes ids, opens the data directory and binds every port: what can fail
  /// fails here, before anything runs.
  static result<std::unique_ptr<node>> make(agent_config config,
                                            std::shared_ptr<log_hub> log);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Starts the threads and actors. `on_leave` is called, on any thread, when
  /// a client asks the node to leave; `on_reload` to read the files again.
  void start(std::function<void()> on_leave, std::function<status()> on_reload);

  /// Takes the definitions of the configuration files anew.
  void redefine(const agent_config& config);

  /// Hands leadership to another server and says good-bye to the members.
  void leave();

  /// Stops in order: those who use before those who serve.
  void stop();

  const agent_config& config() const;
  const std::string& id() const;

private:
  class parts;
  explicit node(std::unique_ptr<parts> made);
  std::unique_ptr<parts> parts_;
};

} // namespace praetor::actors
