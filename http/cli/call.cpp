#include "http/cli/call.hpp"

#include <csignal>
#include <istream>
#include <iterator>
#include <ostream>

namespace praetor::http::cli {
namespace {

std::atomic<bool> stopped = false;

void on_signal(int) {
  stopped.store(true);
}

void add_text(flag_set& flags, const std::string& name,
              std::optional<std::string>& to, const char* placeholder,
              const std::string& help) {
  flag what;
  what.help = help;
  what.placeholder = placeholder;
  what.is_connection = true;
  what.set = [&to](const std::string& text) -> status {
    to = text;
    return {};
  };
  flags.add(name, std::move(what));
}

std::string variable(const std::string& name) {
  return " Also read from PRAETOR_" + name + " and CONSUL_" + name + ".";
}

} // namespace

call::call(const command& what, std::vector<std::string> words, bool help,
           const streams& to_streams, const product& product,
           const validator& check)
    : to(to_streams), self(product), validate(check), what_(what),
      words_(std::move(words)), help_(help) {
  declare_connection();
}

void call::declare_connection() {
  if (what_.takes == connection::none)
    return;
  add_text(flags, "http-addr", how.address, "address",
           "Address and port of the agent's HTTP API, or unix://PATH of its "
           "socket. 127.0.0.1:8500 unless given." +
               variable("HTTP_ADDR"));
  add_text(flags, "token", how.token, "value",
           "ACL token to send; without one the agent uses its own." +
               variable("HTTP_TOKEN"));
  add_text(flags, "token-file", how.token_file, "value",
           "File that holds the ACL token; it beats -token." +
               variable("HTTP_TOKEN_FILE"));
  add_text(flags, "ca-file", how.ca_file, "value",
           "File of the authorities trusted for TLS." + variable("CACERT"));
  add_text(flags, "ca-path", how.ca_path, "value",
           "Directory of the authorities trusted for TLS." +
               variable("CAPATH"));
  add_text(flags, "client-cert", how.client_cert, "value",
           "Certificate to show to an agent that verifies its clients." +
               variable("CLIENT_CERT"));
  add_text(flags, "client-key", how.client_key, "value",
           "Key of the certificate given by -client-cert." +
               variable("CLIENT_KEY"));
  add_text(flags, "tls-server-name", how.tls_server_name, "value",
           "Name expected in the agent's certificate." +
               variable("TLS_SERVER_NAME"));
  if (what_.takes == connection::agent)
    return;
  add_text(flags, "datacenter", how.datacenter, "value",
           "Datacenter to ask; the agent's own unless given.");
  flag stale;
  stale.help = "Let any server answer, not only the leader: quicker, and "
               "perhaps a moment behind.";
  stale.is_boolean = true;
  stale.is_connection = true;
  stale.set = [this](const std::string& text) -> status {
    auto value = client::parse_boolean(text);
    if (!value)
      return fail(errc::bad_input, "strconv.ParseBool: parsing \"" + text +
                                       "\": invalid syntax");
    how.stale = *value;
    return {};
  };
  flags.add("stale", std::move(stale));
  if (what_.takes == connection::spaces)
    add_text(flags, "namespace", how.name_space, "default",
             "Namespace to ask." + variable("NAMESPACE"));
}

std::string call::usage() const {
  std::string out = "Usage: praetor " + std::string(what_.path);
  if (*what_.arguments != '\0')
    out += ' ' + std::string(what_.arguments);
  out += '\n';
  std::string about = what_.about;
  std::size_t at = 0;
  while (at < about.size()) {
    auto end = about.find('\n', at);
    if (end == std::string::npos)
      end = about.size();
    out += '\n' + wrapped(about.substr(at, end - at), 2, 78);
    at = end + 1;
  }
  return out + flags.help();
}

std::optional<int> call::parse() {
  if (help_) {
    to.out << usage();
    return 0;
  }
  auto parsed = flags.parse(words_);
  if (parsed)
    return std::nullopt;
  to.err << parsed.failure().text << "\nUsage:\n" << flags.help();
  return 1;
}

client::client* call::connect() {
  auto settings = client::resolve(how, client::process_environment());
  if (!settings) {
    refuse("Error connecting to Consul agent: " + settings.failure().text);
    return nullptr;
  }
  // Calls to the agent itself do not know namespaces, whatever is exported.
  if (what_.takes == connection::agent)
    settings->name_space.clear();
  for (const auto& warning : settings->warnings)
    to.err << "[WARN] " << warning << '\n';
  return &client_.emplace(std::move(*settings));
}

int call::refuse(const std::string& text) {
  to.err << text << '\n' << std::flush;
  return 1;
}

int call::say(const std::string& text) {
  to.out << text << '\n' << std::flush;
  return 0;
}

int call::misuse(const std::string& text) {
  return refuse(text + "\n\n" + usage());
}

int call::too_many(std::size_t expected) {
  return refuse("Too many arguments (expected " + std::to_string(expected) +
                ", got " + std::to_string(arguments().size()) + ")");
}

result<std::string> argument_data(const std::string& argument,
                                  std::istream& in) {
  if (argument == "-")
    return std::string(std::istreambuf_iterator<char>(in), {});
  if (argument.empty() || argument[0] != '@')
    return argument;
  auto bytes = client::read_file(argument.substr(1));
  if (!bytes)
    return fail(errc::io, "Failed to read file: " + bytes.failure().text);
  return bytes;
}

const std::atomic<bool>& stop_requested() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
  return stopped;
}

} // namespace praetor::http::cli
