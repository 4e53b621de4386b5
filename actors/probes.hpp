#pragma once

// Which probe stands behind which kind of check.

#include "actors/health_checker.hpp"
#include "actors/io/http_probe.hpp"

namespace praetor::actors {

/// The probes of one loop, used on its thread alone. Destroying it ends those
/// that libcurl makes.
class loop_probes {
public:
  explicit loop_probes(io::loop& on) : loop_(on) {}

  /// The wish is of a kind that is probed.
  praetor::io::probe start(const model::check_wish& wish,
                           const health::settings& rules,
                           praetor::io::probe_callback done);

private:
  io::loop& loop_;
  /// Made when it is first needed: libcurl is large.
  std::unique_ptr<praetor::io::http_prober> prober_;
};

} // namespace praetor::actors
