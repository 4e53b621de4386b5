#include "actors/config_addresses.hpp"

#include "actors/config_template.hpp"

#include "protocol/base/assert.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <sstream>

namespace praetor::actors {

namespace {

using interfaces_view = const std::vector<interface_address>&;

struct ip_bytes {
  std::array<unsigned char, 16> bytes{};
  bool is_v4 = false;
};

std::optional<ip_bytes> to_bytes(std::string_view text) {
  std::string copy(text);
  ip_bytes out;
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) {
    out.is_v4 = true;
    return out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1)
    return out;
  return {};
}

std::string to_text(const ip_bytes& ip) {
  char text[INET6_ADDRSTRLEN];
  auto done = inet_ntop(ip.is_v4 ? AF_INET : AF_INET6, ip.bytes.data(), text,
                        sizeof text);
  PRAETOR_ASSERT(done != nullptr);
  return text;
}

/// Only the machine itself, or only the next cable, reaches these.
bool is_local_only(const ip_bytes& ip) {
  auto& b = ip.bytes;
  if (ip.is_v4)
    return b[0] == 127 || (b[0] == 169 && b[1] == 254);
  bool is_link_local = b[0] == 0xFE && (b[1] & 0xC0) == 0x80;
  bool is_loopback =
      b[15] == 1 && std::all_of(b.begin(), b.end() - 1,
                                [](unsigned char x) { return x == 0; });
  return is_link_local || is_loopback;
}

std::string trim(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos)
    return {};
  auto last = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(first, last - first + 1));
}

/// The first address that `wanted` accepts, or empty text.
template <class Predicate>
std::string first_of(interfaces_view interfaces, Predicate wanted) {
  for (auto& one : interfaces)
    if (wanted(one))
      return one.address;
  return {};
}

/// The value of one template without its braces.
result<std::string> evaluate(const std::string& call,
                             interfaces_view interfaces) {
  if (call == "GetPrivateIP")
    return first_of(interfaces, [](const interface_address& x) {
      return is_ipv4(x.address) && is_private_address(x.address);
    });
  if (call == "GetPublicIP")
    return first_of(interfaces, [](const interface_address& x) {
      return is_ipv4(x.address) && !is_private_address(x.address);
    });
  constexpr std::string_view by_name = "GetInterfaceIP";
  if (call.starts_with(by_name)) {
    auto name = trim(call.substr(by_name.size()));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
      return first_of(interfaces, [&](const interface_address& x) {
        return x.interface == name;
      });
    }
  }
  return fail(errc::unsupported, "function \"" +
                                     call.substr(0, call.find(' ')) +
                                     "\" not defined");
}

/// What one key names: several addresses, separated by blanks.
struct address_list {
  std::vector<endpoint> found;
  bool is_broken = false; // the complaint is already noted
};

class resolver {
public:
  resolver(config_draft& draft, interfaces_view interfaces)
      : draft_(draft), interfaces_(interfaces) {}

  address_list list(const std::string& key, const std::string& given) {
    address_list out;
    auto expanded = expand_template(given, interfaces_);
    if (!expanded)
      return broken(
          key + ": error parsing \"" + given +
          "\": unable to parse template \"" + given +
          "\": template: sockaddr.Parse:1: " + expanded.failure().text);
    std::istringstream words(*expanded);
    for (std::string word; words >> word;) {
      constexpr std::string_view scheme = "unix://";
      if (word.starts_with(scheme)) {
        out.found.push_back({word.substr(scheme.size()), true});
        continue;
      }
      auto address = parse_ip(word);
      if (!address)
        return broken(key + ": invalid ip address: " + word);
      out.found.push_back({*address, false});
    }
    return out;
  }

  /// One IP address; empty text when the key names none or is broken.
  std::string single(const std::string& key, const std::string& given) {
    // Brackets are refused elsewhere, but this one has an error of its own.
    auto all = list(key, given == "[::]" ? "::" : given);
    if (all.is_broken || all.found.empty())
      return {};
    if (all.found.size() > 1)
      broken(key + ": multiple addresses found: " + given);
    else if (all.found[0].is_unix_socket)
      broken(key + " cannot be a unix socket");
    else
      return all.found[0].host;
    return {};
  }

  status bind() {
    auto all = list("bind_addr", draft_.addresses.bind);
    if (all.found.empty() || all.is_broken)
      return fail(errc::bad_input, "bind_addr cannot be empty");
    if (all.found.size() > 1)
      return fail(errc::bad_input,
                  "bind_addr cannot contain multiple addresses. Use "
                  "'addresses.{dns,http,https}' instead.");
    if (all.found[0].is_unix_socket)
      return fail(errc::bad_input, "bind_addr cannot be a unix socket");
    out().bind = all.found[0].host;
    return {};
  }

  void clients() {
    for (auto& one : list("client_addr", draft_.addresses.client).found) {
      if (one.is_unix_socket)
        broken("client_addr cannot be a unix socket");
      else
        out().client.push_back(one.host);
    }
  }

  void listeners() {
    auto& texts = draft_.addresses;
    auto& ports = draft_.config.ports;
    listener("addresses.dns", texts.dns, ports.dns, out().dns);
    listener("addresses.http", texts.http, ports.http, out().http);
    listener("addresses.https", texts.https, ports.https, out().https);
    listener("addresses.grpc", texts.grpc, ports.grpc, out().grpc);
  }

  status advertised() {
    auto& texts = draft_.addresses;
    auto lan = single("advertise_addr", texts.advertise);
    auto lan_v4 = single("advertise_addr_ipv4", texts.advertise_ipv4);
    auto lan_v6 = single("advertise_addr_ipv6", texts.advertise_ipv6);
    auto wan = single("advertise_addr_wan", texts.advertise_wan);
    auto wan_v4 = single("advertise_addr_wan_ipv4", texts.advertise_wan_ipv4);
    auto wan_v6 = single("advertise_addr_wan_ipv6", texts.advertise_wan_ipv6);
    if (lan.empty())
      lan = is_ipv4(out().bind) ? lan_v4 : lan_v6;
    if (lan.empty()) {
      auto found = bind_as_seen();
      if (!found)
        return found.failure();
      lan = *found;
    }
    if (wan.empty())
      wan = is_ipv4(lan) ? wan_v4 : wan_v6;
    if (wan.empty())
      wan = lan;
    out().advertise = lan;
    out().advertise_wan = wan;
    tag("lan", lan, lan_v4, lan_v6);
    tag("wan", wan, wan_v4, wan_v6);
    auto& serf_lan = out().serf_lan_bind;
    auto& serf_wan = out().serf_wan_bind;
    serf_lan = single("serf_lan", texts.serf_lan);
    serf_wan = single("serf_wan", texts.serf_wan);
    if (serf_lan.empty())
      serf_lan = out().bind;
    if (serf_wan.empty())
      serf_wan = out().bind;
    return {};
  }

private:
  address_settings& out() { return draft_.config.addresses; }

  address_list broken(std::string text) {
    draft_.bad_values.push_back(std::move(text));
    return {{}, true};
  }

  void listener(const std::string& key, const std::string& given, int port,
                std::vector<endpoint>& to) {
    auto own = list(key, given).found;
    if (port <= 0)
      return;
    to = std::move(own);
    if (given.empty())
      for (auto& address : out().client)
        to.push_back({address, false});
  }

  /// What others see when we bind to every interface: the one address that
  /// is meant for them, or an error, since a guess would split a cluster.
  result<std::string> bind_as_seen() {
    auto& bind = out().bind;
    if (!is_any_address(bind))
      return bind;
    bool is_v4 = is_ipv4(bind);
    std::vector<std::string> fit;
    for (auto& one : interfaces_)
      if (is_ipv4(one.address) == is_v4 &&
          is_private_address(one.address) == is_v4)
        fit.push_back(one.address);
    if (fit.size() == 1)
      return fit[0];
    std::string kind = is_v4 ? "private IPv4" : "public IPv6";
    if (fit.empty())
      return fail(errc::bad_input, "No " + kind + " address found");
    return fail(errc::bad_input,
                "Multiple " + kind +
                    " addresses found. Please configure one with 'bind' "
                    "and/or 'advertise'.");
  }

  void tag(const std::string& network, const std::string& address,
           const std::string& v4, const std::string& v6) {
    auto& tagged = out().tagged;
    tagged[network] = address;
    if (!v4.empty())
      tagged[network + "_ipv4"] = v4;
    if (!v6.empty())
      tagged[network + "_ipv6"] = v6;
    tagged.emplace(network + (is_ipv4(address) ? "_ipv4" : "_ipv6"), address);
  }

  config_draft& draft_;
  interfaces_view interfaces_;
};

} // namespace

namespace {

std::vector<interface_address> read_addresses(bool with_local) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return {};
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<interface_address> found;
  for (auto at = first; at != nullptr; at = at->ifa_next) {
    bool is_up = (at->ifa_flags & IFF_UP) != 0;
    if (!is_up || at->ifa_addr == nullptr)
      continue;
    ip_bytes ip;
    if (at->ifa_addr->sa_family == AF_INET) {
      ip.is_v4 = true;
      sockaddr_in v4;
      std::memcpy(&v4, at->ifa_addr, sizeof v4);
      std::memcpy(ip.bytes.data(), &v4.sin_addr, 4);
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 v6;
      std::memcpy(&v6, at->ifa_addr, sizeof v6);
      std::memcpy(ip.bytes.data(), &v6.sin6_addr, 16);
    } else {
      continue;
    }
    if (with_local || !is_local_only(ip))
      found.push_back({at->ifa_name, to_text(ip)});
  }
  return found;
}

} // namespace

std::vector<interface_address> read_interfaces() {
  return read_addresses(false);
}

std::vector<interface_address> read_all_interfaces() {
  return read_addresses(true);
}

bool is_loopback_address(std::string_view address) {
  auto ip = to_bytes(address);
  return ip && (ip->is_v4 ? ip->bytes[0] == 127
                          : is_local_only(*ip) && ip->bytes[0] == 0);
}

std::optional<std::string> parse_ip(std::string_view text) {
  auto ip = to_bytes(text);
  return ip ? std::optional(to_text(*ip)) : std::nullopt;
}

bool is_ipv4(std::string_view address) {
  auto ip = to_bytes(address);
  return ip && ip->is_v4;
}

bool is_any_address(std::string_view address) {
  auto ip = to_bytes(address);
  return ip && std::all_of(ip->bytes.begin(), ip->bytes.end(),
                           [](unsigned char x) { return x == 0; });
}

bool is_private_address(std::string_view address) {
  auto ip = to_bytes(address);
  if (!ip)
    return false;
  auto& b = ip->bytes;
  if (!ip->is_v4)
    return (b[0] & 0xFE) == 0xFC;
  // RFC 6598 shares 100.64/10 among a provider's customers; the rest are the
  // blocks for documentation and tests, which nobody routes either.
  return b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) ||
         (b[0] == 192 && b[1] == 168) || (b[0] == 100 && (b[1] & 0xC0) == 64) ||
         (b[0] == 192 && b[1] == 0 && b[2] == 2) ||
         (b[0] == 198 && b[1] == 51 && b[2] == 100) ||
         (b[0] == 203 && b[1] == 0 && b[2] == 113);
}

bool is_cidr(std::string_view text) {
  auto slash = text.find('/');
  if (slash == text.npos)
    return false;
  auto ip = to_bytes(text.substr(0, slash));
  auto digits = text.substr(slash + 1);
  int bits = -1;
  auto [end, why] =
      std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  return ip && why == std::errc() && end == digits.data() + digits.size() &&
         bits >= 0 && bits <= (ip->is_v4 ? 32 : 128);
}

result<std::string> expand_template(std::string_view text,
                                    interfaces_view interfaces) {
  std::string out;
  for (;;) {
    auto open = text.find("{{");
    if (open == text.npos)
      return trim(out.append(text));
    auto close = text.find("}}", open);
    if (close == text.npos)
      return fail(errc::bad_input, "unexpected unclosed action in command");
    out.append(text.substr(0, open));
    auto call = trim(text.substr(open + 2, close - open - 2));
    auto value = is_pipeline(call)
                     ? evaluate_pipeline(call, read_all_interfaces())
                     : evaluate(call, interfaces);
    if (!value)
      return value;
    out += *value;
    text.remove_prefix(close + 2);
  }
}

status resolve_addresses(config_draft& draft, interfaces_view interfaces) {
  resolver resolve(draft, interfaces);
  draft.config.addresses = {};
  if (auto done = resolve.bind(); !done)
    return done;
  resolve.clients();
  resolve.listeners();
  return resolve.advertised();
}

} // namespace praetor::actors
