#include "http/client/settings.hpp"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace praetor::http::client {
namespace {

std::string trimmed(std::string text) {
  auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && is_space(text.back()))
    text.pop_back();
  std::size_t first = 0;
  while (first < text.size() && is_space(text[first]))
    ++first;
  return text.substr(first);
}

std::string lower_cased(std::string text) {
  for (auto& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// A boolean variable; an unreadable one is reported and ignored.
bool boolean_variable(const environment& env, const std::string& name,
                      bool otherwise, settings& out) {
  auto text = look_up(env, name);
  if (!text || text->empty())
    return otherwise;
  auto value = parse_boolean(*text);
  if (!value)
    out.warnings.push_back("could not parse CONSUL_" + name + ": \"" + *text +
                           "\" is not a boolean");
  return value.value_or(otherwise);
}

status split_address(std::string address, settings& out) {
  auto mark = address.find("://");
  if (mark == std::string::npos) {
    out.host = std::move(address);
    return {};
  }
  auto scheme = address.substr(0, mark);
  auto rest = address.substr(mark + 3);
  if (scheme == "unix") {
    out.socket_path = rest;
    return {};
  }
  if (scheme != "http" && scheme != "https")
    return fail(errc::bad_input, "Unknown protocol scheme: " + scheme);
  out.scheme = scheme;
  while (!rest.empty() && rest.back() == '/')
    rest.pop_back();
  out.host = std::move(rest);
  return {};
}

status read_token(const std::string& file, settings& out) {
  auto text = read_file(file);
  if (!text)
    return fail(errc::io, "Error loading token file: " + text.failure().text);
  out.token = trimmed(*text);
  return {};
}

/// TLS files are named long before the handshake; a missing one is best
/// reported by name.
status check_tls_files(const settings& out) {
  struct named {
    const char* what;
    const std::string& file;
  };
  for (const auto& item :
       {named{"Error loading CA File", out.ca_file},
        named{"Error loading CA Path", out.ca_path},
        named{"failed loading client cert", out.client_cert},
        named{"failed loading client key", out.client_key}}) {
    struct stat unused {};
    if (!item.file.empty() && ::stat(item.file.c_str(), &unused) != 0)
      return fail(errc::io, std::string(item.what) + ": open " + item.file +
                                ": " + lower_cased(std::strerror(errno)));
  }
  return {};
}

} // namespace

environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
      return std::nullopt;
    return std::string(value);
  };
}

std::optional<std::string> look_up(const environment& env,
                                   const std::string& name) {
  auto ours = env("PRAETOR_" + name);
  return ours ? ours : env("CONSUL_" + name);
}

std::optional<bool> parse_boolean(std::string_view text) {
  for (auto yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes)
      return true;
  for (auto no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no)
      return false;
  return std::nullopt;
}

result<std::string> read_file(const std::string& name) {
  struct stat about {};
  if (::stat(name.c_str(), &about) != 0)
    return fail(errc::io,
                "open " + name + ": " + lower_cased(std::strerror(errno)));
  if (S_ISDIR(about.st_mode))
    return fail(errc::io, "read " + name + ": is a directory");
  std::ifstream in(name, std::ios::binary);
  if (!in)
    return fail(errc::io,
                "open " + name + ": " + lower_cased(std::strerror(errno)));
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

result<settings> resolve(const overrides& flags, const environment& env) {
  settings out;
  auto pick = [&](const std::optional<std::string>& flag, const char* name) {
    return flag ? *flag : look_up(env, name).value_or("");
  };
  if (boolean_variable(env, "HTTP_SSL", false, out))
    out.scheme = "https";
  out.verify = boolean_variable(env, "HTTP_SSL_VERIFY", true, out);
  auto address = pick(flags.address, "HTTP_ADDR");
  if (!address.empty())
    if (auto split = split_address(address, out); !split)
      return split.failure();
  out.token = pick(flags.token, "HTTP_TOKEN");
  // A token file beats a token, wherever either was named.
  auto token_file = pick(flags.token_file, "HTTP_TOKEN_FILE");
  if (!token_file.empty())
    if (auto read = read_token(token_file, out); !read)
      return read.failure();
  out.user_and_password = look_up(env, "HTTP_AUTH").value_or("");
  out.ca_file = pick(flags.ca_file, "CACERT");
  out.ca_path = pick(flags.ca_path, "CAPATH");
  out.client_cert = pick(flags.client_cert, "CLIENT_CERT");
  out.client_key = pick(flags.client_key, "CLIENT_KEY");
  out.tls_server_name = pick(flags.tls_server_name, "TLS_SERVER_NAME");
  out.datacenter = flags.datacenter.value_or("");
  out.name_space = pick(flags.name_space, "NAMESPACE");
  out.stale = flags.stale;
  if (auto files = check_tls_files(out); !files)
    return files.failure();
  return out;
}

} // namespace praetor::http::client
