// The catalogue out of a snapshot. The records come one by one; the indexes
// into them are not in the snapshot and are made anew.

#include "storage/catalog_table.hpp"

namespace praetor::storage {

using model::fold;

namespace {

// What a damaged stream could hold and a catalogue never does.
template <class Record>
status check_indexes(const char* kind, const Record& record,
                     modify_index newest) {
  if (record.created <= record.modified && record.modified <= newest)
    return {};
  return fail(errc::corrupt, std::string(kind) + ": indexes " +
                                 std::to_string(record.created) + " and " +
                                 std::to_string(record.modified) +
                                 " do not fit the last change, " +
                                 std::to_string(newest));
}

error twice(const char* kind, const std::string& name) {
  return fail(errc::corrupt,
              std::string(kind) + " \"" + name + "\" is there twice");
}

error without(const char* kind, const std::string& name, const char* what) {
  return fail(errc::corrupt, std::string(kind) + " \"" + name +
                                 "\" is there without its " + what);
}

} // namespace

status catalog_table::restore_service_index(const std::string& name,
                                            modify_index at) {
  PRAETOR_ASSERT(services_.empty());
  if (fold(name) != name || at == 0)
    return fail(errc::corrupt, "service index of \"" + name + "\"");
  if (!service_changed_.put(name, at))
    return twice("service index", name);
  return {};
}

status catalog_table::restore_connect_index(const std::string& target,
                                            modify_index at) {
  PRAETOR_ASSERT(services_.empty());
  if (fold(target) != target || at == 0)
    return fail(errc::corrupt, "mesh index of \"" + target + "\"");
  if (!connect_changed_.put(target, at))
    return twice("mesh index", target);
  return {};
}

status catalog_table::restore(model::node record) {
  PRAETOR_ASSERT(services_.empty());
  if (auto ok = check_indexes("node", record, indexes_.nodes); !ok)
    return ok;
  auto folded = fold(record.name);
  if (nodes_.find(folded))
    return twice("node", record.name);
  if (!record.id.empty() && !node_ids_.put(record.id, folded))
    return twice("node id", record.id);
  nodes_.put(folded, std::make_shared<const model::node>(std::move(record)));
  return {};
}

status catalog_table::restore(model::service record) {
  PRAETOR_ASSERT(checks_.empty());
  if (auto ok = check_indexes("service", record, indexes_.services); !ok)
    return ok;
  auto node = fold(record.node);
  auto name = fold(record.name);
  if (!nodes_.find(node))
    return without("service", record.id, "node");
  if (!service_changed_.find(name))
    return without("service", record.id, "index");
  auto shared = std::make_shared<const model::service>(std::move(record));
  if (!services_.put(record_key({node, shared->id}), shared))
    return twice("service", shared->id);
  by_name_.put(record_key({name, node, shared->id}), shared);
  if (is_connect(*shared))
    by_connect_.put(
        record_key({fold(connect_target(*shared)), node, shared->id}), shared);
  return {};
}

status catalog_table::restore(model::check record) {
  PRAETOR_ASSERT(sessions_.empty());
  if (auto ok = check_indexes("check", record, indexes_.checks); !ok)
    return ok;
  auto node = fold(record.node);
  if (!nodes_.find(node))
    return without("check", record.id, "node");
  if (!record.service_id.empty() && !service(node, record.service_id))
    return without("check", record.id, "service");
  auto shared = std::make_shared<const model::check>(std::move(record));
  if (!checks_.put(record_key({node, shared->id}), shared))
    return twice("check", shared->id);
  service_checks_.put(record_key({node, shared->service_id, shared->id}),
                      shared);
  if (!shared->service_id.empty())
    named_checks_.put(
        record_key({fold(shared->service_name), node, shared->id}), shared);
  return {};
}

status catalog_table::restore(model::session record) {
  if (auto ok = check_indexes("session", record, indexes_.sessions); !ok)
    return ok;
  auto node = fold(record.node);
  if (!nodes_.find(node))
    return without("session", record.id, "node");
  auto shared = std::make_shared<const model::session>(std::move(record));
  if (!sessions_.put(shared->id, shared))
    return twice("session", shared->id);
  node_sessions_.put(record_key({node, shared->id}), shared);
  return {};
}

} // namespace praetor::storage
