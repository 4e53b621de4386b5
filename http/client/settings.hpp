#pragma once

// Where the agent is and how to be let in: flags, then the environment, then
// what is usual. Values come out resolved; no file is read here but the
// token's.

#include "protocol/base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::http::client {

/// What the command line said; absent means not said.
struct overrides {
  std::optional<std::string> address;
  std::optional<std::string> token;
  std::optional<std::string> token_file;
  std::optional<std::string> ca_file;
  std::optional<std::string> ca_path;
  std::optional<std::string> client_cert;
  std::optional<std::string> client_key;
  std::optional<std::string> tls_server_name;
  std::optional<std::string> datacenter;
  std::optional<std::string> name_space;
  bool stale = false;
};

struct settings {
  std::string scheme = "http";
  std::string host = "127.0.0.1:8500"; // host:port; unused with a socket
  std::string socket_path;             // not empty: a unix socket
  std::string token;
  std::string user_and_password; // basic authentication, "user:password"
  std::string ca_file;
  std::string ca_path;
  std::string client_cert;
  std::string client_key;
  std::string tls_server_name;
  std::string datacenter;
  std::string name_space;
  bool stale = false;
  bool verify = true;
  std::vector<std::string> warnings; // environment values that were ignored
};

/// A variable of the environment, or nothing.
using environment =
    std::function<std::optional<std::string>(const std::string&)>;

/// The environment of this process.
environment process_environment();

/// The value of PRAETOR_<name>, else of CONSUL_<name>.
std::optional<std::string> look_up(const environment& env,
                                   const std::string& name);

result<settings> resolve(const overrides& flags, const environment& env);

/// Go's spelling of booleans: 1, t, T, true, TRUE, True and their opposites.
std::optional<bool> parse_boolean(std::string_view text);

/// The bytes of a file; the error reads "open NAME: no such file or directory".
result<std::string> read_file(const std::string& name);

} // namespace praetor::http::client
