#pragma once

// The JSON bodies of requests. Errors are those of decoding alone, without
// the prefix that an endpoint puts before them ("Request decode failed: ",
// "Failed to parse body: "); whether the wishes make sense, and all defaults
// that depend on the node, are for others to say.

#include "protocol/base/result.hpp"
#include "protocol/model/autopilot.hpp"
#include "protocol/model/definition.hpp"
#include "protocol/model/prepared_query.hpp"
#include "protocol/model/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace praetor::http {

/// PUT /v1/agent/service/register. `Check` comes before `Checks`. An ID, the
/// node and the addresses that follow from others are left as they came;
/// weights that were given are kept even if they are wrong.
result<model::service_wish> read_agent_service(std::string_view body);

/// PUT /v1/agent/check/register.
result<model::check_wish> read_agent_check(std::string_view body);

struct check_update {
  std::string status;
  std::string output;
  friend bool operator==(const check_update&, const check_update&) = default;
};

/// PUT /v1/agent/check/update/<id>.
result<check_update> read_check_update(std::string_view body);

struct catalog_registration {
  model::node node; // its datacenter is the requested one, or empty
  bool skip_node_update = false;
  std::optional<model::service> service;
  /// Those of `Checks`, then `Check`. A node name is empty unless given.
  std::vector<model::check> checks;
  std::string token;
};

/// PUT /v1/catalog/register.
result<catalog_registration> read_catalog_registration(std::string_view body);

struct catalog_deregistration {
  std::string node;
  std::string service_id;
  std::string check_id;
  std::string datacenter;
  std::string token;
};

/// PUT /v1/catalog/deregister.
result<catalog_deregistration>
read_catalog_deregistration(std::string_view body);

struct session_wish {
  /// ID and node are as given; the endpoint ignores the one and fills the
  /// other. Behaviour is in `behavior` because it may be no known one.
  model::session session;
  std::string behavior;
  /// Checks that must exist and pass although the session does not show them.
  std::vector<std::string> hidden_checks;
};

/// PUT /v1/session/create. An empty body asks for all defaults.
result<session_wish> read_session(std::string_view body);

/// POST /v1/query, PUT /v1/query/<id>. Fields that nobody knows are refused.
result<model::prepared_query> read_prepared_query(std::string_view body);

/// PUT /v1/operator/autopilot/configuration. What is not named is zero.
result<model::autopilot_config> read_autopilot(std::string_view body);

/// POST, PUT and DELETE /v1/operator/keyring: the key, in base64.
result<std::string> read_gossip_key(std::string_view body);

struct kv_operation {
  std::string verb;
  std::string key;
  std::string value;
  std::uint64_t flags = 0;
  std::uint64_t index = 0;
  std::string session;
};

/// The index to compare with is the `modified` of the record.
struct node_operation {
  std::string verb;
  model::node node;
};

struct service_operation {
  std::string verb;
  model::service service; // with its node
};

struct check_operation {
  std::string verb;
  model::check check;
};

using transaction_operation = std::variant<kv_operation, node_operation,
                                           service_operation, check_operation>;

struct transaction {
  /// How many operations the body lists, for the limit; those without a
  /// content are not among `operations`.
  std::size_t listed = 0;
  std::vector<transaction_operation> operations;
};

/// PUT /v1/txn.
result<transaction> read_transaction(std::string_view body);

} // namespace praetor::http
