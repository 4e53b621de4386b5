#include "http/proxies.hpp"

#include "http/json_read.hpp"
#include "protocol/model/local_state.hpp"

#include <set>

namespace praetor::http {
namespace {

namespace bj = boost::json;
using faults = std::vector<std::string>;

std::string text_at(const bj::object& from, std::string_view name) {
  auto* value = from.if_contains(name);
  auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

std::int64_t number_at(const bj::object& from, std::string_view name) {
  auto* value = from.if_contains(name);
  return value && value->is_number() ? whole_number(*value) : 0;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string fault_of_upstream(const bj::object& one) {
  auto type = text_at(one, "DestinationType");
  if (!type.empty() && type != "service" && type != "prepared_query")
    return "unknown upstream destination type: " + quoted(type);
  if (text_at(one, "DestinationName").empty())
    return "upstream destination name cannot be empty";
  if (number_at(one, "LocalBindPort") == 0)
    return "upstream local bind port cannot be zero";
  return {};
}

void check_upstreams(const bj::array& all, faults& found) {
  std::set<std::string> keys;
  std::set<std::string> listeners;
  for (auto& value : all) {
    auto* one = value.if_object();
    if (!one)
      continue;
    if (auto fault = fault_of_upstream(*one); !fault.empty()) {
      found.push_back(fault);
      continue;
    }
    auto type = text_at(*one, "DestinationType");
    auto key = "[type=" + quoted(type.empty() ? "service" : type) +
               ", name=" + quoted(text_at(*one, "DestinationName")) +
               ", namespace=" + quoted(text_at(*one, "DestinationNamespace")) +
               ", datacenter=" + quoted(text_at(*one, "Datacenter")) + "]";
    if (!keys.insert(key).second) {
      found.push_back("upstreams cannot contain duplicates of " + key);
      continue;
    }
    auto host = text_at(*one, "LocalBindAddress");
    if (host.empty())
      host = "127.0.0.1";
    if (host.find(':') != host.npos)
      host = "[" + host + "]";
    auto listener =
        host + ":" + std::to_string(number_at(*one, "LocalBindPort"));
    if (!listeners.insert(listener).second)
      found.push_back("upstreams cannot contain duplicates by local bind "
                      "address and port; " +
                      quoted(listener) + " is specified twice");
  }
}

void check_paths(const bj::array& all, faults& found) {
  constexpr std::int64_t port_max = 65535;
  std::set<std::string> paths;
  std::set<std::int64_t> listeners;
  for (auto& value : all) {
    auto* one = value.if_object();
    if (!one)
      continue;
    auto path = text_at(*one, "Path");
    if (path.empty())
      found.push_back("expose.paths: empty path exposed");
    if (!paths.insert(path).second)
      found.push_back("expose.paths: duplicate paths exposed");
    auto port = number_at(*one, "ListenerPort");
    if (!listeners.insert(port).second)
      found.push_back("expose.paths: duplicate listener ports exposed");
    if (port <= 0 || port > port_max)
      found.push_back("expose.paths: invalid listener port: " +
                      std::to_string(port));
    auto protocol = text_at(*one, "Protocol");
    for (auto& letter : protocol)
      if (letter >= 'A' && letter <= 'Z')
        letter = static_cast<char>(letter - 'A' + 'a');
    if (!protocol.empty() && protocol != "http" && protocol != "http2")
      found.push_back("protocol '" + protocol + "' not supported for path: " +
                      path + ", must be in: [http http2]");
  }
}

} // namespace

std::string proxy_fault(const model::service& what) {
  auto found = model::proxy_faults(what);
  if (what.kind == "connect-proxy") {
    if (auto upstreams = parse_json(what.proxy.upstreams_json))
      if (auto* all = upstreams->if_array())
        check_upstreams(*all, found);
    auto expose = parse_json(what.proxy.expose_json);
    auto* object = expose ? expose->if_object() : nullptr;
    auto* paths = object ? object->if_contains("Paths") : nullptr;
    if (paths && paths->is_array())
      check_paths(paths->get_array(), found);
  }
  return found.empty() ? std::string() : model::joined_faults(found);
}

} // namespace praetor::http
