#include "protocol/model/command.hpp"
#include "tests/unit/http/routing.hpp"

using namespace praetor;
using namespace praetor::http;
using namespace praetor::http::tests;

namespace {

constexpr const char* autopilot = "/v1/operator/autopilot/configuration";
constexpr const char* keyring = "/v1/operator/keyring";

model::autopilot_set wanted(const std::string& body,
                            const std::string& query = "") {
  auto made = site().wish<write_action>("PUT", autopilot + query, body);
  return std::get<model::autopilot_set>(made.command);
}

} // namespace

TEST_CASE("a stale Raft configuration is asked of this server alone") {
  site at;
  auto path = "/v1/operator/raft/configuration";
  CHECK_FALSE(at.agent<agent::raft_configuration>("GET", path).stale);
  CHECK(at.agent<agent::raft_configuration>("GET", path + std::string("?stale"))
            .stale);
  CHECK(at.reply("GET", path + std::string("?dc=dc9")) ==
        "500 No path to datacenter");
}

TEST_CASE("a peer is removed by its id or by its address, never both") {
  site at;
  std::string path = "/v1/operator/raft/peer";
  CHECK(at.agent<agent::remove_peer>("DELETE", path + "?id=a").id == "a");
  CHECK(at.agent<agent::remove_peer>("DELETE", path + "?address=b:1").address ==
        "b:1");
  CHECK(at.reply("DELETE", path) ==
        "400 Bad request: Must specify either ?id with the server's ID or "
        "?address with IP:port of peer to remove");
  CHECK(at.reply("DELETE", path + "?id=a&address=b") ==
        "400 Bad request: Must specify only one of ?id or ?address");
}

TEST_CASE("leadership is handed to whom the operator names, or the best") {
  site at;
  std::string path = "/v1/operator/raft/transfer-leader";
  CHECK(at.agent<agent::transfer_leadership>("POST", path).id.empty());
  CHECK(at.agent<agent::transfer_leadership>("POST", path + "?id=b").id == "b");
}

TEST_CASE("autopilot's configuration is replaced as a whole") {
  auto made = wanted(R"({"CleanupDeadServers":true,"MaxTrailingLogs":5,
      "LastContactThreshold":"300ms","ServerStabilizationTime":"1m",
      "MinQuorum":3,"RedundancyZoneTag":"z","DisableUpgradeMigration":true,
      "UpgradeVersionTag":"v","CreateIndex":7,"ModifyIndex":8})");
  using namespace std::chrono_literals;
  model::autopilot_config all{true, 300ms, 5, 3, 60s, "z", true, "v", 0, 0};
  CHECK(made.config == all);
  CHECK(made.only_if == model::autopilot_set::condition::always);
  auto none = wanted("{}").config;
  CHECK_FALSE(none.cleanup_dead_servers);
  CHECK(none.last_contact_threshold == span{});
  CHECK(none.max_trailing_logs == 0);
}

TEST_CASE("autopilot's configuration may depend on its last change") {
  auto made = wanted("{}", "?cas=0");
  CHECK(made.only_if == model::autopilot_set::condition::index);
  CHECK(made.index == 0);
  CHECK(wanted("{}", "?cas=9").index == 9);
  CHECK(site().reply("PUT", autopilot + std::string("?cas=x"), "{}") ==
        "400 Bad request: Error parsing cas value: strconv.ParseUint: parsing "
        "\"x\": invalid syntax");
}

TEST_CASE("an autopilot configuration that cannot be read is refused") {
  auto refused = [](const std::string& body) {
    return site().reply("PUT", autopilot, body);
  };
  auto prefix =
      std::string("400 Bad request: Error parsing autopilot config: ");
  CHECK(refused("") == prefix + "EOF");
  CHECK(refused(R"({"Nope":1})") == prefix + "json: unknown field \"Nope\"");
  CHECK(refused(R"({"MaxTrailingLogs":"x"})") ==
        prefix + "json: cannot unmarshal string into Go struct field "
                 "AutopilotConfiguration.MaxTrailingLogs of type uint64");
  CHECK(refused(R"({"LastContactThreshold":"x"})") ==
        prefix + "time: invalid duration \"x\"");
}

TEST_CASE("autopilot's configuration is read without telling of its source") {
  auto made = site().wish<read_action>("GET", autopilot);
  CHECK(made.query.kind == model::query_kind::autopilot);
  CHECK_FALSE(made.tells_source);
  CHECK(made.options.index == 0); // it does not block
}

TEST_CASE("health is asked in two forms") {
  site at;
  CHECK(at.agent<agent::server_health>("GET", "/v1/operator/autopilot/health")
            .form == agent::health_form::health);
  CHECK(at.agent<agent::server_health>("GET", "/v1/operator/autopilot/state")
            .form == agent::health_form::state);
}

TEST_CASE("usage names the datacenter that it is of") {
  auto made = site().wish<read_action>("GET", "/v1/operator/usage");
  CHECK(made.query.kind == model::query_kind::usage);
  CHECK(made.datacenter == "dc1");
}

TEST_CASE("a keyring is refused for each pool while nothing is encrypted") {
  site at;
  CHECK(at.reply("GET", keyring) ==
        "500 4 errors occurred:\n"
        "\t* WAN error: 1/1 nodes reported failure\n"
        "\t* n1.dc1: Keyring is empty (encryption not enabled)\n"
        "\t* dc1 (LAN) error: 1/1 nodes reported failure\n"
        "\t* n1: Keyring is empty (encryption not enabled)\n\n");
  for (auto verb : {"POST", "PUT", "DELETE"}) {
    CHECK(at.reply(verb, keyring, R"({"Key":"x"})") ==
          "500 2 errors occurred:\n"
          "\t* WAN error: illegal base64 data at input byte 0\n"
          "\t* dc1 (LAN) error: illegal base64 data at input byte 0\n\n");
    CHECK(at.reply(verb, keyring, R"({"Key":"AAAA"})")
              .find("No keyring to modify (encryption not enabled)") !=
          std::string::npos);
  }
}

TEST_CASE("what is wrong with a request for the keyring is told in order") {
  site at;
  auto prefix = std::string("400 Bad request: ");
  CHECK(at.reply("POST", keyring, "") == prefix + "Request decode failed: EOF");
  CHECK(at.reply("GET", keyring + std::string("?relay-factor=x")) ==
        prefix + "Error parsing relay factor: strconv.Atoi: parsing \"x\": "
                 "invalid syntax");
  for (auto factor : {"6", "-1"})
    CHECK(at.reply("GET", keyring + std::string("?relay-factor=") + factor) ==
          prefix + "Invalid relay-factor: Relay factor must be in range: "
                   "[0, 5]");
  CHECK(at.reply("GET", keyring + std::string("?local-only=x")) ==
        prefix + "Error parsing local-only: strconv.ParseBool: parsing \"x\": "
                 "invalid syntax");
  CHECK(at.reply("PUT", keyring + std::string("?local-only=true"), "{}") ==
        prefix + "Invalid use of local-only: local-only can only be set for "
                 "list requests");
}

TEST_CASE("web views ask for dumps that do not tell of their consistency") {
  site at;
  struct row {
    const char* path;
    model::query_kind kind;
    read_form form;
  };
  constexpr row rows[] = {
      {"/v1/internal/ui/nodes", model::query_kind::node_dump, read_form::plain},
      {"/v1/internal/ui/node/n", model::query_kind::node_info,
       read_form::plain},
      {"/v1/internal/ui/services", model::query_kind::service_dump,
       read_form::summaries},
      {"/v1/internal/ui/catalog-overview", model::query_kind::node_dump,
       read_form::overview},
      {"/v1/internal/ui/gateway-services-nodes/g",
       model::query_kind::gateway_services, read_form::plain},
      {"/v1/internal/federation-states/mesh-gateways",
       model::query_kind::gateway_services, read_form::by_name},
  };
  for (auto& one : rows) {
    CAPTURE(one.path);
    auto made = at.wish<read_action>("GET", one.path);
    CHECK(made.query.kind == one.kind);
    CHECK(made.form == one.form);
    CHECK_FALSE(made.tells_consistency);
  }
  CHECK(at.reply("GET", "/v1/internal/ui/node/") == "400 Missing node name");
  CHECK(at.reply("GET", "/v1/internal/federation-state/") ==
        "400 Bad request: Missing datacenter name");
  CHECK(at.reply("GET", "/v1/internal/federation-state/x") == "404");
}
