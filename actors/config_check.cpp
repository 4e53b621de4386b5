// Checks on values, in the order in which Consul makes them: with several
// mistakes in a file, the same one is told first.

#include "actors/config_addresses.hpp"
#include "actors/config_draft.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

namespace praetor::actors {

namespace json = boost::json;

namespace {

error bad(std::string text) {
  return fail(errc::bad_input, std::move(text));
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

/// True if every byte is a letter, a digit or one of the others.
bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != others.npos;
  });
}

bool is_datacenter_name(std::string_view name) {
  return !name.empty() && consists_of(name, "-_") && fold_case(name) == name;
}

/// Limits of metadata, as Consul's clients know them.
constexpr std::size_t meta_pairs_max = 64;
constexpr std::size_t meta_key_size_max = 128;
constexpr std::size_t meta_value_size_max = 512;

/// Empty text when the pairs are good.
std::string meta_error(const model::string_map& meta) {
  if (meta.size() > meta_pairs_max)
    return "Node metadata cannot contain more than " +
           std::to_string(meta_pairs_max) + " key/value pairs";
  for (auto& [key, value] : meta) {
    std::string why;
    if (key.empty())
      why = "Key cannot be blank";
    else if (!consists_of(key, "-_"))
      why = "Key contains invalid characters";
    else if (key.size() > meta_key_size_max)
      why = "Key is too long (limit: " + std::to_string(meta_key_size_max) +
            " characters)";
    else if (key.starts_with("consul-"))
      why = "Key prefix 'consul-' is reserved for internal use";
    else if (value.size() > meta_value_size_max)
      why = "Value is too long (limit: " + std::to_string(meta_value_size_max) +
            " characters)";
    if (!why.empty())
      return "Couldn't load metadata pair ('" + key + "', '" + value +
             "'): " + why;
  }
  return {};
}

/// Where Go's decoder would stop in base64 text; nothing when it is fine.
std::optional<std::size_t> base64_error(std::string_view text) {
  std::size_t used = text.size();
  for (int padding = 0; padding < 2 && used > 0 && text[used - 1] == '=';
       ++padding)
    --used;
  for (std::size_t i = 0; i < used; ++i)
    if (!is_alphanumeric(text[i]) && text[i] != '+' && text[i] != '/')
      return i;
  if (text.size() % 4 != 0 || (text.size() - used) + used % 4 == 1)
    return text.size() - text.size() % 4;
  return {};
}

status check_ranges(const std::string& name, int low, int high) {
  if (high < low)
    return bad(name + "_min_port must be less than " + name +
               "_max_port. To disable, set both to zero.");
  return {};
}

/// The checks that Consul makes while it gathers the settings.
status check_early(const config_draft& draft) {
  auto& config = draft.config;
  auto& ports = config.ports;
  if (auto done = check_ranges("proxy", ports.proxy_min, ports.proxy_max);
      !done)
    return done;
  if (auto done = check_ranges("sidecar", ports.sidecar_min, ports.sidecar_max);
      !done)
    return done;
  if (auto done = check_ranges("expose", ports.expose_min, ports.expose_max);
      !done)
    return done;
  if (config.node_transport != "link" && config.node_transport != "basp")
    return bad("node_transport cannot be \"" + config.node_transport +
               "\". Must be \"link\" or \"basp\"");
  int multiplier = config.performance.raft_multiplier;
  if (multiplier < 1 || multiplier > 10)
    return bad("performance.raft_multiplier cannot be " +
               std::to_string(multiplier) + ". Must be between 1 and 10");
  for (auto& [name, cidrs] :
       {std::pair("serf_lan", &config.serf_lan_allowed_cidrs),
        std::pair("serf_wan", &config.serf_wan_allowed_cidrs)}) {
    std::vector<std::string> errors;
    for (auto& cidr : *cidrs)
      if (!is_cidr(cidr))
        errors.push_back("invalid cidr: " + cidr);
    if (!errors.empty())
      return bad(std::string(name) + "_allowed_cidrs: " + list_errors(errors));
  }
  if (draft.cache_entry_fetch_max_burst <= 0)
    return bad("cache.entry_fetch_max_burst must be strictly positive, was: " +
               std::to_string(draft.cache_entry_fetch_max_burst));
  if (draft.cache_entry_fetch_rate <= 0) {
    std::ostringstream shown; // the shortest form, "-1"
    shown << draft.cache_entry_fetch_rate;
    return bad("cache.entry_fetch_rate must be strictly positive, was: " +
               shown.str());
  }
  if (!draft.segments.empty() || !config.segment.empty())
    return bad("Network segments are not supported in this version of Consul");
  return {};
}

/// The entries that a new leader shall write: their kinds must be known now,
/// because at that time nobody is there to be told.
status check_config_entries(const agent_config& config) {
  constexpr std::array<std::string_view, 7> kinds = {
      "service-defaults",   "proxy-defaults",   "service-router",
      "service-splitter",   "service-resolver", "ingress-gateway",
      "terminating-gateway"};
  for (std::size_t i = 0; i < config.config_entries.size(); ++i) {
    auto where = "config_entries.bootstrap[" + std::to_string(i) + "]: ";
    json::error_code unread;
    auto entry = json::parse(config.config_entries[i], unread);
    if (unread || !entry.is_object())
      return bad(where + "not an object");
    auto found = entry.get_object().if_contains("kind");
    if (found == nullptr)
      found = entry.get_object().if_contains("Kind");
    if (found == nullptr)
      return bad(where +
                 "Payload does not contain a kind/Kind key at the top level");
    if (!found->is_string())
      return bad(where + "Kind value in payload is not a string");
    std::string kind(found->get_string());
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
      return bad(where + "invalid config entry kind: " + kind);
  }
  return {};
}

status check_identity(agent_config& config) {
  auto& datacenter = config.datacenter;
  if (datacenter.empty())
    return bad("datacenter cannot be empty");
  if (!is_datacenter_name(datacenter))
    return bad("datacenter cannot be \"" + datacenter +
               "\". Please use only [a-z0-9-_]");
  if (config.data_dir.empty() && !config.dev_mode)
    return bad("data_dir cannot be empty");
  if (!consists_of(config.ui_content_path, "-_/"))
    return bad("ui-content-path can only contain alphanumeric, -, _, or /. "
               "received: " +
               config.ui_content_path);
  std::error_code ignored;
  std::filesystem::path directory(config.data_dir);
  if (!config.dev_mode && std::filesystem::exists(directory, ignored) &&
      !std::filesystem::is_directory(directory, ignored))
    return bad("data_dir \"" + config.data_dir + "\" is not a directory");
  auto& name = config.node_name;
  if (name.empty())
    return bad("node_name cannot be empty");
  if (!consists_of(name, "-"))
    config.warnings.push_back(
        "Node name " + json::serialize(json::value(name)) +
        " will not be discoverable via DNS due to invalid characters. Valid "
        "characters include all alpha-numerics and dashes.");
  else if (name.size() > 63) // RFC 1035, 2.3.4
    config.warnings.push_back(
        "Node name " + json::serialize(json::value(name)) +
        " will not be discoverable via DNS due to it being too long. Valid "
        "lengths are between 1 and 63 bytes.");
  return {};
}

/// An alternative domain must not look like a name inside the first one.
status check_alt_domain(const agent_config& config) {
  auto dot = config.alt_domain.find('.');
  auto label = config.alt_domain.substr(0, dot);
  bool is_longer =
      dot != std::string::npos && dot + 1 < config.alt_domain.size();
  const std::array<std::string_view, 6> labels = {
      "service", "connect", "node", "query", "addr", config.datacenter};
  for (auto taken : labels)
    if (is_longer && label == taken)
      return bad("alt_domain cannot start with "
                 "{service,connect,node,query,addr," +
                 config.datacenter + "}");
  return {};
}

status check_addresses(const agent_config& config) {
  auto& addresses = config.addresses;
  if (is_any_address(addresses.advertise))
    return bad("Advertise address cannot be 0.0.0.0, :: or [::]");
  if (is_any_address(addresses.advertise_wan))
    return bad("Advertise WAN address cannot be 0.0.0.0, :: or [::]");
  for (auto& one : addresses.dns)
    if (one.is_unix_socket)
      return bad("DNS address cannot be a unix socket");
  for (auto& one : config.recursors)
    if (is_any_address(one) || one == "[::]")
      return bad("DNS recursor address cannot be 0.0.0.0, :: or [::]");
  return {};
}

status check_bootstrap(const agent_config& config) {
  int expect = config.bootstrap_expect;
  if (config.bootstrap && !config.server)
    return bad("'bootstrap = true' requires 'server = true'");
  if (expect < 0)
    return bad("bootstrap_expect cannot be " + std::to_string(expect) +
               ". Must be greater than or equal to zero");
  if (expect > 0 && !config.server)
    return bad("'bootstrap_expect > 0' requires 'server = true'");
  if (expect > 0 && config.dev_mode)
    return bad("'bootstrap_expect > 0' not allowed in dev mode");
  if (expect > 0 && config.bootstrap)
    return bad("'bootstrap_expect > 0' and 'bootstrap = true' are mutually "
               "exclusive");
  return {};
}

status not_negative(const char* name, int value) {
  if (value < 0)
    return bad(std::string(name) + " cannot be " + std::to_string(value) +
               ". Must be greater than or equal to zero");
  return {};
}

status check_numbers(const agent_config& config) {
  if (config.checks_policy.output_max_size < 1)
    return bad("check_output_max_size must be positive, to discard check "
               "output use the discard_check_output flag");
  if (auto done = not_negative("autopilot.max_trailing_logs",
                               config.autopilot.max_trailing_logs);
      !done)
    return done;
  if (!is_datacenter_name(config.primary_datacenter))
    return bad("acl_datacenter cannot be \"" + config.primary_datacenter +
               "\". Please use only [a-z0-9-_]");
  // -dev switches the page on without being asked; a directory then wins.
  if (config.ui && !config.ui_dir.empty() && !config.dev_mode)
    return bad("Both the ui and ui-dir flags were specified, please provide "
               "only one.\nIf trying to use your own web UI resources, use "
               "the ui-dir flag.\nThe web UI is included in the binary so "
               "use ui to enable it");
  if (auto done = not_negative("dns_config.udp_answer_limit",
                               config.dns.udp_answer_limit);
      !done)
    return done;
  return not_negative("dns_config.a_record_limit", config.dns.a_record_limit);
}

status check_security(config_draft& draft) {
  auto& config = draft.config;
  if (auto why = meta_error(config.node_meta); !why.empty())
    return bad("node_meta invalid: " + why);
  if (auto at = base64_error(config.encryption.key))
    return bad("encrypt has invalid key: illegal base64 data at input byte " +
               std::to_string(*at));
  auto& provider = config.connect.ca_provider;
  if (!provider.empty() && provider != "consul" && provider != "vault" &&
      provider != "aws-pca")
    return bad(provider + " is not a valid CA provider");
  if (config.server && config.tls.auto_encrypt_tls)
    return bad("auto_encrypt.tls can only be used on a client.");
  if (!config.server && config.tls.auto_encrypt_allow_tls)
    return bad("auto_encrypt.allow_tls can only be used on a server.");
  if (config.tls.auto_encrypt_allow_tls && !config.tls.verify_incoming_rpc)
    config.warnings.push_back(
        "if auto_encrypt.allow_tls is turned on, either verify_incoming or "
        "verify_incoming_rpc should be enabled. It is necessary to turn it "
        "off during a migration to TLS, but it should definitely be turned "
        "on afterwards.");
  if (config.connect.enable_mesh_gateway_wan_federation &&
      !config.connect.enabled)
    return bad("'connect.enable_mesh_gateway_wan_federation=true' requires "
               "'connect.enabled=true'");
  if (!draft.primary_gateways.empty() && !config.server)
    return bad("'primary_gateways' requires 'server = true'");
  return {};
}

/// No two listeners on one address and port.
status check_listeners(const agent_config& config) {
  std::map<std::string, std::string> taken;
  auto take = [&](const char* who, const std::string& host,
                  int port) -> status {
    auto shown = host.find(':') == host.npos ? host : "[" + host + "]";
    shown += ":" + std::to_string(port);
    auto [at, is_new] = taken.emplace(shown, who);
    if (is_new)
      return {};
    return bad(std::string(who) + " address " + shown +
               " already configured for " + at->second);
  };
  auto& ports = config.ports;
  auto& addresses = config.addresses;
  struct group {
    const char* name;
    const std::vector<endpoint>& endpoints;
    int port;
  };
  for (auto& [name, endpoints, port] :
       {group{"DNS", addresses.dns, ports.dns},
        group{"HTTP", addresses.http, ports.http},
        group{"HTTPS", addresses.https, ports.https}})
    for (auto& one : endpoints)
      if (!one.is_unix_socket)
        if (auto done = take(name, one.host, port); !done)
          return done;
  if (auto done = take("RPC Advertise", addresses.advertise, ports.server);
      !done)
    return done;
  if (auto done =
          take("Serf Advertise LAN", addresses.advertise, ports.serf_lan);
      !done)
    return done;
  if (ports.serf_wan > 0)
    return take("Serf Advertise WAN", addresses.advertise_wan, ports.serf_wan);
  return {};
}

void check_service(const model::service_wish& wish,
                   std::vector<std::string>& errors) {
  auto& service = wish.service;
  auto& weights = service.weights;
  std::string why;
  if (weights.passing < 1)
    why = "Passing must be greater than 0";
  else if (weights.warning < 0)
    why = "Warning must be greater or equal than 0";
  else if (weights.passing > 65535 || weights.warning > 65535) // RFC 2782
    why = "DNS Weight must be between 0 and 65535";
  if (!why.empty()) {
    errors.push_back("Invalid weight definition for service " + service.name +
                     ": " + why);
    return;
  }
  if (service.meta)
    if (auto meta = meta_error(*service.meta); !meta.empty())
      errors.push_back("invalid meta for service " + service.name + ": " +
                       meta);
}

status check_proxies(const agent_config& config) {
  for (auto& wish : config.services) {
    auto& service = wish.service;
    if (service.kind != "connect-proxy")
      continue;
    std::vector<std::string> errors;
    if (service.proxy.destination_name.empty())
      errors.push_back("Proxy.DestinationServiceName must be non-empty for "
                       "Connect proxy services");
    if (service.port == 0 && service.socket_path.empty())
      errors.push_back("Port must be set for a Connect proxy");
    if (!errors.empty())
      return bad("service \"" + service.name + "\": " + list_errors(errors));
  }
  return {};
}

} // namespace

status check_settings_of(config_draft& draft) {
  auto& config = draft.config;
  if (auto done = check_early(draft); !done)
    return done;
  if (auto done = check_config_entries(config); !done)
    return done;
  if (auto done = check_identity(config); !done)
    return done;
  if (auto done = check_alt_domain(config); !done)
    return done;
  if (auto done = check_addresses(config); !done)
    return done;
  if (auto done = check_bootstrap(config); !done)
    return done;
  if (auto done = check_numbers(config); !done)
    return done;
  if (auto done = check_security(draft); !done)
    return done;
  if (auto done = check_listeners(config); !done)
    return done;
  for (auto& wish : config.services)
    check_service(wish, draft.bad_values);
  return check_proxies(config);
}

} // namespace praetor::actors
