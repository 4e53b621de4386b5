#pragma once

// Everything that may enter the log, as one variant, and its bytes. Applying
// a command gives the same outcome on every node: no clock, no chance. The
// bytes are our own format (see command.cpp), not the carrier's, since they
// live on disk.

#include "protocol/base/result.hpp"
#include "protocol/model/autopilot.hpp"
#include "protocol/model/prepared_query.hpp"
#include "protocol/model/records.hpp"

#include <string_view>
#include <variant>

namespace praetor::model {

/// A key may be this long; longer ones are refused before they are proposed.
/// Long enough for any path, short enough to bound the depth of the tree.
inline constexpr std::size_t kv_key_bytes_max = 8192;

/// Operations of one transaction (Consul's limit).
inline constexpr std::size_t txn_operations_max = 64;

enum class kv_verb : std::uint8_t {
  set,
  cas,
  lock,
  unlock,
  remove,
  remove_cas,
  remove_tree,
  // Only within transactions:
  get,
  get_tree,
  get_or_empty,
  check_index,
  check_session,
  check_not_exists,
};
inline constexpr auto kv_verb_last = kv_verb::check_not_exists;

/// One operation on the key/value store.
struct kv_operation {
  kv_verb verb = kv_verb::set;
  std::string key;
  std::string value;
  std::uint64_t flags = 0;
  modify_index index = 0; // what cas and check_index compare with
  std::string session;
  friend bool operator==(const kv_operation&, const kv_operation&) = default;
};

/// What a transaction does with one record of the catalogue.
enum class record_verb : std::uint8_t { get, set, cas, remove, remove_cas };
inline constexpr auto record_verb_last = record_verb::remove_cas;

/// What cas and remove_cas compare with is the `modified` of the record; 0
/// means that there is none yet.
struct node_operation {
  record_verb verb = record_verb::get;
  model::node node;
  friend bool operator==(const node_operation&,
                         const node_operation&) = default;
};

struct service_operation {
  record_verb verb = record_verb::get;
  model::service service; // with its node
  friend bool operator==(const service_operation&,
                         const service_operation&) = default;
};

struct check_operation {
  record_verb verb = record_verb::get;
  model::check check; // with its node
  friend bool operator==(const check_operation&,
                         const check_operation&) = default;
};

/// Cannot be done, for this reason. It still takes part, since whoever asked
/// is told what is wrong with every operation.
struct impossible_operation {
  std::string why;
  friend bool operator==(const impossible_operation&,
                         const impossible_operation&) = default;
};

using operation = std::variant<kv_operation, node_operation, service_operation,
                               check_operation, impossible_operation>;

/// All of the operations or none, at one index.
struct transaction {
  std::vector<operation> operations;
  friend bool operator==(const transaction&, const transaction&) = default;
};

/// A node, and with it a service and checks, enter the catalogue.
struct catalog_register {
  model::node node;
  bool skip_node_update = false;
  std::optional<model::service> service;
  std::vector<check> checks;
  friend bool operator==(const catalog_register&,
                         const catalog_register&) = default;
};

/// With a service id: that instance and its checks; with a check id: that
/// check; with neither: the node with all it has.
struct catalog_deregister {
  std::string node;
  std::string service_id;
  std::string check_id;
  friend bool operator==(const catalog_deregister&,
                         const catalog_deregister&) = default;
};

struct session_create {
  model::session session;
  friend bool operator==(const session_create&,
                         const session_create&) = default;
};

struct session_destroy {
  session_id id;
  friend bool operator==(const session_destroy&,
                         const session_destroy&) = default;
};

/// Forgets the tombstones up to the index: listings may then report an older
/// index for a prefix, so the leader proposes it only after a long while.
struct reap_tombstones {
  modify_index upto = 0;
  friend bool operator==(const reap_tombstones&,
                         const reap_tombstones&) = default;
};

/// A prepared query is made, or takes the place of the one with its id.
struct query_put {
  prepared_query query;
  bool must_exist = false;
  friend bool operator==(const query_put&, const query_put&) = default;
};

struct query_remove {
  std::string id;
  friend bool operator==(const query_remove&, const query_remove&) = default;
};

/// One piece of a state that is to take the place of this one, in the order
/// of their numbers from 0; with the last one it does. The bytes of all pieces
/// are the state's stream, compressed (storage/FORMATS.md). Another id begins
/// another restore and ends the one that was under way.
struct restore_part {
  std::string id;
  std::uint64_t number = 0;
  bool last = false;
  std::string bytes;
  friend bool operator==(const restore_part&, const restore_part&) = default;
};

/// A restore that will not be finished is forgotten.
struct restore_abort {
  std::string id;
  friend bool operator==(const restore_abort&, const restore_abort&) = default;
};

/// The operators' wishes. A check-and-set compares with the index of the last
/// change; the leader's own defaults are only for a cluster that has none.
struct autopilot_set {
  enum class condition : std::uint8_t { always, index, absent };
  autopilot_config config;
  condition only_if = condition::always;
  modify_index index = 0;
  friend bool operator==(const autopilot_set&, const autopilot_set&) = default;
};

using command =
    std::variant<kv_operation, transaction, catalog_register,
                 catalog_deregister, session_create, session_destroy,
                 reap_tombstones, autopilot_set, query_put, query_remove,
                 restore_part, restore_abort>;

std::string encode(const command& what);
result<command> decode_command(std::string_view bytes);

/// Why one operation of a transaction refused the whole.
struct operation_failure {
  std::uint64_t operation = 0; // its place in the transaction, from 0
  std::string text;
  friend bool operator==(const operation_failure&,
                         const operation_failure&) = default;
};

/// A lock that was set free by the end of a session: nobody may take it for
/// the span. Only the leader counts that time down.
struct released_lock {
  std::string key;
  span delay{};
  friend bool operator==(const released_lock&, const released_lock&) = default;
};

/// One record that a transaction gives back.
using transaction_result = std::variant<kv_entry, node, service, check>;

/// Their bytes, for the way between nodes; nothing when they cannot be read.
std::string encode(const std::vector<transaction_result>& results);
std::optional<std::vector<transaction_result>>
decode_results(std::string_view bytes);

/// What became of a command. `accepted` false without an error is the plain
/// "false" of a check-and-set that did not match.
struct outcome {
  modify_index index = 0;
  bool accepted = true;
  error failure{errc::ok, ""};
  std::vector<transaction_result> results; // of a transaction
  std::vector<operation_failure> failures; // why a transaction was refused
  std::vector<released_lock> released;
  std::vector<session_id> ended_sessions;
};

} // namespace praetor::model
