#pragma once

// The catalogue as a value: nodes, their services and checks, and the
// sessions that live and die with them. Copying it is taking a snapshot.
// Indexes follow Consul's: one per table, one per service name, and the index
// at which the last instance of any service went away.

#include "protocol/model/command.hpp"
#include "protocol/model/query.hpp"
#include "storage/radix_tree.hpp"

namespace praetor::storage {

class catalog_table {
public:
  using node_ptr = std::shared_ptr<const model::node>;
  using service_ptr = std::shared_ptr<const model::service>;
  using check_ptr = std::shared_ptr<const model::check>;
  using session_ptr = std::shared_ptr<const model::session>;

  // -- what there is; names are compared without regard to case -----------
  node_ptr node(std::string_view name) const;
  node_ptr node_by_id(std::string_view id) const;
  service_ptr service(std::string_view node, std::string_view id) const;
  check_ptr check(std::string_view node, std::string_view id) const;
  session_ptr session(std::string_view id) const;

  model::node_list nodes() const;
  std::vector<service_ptr> services_of_node(std::string_view node) const;
  std::vector<service_ptr> instances(std::string_view name) const;
  std::vector<service_ptr> connect_instances(std::string_view name) const;
  model::check_list checks_of_node(std::string_view node) const;
  model::check_list checks_of_service(std::string_view name) const;
  /// Empty state: all of them.
  model::check_list checks_in_state(std::string_view state) const;
  model::session_list sessions() const;
  model::session_list sessions_of_node(std::string_view node) const;
  model::tags_by_service service_tags(
      const std::vector<std::pair<std::string, std::string>>& node_meta) const;
  /// The instance with its node and checks: the node's first.
  model::service_entry entry_of(const service_ptr& instance) const;

  // -- the indexes of answers ----------------------------------------------
  modify_index nodes_changed() const { return indexes_.nodes; }
  modify_index services_changed() const { return indexes_.services; }
  modify_index checks_changed() const { return indexes_.checks; }
  modify_index sessions_changed() const { return indexes_.sessions; }
  /// Of health and catalogue queries about one service.
  modify_index service_changed(std::string_view name, bool with_checks) const;
  modify_index connect_changed(std::string_view name) const;

  // -- commands --------------------------------------------------------------
  /// The sessions that ended with it are named in `ended`.
  status apply(modify_index at, const model::catalog_register& command,
               model::change_set& changes, std::vector<model::session>& ended);
  status apply(modify_index at, const model::catalog_deregister& command,
               model::change_set& changes, std::vector<model::session>& ended);
  /// One record of a transaction. After an error the table is good for
  /// nothing: whoever called goes back to what was before.
  status set(modify_index at, const model::node& given,
             model::change_set& changes, std::vector<model::session>& ended);
  status set(modify_index at, const model::service& given,
             model::change_set& changes, std::vector<model::session>& ended);
  status set(modify_index at, const model::check& given,
             model::change_set& changes, std::vector<model::session>& ended);
  status apply(modify_index at, const model::session_create& command,
               model::change_set& changes);
  /// The ended session, or nothing when there is none of that id.
  std::optional<model::session> apply(modify_index at,
                                      const model::session_destroy& command,
                                      model::change_set& changes);

  // -- for snapshots ---------------------------------------------------------
  struct table_indexes {
    modify_index nodes = 0;
    modify_index services = 0;
    modify_index checks = 0;
    modify_index sessions = 0;
    modify_index last_extinction = 0;
    friend bool operator==(const table_indexes&,
                           const table_indexes&) = default;
  };

  const table_indexes& indexes() const { return indexes_; }
  /// Visit (key, record or index) from the first key that is not before
  /// `from`, until the visitor returns false. The key is only for going on.
  template <class Visitor>
  void each_node_from(std::string_view from, Visitor&& visit) const {
    nodes_.each_from(from, visit);
  }
  template <class Visitor>
  void each_service_from(std::string_view from, Visitor&& visit) const {
    services_.each_from(from, visit);
  }
  template <class Visitor>
  void each_check_from(std::string_view from, Visitor&& visit) const {
    checks_.each_from(from, visit);
  }
  template <class Visitor>
  void each_session_from(std::string_view from, Visitor&& visit) const {
    sessions_.each_from(from, visit);
  }
  template <class Visitor>
  void each_service_index_from(std::string_view from, Visitor&& visit) const {
    service_changed_.each_from(from, visit);
  }
  template <class Visitor>
  void each_connect_index_from(std::string_view from, Visitor&& visit) const {
    connect_changed_.each_from(from, visit);
  }

  /// Fill an empty catalogue, in this order: what a record refers to comes
  /// before it. `errc::corrupt` for what no catalogue holds.
  void restore(const table_indexes& indexes) { indexes_ = indexes; }
  status restore_service_index(const std::string& name, modify_index at);
  status restore_connect_index(const std::string& target, modify_index at);
  status restore(model::node record);
  status restore(model::service record);
  status restore(model::check record);
  status restore(model::session record);

  void check_invariants() const;

private:
  struct transition; // one command being applied; see catalog_table.cpp
  friend struct transition;

  radix_tree<node_ptr> nodes_;            // folded name
  radix_tree<std::string> node_ids_;      // folded id -> folded name
  radix_tree<service_ptr> services_;      // folded node \0 id
  radix_tree<service_ptr> by_name_;       // folded name \0 folded node \0 id
  radix_tree<service_ptr> by_connect_;    // folded target \0 folded node \0 id
  radix_tree<check_ptr> checks_;          // folded node \0 id
  radix_tree<check_ptr> service_checks_;  // folded node \0 service \0 id
  radix_tree<check_ptr> named_checks_;    // folded name \0 folded node \0 id
  radix_tree<session_ptr> sessions_;      // id
  radix_tree<session_ptr> node_sessions_; // folded node \0 id
  radix_tree<modify_index> service_changed_; // folded name
  radix_tree<modify_index> connect_changed_; // folded target
  table_indexes indexes_;
};

/// Whether an instance stands for a service in the mesh, and for which.
bool is_connect(const model::service& service);
const std::string& connect_target(const model::service& service);

/// The parts joined by a zero byte, with one more behind the last: the prefix
/// under which everything that begins with these parts lies.
std::string joined(std::initializer_list<std::string_view> parts);

/// The parts joined by a zero byte: the full key of one record.
std::string record_key(std::initializer_list<std::string_view> parts);

} // namespace praetor::storage
