// One case for each rule on values. The texts are what users search for.

#include "actors/config_draft.hpp"
#include "actors/config_files.hpp"

#include <doctest/doctest.h>

using namespace praetor;
using namespace praetor::actors;

namespace {

/// Finishes a configuration of these keys beside the necessary ones.
status finish(const std::string& keys, config_draft& draft) {
  auto parsed =
      parse_json_object(R"({"data_dir":"/nowhere","bind_addr":"127.0.0.1",)"
                        R"("node_name":"n")" +
                        (keys.empty() ? "" : "," + keys) + "}");
  REQUIRE(parsed.has_value());
  if (auto done = read_settings(*parsed, draft); !done)
    return done;
  return finish_config(draft);
}

/// The error, or "".
std::string error_of(const std::string& keys) {
  config_draft draft;
  auto done = finish(keys, draft);
  return done ? "" : done.failure().text;
}

agent_config config_of(const std::string& keys) {
  config_draft draft;
  auto done = finish(keys, draft);
  CHECK_MESSAGE(done.has_value(), (done ? "" : done.failure().text));
  return draft.config;
}

std::string one(const std::string& text) {
  return "1 error occurred:\n\t* " + text + "\n\n";
}

} // namespace

TEST_CASE("the necessary keys are enough") {
  CHECK(error_of("") == "");
}

TEST_CASE("numbers out of range are refused by name") {
  struct rule {
    const char* keys;
    const char* text;
  };
  const rule rules[] = {
      {R"("performance":{"raft_multiplier":0})",
       "performance.raft_multiplier cannot be 0. Must be between 1 and 10"},
      {R"("performance":{"raft_multiplier":11})",
       "performance.raft_multiplier cannot be 11. Must be between 1 and 10"},
      {R"("dns_config":{"udp_answer_limit":-1})",
       "dns_config.udp_answer_limit cannot be -1. Must be greater than or "
       "equal to zero"},
      {R"("dns_config":{"a_record_limit":-1})",
       "dns_config.a_record_limit cannot be -1. Must be greater than or equal "
       "to zero"},
      {R"("autopilot":{"max_trailing_logs":-1})",
       "autopilot.max_trailing_logs cannot be -1. Must be greater than or "
       "equal to zero"},
      {R"("bootstrap_expect":-1)",
       "bootstrap_expect cannot be -1. Must be greater than or equal to zero"},
      {R"("check_output_max_size":0)",
       "check_output_max_size must be positive, to discard check output use "
       "the discard_check_output flag"},
      {R"("cache":{"entry_fetch_rate":-1})",
       "cache.entry_fetch_rate must be strictly positive, was: -1"},
      {R"("ports":{"sidecar_min_port":5,"sidecar_max_port":1})",
       "sidecar_min_port must be less than sidecar_max_port. To disable, set "
       "both to zero."},
  };
  for (auto& [keys, text] : rules)
    CHECK(error_of(keys) == text);
}

TEST_CASE("datacenters are folded and have few characters") {
  CHECK(config_of(R"("datacenter":"DC-Upper")").datacenter == "dc-upper");
  CHECK(error_of(R"("datacenter":"Bad DC!")") ==
        "datacenter cannot be \"bad dc!\". Please use only [a-z0-9-_]");
  CHECK(error_of(R"("datacenter":"")") == "datacenter cannot be empty");
  CHECK(error_of(R"("primary_datacenter":"x!")") ==
        "acl_datacenter cannot be \"x!\". Please use only [a-z0-9-_]");
  CHECK(config_of(R"("datacenter":"east")").primary_datacenter == "east");
}

TEST_CASE("a directory for data is needed and must be one") {
  CHECK(error_of(R"("data_dir":"")") == "data_dir cannot be empty");
  CHECK(error_of(R"("data_dir":"/dev/null")") ==
        "data_dir \"/dev/null\" is not a directory");
}

TEST_CASE("odd node names are a warning only") {
  auto warnings = config_of(R"("node_name":"a b!")").warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].starts_with(
      "Node name \"a b!\" will not be discoverable via DNS due to invalid"));
  warnings =
      config_of("\"node_name\":\"" + std::string(64, 'a') + "\"").warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("due to it being too long") != std::string::npos);
  CHECK(error_of(R"("node_name":" ")") == "node_name cannot be empty");
}

TEST_CASE("metadata has limits") {
  auto refused = [](const std::string& pairs, const std::string& why) {
    auto text = error_of("\"node_meta\":{" + pairs + "}");
    CHECK(text.starts_with("node_meta invalid: "));
    CHECK(text.ends_with(why));
  };
  refused(R"("consul-a":"b")",
          "Key prefix 'consul-' is reserved for internal use");
  refused(R"("b@d":"b")", "Key contains invalid characters");
  refused(R"("":"b")", "Key cannot be blank");
  refused("\"" + std::string(129, 'k') + R"(":"v")",
          "Key is too long (limit: 128 characters)");
  refused(R"("k":")" + std::string(513, 'v') + "\"",
          "Value is too long (limit: 512 characters)");
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"v\"";
  refused(many, "Node metadata cannot contain more than 64 key/value pairs");
}

TEST_CASE("bootstrap belongs to servers and to one way of doing it") {
  CHECK(error_of(R"("bootstrap":true)") ==
        "'bootstrap = true' requires 'server = true'");
  CHECK(error_of(R"("bootstrap_expect":3)") ==
        "'bootstrap_expect > 0' requires 'server = true'");
  CHECK(error_of(R"("server":true,"bootstrap":true,"bootstrap_expect":3)") ==
        "'bootstrap_expect > 0' and 'bootstrap = true' are mutually "
        "exclusive");
  config_draft draft;
  preset_dev_mode(draft);
  auto done = finish(R"("bootstrap_expect":3)", draft);
  CHECK(done.failure().text ==
        "'bootstrap_expect > 0' not allowed in dev mode");
}

TEST_CASE("numbers of servers come with advice") {
  auto config = config_of(R"("server":true,"bootstrap_expect":1)");
  CHECK(config.bootstrap);
  CHECK(config.bootstrap_expect == 0);
  CHECK(config.warnings[0] ==
        "BootstrapExpect is set to 1; this is the same as Bootstrap mode.");
  config = config_of(R"("server":true,"bootstrap_expect":2)");
  CHECK(config.warnings[0].starts_with("bootstrap_expect = 2: A cluster with"));
  config = config_of(R"("server":true,"bootstrap_expect":3)");
  CHECK(config.warnings ==
        std::vector<std::string>{"bootstrap_expect > 0: expecting 3 servers"});
  config = config_of(R"("server":true,"bootstrap_expect":4)");
  CHECK(config.warnings[0].starts_with("bootstrap_expect is even number: "));
}

TEST_CASE("servers stay when told to stop, clients leave") {
  CHECK(config_of("").leave_on_terminate);
  CHECK(!config_of("").skip_leave_on_interrupt);
  CHECK(!config_of(R"("server":true)").leave_on_terminate);
  CHECK(config_of(R"("server":true)").skip_leave_on_interrupt);
  CHECK(config_of(R"("server":true,"leave_on_terminate":true)")
            .leave_on_terminate);
}

TEST_CASE("no two listeners share address and port") {
  CHECK(error_of(R"("ports":{"http":1000,"dns":1000})") ==
        "HTTP address 127.0.0.1:1000 already configured for DNS");
  CHECK(error_of(R"("ports":{"http":8300})") ==
        "RPC Advertise address 127.0.0.1:8300 already configured for HTTP");
  CHECK(error_of(R"("ports":{"serf_wan":8301})") ==
        "Serf Advertise WAN address 127.0.0.1:8301 already configured for "
        "Serf Advertise LAN");
  CHECK(error_of(R"("ports":{"serf_wan":-1})") == "");
}

TEST_CASE("ports and addresses of listeners are judged together") {
  CHECK(error_of(R"("ports":{"http":99999})") ==
        one("ports.http: invalid port: 99999"));
  CHECK(error_of(R"("addresses":{"http":"nonsense"})") ==
        one("addresses.http: invalid ip address: nonsense"));
  CHECK(error_of(R"("addresses":{"dns":"unix:///x"})") ==
        "DNS address cannot be a unix socket");
  CHECK(error_of(R"("advertise_addr":"0.0.0.0")") ==
        "Advertise address cannot be 0.0.0.0, :: or [::]");
  CHECK(error_of(R"("advertise_addr_wan":"::")") ==
        "Advertise WAN address cannot be 0.0.0.0, :: or [::]");
  CHECK(error_of(R"("recursors":["0.0.0.0"])") ==
        "DNS recursor address cannot be 0.0.0.0, :: or [::]");
}

TEST_CASE("plain errors come before complaints about single values") {
  CHECK(error_of(R"("ports":{"http":99999},"datacenter":"")") ==
        "datacenter cannot be empty");
}

TEST_CASE("networks must be in CIDR form") {
  CHECK(error_of(R"("http_config":{"allow_write_http_from":["x"]})") ==
        one("allow_write_http_from: invalid cidr: x"));
  CHECK(error_of(R"("serf_lan_allowed_cidrs":["x"])") ==
        "serf_lan_allowed_cidrs: " + one("invalid cidr: x"));
}

TEST_CASE("gossip keys are base64") {
  CHECK(error_of(R"("encrypt":"abc")") ==
        "encrypt has invalid key: illegal base64 data at input byte 0");
  CHECK(error_of(R"("encrypt":"a*cd")") ==
        "encrypt has invalid key: illegal base64 data at input byte 1");
  CHECK(error_of(R"("encrypt":"MTIzNDU2Nzg5MDEyMzQ1Ng==")") == "");
}

TEST_CASE("services have sane weights and metadata") {
  CHECK(error_of(R"("service":{"name":"a","weights":{"passing":-1}})") ==
        one("Invalid weight definition for service a: Passing must be greater "
            "than 0"));
  CHECK(error_of(R"("service":{"name":"a","weights":{"warning":70000}})") ==
        one("Invalid weight definition for service a: DNS Weight must be "
            "between 0 and 65535"));
  CHECK(error_of(R"("service":{"name":"a","meta":{"consul-x":"1"}})")
            .find("invalid meta for service a: ") != std::string::npos);
}

TEST_CASE("names that mean something else are refused") {
  CHECK(error_of(R"("alt_domain":"node.x")") ==
        "alt_domain cannot start with {service,connect,node,query,addr,dc1}");
  CHECK(error_of(R"("alt_domain":"dc1")") == "");
  CHECK(error_of(R"("connect":{"ca_provider":"bogus"})") ==
        "bogus is not a valid CA provider");
  CHECK(error_of(R"("segment":"x")") ==
        "Network segments are not supported in this version of Consul");
  CHECK(error_of(R"("config_entries":{"bootstrap":[{"kind":"bogus"}]})") ==
        "config_entries.bootstrap[0]: invalid config entry kind: bogus");
  CHECK(error_of(R"("ui_content_path":"a b")") ==
        "ui-content-path can only contain alphanumeric, -, _, or /. received: "
        "/a b/");
  CHECK(config_of(R"("ui_content_path":"console")").ui_content_path ==
        "/console/");
}

TEST_CASE("domains end in a dot and log levels are capitals") {
  CHECK(config_of(R"("domain":"a.b")").domain == "a.b.");
  CHECK(config_of(R"("log_level":"warn")").log.level == "WARN");
}

TEST_CASE("metric filters are sorted by their sign") {
  auto config =
      config_of(R"("telemetry":{"prefix_filter":["x","+y","-z",""]})");
  CHECK(config.telemetry.allowed_prefixes == std::vector<std::string>{"y"});
  CHECK(config.telemetry.blocked_prefixes == std::vector<std::string>{"z"});
  CHECK(config.warnings.size() == 2);
}

TEST_CASE("a starting agent looks at level, node id, TLS and watches") {
  auto startup = [](const std::string& keys) {
    auto done = check_startup(config_of(keys));
    return done ? "" : done.failure().text;
  };
  CHECK(startup("") == "");
  CHECK(startup(R"("log_level":"bogus")") ==
        "Invalid log level: bogus. Valid log levels are: [TRACE DEBUG INFO "
        "WARN ERR ERROR]");
  CHECK(startup(R"("node_id":"xyz")") ==
        "failed to setup node ID: specified NodeID is invalid: uuid string is "
        "wrong length");
  CHECK(startup(R"("node_id":"abcdef0g-2345-6789-abcd-ef0123456789")")
            .ends_with("encoding/hex: invalid byte: U+0067 'g'"));
  CHECK(startup(R"("node_id":"abcdef01x2345-6789-abcd-ef0123456789")")
            .ends_with("uuid is improperly formatted"));
  CHECK(startup(R"("node_id":"ABCDEF01-2345-6789-ABCD-EF0123456789")") == "");
  CHECK(startup(R"("tls_min_version":"tls99")") ==
        "TLSMinVersion: value tls99 not supported, please specify one of "
        "[tls10, tls11, tls12, tls13]");
  auto watch = [&](const std::string& text) {
    return startup("\"watches\":[" + text + "]");
  };
  CHECK(watch(R"({"type":"key","key":"k","args":["x"]})") == "");
  CHECK(watch(R"({"type":"bogus","args":["x"]})") ==
        "Unsupported watch type: bogus");
  CHECK(watch(R"({"key":"k","args":["x"]})") == "Watch type must be specified");
  CHECK(watch(R"({"type":"key","args":["x"]})") ==
        "Must specify a single key to watch");
  CHECK(watch(R"({"type":"key","key":"k"})") == "Must define a watch handler");
  CHECK(watch(R"({"type":"key","key":"k","args":["x"],"handler":"y"})") ==
        "Only one watch handler allowed");
  CHECK(watch(R"({"type":"key","key":"k","handler_type":"http"})") ==
        "Handler type 'http' requires 'http_handler_config' to be set");
}
