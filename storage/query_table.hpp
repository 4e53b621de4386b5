#pragma once

// The prepared queries as a value: by id, by name, by the prefix that a
// template stands for, and by the session that they end with. Copying it is
// taking a snapshot.

#include "protocol/model/command.hpp"
#include "protocol/model/query.hpp"
#include "storage/radix_tree.hpp"

namespace praetor::storage {

class query_table {
public:
  using query_ptr = model::query_ptr;

  /// Ids and names are compared without regard to case.
  query_ptr get(std::string_view id) const;
  /// In the order of their ids.
  model::prepared_list all() const;
  /// What stands for the name or id, a template rendered for it.
  result<model::prepared_query> resolve(std::string_view name_or_id) const;
  modify_index changed() const { return changed_; }

  /// What the command says of a session is for the caller to check, between
  /// the two.
  status check(const model::query_put& command) const;
  void put(modify_index at, const model::prepared_query& given,
           model::change_set& changes);
  status remove(modify_index at, const std::string& id,
                model::change_set& changes);
  /// Those that were bound to it end with it.
  void end_session(modify_index at, const std::string& session,
                   model::change_set& changes);

  // -- for snapshots ---------------------------------------------------------
  template <class Visitor>
  void each_from(std::string_view from, Visitor&& visit) const {
    by_id_.each_from(from, visit);
  }
  void restore_changed(modify_index at) { changed_ = at; }
  /// `errc::corrupt` for what no table holds.
  status restore(model::prepared_query record);

  void check_invariants() const;

private:
  query_ptr named(const radix_tree<std::string>& index,
                  std::string_view folded) const;
  query_ptr longest_template(std::string_view folded) const;
  status check_name(const model::prepared_query& given) const;
  void link(const query_ptr& one);
  void unlink(const model::prepared_query& old);

  radix_tree<query_ptr> by_id_;        // folded id
  radix_tree<std::string> by_name_;    // folded name -> folded id
  radix_tree<std::string> templates_;  // folded name, perhaps empty -> id
  radix_tree<std::string> by_session_; // folded session \0 folded id -> id
  modify_index changed_ = 0;
};

} // namespace praetor::storage
