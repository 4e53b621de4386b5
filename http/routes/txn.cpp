// /v1/txn

#include "http/bodies.hpp"
#include "http/render.hpp"
#include "http/routes/routes.hpp"

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
// for a read.
bool only_reads(const transaction_operation& one) {
  auto* kv = std::get_if<kv_operation>(&one);
  auto* verb = kv ? find_verb(*kv) : nullptr;
  return kv && (!verb || verb->reads);
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

// Why the operation cannot be part of any transaction; empty when it can.
std::string operation_fault(const kv_operation& given) {
  auto* verb = find_verb(given);
  if (given.key.empty() && (!verb || verb->verb != model::kv_verb::remove_tree))
    return "Must provide key";
  if (!verb)
    return "unknown KV verb \"" + given.verb + "\"";
  return {};
}

// Fills the command. What is wrong with single operations goes to `outcome`;
// the answer that refuses the whole otherwise.
std::optional<action> translate(const transaction& given, const surface& node,
                                model::transaction& command,
                                model::outcome& outcome) {
  for (auto& one : given.operations) {
    auto* kv = std::get_if<kv_operation>(&one);
    if (!kv)
      return refuse(501, "praetor does not support catalog operations in a "
                         "transaction yet");
    if (auto refused = size_fault(*kv, node))
      return reply(refused);
    auto place = static_cast<std::uint64_t>(&one - given.operations.data());
    if (auto fault = operation_fault(*kv); !fault.empty())
      outcome.failures.push_back({place, fault});
    else
      command.operations.push_back({find_verb(*kv)->verb, kv->key, kv->value,
                                    kv->flags, kv->index, kv->session});
  }
  return std::nullopt;
}

} // namespace

action txn(const call& c) {
  auto options = parse_options_any_namespace(c.from, c.node);
  if (auto* refused = std::get_if<rendered_ptr>(&options))
    return reply(*refused);
  auto& parsed = std::get<parsed_options>(options);
  if (auto refused = too_large(c))
    return *refused;
  auto given = read_transaction(c.from.body);
  if (!given)
    return refuse(400, "Failed to parse body: " + given.failure().text);
  if (given->listed > model::txn_operations_max)
    return refuse(413, "Transaction contains too many operations (" +
                           std::to_string(given->listed) + " > " +
                           std::to_string(model::txn_operations_max) + ")");
  if (auto wrong = wrong_datacenter(parsed.datacenter, c.node))
    return *wrong;
  model::transaction command;
  model::outcome outcome;
  if (auto refused = translate(*given, c.node, command, outcome))
    return *refused;
  write_action out;
  bool reads = std::all_of(given->operations.begin(), given->operations.end(),
                           only_reads);
  out.reply = reads ? write_reply::read_transaction : write_reply::transaction;
  out.pretty = parsed.pretty;
  if (!outcome.failures.empty())
    return reply(render(out, outcome));
  out.command = std::move(command);
  return out;
}

} // namespace praetor::http::routes
