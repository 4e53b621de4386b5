#pragma once

// What happened in a run, in order: a hash of every event for comparing runs,
// counts for the summary, and on demand the events as text.

#include "protocol/base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace praetor::actors::sim {

struct trace_counts {
  std::uint64_t messages = 0; // sent from one server to another
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t doubled = 0;
  std::uint64_t steps = 0; // messages that actors handled
  std::uint64_t elections = 0;
  std::uint64_t snapshots_taken = 0;
  std::uint64_t saves = 0;
  std::map<std::string, std::uint64_t> faults; // by name
};

class trace {
public:
  using line_sink = std::function<void(std::string_view)>;

  trace_counts counts;

  /// Every line goes there from now on; without a sink no text is made.
  void write_to(line_sink sink) { sink_ = std::move(sink); }
  bool has_text() const { return static_cast<bool>(sink_); }

  std::uint64_t hash() const { return hash_; }

  /// Something happened that may decide about what happens next.
  void note(instant at, std::uint64_t what, std::uint64_t more = 0) {
    mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
    mix(what);
    mix(more);
  }
  /// The same with words; `text` is called only if somebody reads them.
  template <class MakeText>
  void line(instant at, MakeText&& text) {
    if (has_text())
      write(at, text());
  }
  void note_bytes(std::string_view bytes);

private:
  void mix(std::uint64_t x);
  void write(instant at, const std::string& text);

  // Start and factor of FNV-1a.
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
  line_sink sink_;
};

/// As in "12.345678": seconds since the run began.
std::string seconds_text(instant at);

} // namespace praetor::actors::sim
