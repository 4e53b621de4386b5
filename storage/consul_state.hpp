#pragma once

// The `state.bin` of a snapshot that Consul 1.8 wrote, as a state of ours: so
// that a user moves over by one restore. What a state of ours has no place
// for is counted by its name, so that it can be told.

#include "storage/state_store.hpp"

#include <map>

namespace praetor::storage {

struct consul_state {
  state made;
  /// Kinds of records that were left out, and how many there were of each.
  std::map<std::string, std::uint64_t> left_out;
};

result<consul_state> read_consul_state(std::string_view bytes);

} // namespace praetor::storage
