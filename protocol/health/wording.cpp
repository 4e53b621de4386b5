#include "protocol/health/wording.hpp"

#include "protocol/base/duration.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace praetor::health {
namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_lower(c) || is_upper(c);
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

char lower(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}
char upper(char c) {
  return is_lower(c) ? static_cast<char>(c - 32) : c;
}

bool is_hex(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

// RFC 7230, section 3.2.6.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) ||
           marks.find(c) != std::string_view::npos;
  });
}

error bad_address(std::string_view address, std::string_view reason) {
  return fail(errc::bad_input, "dial tcp: address " + std::string(address) +
                                   ": " + std::string(reason));
}

error bad_url(std::string_view url, std::string_view reason) {
  return fail(errc::bad_input,
              "parse " + quote(url) + ": " + std::string(reason));
}

// The scheme of RFC 3986, section 3.1, or an empty one when the text does not
// begin like that. `after` is where the rest begins.
struct scheme_part {
  std::string name;
  std::size_t after = 0;
  bool is_missing = false; // a colon with nothing before it
};

scheme_part read_scheme(std::string_view url) {
  for (std::size_t i = 0; i < url.size(); ++i) {
    char c = url[i];
    if (c == ':' && i == 0)
      return {"", 0, true};
    if (c == ':') {
      std::string name(url.substr(0, i));
      std::transform(name.begin(), name.end(), name.begin(), lower);
      return {std::move(name), i + 1, false};
    }
    bool later = is_digit(c) || c == '+' || c == '-' || c == '.';
    if (!is_letter(c) && !(i > 0 && later))
      return {};
  }
  return {};
}

// The host with its port, between "//" and the path, without "user:pass@".
std::string_view authority_of(std::string_view rest) {
  if (!rest.starts_with("//"))
    return {};
  rest.remove_prefix(2);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  auto at = rest.rfind('@');
  return at == std::string_view::npos ? rest : rest.substr(at + 1);
}

status check_escapes(std::string_view url) {
  for (auto at = url.find('%'); at != std::string_view::npos;
       at = url.find('%', at + 1)) {
    auto escape = url.substr(at, 3);
    if (escape.size() < 3 || !is_hex(escape[1]) || !is_hex(escape[2]))
      return bad_url(url, "invalid URL escape " + quote(escape));
  }
  return {};
}

status check_authority(std::string_view method, std::string_view url,
                       std::string_view authority) {
  for (char c : authority)
    if (std::string_view(" \"<>\\^`{|}").find(c) != std::string_view::npos)
      return bad_url(url, "invalid character " +
                              quote(std::string_view(&c, 1)) + " in host name");
  auto bracket = authority.rfind(']');
  if (authority.starts_with('[') && bracket == std::string_view::npos)
    return bad_url(url, "missing ']' in host");
  auto from = bracket == std::string_view::npos ? 0 : bracket;
  auto colon = authority.find(':', from);
  auto port = colon == std::string_view::npos ? std::string_view{}
                                              : authority.substr(colon + 1);
  if (!std::all_of(port.begin(), port.end(), is_digit))
    return bad_url(url, "invalid port " + quote(authority.substr(colon)) +
                            " after host");
  if (authority.empty() || colon == 0)
    return fail(errc::bad_input,
                request_error(method, url, "http: no Host in request URL"));
  if (port.size() > 5 ||
      (!port.empty() && std::stoi(std::string(port)) > 65535))
    return fail(errc::bad_input,
                request_error(method, url,
                              "dial tcp: address " + std::string(port) +
                                  ": invalid port"));
  return {};
}

status check_headers(std::string_view method, std::string_view url,
                     const header_map& headers) {
  for (auto& [name, values] : headers) {
    if (!is_token(name))
      return fail(
          errc::bad_input,
          request_error(method, url,
                        "net/http: invalid header field name " + quote(name)));
    for (auto& value : values)
      if (std::any_of(value.begin(), value.end(),
                      [](char c) { return is_control(c) && c != '\t'; }))
        return fail(errc::bad_input,
                    request_error(method, url,
                                  "net/http: invalid header field value " +
                                      quote(value) + " for key " + name));
  }
  return {};
}

} // namespace

std::string system_error_text(int number) {
  PRAETOR_ASSERT(number > 0);
  auto text = std::system_category().message(number);
  PRAETOR_ASSERT(!text.empty());
  // A second capital is an abbreviation, which stays.
  if (text.size() > 1 && is_upper(text[0]) && !is_upper(text[1]))
    text[0] = lower(text[0]);
  return text;
}

std::string quote(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (is_control(c))
      ((out += "\\x") += digits[byte >> 4]) += digits[byte & 15];
    else
      out += c;
  }
  out += '"';
  PRAETOR_ASSERT(out.size() >= text.size() + 2);
  return out;
}

result<host_port> split_host_port(std::string_view address) {
  auto colon = address.rfind(':');
  if (colon == std::string_view::npos)
    return bad_address(address, "missing port in address");
  auto host = address.substr(0, colon);
  auto port = address.substr(colon + 1);
  if (address.starts_with('[')) {
    auto end = address.find(']');
    if (end == std::string_view::npos)
      return bad_address(address, "missing ']' in address");
    if (end + 1 == address.size())
      return bad_address(address, "missing port in address");
    if (end + 1 != colon)
      return bad_address(address, address[end + 1] == ':'
                                      ? "too many colons in address"
                                      : "missing port in address");
    host = address.substr(1, end - 1);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(address, "too many colons in address");
  }
  // An outside name that went on past a zero byte would be cut silently.
  if (address.find('\0') != std::string_view::npos)
    return bad_address(quote(address), "invalid character in address");
  PRAETOR_ASSERT(port.find(':') == std::string_view::npos);
  PRAETOR_ASSERT(host.size() + port.size() < address.size());
  bool number = std::all_of(port.begin(), port.end(), is_digit);
  if (number && (port.size() > 5 ||
                 (!port.empty() && std::stoi(std::string(port)) > 65535)))
    return bad_address(port, "invalid port");
  return host_port{std::string(host), std::string(port)};
}

std::string join_host_port(std::string_view host, std::string_view port) {
  bool six = host.find(':') != std::string_view::npos;
  std::string out = six ? "[" + std::string(host) + "]" : std::string(host);
  return (out += ':') += port;
}

std::string dial_error(std::string_view address, int number) {
  return "dial tcp " + std::string(address) +
         ": connect: " + system_error_text(number);
}

std::string dial_timeout(std::string_view address) {
  return "dial tcp " + std::string(address) + ": i/o timeout";
}

std::string lookup_error(std::string_view host, std::string_view reason) {
  return "dial tcp: lookup " + std::string(host) + ": " + std::string(reason);
}

std::string request_error(std::string_view method, std::string_view url,
                          std::string_view reason) {
  std::string out(method.empty() ? "Get" : method);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = i == 0 ? upper(out[i]) : lower(out[i]);
  std::string shown(url);
  auto start = shown.find("//");
  if (start != std::string::npos) {
    auto end = std::min(shown.find_first_of("/?#", start + 2), shown.size());
    auto at = shown.rfind('@', end);
    auto colon = shown.find(':', start + 2);
    if (at != std::string::npos && at > start && colon < at)
      shown.replace(colon + 1, at - colon - 1, "***");
  }
  return out + " " + quote(shown) + ": " + std::string(reason);
}

status check_request(std::string_view method, std::string_view url,
                     const header_map& headers) {
  if (!method.empty() && !is_token(method))
    return fail(errc::bad_input, "net/http: invalid method " + quote(method));
  if (std::any_of(url.begin(), url.end(), is_control))
    return bad_url(url, "net/url: invalid control character in URL");
  auto scheme = read_scheme(url);
  if (scheme.is_missing)
    return bad_url(url, "missing protocol scheme");
  auto segment = url.substr(0, url.find('/'));
  if (scheme.name.empty() && segment.find(':') != std::string_view::npos)
    return bad_url(url, "first path segment in URL cannot contain colon");
  if (auto good = check_escapes(url); !good)
    return good;
  if (scheme.name != "http" && scheme.name != "https")
    return fail(errc::bad_input, request_error(method, url,
                                               "unsupported protocol scheme " +
                                                   quote(scheme.name)));
  PRAETOR_ASSERT(scheme.after > 0);
  PRAETOR_ASSERT(scheme.after <= url.size());
  auto authority = authority_of(url.substr(scheme.after));
  if (auto good = check_authority(method, url, authority); !good)
    return good;
  return check_headers(method, url, headers);
}

std::string spawn_error(std::string_view program, int number) {
  PRAETOR_ASSERT(number > 0);
  bool searched =
      !program.empty() && program.find('/') == std::string_view::npos;
  if (searched && (number == ENOENT || number == EACCES))
    return "exec: " + quote(program) + ": executable file not found in $PATH";
  return "fork/exec " + std::string(program) + ": " + system_error_text(number);
}

std::string script_timeout_text(span timeout, std::string_view output) {
  PRAETOR_ASSERT(timeout > span{});
  auto text = "Timed out (" + format_duration(timeout) + ") running check";
  if (!output.empty())
    text += "\n\n" + std::string(output);
  return text;
}

} // namespace praetor::health
