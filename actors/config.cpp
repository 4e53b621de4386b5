#include "actors/config.hpp"

#include "actors/config_draft.hpp"
#include "actors/config_files.hpp"
#include "actors/config_flags.hpp"

#include <unistd.h>

#include <ostream>
#include <sstream>

namespace praetor::actors {

namespace {

error wrong_format(const std::string& prefix) {
  return fail(errc::bad_input,
              prefix + "-config-format must be either 'hcl' or 'json'");
}

bool is_known_format(const std::string& format) {
  return format.empty() || format == "hcl" || format == "json";
}

std::string host_name() {
  char name[256] = {}; // POSIX allows 255 bytes
  if (gethostname(name, sizeof name - 1) != 0)
    return {};
  return name;
}

status read_source(const config_source& source, config_draft& draft) {
  auto parsed = parse_source(source);
  if (!parsed)
    return parsed.failure();
  if (auto done = read_settings(*parsed, draft, source.format == "hcl"); !done)
    return fail(done.failure().code,
                "failed to parse " + source.name + ": " + done.failure().text);
  return {};
}

/// Everything up to and including what `validate` checks.
result<agent_config> build(const agent_flags& flags) {
  config_draft draft;
  if (flags.dev_mode)
    preset_dev_mode(draft);
  auto& config = draft.config;
  if (auto done = read_settings(flags.lists, draft); !done)
    return done.failure();
  auto sources =
      find_sources(flags.config_paths, flags.config_format, config.warnings);
  if (!sources)
    return sources.failure();
  for (auto& source : *sources) {
    if (auto done = read_source(source, draft); !done)
      return done.failure();
    config.files_read.push_back(source.name);
  }
  if (auto done = read_settings(flags.values, draft); !done)
    return done.failure();
  for (std::size_t i = 0; i < flags.hcl.size(); ++i) {
    config_source fragment = {"flags-" + std::to_string(i) + ".hcl", "hcl",
                              flags.hcl[i]};
    if (auto done = read_source(fragment, draft); !done)
      return done.failure();
  }
  if (config.node_name.empty())
    config.node_name = host_name();
  if (auto done = finish_config(draft); !done)
    return done.failure();
  return std::move(config);
}

} // namespace

void preset_dev_mode(config_draft& draft) {
  auto& config = draft.config;
  config.dev_mode = true;
  config.server = true;
  config.disable_host_node_id = true;
  config.enable_debug = true;
  config.ui = true;
  config.log.level = "DEBUG";
  config.encryption.disable_keyring_file = true;
  config.connect.enabled = true;
  config.ports.grpc = 8502;
  // One machine, one server: reach nobody by accident, and be ready at once.
  draft.addresses.bind = "127.0.0.1";
  config.performance.raft_multiplier = 1;
  for (auto pool : {&config.gossip_lan, &config.gossip_wan}) {
    pool->gossip_interval = 100ms;
    pool->probe_interval = 100ms;
    pool->probe_timeout = 100ms;
    pool->suspicion_mult = 3;
  }
}

result<agent_config> load_config(const std::vector<std::string>& args,
                                 std::ostream& help) {
  auto flags = parse_agent_flags(args);
  if (!flags) {
    if (flags.failure().code == errc::unsupported)
      write_agent_usage(help);
    return flags.failure();
  }
  if (flags->help_requested) {
    write_agent_usage(help);
    agent_config config;
    config.help_requested = true;
    return config;
  }
  if (!is_known_format(flags->config_format))
    return wrong_format("config: ");
  auto config = build(*flags);
  if (!config)
    return config;
  if (auto done = check_startup(*config); !done)
    return done.failure();
  return config;
}

result<agent_config> reload_config(const std::vector<std::string>& args) {
  std::ostringstream unused;
  return load_config(args, unused);
}

int validate_paths(const std::vector<std::string>& paths, bool quiet,
                   std::ostream& out, std::ostream& err,
                   const std::string& format) {
  if (!is_known_format(format)) {
    err << wrong_format("").text << "\n";
    return 1;
  }
  if (paths.empty()) {
    err << "Must specify at least one config file or directory\n";
    return 1;
  }
  agent_flags flags;
  flags.config_paths = paths;
  flags.config_format = format;
  auto config = build(flags);
  if (!config) {
    err << "Config validation failed: " << config.failure().text << "\n";
    return 1;
  }
  if (!quiet) {
    for (auto& warning : config->warnings)
      err << warning << "\n";
    out << "Configuration is valid!\n";
  }
  return 0;
}

} // namespace praetor::actors
