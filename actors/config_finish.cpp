// What follows once everything is read: derived settings, and the checks on
// their values. The first plain error ends it; complaints about single values
// are collected and told together after all plain checks have passed.

#include "actors/config_addresses.hpp"
#include "actors/config_draft.hpp"

#include <algorithm>
#include <filesystem>

namespace praetor::actors {

namespace {

/// Ports that are off are -1 whatever the file said.
void normalise_ports(port_settings& ports) {
  for (int* port : {&ports.dns, &ports.http, &ports.https, &ports.grpc,
                    &ports.server, &ports.serf_lan, &ports.serf_wan})
    if (*port <= 0)
      *port = -1;
}

void check_port(config_draft& draft, const char* name, int port) {
  if (port > 65535)
    draft.bad_values.push_back(std::string("ports.") + name +
                               ": invalid port: " + std::to_string(port));
}

std::string with_final_dot(std::string domain) {
  if (!domain.empty() && !domain.ends_with('.'))
    domain += '.';
  return domain;
}

std::string between_slashes(std::string_view path) {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path.empty() ? "/" : "/" + std::string(path) + "/";
}

std::string trimmed(const std::string& text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string upper_case(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  return text;
}

void derive_prefixes(config_draft& draft) {
  auto& telemetry = draft.config.telemetry;
  for (auto& rule : draft.prefix_filter) {
    if (rule.empty())
      draft.config.warnings.push_back(
          "Cannot have empty filter rule in prefix_filter");
    else if (rule[0] == '+')
      telemetry.allowed_prefixes.push_back(rule.substr(1));
    else if (rule[0] == '-')
      telemetry.blocked_prefixes.push_back(rule.substr(1));
    else
      draft.config.warnings.push_back(
          "Filter rule must begin with either '+' or '-': \"" + rule + "\"");
  }
}

void derive_settings(config_draft& draft) {
  auto& config = draft.config;
  config.node_name = trimmed(config.node_name);
  config.node_id = fold_case(trimmed(config.node_id));
  config.datacenter = fold_case(trimmed(config.datacenter));
  config.primary_datacenter = fold_case(trimmed(config.primary_datacenter));
  if (!draft.acl_datacenter.empty()) {
    config.warnings.push_back("The 'acl_datacenter' field is deprecated. Use "
                              "the 'primary_datacenter' field instead.");
    if (config.primary_datacenter.empty())
      config.primary_datacenter = fold_case(draft.acl_datacenter);
    config.acl.enabled = true;
  }
  if (config.primary_datacenter.empty())
    config.primary_datacenter = config.datacenter;
  config.domain = with_final_dot(config.domain);
  config.alt_domain = with_final_dot(config.alt_domain);
  config.ui_content_path = between_slashes(config.ui_content_path);
  // An unknown level stays as it was given, for the error to quote it.
  if (auto level = upper_case(config.log.level); is_log_level(level))
    config.log.level = level;
  config.leave_on_terminate = draft.leave_on_terminate.value_or(!config.server);
  config.skip_leave_on_interrupt =
      draft.skip_leave_on_interrupt.value_or(config.server);
  auto& tls = config.tls;
  tls.verify_incoming_rpc |= tls.verify_incoming;
  tls.verify_incoming_https |= tls.verify_incoming;
  tls.verify_outgoing |= tls.verify_server_hostname;
  if (draft.has_audit)
    config.warnings.push_back("\"audit\" is a Consul Enterprise "
                              "configuration and will have no effect");
  derive_prefixes(draft);
}

/// "bootstrap_expect = 1" is another spelling of bootstrap, and so on.
void settle_bootstrap(agent_config& config) {
  constexpr const char* table = " See https://www.consul.io/docs/internals/"
                                "consensus.html#deployment-table";
  auto warn = [&](std::string text) {
    config.warnings.push_back(std::move(text));
  };
  int expect = config.bootstrap_expect;
  if (expect == 1) {
    warn("BootstrapExpect is set to 1; this is the same as Bootstrap mode.");
    config.bootstrap = true;
    config.bootstrap_expect = 0;
  } else if (expect == 2) {
    warn(std::string("bootstrap_expect = 2: A cluster with 2 servers will "
                     "provide no failure tolerance.") +
         table);
  } else if (expect > 2 && expect % 2 == 0) {
    warn(std::string("bootstrap_expect is even number: A cluster with an "
                     "even number of servers does not achieve optimum fault "
                     "tolerance.") +
         table);
  }
  if (config.bootstrap)
    warn("bootstrap = true: do not enable unless necessary");
  if (expect > 1)
    warn("bootstrap_expect > 0: expecting " + std::to_string(expect) +
         " servers");
}

} // namespace

status finish_config(config_draft& draft) {
  auto& config = draft.config;
  derive_settings(draft);
  auto& ports = config.ports;
  normalise_ports(ports);
  if (auto done = resolve_addresses(draft, read_interfaces()); !done)
    return done;
  check_port(draft, "dns", ports.dns);
  check_port(draft, "http", ports.http);
  check_port(draft, "https", ports.https);
  check_port(draft, "grpc", ports.grpc);
  check_port(draft, "server", ports.server);
  check_port(draft, "serf_lan", ports.serf_lan);
  check_port(draft, "serf_wan", ports.serf_wan);
  for (auto& cidr : config.http.allow_write_from)
    if (!is_cidr(cidr))
      draft.bad_values.push_back("allow_write_http_from: invalid cidr: " +
                                 cidr);
  if (auto done = check_settings_of(draft); !done)
    return done;
  settle_bootstrap(config);
  if (config.checks_policy.enable_scripts && !config.acl.enabled &&
      config.http.allow_write_from.empty())
    config.warnings.push_back(
        "using enable-script-checks without ACLs and without "
        "allow_write_http_from is DANGEROUS, use enable-local-script-checks "
        "instead, see https://www.hashicorp.com/blog/"
        "protecting-consul-from-rce-risk-in-specific-configurations/");
  if (!draft.bad_values.empty())
    return fail(errc::bad_input, list_errors(draft.bad_values));
  return {};
}

} // namespace praetor::actors
