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

/// The results travel as the bytes that the log has of such records.
template <class Inspector>
std::enable_if_t<Inspector::reads_state, typename Inspector::result_type>
inspect(Inspector& f, outcome& x) {
  auto& [index, accepted, failure, results, failures, released, ended] = x;
  auto bytes = encode(results);
  return f(index, accepted, failure, bytes, failures, released, ended);
}
template <class Inspector>
std::enable_if_t<Inspector::writes_state, typename Inspector::result_type>
inspect(Inspector& f, outcome& x) {
  auto& [index, accepted, failure, results, failures, released, ended] = x;
  std::string bytes;
  auto failed = f(index, accepted, failure, bytes, failures, released, ended);
  auto read = decode_results(bytes);
  if (read)
    results = *std::move(read);
  else
    failure = fail(errc::corrupt, "the results of a transaction, " +
                                      std::to_string(bytes.size()) +
                                      " bytes, cannot be read");
  return failed;
}

} // namespace model
} // namespace praetor
