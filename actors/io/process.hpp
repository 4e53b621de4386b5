#pragma once

// Script checks: a program of its own process group, with a limit on its time
// and on its output. Exit code 0 is passing, 1 is warning, all else critical.

#include "actors/io/probe.hpp"

#include <vector>

namespace praetor::io {

struct process_options {
  std::vector<std::string> args; // the program first; no shell is involved
  span timeout = health::script_timeout_default;
  int output_max_size = health::output_max_size_default;
};

/// Runs the program once. Standard input is empty; standard output and error
/// are captured together. When the time is up, or when the probe is
/// destroyed, the whole process group is killed. What a script leaves running
/// in the background does not hold up its result.
probe start_process(uv_loop_t* loop, process_options options,
                    probe_callback done);

} // namespace praetor::io
