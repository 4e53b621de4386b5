#pragma once

// How the model's structs are carried between actors. Templates over any
// inspector, so that no carrier's header is needed here; binding every field
// makes a forgotten one a compile error.

#include "protocol/model/command.hpp"

namespace praetor {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, error& x) {
  auto& [code, text] = x;
  return f(code, text);
}

namespace model {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, kv_entry& x) {
  auto& [key, value, flags, lock_index, session, created, modified] = x;
  return f(key, value, flags, lock_index, session, created, modified);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, operation_failure& x) {
  auto& [operation, text] = x;
  return f(operation, text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, released_lock& x) {
  auto& [key, delay] = x;
  return f(key, delay);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outcome& x) {
  auto& [index, accepted, failure, entries, failures, released, ended] = x;
  return f(index, accepted, failure, entries, failures, released, ended);
}

} // namespace model
} // namespace praetor
