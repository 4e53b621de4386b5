#pragma once

// A configuration under way: files and flags have been read into it one after
// another, and what depends on several of them is still open.

#include "actors/config.hpp"
#include "actors/config_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace praetor::actors {

/// Texts as given, before templates are expanded and defaults applied.
struct address_texts {
  std::string bind = "0.0.0.0";     // all interfaces: a cluster is the point
  std::string client = "127.0.0.1"; // nobody from outside unless wanted
  std::string advertise;
  std::string advertise_ipv4;
  std::string advertise_ipv6;
  std::string advertise_wan;
  std::string advertise_wan_ipv4;
  std::string advertise_wan_ipv6;
  std::string serf_lan;
  std::string serf_wan;
  std::string dns;
  std::string http;
  std::string https;
  std::string grpc;
};

struct config_draft {
  agent_config config;
  address_texts addresses;
  std::optional<bool> leave_on_terminate;
  std::optional<bool> skip_leave_on_interrupt;
  std::optional<bool> acl_enforce_version_8;
  std::string acl_datacenter; // the retired name of primary_datacenter
  std::vector<std::string> prefix_filter;
  std::vector<std::string> segments;
  std::vector<std::string> primary_gateways;
  int cache_entry_fetch_max_burst = 2; // as Consul; no such cache here
  double cache_entry_fetch_rate = 1;   // the same
  bool has_audit = false;
  std::vector<std::string> bad_values; // found while reading, told at the end
};

/// Reads one file's object over what is there. The error names what does not
/// belong, without naming the file. HCL tells whole numbers from others, and
/// its errors say so.
status read_settings(const boost::json::object& from, config_draft& into,
                     bool is_hcl = false);

/// What -dev presets, before any file is read.
void preset_dev_mode(config_draft& draft);

/// The rest of the decisions: addresses, derived defaults, and every check
/// that Consul's `validate` makes.
status finish_config(config_draft& draft);

/// The checks on single values, in Consul's order; a part of the above.
status check_settings_of(config_draft& draft);

/// One of the levels, in capitals.
bool is_log_level(std::string_view level);

/// A UUID in its textual form, in small letters; empty is fine.
status check_node_id(const std::string& id);

/// What only a starting agent checks: log level, node id, TLS version,
/// watches.
status check_startup(const agent_config& config);

} // namespace praetor::actors
