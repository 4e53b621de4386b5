#pragma once

// How failures of probes are worded. Outputs of checks are read by people and
// matched by scripts that know them from Consul, whose texts are those of
// Go's standard library.

#include "protocol/base/result.hpp"
#include "protocol/base/time.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace praetor::health {

/// "connection refused": the system's text for an error number (positive, as
/// in <cerrno>), without its capital.
std::string system_error_text(int number);

/// The text in double quotes, escaped as Go's %q does for what URLs and
/// headers contain.
std::string quote(std::string_view text);

struct host_port {
  std::string host; // without brackets; empty: this machine
  std::string port; // digits, or the name of a service
  friend bool operator==(const host_port&, const host_port&) = default;
};

/// Takes "127.0.0.1:80", "[::1]:80", ":80" or "web.example:http" apart. A
/// failure is the whole output of the probe, as "dial tcp: address x: missing
/// port in address".
result<host_port> split_host_port(std::string_view address);

/// "127.0.0.1:80" or "[::1]:80".
std::string join_host_port(std::string_view host, std::string_view port);

/// "dial tcp 127.0.0.1:1: connect: connection refused"
std::string dial_error(std::string_view address, int number);

/// "dial tcp 127.0.0.1:1: i/o timeout"
std::string dial_timeout(std::string_view address);

/// "dial tcp: lookup name: no such host"
std::string lookup_error(std::string_view host, std::string_view reason);

using header_map = std::map<std::string, std::vector<std::string>>;

/// `Get "http://127.0.0.1:1/": ` and the reason. A password in the URL is
/// replaced by stars.
std::string request_error(std::string_view method, std::string_view url,
                          std::string_view reason);

/// Whether such a request can be sent at all. A failure is the whole output
/// of the probe. Guards against bytes that would end a header early.
status check_request(std::string_view method, std::string_view url,
                     const header_map& headers);

/// `exec: "x": executable file not found in $PATH` or `fork/exec /x: ...`.
std::string spawn_error(std::string_view program, int number);

/// "Timed out (5s) running check" and, when there was any, what was printed.
std::string script_timeout_text(span timeout, std::string_view output);

} // namespace praetor::health
