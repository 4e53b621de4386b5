// /v1/txn

#include "http/bodies.hpp"
#include "http/render.hpp"
#include "http/routes/routes.hpp"
#include "protocol/base/uuid.hpp"
#include "protocol/model/local_state.hpp"

#include <algorithm>

namespace praetor::http::routes {
namespace {

struct verb_name {
  std::string_view name;
  model::kv_verb verb;
  bool reads = false;
};

constexpr verb_name verbs[] = {
    {"set", model::kv_verb::set},
    {"cas", model::kv_verb::cas},
    {"lock", model::kv_verb::lock},
    {"unlock", model::kv_verb::unlock},
    {"get", model::kv_verb::get, true},
    {"get-tree", model::kv_verb::get_tree, true},
    {"get-or-empty", model::kv_verb::get_or_empty, true},
    {"check-index", model::kv_verb::check_index, true},
    {"check-session", model::kv_verb::check_session, true},
    {"check-not-exists", model::kv_verb::check_not_exists, true},
    {"delete", model::kv_verb::remove},
    {"delete-tree", model::kv_verb::remove_tree},
    {"delete-cas", model::kv_verb::remove_cas},
};

std::optional<action> too_large(const call& c) {
  if (!c.from.body_too_large && c.from.body.size() <= c.node.txn_bytes_max)
    return std::nullopt;
  return refuse(413, "Request body(" + std::to_string(c.from.body_length) +
                         " bytes) too large, max size: " +
                         std::to_string(c.node.txn_bytes_max) +
                         " bytes. See https://www.consul.io/docs/agent/"
                         "options.html#txn_max_req_len.");
}

const verb_name* find_verb(const kv_operation& given) {
  auto found = std::find_if(std::begin(verbs), std::end(verbs),
                            [&](auto& one) { return one.name == given.verb; });
  return found != std::end(verbs) ? found : nullptr;
}

// Whether the operation changes nothing. Consul takes what it does not know
// of keys for a read, and of all else for a write.
bool only_reads(const kv_operation& one) {
  auto* verb = find_verb(one);
  return !verb || verb->reads;
}
template <class Operation>
bool only_reads(const Operation& one) {
  return one.verb == "get";
}

// The answer that refuses an operation for its size, or null.
rendered_ptr size_fault(const kv_operation& given, const surface& node) {
  if (given.value.size() > node.kv_value_bytes_max)
    return error_reply(413,
                       "Value for key \"" + given.key + "\" is too large (" +
                           std::to_string(given.value.size()) + " > " +
                           std::to_string(node.kv_value_bytes_max) + " bytes)");
  if (given.key.size() > model::kv_key_bytes_max)
    return error_reply(400, "Key of " + std::to_string(given.key.size()) +
                                " bytes is too long, max size: " +
                                std::to_string(model::kv_key_bytes_max) +
                                " bytes");
  return nullptr;
}

std::optional<model::record_verb> record_verb_of(std::string_view name) {
  using model::record_verb;
  constexpr std::pair<std::string_view, record_verb> known[] = {
      {"get", record_verb::get},
      {"set", record_verb::set},
      {"cas", record_verb::cas},
      {"delete", record_verb::remove},
      {"delete-cas", record_verb::remove_cas}};
  for (auto& [text, verb] : known)
    if (text == name)
      return verb;
  return std::nullopt;
}

model::impossible_operation unknown_verb(const char* kind,
                                         const std::string& verb) {
  return {std::string("unknown ") + kind + " verb \"" + verb + "\""};
}

// What an operation is in the log; `fault` says why it cannot be part of any
// transaction. A verb that nobody knows is no such fault: it is told among
// those of the other operations, when they are tried.
struct translator {
  const surface& node;
  std::string fault = {};

  model::operation operator()(kv_operation& given) {
    auto* verb = find_verb(given);
    if (given.key.empty() &&
        (!verb || verb->verb != model::kv_verb::remove_tree))
      fault = "Must provide key";
    if (!verb)
      return unknown_verb("KV", given.verb);
    return model::kv_operation{
        verb->verb,  std::move(given.key), std::move(given.value),
        given.flags, given.index,          std::move(given.session)};
  }

  model::operation operator()(node_operation& given) {
    auto verb = record_verb_of(given.verb);
    auto& record = given.node;
    if (record.datacenter.empty())
      record.datacenter = node.datacenter;
    if (verb != model::record_verb::get) {
      if (record.name.empty())
        fault = "Must provide node";
      else if (!record.id.empty())
        if (auto why = node_id_fault(record.id); !why.empty())
          fault = "Bad node ID: " + why;
    }
    if (!verb)
      return unknown_verb("Node", given.verb);
    return model::node_operation{*verb, std::move(record)};
  }

  model::operation operator()(service_operation& given) {
    auto verb = record_verb_of(given.verb);
    auto& record = given.service;
    if (verb != model::record_verb::get) {
      if (record.id.empty())
        record.id = record.name;
      if (!record.id.empty() && record.name.empty())
        fault = "Must provide service name with ID";
      else if (model::is_any_address(record.address))
        fault = "Invalid service address";
    }
    if (!verb)
      return unknown_verb("Service", given.verb);
    return model::service_operation{*verb, std::move(record)};
  }

  model::operation operator()(check_operation& given) {
    auto verb = record_verb_of(given.verb);
    auto& record = given.check;
    if (verb != model::record_verb::get && record.id.empty())
      record.id = record.name;
    if (!verb)
      return unknown_verb("Check", given.verb);
    return model::check_operation{*verb, std::move(record)};
  }
};

// The commands of the operations. What is wrong with single ones goes to
// `outcome`; the answer that refuses the whole otherwise.
std::optional<action> translate(transaction& given, const surface& node,
                                model::transaction& command,
                                model::outcome& outcome) {
  for (auto& one : given.operations)
    if (auto* kv = std::get_if<kv_operation>(&one))
      if (auto refused = size_fault(*kv, node))
        return reply(refused);
  for (std::size_t i = 0; i < given.operations.size(); ++i) {
    translator to{node};
    command.operations.push_back(std::visit(to, given.operations[i]));
    if (!to.fault.empty())
      outcome.failures.push_back({i, to.fault});
  }
  return std::nullopt;
}

template <class Action>
action finish(Action out, const model::outcome& outcome) {
  if (!outcome.failures.empty())
    return reply(render(out, outcome));
  return out;
}

} // namespace

action txn(const call& c) {
  if (auto refused = too_large(c))
    return *refused;
  auto given = read_transaction(c.from.body);
  if (!given)
    return refuse(400, "Failed to parse body: " + given.failure().text);
  if (given->listed > model::txn_operations_max)
    return refuse(413, "Transaction contains too many operations (" +
                           std::to_string(given->listed) + " > " +
                           std::to_string(model::txn_operations_max) + ")");
  bool reads = std::all_of(
      given->operations.begin(), given->operations.end(), [](auto& one) {
        return std::visit([](auto& x) { return only_reads(x); }, one);
      });
  model::transaction command;
  model::outcome outcome;
  if (auto refused = translate(*given, c.node, command, outcome))
    return *refused;
  if (!reads) {
    if (auto wrong =
            wrong_datacenter(std::string(c.from.query_value("dc")), c.node))
      return *wrong;
    write_action out;
    out.reply = write_reply::transaction;
    out.pretty = c.node.always_pretty || c.from.has_query("pretty");
    out.command = std::move(command);
    return finish(std::move(out), outcome);
  }
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return *wrong;
  return finish(
      transaction_read{std::move(command), parsed.read, parsed.pretty},
      outcome);
}

} // namespace praetor::http::routes
