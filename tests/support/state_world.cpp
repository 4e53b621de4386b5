#include "tests/support/state_world.hpp"

#include "protocol/base/bytes.hpp"

namespace praetor::test {
namespace {

using namespace model;

const std::vector<std::string> keys = {
    "", "a", "a/b", "a/b/c", "a/c", "b", std::string("z\0z", 3)};
const std::vector<std::string> nodes = {"n1", "N2", "n3"};
const std::vector<std::string> services = {"web", "Web2", "db"};
const std::vector<std::string> sessions = {
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003"};

const std::string& pick(prng& random, const std::vector<std::string>& of) {
  return of[random.below(of.size())];
}

kv_operation random_operation(prng& random, const storage::state& now) {
  kv_operation made;
  made.verb = static_cast<kv_verb>(
      random.below(static_cast<std::uint64_t>(kv_verb::remove_tree) + 1));
  made.key = pick(random, keys);
  if (made.verb == kv_verb::remove_tree && random.below(4) != 0)
    made.key = "a/b";
  made.value = std::string(random.below(3), 'v');
  made.flags = random.below(2);
  made.session = pick(random, sessions);
  auto& shard = now.shards[storage::shard_of(made.key, now.shards.size())];
  if (auto found = shard.get(made.key); found && random.below(2) == 0)
    made.index = found->modified;
  return made;
}

service random_service(prng& random) {
  service made;
  made.name = pick(random, services);
  made.id = made.name + std::to_string(random.below(2));
  made.tags = {"t" + std::to_string(random.below(2))};
  made.port = static_cast<int>(random.below(3));
  made.connect_native = random.below(4) == 0;
  if (random.below(4) == 0) {
    made.kind = "connect-proxy";
    made.proxy.destination_name = pick(random, services);
  }
  if (random.below(2) == 0)
    made.meta = string_map{{"k", "v"}};
  if (random.below(2) == 0)
    made.tagged_addresses = {{"lan", {"10.0.0.1", 80}}};
  return made;
}

check random_check(prng& random) {
  check made;
  made.id = "c" + std::to_string(random.below(3));
  made.name = "check";
  made.status =
      random.below(3) == 0 ? check_status::critical : check_status::passing;
  made.output = std::string(random.below(3), 'o');
  made.definition.header = {{"h", {"1", "2"}}};
  made.definition.interval = std::chrono::seconds(10);
  return made;
}

catalog_register random_registration(prng& random) {
  catalog_register made;
  made.node.name = pick(random, nodes);
  made.node.address = "10.0.0." + std::to_string(random.below(2));
  if (random.below(2) == 0)
    made.node.id = pick(random, sessions);
  if (random.below(2) == 0)
    made.node.meta = string_map{{"rack", std::to_string(random.below(2))}};
  if (random.below(3) != 0)
    made.service = random_service(random);
  if (random.below(3) != 0) {
    made.checks.push_back(random_check(random));
    if (made.service && random.below(2) == 0)
      made.checks.back().service_id = made.service->id;
  }
  return made;
}

command random_session(prng& random, const storage::state& now) {
  session_create made;
  made.session.id = pick(random, sessions);
  if (now.catalog.session(made.session.id))
    return session_destroy{made.session.id};
  made.session.node = pick(random, nodes);
  made.session.behavior = random.below(2) == 0 ? session_behavior::release
                                               : session_behavior::remove;
  if (random.below(2) == 0)
    made.session.node_checks = {"c0"};
  if (random.below(2) == 0)
    made.session.hidden_checks = {"c1"};
  made.session.ttl = "10s";
  return made;
}

command random_end(prng& random) {
  catalog_deregister made;
  made.node = pick(random, nodes);
  auto what = random.below(5);
  if (what < 2)
    made.service_id = pick(random, services) + std::to_string(random.below(2));
  else if (what < 4)
    made.check_id = "c" + std::to_string(random.below(3));
  return made;
}

command random_query(prng& random) {
  auto id = pick(random, sessions);
  if (random.below(3) == 0)
    return query_remove{id};
  query_put made;
  made.must_exist = random.below(3) == 0;
  auto& query = made.query;
  query.id = id;
  query.name = pick(random, services);
  query.wanted.service = pick(random, services);
  query.wanted.only_passing = random.below(2) == 0;
  if (random.below(2) == 0)
    query.wanted.tags = std::vector<std::string>{"t0"};
  if (random.below(3) == 0)
    query.session = pick(random, sessions);
  if (random.below(3) == 0) {
    query.pattern.type = template_by_prefix;
    query.pattern.regexp = "^(.)";
    query.wanted.service = "${match(1)}${name.suffix}";
  }
  if (random.below(8) == 0)
    query.dns_ttl = "x";
  return made;
}

// Pieces of no state at all, which come to nothing.
command random_piece(prng& random) {
  if (random.below(3) == 0)
    return restore_abort{pick(random, sessions)};
  restore_part made;
  made.id = pick(random, sessions);
  made.number = random.below(3);
  made.last = random.below(4) == 0;
  made.bytes = "piece";
  return made;
}

// Operations of every kind; about half of the conditions hold.
operation random_part(prng& random, const storage::state& now) {
  auto verb = static_cast<record_verb>(
      random.below(static_cast<std::uint64_t>(record_verb_last) + 1));
  auto some = random_registration(random);
  switch (random.below(5)) {
  case 0: {
    if (auto known = now.catalog.node(some.node.name))
      some.node.modified = random.below(2) == 0 ? known->modified : 0;
    return node_operation{verb, some.node};
  }
  case 1: {
    auto made = random_service(random);
    made.node = some.node.name;
    if (auto known = now.catalog.service(made.node, made.id))
      made.modified = random.below(2) == 0 ? known->modified : 0;
    return service_operation{verb, made};
  }
  case 2: {
    auto made = random_check(random);
    made.node = some.node.name;
    if (auto known = now.catalog.check(made.node, made.id))
      made.modified = random.below(2) == 0 ? known->modified : 0;
    return check_operation{verb, made};
  }
  default:
    return random_operation(random, now);
  }
}

command random_transaction(prng& random, const storage::state& now) {
  transaction made;
  for (auto count = random.below(4); count > 0; --count)
    made.operations.push_back(random_part(random, now));
  return made;
}

command random_autopilot(prng& random, const storage::state& now) {
  autopilot_set made;
  made.config.max_trailing_logs = random.below(3);
  made.only_if = static_cast<autopilot_set::condition>(random.below(3));
  if (now.autopilot && random.below(2) == 0)
    made.index = now.autopilot->modified;
  return made;
}

// The bytes of a registration stand for the record.
template <class Record>
std::string text_of(const Record& record) {
  std::string out = std::to_string(record.created) + "/" +
                    std::to_string(record.modified) + " ";
  if constexpr (std::is_same_v<Record, node>)
    return out + encode(catalog_register{record, false, {}, {}});
  else if constexpr (std::is_same_v<Record, service>)
    return out + encode(catalog_register{{}, false, record, {}});
  else if constexpr (std::is_same_v<Record, check>)
    return out + encode(catalog_register{{}, false, {}, {record}});
  else if constexpr (std::is_same_v<Record, session>)
    return out + encode(session_create{record});
  else if constexpr (std::is_same_v<Record, prepared_query>)
    return out + encode(query_put{record, false});
  else if constexpr (std::is_same_v<Record, autopilot_config>)
    return out + encode(autopilot_set{record});
  else
    return out + record.key + "=" + record.value + "/" + record.session + "/" +
           std::to_string(record.lock_index) + "/" +
           std::to_string(record.flags);
}

struct to_text {
  std::string out;

  template <class Record>
  void operator()(const std::shared_ptr<const Record>& one) {
    out += one ? text_of(*one) : "none";
    out += "\n";
  }
  void operator()(const std::string& one) { out += one + "\n"; }
  void operator()(const service_entry& one) {
    (*this)(one.node);
    (*this)(one.service);
    for (auto& each : one.checks)
      (*this)(each);
  }
  void operator()(const node_services& one) {
    (*this)(one.node);
    for (auto& each : one.services)
      (*this)(each);
  }
  void operator()(const node_info& one) {
    (*this)(one.node);
    (*this)(one.services);
    (*this)(one.checks);
  }
  void operator()(const usage_counts& found) {
    for (auto number : {found.nodes, found.names, found.instances,
                        found.billable, found.mesh_instances.size()})
      out += std::to_string(number) + " ";
  }
  void operator()(const tags_by_service& all) {
    for (auto& [name, tags] : all) {
      out += name + ":";
      for (auto& tag : tags)
        (*this)(tag);
    }
  }
  template <class One>
  void operator()(const std::vector<One>& all) {
    for (auto& one : all)
      (*this)(one);
  }
};

} // namespace

command random_command(prng& random, const storage::state& now,
                       modify_index at) {
  switch (random.below(22)) {
  case 0:
    return reap_tombstones{at > 50 ? at - 50 : 0};
  case 1:
  case 2:
    return random_session(random, now);
  case 3:
    return random_end(random);
  case 4:
  case 5:
  case 6:
  case 7:
  case 8:
    return random_registration(random);
  case 9:
  case 10:
    return random_transaction(random, now);
  case 11:
    return random_autopilot(random, now);
  case 12:
    return random_query(random);
  case 13:
    return random_piece(random);
  default:
    return random_operation(random, now);
  }
}

std::string all_answers(const storage::state& from) {
  to_text writer;
  writer.out = std::to_string(from.applied) + "+" + std::to_string(from.ahead) +
               " " + std::to_string(from.restored) + " " + from.restoring.id +
               std::to_string(from.restoring.parts.size()) + "\n";
  auto names = keys;
  names.insert(names.end(), nodes.begin(), nodes.end());
  names.insert(names.end(), services.begin(), services.end());
  names.insert(names.end(), sessions.begin(), sessions.end());
  for (auto* more : {"a/", "any", "passing", "critical", "nothing"})
    names.push_back(more);
  constexpr auto last = static_cast<int>(query_kind_last);
  for (int kind = 0; kind <= last; ++kind)
    for (auto& name : names) {
      read_query query;
      query.kind = static_cast<query_kind>(kind);
      query.name = name;
      auto answer = evaluate(from, query);
      PRAETOR_ASSERT(index_of(from, query) == answer.index);
      writer.out += std::to_string(kind) + " " + name + " " +
                    std::to_string(answer.index) + " " +
                    std::to_string(version_of(from, query)) + "\n";
      std::visit(writer, answer.records);
    }
  return std::move(writer.out);
}

} // namespace praetor::test
