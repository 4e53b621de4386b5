#pragma once

#include "actors/clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/loop.hpp"
#include "actors/io/probe.hpp"
#include "protocol/health/check.hpp"

namespace praetor::actors {

/// Starts one probe of the kind that the wish names. Where the sockets are;
/// tests hand in their own.
using probe_starter = std::function<praetor::io::probe(
    const model::check_wish&, const health::settings&,
    praetor::io::probe_callback)>;

/// What a checker is made of.
struct health_checker_parts {
  model::check_wish wish;
  std::string status; // what is known of it so far
  std::string output;
  agent_actor agent;
  clock* time = nullptr;
  probe_starter start_probe;
  std::uint64_t seed = 1;
  int output_max_size = health::output_max_size_default;
};

/// One check: probes when it is time and tells the agent what changed.
struct health_checker_state {
  health_checker_state() = default;
  static inline const char* name = "health_checker";

  std::shared_ptr<health_checker_parts> parts;
  std::optional<health::check> check; // decides
  praetor::io::probe probe;
  std::uint64_t deadline = 0; // number of the newest TTL timer
  timer_id timer;
  timer_id deadline_timer;
};

using health_checker_ptr =
    io::pinned_ptr<health_checker_actor, health_checker_state>;

health_checker_actor::behavior_type
health_checker(health_checker_ptr self,
               std::shared_ptr<health_checker_parts> parts);

} // namespace praetor::actors
