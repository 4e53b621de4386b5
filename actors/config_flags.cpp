#include "actors/config_flags.hpp"

#include "actors/config_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>
#include <string_view>

namespace praetor::actors {

namespace json = boost::json;

namespace {

enum class flag_kind {
  text,
  boolean,
  whole,
  list,     // may be repeated
  pairs,    // "key:value", may be repeated
  path,     // a file or directory of configuration
  fragment, // HCL text
  format,
  dev,
  help,
};

struct flag {
  std::string_view name;
  flag_kind kind;
  std::string_view key; // in a file; a dot leads into a section
  std::string_view about;
};

constexpr auto text = flag_kind::text;
constexpr auto boolean = flag_kind::boolean;
constexpr auto whole = flag_kind::whole;
constexpr auto list = flag_kind::list;

/// In alphabetical order, as they are shown.
constexpr flag flags[] = {
    {"advertise", text, "advertise_addr", "address told to the LAN"},
    {"advertise-wan", text, "advertise_addr_wan", "address told to the WAN"},
    {"allow-write-http-from", list, "http_config.allow_write_http_from",
     "network (CIDR) that may write to the agent"},
    {"alt-domain", text, "alt_domain", "second domain answered by DNS"},
    {"bind", text, "bind_addr", "address for traffic inside the cluster"},
    {"bootstrap", boolean, "bootstrap", "elect this server without others"},
    {"bootstrap-expect", whole, "bootstrap_expect",
     "number of servers to wait for before the first election"},
    {"check_output_max_size", whole, "check_output_max_size",
     "bytes kept of a check's output"},
    {"client", text, "client_addr", "addresses for HTTP, DNS and gRPC"},
    {"config-dir", flag_kind::path, "", "directory of configuration files"},
    {"config-file", flag_kind::path, "", "configuration file, JSON or HCL"},
    {"config-format", flag_kind::format, "",
     "'json' or 'hcl', whatever the files are called"},
    {"data-dir", text, "data_dir", "where state is kept"},
    {"datacenter", text, "datacenter", "datacenter of this node"},
    {"default-query-time", text, "default_query_time",
     "longest wait of a blocking query that names none"},
    {"dev", flag_kind::dev, "", "a lone server that keeps nothing"},
    {"disable-host-node-id", boolean, "disable_host_node_id",
     "draw the node id instead of deriving it from the host"},
    {"disable-keyring-file", boolean, "disable_keyring_file",
     "do not keep gossip keys in a file"},
    {"dns-port", whole, "ports.dns", "port for DNS"},
    {"domain", text, "domain", "domain answered by DNS"},
    {"enable-local-script-checks", boolean, "enable_local_script_checks",
     "allow script checks that come from files"},
    {"enable-script-checks", boolean, "enable_script_checks",
     "allow script checks from anywhere"},
    {"encrypt", text, "encrypt", "gossip key, base64"},
    {"grpc-port", whole, "ports.grpc", "port for gRPC"},
    {"h", flag_kind::help, "", ""},
    {"hcl", flag_kind::fragment, "", "configuration text in HCL"},
    {"help", flag_kind::help, "", "this text"},
    {"http-port", whole, "ports.http", "port for HTTP"},
    {"https-port", whole, "ports.https", "port for HTTPS"},
    {"join", list, "start_join", "agent to join; failure ends this one"},
    {"join-wan", list, "start_join_wan", "the same in the WAN"},
    {"log-file", text, "log_file", "file to log to as well"},
    {"log-json", boolean, "log_json", "log lines are JSON objects"},
    {"log-level", text, "log_level", "trace, debug, info, warn or err"},
    {"log-rotate-bytes", whole, "log_rotate_bytes", "size of a log file"},
    {"log-rotate-duration", text, "log_rotate_duration",
     "time covered by a log file"},
    {"log-rotate-max-files", whole, "log_rotate_max_files",
     "number of old log files kept"},
    {"max-query-time", text, "max_query_time",
     "longest wait of any blocking query"},
    {"node", text, "node_name", "name of this node"},
    {"node-id", text, "node_id", "UUID of this node"},
    {"node-meta", flag_kind::pairs, "node_meta", "metadata, key:value"},
    {"non-voting-server", boolean, "non_voting_server",
     "accepted, without effect"},
    {"pid-file", text, "pid_file", "file for the process id"},
    {"primary-gateway", list, "primary_gateways", "accepted, without effect"},
    {"protocol", whole, "protocol", "gossip protocol version"},
    {"raft-protocol", whole, "raft_protocol", "Raft protocol version"},
    {"recursor", list, "recursors", "DNS server for other domains"},
    {"rejoin", boolean, "rejoin_after_leave", "join again after a leave"},
    {"retry-interval", text, "retry_interval", "pause between joins"},
    {"retry-interval-wan", text, "retry_interval_wan", "the same in the WAN"},
    {"retry-join", list, "retry_join", "agent to join until it works"},
    {"retry-join-wan", list, "retry_join_wan", "the same in the WAN"},
    {"retry-max", whole, "retry_max", "attempts to join; 0: no end"},
    {"retry-max-wan", whole, "retry_max_wan", "the same in the WAN"},
    {"segment", text, "segment", "not supported"},
    {"serf-lan-allowed-cidrs", list, "serf_lan_allowed_cidrs",
     "network (CIDR) that may gossip in the LAN"},
    {"serf-lan-bind", text, "serf_lan", "address for gossip in the LAN"},
    {"serf-lan-port", whole, "ports.serf_lan", "its port"},
    {"serf-wan-allowed-cidrs", list, "serf_wan_allowed_cidrs",
     "network (CIDR) that may gossip in the WAN"},
    {"serf-wan-bind", text, "serf_wan", "address for gossip in the WAN"},
    {"serf-wan-port", whole, "ports.serf_wan", "its port"},
    {"server", boolean, "server", "take part in Raft"},
    {"server-port", whole, "ports.server", "port for servers"},
    {"syslog", boolean, "enable_syslog", "log to syslog as well"},
    {"ui", boolean, "ui", "serve the web page"},
    {"ui-content-path", text, "ui_content_path", "path of the web page"},
    {"ui-dir", text, "ui_dir", "directory with a web page of one's own"},
};

const flag* find_flag(std::string_view name) {
  for (auto& one : flags)
    if (one.name == name)
      return &one;
  return nullptr;
}

bool is_boolean(flag_kind kind) {
  return kind == flag_kind::boolean || kind == flag_kind::dev ||
         kind == flag_kind::help;
}

std::optional<bool> parse_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes = {"1",    "t",    "T",
                                                   "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> no = {"0",     "f",     "F",
                                                  "false", "FALSE", "False"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), text) != no.end())
    return false;
  return {};
}

/// The number, or what is wrong with it.
result<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t x = 0;
  if (text.starts_with('+'))
    text.remove_prefix(1);
  auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (end != text.data() + text.size() || why == std::errc::invalid_argument)
    return fail(errc::bad_input, "invalid syntax");
  if (why == std::errc::result_out_of_range)
    return fail(errc::bad_input, "value out of range");
  return x;
}

/// The place in the object that a key names, made when missing.
json::value& slot(json::object& object, std::string_view key) {
  auto dot = key.find('.');
  auto first = key.substr(0, dot);
  auto& found = object[json::string_view(first.data(), first.size())];
  if (dot == key.npos)
    return found;
  if (!found.is_object())
    found = json::object();
  return slot(found.get_object(), key.substr(dot + 1));
}

json::string to_json(std::string_view text) {
  return json::string(json::string_view(text.data(), text.size()));
}

error bad_flag(std::string text) {
  return fail(errc::unsupported, std::move(text));
}

status set_whole(const flag& one, const std::string& value, agent_flags& out) {
  auto x = parse_whole(value);
  if (!x)
    return bad_flag("invalid value \"" + value + "\" for flag -" +
                    std::string(one.name) + ": strconv.Atoi: parsing \"" +
                    value + "\": " + x.failure().text);
  slot(out.values, one.key) = *x;
  return {};
}

status set_boolean(const flag& one, const std::string& value,
                   agent_flags& out) {
  auto x = parse_boolean(value);
  if (!x)
    return bad_flag("invalid boolean value \"" + value + "\" for -" +
                    std::string(one.name) + ": strconv.ParseBool: parsing \"" +
                    value + "\": invalid syntax");
  if (one.kind == flag_kind::dev)
    out.dev_mode = *x;
  else if (one.kind == flag_kind::help)
    out.help_requested = *x;
  else
    slot(out.values, one.key) = *x;
  return {};
}

status set_flag(const flag& one, const std::string& value, agent_flags& out) {
  switch (one.kind) {
  case flag_kind::text:
    slot(out.values, one.key) = to_json(value);
    return {};
  case flag_kind::boolean:
  case flag_kind::dev:
  case flag_kind::help:
    return set_boolean(one, value, out);
  case flag_kind::whole:
    return set_whole(one, value, out);
  case flag_kind::list: {
    auto& items = slot(out.lists, one.key);
    if (!items.is_array())
      items = json::array();
    items.get_array().push_back(to_json(value));
    return {};
  }
  case flag_kind::pairs: {
    auto& pairs = slot(out.values, one.key);
    if (!pairs.is_object())
      pairs = json::object();
    auto colon = std::min(value.find(':'), value.size());
    auto rest = colon < value.size() ? value.substr(colon + 1) : "";
    pairs.get_object()[value.substr(0, colon)] = to_json(rest);
    return {};
  }
  case flag_kind::path:
    out.config_paths.push_back(value);
    return {};
  case flag_kind::fragment:
    out.hcl.push_back(value);
    return {};
  case flag_kind::format:
    out.config_format = value;
    return {};
  }
  return {};
}

std::string join_words(const std::vector<std::string>& words,
                       std::size_t from) {
  std::string out;
  for (auto i = from; i < words.size(); ++i)
    out += (i > from ? " " : "") + words[i];
  return out;
}

} // namespace

result<agent_flags> parse_agent_flags(const std::vector<std::string>& args) {
  agent_flags out;
  std::size_t at = 0;
  while (at < args.size() && args[at].size() >= 2 && args[at][0] == '-') {
    auto word = args[at++];
    if (word == "--")
      break;
    auto name = word.substr(word[1] == '-' ? 2 : 1);
    auto equals = name.find('=');
    auto value = equals == name.npos ? "" : name.substr(equals + 1);
    name = name.substr(0, equals);
    if (name.empty() || name[0] == '-')
      return bad_flag("bad flag syntax: " + word);
    auto known = find_flag(name);
    if (known == nullptr)
      return bad_flag("flag provided but not defined: -" + name);
    if (equals == std::string::npos && is_boolean(known->kind)) {
      value = "true";
    } else if (equals == std::string::npos) {
      if (at >= args.size())
        return bad_flag("flag needs an argument: -" + name);
      value = args[at++];
    }
    if (auto done = set_flag(*known, value, out); !done)
      return done.failure();
    if (out.help_requested)
      return out;
  }
  if (at < args.size())
    return fail(errc::bad_input,
                "Unexpected extra arguments: [" + join_words(args, at) + "]");
  return out;
}

void write_agent_usage(std::ostream& out) {
  out << "Usage: praetor agent [options]\n\n"
         "  Starts the agent and runs until it is interrupted. An agent is "
         "one node\n  of a cluster.\n\nCommand Options\n";
  for (auto& one : flags) {
    if (one.about.empty())
      continue;
    out << "\n  -" << one.name;
    if (one.kind == flag_kind::pairs)
      out << "=<key:value>";
    else if (!is_boolean(one.kind))
      out << "=<value>";
    out << "\n     " << one.about << "\n";
  }
}

} // namespace praetor::actors
