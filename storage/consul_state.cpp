#include "storage/consul_state.hpp"

#include "storage/consul_records.hpp"
#include "storage/msgpack.hpp"

#include <algorithm>

namespace praetor::storage {
namespace {

// The first byte of each record. Numbers are never given twice, and those
// above 127 may be skipped by any reader (Consul's "ignore unknown" bit).
enum class message : std::uint8_t {
  registration = 0,
  kv = 2,
  session = 3,
  tombstone = 5,
  prepared_query = 7,
  index = 16,
  chunking = 29,
};

constexpr unsigned skippable = 128;

const char* name_of(unsigned kind) {
  switch (kind) {
  case 4:
    return "legacy ACLs";
  case 6:
    return "coordinates";
  case 9:
    return "autopilot configuration";
  case 11:
    return "ACL bootstrap";
  case 12:
    return "intentions";
  case 13:
    return "CA roots";
  case 14:
    return "CA provider state";
  case 15:
    return "CA configuration";
  case 17:
    return "ACL tokens";
  case 19:
    return "ACL policies";
  case 22:
    return "config entries";
  case 23:
    return "ACL roles";
  case 25:
    return "ACL binding rules";
  case 27:
    return "ACL auth methods";
  case 29:
    return "chunks of log entries";
  case 30:
    return "federation states";
  case 31:
    return "system metadata";
  default:
    return nullptr;
  }
}

error corrupt(const std::string& why) {
  return fail(errc::corrupt, "Consul's state: " + why);
}

// Records are collected first: a state is filled in another order, and needs
// to know the newest change of every kind before.
class importer {
public:
  status read(std::string_view bytes) {
    auto header = read_msgpack(bytes);
    if (!header)
      return corrupt(header.failure().text);
    newest_ = header->number("LastIndex");
    while (!bytes.empty()) {
      auto kind = static_cast<unsigned char>(bytes[0]);
      bytes.remove_prefix(1);
      auto record = read_msgpack(bytes);
      if (!record)
        return corrupt("a record of kind " + std::to_string(kind) + ": " +
                       record.failure().text);
      if (auto ok = take(kind, *record); !ok)
        return ok;
    }
    return {};
  }

  result<consul_state> finish() {
    auto& made = out_.made;
    raise_newest();
    PRAETOR_ASSERT(made.applied == 0);
    made.applied = newest_;
    PRAETOR_ASSERT(keys_changed_ <= newest_ && queries_changed_ <= newest_);
    made.catalog.restore(indexes_);
    made.queries.restore_changed(queries_changed_);
    for (auto& shard : made.shards)
      shard.restore_last_changed(keys_changed_);
    if (auto ok = fill(); !ok)
      return corrupt(ok.failure().text);
    return std::move(out_);
  }

private:
  status take(unsigned kind, const msgpack_value& record) {
    switch (static_cast<message>(kind)) {
    case message::registration:
      return take_registration(record);
    case message::kv:
      keys_.push_back(consul_key(record));
      raise(keys_changed_, keys_.back().modified);
      return {};
    case message::tombstone:
      tombstones_[record.text("Key")] = record.number("ModifyIndex");
      raise(keys_changed_, record.number("ModifyIndex"));
      return {};
    case message::session:
      sessions_.push_back(consul_session(record));
      raise(indexes_.sessions, sessions_.back().modified);
      return {};
    case message::prepared_query:
      queries_.push_back(consul_query(record));
      raise(queries_changed_, queries_.back().modified);
      return {};
    case message::index:
      take_index(record.text("Key"), record.number("Value"));
      return {};
    case message::chunking:
      if (record.members("ChunkMap").empty())
        return {};
      break;
    default:
      break;
    }
    return leave_out(kind);
  }

  status leave_out(unsigned kind) {
    auto* name = name_of(kind);
    if (!name && kind < skippable)
      return corrupt("a record of unknown kind " + std::to_string(kind));
    ++out_.left_out[name ? name : "records of kind " + std::to_string(kind)];
    return {};
  }

  status take_registration(const msgpack_value& record) {
    auto* service = record.find("Service");
    auto* check = record.find("Check");
    auto node = record.text("Node");
    if (service && !service->is_null()) {
      services_.push_back(consul_service(node, *service));
      raise(indexes_.services, services_.back().modified);
    } else if (check && !check->is_null()) {
      checks_.push_back(consul_check(*check));
      raise(indexes_.checks, checks_.back().modified);
    } else {
      nodes_.push_back(consul_node(record));
      raise(indexes_.nodes, nodes_.back().modified);
    }
    return {};
  }

  void take_index(const std::string& key, modify_index value) {
    static const std::string of_service = "service.";
    raise(newest_, value);
    if (key == "nodes")
      raise(indexes_.nodes, value);
    else if (key == "services")
      raise(indexes_.services, value);
    else if (key == "checks")
      raise(indexes_.checks, value);
    else if (key == "sessions")
      raise(indexes_.sessions, value);
    else if (key == "prepared-queries")
      raise(queries_changed_, value);
    else if (key == "kvs" || key == "tombstones")
      raise(keys_changed_, value);
    else if (key == "service_last_extinction")
      raise(indexes_.last_extinction, value);
    else if (key.starts_with(of_service))
      raise(service_indexes_[model::fold(key.substr(of_service.size()))],
            value);
  }

  static void raise(modify_index& index, modify_index to) {
    index = std::max(index, to);
  }

  void raise_newest() {
    for (auto one : {indexes_.nodes, indexes_.services, indexes_.checks,
                     indexes_.sessions, indexes_.last_extinction,
                     queries_changed_, keys_changed_, modify_index{1}})
      raise(newest_, one);
  }

  status fill_indexes() {
    std::map<std::string, modify_index> targets;
    std::map<std::string, modify_index> present;
    for (auto& one : services_) {
      auto& index = present[model::fold(one.name)];
      raise(index, std::max<modify_index>(one.modified, 1));
      if (is_connect(one))
        raise(targets[model::fold(connect_target(one))],
              std::max<modify_index>(one.modified, 1));
    }
    for (auto& [name, index] : present) {
      raise(index, service_indexes_[name]);
      if (auto ok = out_.made.catalog.restore_service_index(name, index); !ok)
        return ok;
    }
    for (auto& [target, index] : targets)
      if (auto ok = out_.made.catalog.restore_connect_index(target, index); !ok)
        return ok;
    return {};
  }

  template <class Record>
  status restore_all(std::vector<Record>& records) {
    for (auto& one : records)
      if (auto ok = out_.made.catalog.restore(std::move(one)); !ok)
        return ok;
    return {};
  }

  status fill() {
    auto& made = out_.made;
    if (auto ok = fill_indexes(); !ok)
      return ok;
    if (auto ok = restore_all(nodes_); !ok)
      return ok;
    if (auto ok = restore_all(services_); !ok)
      return ok;
    if (auto ok = restore_all(checks_); !ok)
      return ok;
    if (auto ok = restore_all(sessions_); !ok)
      return ok;
    for (auto& one : keys_) {
      auto& shard = made.shards[shard_of(one.key, made.shards.size())];
      if (auto ok = shard.restore(std::move(one)); !ok)
        return ok;
    }
    for (auto& [key, index] : tombstones_) {
      auto& shard = made.shards[shard_of(key, made.shards.size())];
      // A key that came back needs none: its own index is newer.
      if (!shard.get(key))
        if (auto ok = shard.restore_tombstone(key, index); !ok)
          return ok;
    }
    for (auto& one : queries_)
      if (auto ok = made.queries.restore(std::move(one)); !ok)
        return ok;
    return {};
  }

  consul_state out_;
  modify_index newest_ = 0;
  modify_index keys_changed_ = 0;
  modify_index queries_changed_ = 0;
  catalog_table::table_indexes indexes_;
  std::map<std::string, modify_index> service_indexes_;
  std::vector<model::node> nodes_;
  std::vector<model::service> services_;
  std::vector<model::check> checks_;
  std::vector<model::session> sessions_;
  std::vector<model::kv_entry> keys_;
  std::map<std::string, modify_index> tombstones_;
  std::vector<model::prepared_query> queries_;
};

} // namespace

result<consul_state> read_consul_state(std::string_view bytes) {
  importer from;
  if (auto ok = from.read(bytes); !ok)
    return ok.failure();
  return from.finish();
}

} // namespace praetor::storage
