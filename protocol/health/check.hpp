#pragma once

// The deciding half of one health check of this agent: what a probe's result
// or a word from a client does to the status that is reported. The actor that
// holds it runs the probes, keeps the time and passes the changes on.

#include "protocol/base/prng.hpp"
#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"
#include "protocol/model/definition.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace praetor::health {

/// Checks that run more often would be a load of their own on the services.
inline constexpr span interval_min = std::chrono::seconds(1);

/// How long an answer of an HTTP, TCP, UDP, gRPC or HTTP/2 probe may take.
inline constexpr span network_timeout_default = std::chrono::seconds(10);

/// How long a script may run: scripts do more than one round trip.
inline constexpr span script_timeout_default = std::chrono::seconds(30);

/// A service with a failing check stays at least this long, so that a restart
/// of the service never removes it.
inline constexpr span deregister_after_min = std::chrono::minutes(1);

/// Output kept when nobody says otherwise, in bytes: outputs travel to the
/// catalogue of every server.
inline constexpr int output_max_size_default = 4096;

/// The longest of a check's times that is told apart from "for ever": added to
/// any instant, it still fits.
inline constexpr span wait_max = std::chrono::hours(24 * 365 * 100);

/// What one run of a probe found.
struct probe_result {
  std::string status; // passing, warning or critical
  std::string output;
  friend bool operator==(const probe_result&, const probe_result&) = default;
};

/// A status and an output that have to be reported.
struct change {
  std::string status;
  std::string output;
  friend bool operator==(const change&, const change&) = default;
};

/// A wish with its defaults and limits applied.
struct settings {
  span interval{}; // zero: a TTL or an alias check, which is not probed
  span timeout{};
  span ttl{}; // zero: not a TTL check
  int success_before_passing = 0;
  int failures_before_critical = 0;
  int output_max_size = output_max_size_default;
  span deregister_after{}; // zero: never
  friend bool operator==(const settings&, const settings&) = default;
};

/// `output_max_size` is the agent's own limit; a wish can only lower it.
settings make_settings(const model::check_wish& wish,
                       int output_max_size = output_max_size_default);

/// Whether the wish names a check that can be run. The texts are those that
/// clients see, without the "Invalid check: " that callers put before them.
status validate(const model::check_wish& wish);

class check {
public:
  /// `initial_status` may be empty for critical. `now` starts the TTL.
  check(settings rules, std::string initial_status, prng chance, instant now);

  const settings& rules() const { return settings_; }
  const std::string& status() const { return status_; }
  const std::string& output() const { return output_; }

  /// A check that is registered anew, or that was saved, goes on with what it
  /// last said; nothing is reported.
  void restore(std::string status, std::string output);

  /// How long to wait before the first probe: anything below the interval, so
  /// that checks that were registered together spread evenly.
  span first_delay();

  /// Counts the result and says what to report, if anything. The first result
  /// of all counts at once; after it a status has to be seen
  /// success_before_passing or failures_before_critical times in a row.
  std::optional<change> on_result(probe_result found, instant now);

  /// A client's word about a TTL check. The status is one of the three.
  std::optional<change> on_ttl_update(std::string status, std::string output,
                                      instant now);

  /// Notices that the TTL ran out, once per update.
  std::optional<change> on_tick(instant now);

  /// When on_tick has something to do: the end of the TTL, or none.
  std::optional<instant> next_deadline() const { return ttl_end_; }

  /// When to begin the probe after one that ended at `now`: intervals count
  /// from end to start, so that a slow probe never overlaps itself.
  instant next_probe(instant now) const;

  /// Critical for longer than deregister_after. An initial status does not
  /// count, only one that was reported.
  bool wants_deregistration(instant now) const;

  friend bool operator==(const check&, const check&) = default;

private:
  std::optional<change> report(std::string status, std::string output,
                               instant now);

  settings settings_;
  std::string status_;
  std::string output_;
  prng chance_;
  int successes_;
  int failures_;
  std::string ttl_output_; // the last word, repeated when the TTL runs out
  std::optional<instant> ttl_end_;
  std::optional<instant> critical_since_;
};

/// What clients say keeps its first bytes: the text was meant for a reader.
/// "abc ... (captured 3 of 5 bytes)".
std::string truncate_update(std::string output, int output_max_size);

/// What scripts print keeps its last bytes, since errors come last.
/// "Captured 3 of 5 bytes\n...\ncde". `tail` may already be cut; `total` is
/// how many bytes there were.
std::string truncate_script(std::string_view tail, std::uint64_t total,
                            int output_max_size);

} // namespace praetor::health
