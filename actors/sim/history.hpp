#pragma once

// Client operations on the key/value store as the clients saw them, and
// whether some order of them explains what they saw. The simulator records;
// the checks at the end tell whether the cluster kept its word.
//
//   check_linearizable  default and consistent operations: one order, which
//                       agrees with real time, explains every answer
//   check_index_order   ModifyIndexes grow in the order of real time
//   check_stale         stale reads saw something that was once true
//
// An operation without an answer may have taken effect at any time after it
// was asked for, or never.

#include "protocol/base/ids.hpp"
#include "protocol/base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace praetor::actors::sim {

/// What is asked of one key, or of all keys with a prefix.
enum class verb : std::uint8_t {
  get,
  list, // the key is a prefix
  put,
  cas,    // index 0: the key must not exist
  remove, // Consul's delete
  remove_cas,
  check_index,  // only in transactions
  check_absent, // only in transactions
};

/// One key as an answer shows it.
struct row {
  std::string key;
  std::string value;
  modify_index modified = 0; // 0: not told
  friend bool operator==(const row&, const row&) = default;
};

/// One operation, or one of the several of a transaction.
struct part {
  verb what = verb::get;
  std::string key;
  std::string value;      // put and cas
  modify_index index = 0; // cas, remove_cas and check_index
  /// What was answered: for a get none or one, for a list all of them.
  std::vector<row> rows;
};

enum class outcome : std::uint8_t {
  unknown,  // no answer, or one that says nothing: a timeout, a lost link
  accepted, // done; a read was answered
  refused,  // cas, remove_cas, transaction: the condition did not hold
  nothing,  // it is certain that it had no effect, as if never asked
};

struct operation {
  std::uint32_t client = 0;
  /// Several parts are a transaction, and so is one if this is set: all of
  /// them at one moment, or none.
  bool is_transaction = false;
  bool is_stale = false; // a read that any node may answer from what it has
  std::vector<part> parts;
  outcome how = outcome::unknown;
  /// A write's ModifyIndex, if the client was told.
  modify_index index = 0;
  instant invoked{};
  instant returned{}; // meaningful unless unknown
  /// Numbers of the events in the order in which they happened; `ended` is 0
  /// while the outcome is unknown. Finer than the times, many of which are
  /// equal in a simulation.
  std::uint64_t began = 0;
  std::uint64_t ended = 0;
};

operation get(std::string key);
operation list(std::string prefix);
operation put(std::string key, std::string value);
operation cas(std::string key, modify_index index, std::string value);
operation remove(std::string key);
operation transaction(std::vector<part> parts);
operation stale(operation read);

/// What the clients did. Numbers the events as they come.
class history {
public:
  using id = std::size_t;

  id invoke(std::uint32_t client, instant at, operation what);
  /// The answer, with one list of rows for each part that has any.
  void accept(id which, instant at, std::vector<std::vector<row>> rows = {},
              modify_index index = 0);
  void refuse(id which, instant at);
  /// It is certain that the operation had no effect and never will.
  void withdraw(id which, instant at);

  const std::vector<operation>& operations() const { return operations_; }

private:
  void end(id which, instant at, outcome how);

  std::vector<operation> operations_;
  std::uint64_t events_ = 0;
};

/// One line: when, who, what, and what was answered.
std::string describe(const operation& what);

struct verdict {
  enum kind : std::uint8_t { ok, violated, undecided };
  kind is = ok;
  /// Why not ok, for people: several lines, without the last line's end.
  std::string why;
  /// The operations that `why` speaks of, in its order.
  std::vector<history::id> operations;
  std::uint64_t states = 0; // explored by the search
};

struct check_limits {
  /// States that the search may visit before it gives up: a few seconds and
  /// some hundred megabytes. A history of a sane cluster takes about one for
  /// each operation.
  std::uint64_t states_max = 4'000'000;
};

verdict check_linearizable(const std::vector<operation>& operations,
                           const check_limits& limits = {});
verdict check_index_order(const std::vector<operation>& operations);
verdict check_stale(const std::vector<operation>& operations);

} // namespace praetor::actors::sim
