// services register and deregister.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"
#include "http/message.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <ostream>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

/// "enable_tag_override" as the API spells it: "EnableTagOverride".
std::string api_name(std::string_view name) {
  std::string out;
  std::size_t at = 0;
  while (at <= name.size()) {
    auto end = std::min(name.find('_', at), name.size());
    std::string word(name.substr(at, end - at));
    bool initials = false;
    for (auto known : {"id", "http", "tcp", "ttl", "grpc", "tls"})
      initials = initials || word == known;
    for (std::size_t i = 0; i < word.size(); ++i)
      if (i == 0 || initials)
        word[i] = static_cast<char>(
            std::toupper(static_cast<unsigned char>(word[i])));
    out += word;
    at = end + 1;
  }
  return out;
}

/// The object with its keys as the API spells them. Maps whose keys are the
/// user's own (metadata, headers, addresses) keep theirs.
json::value api_shaped(const json::value& v) {
  if (v.is_array()) {
    json::array out;
    for (const auto& item : v.get_array())
      out.push_back(api_shaped(item));
    return out;
  }
  if (!v.is_object())
    return v;
  json::object out;
  for (const auto& member : v.get_object()) {
    auto name = api_name({member.key().data(), member.key().size()});
    bool own_keys = name == "Meta" || name == "Header" ||
                    name == "TaggedAddresses" || name == "Config";
    out[name] = own_keys ? member.value() : api_shaped(member.value());
  }
  return out;
}

/// The services of one file.
result<std::vector<json::value>> services_in(const std::string& name,
                                             const product& self) {
  auto text = client::read_file(name);
  if (!text)
    return fail(errc::io,
                "config: Open failed on " + name + ". " + text.failure().text);
  bool hcl = name.ends_with(".hcl") && self.read_hcl;
  if (!hcl && !name.ends_with(".json"))
    return fail(errc::unsupported,
                "config: " + name + " is not a file of .json or .hcl");
  if (hcl) {
    text = self.read_hcl(*text);
    if (!text)
      return fail(errc::bad_input,
                  "failed to parse " + name + ": " + text.failure().text);
  }
  auto parsed = parse_json(*text);
  if (!parsed)
    return fail(errc::bad_input,
                "failed to parse " + name + ": " + parsed.failure().text);
  std::vector<json::value> out;
  if (!parsed->is_object())
    return out;
  for (const auto& member : parsed->get_object()) {
    // Configuration files are read without regard to letter case.
    std::string_view key(member.key().data(), member.key().size());
    bool one = equals_ignoring_case(key, "service");
    if (!one && !equals_ignoring_case(key, "services"))
      continue;
    if (one && member.value().is_object())
      out.push_back(api_shaped(member.value()));
    for (const auto& item : items_of(member.value()))
      out.push_back(api_shaped(item));
  }
  return out;
}

result<std::vector<json::value>>
services_of(const std::vector<std::string>& files, const product& self) {
  std::vector<json::value> all;
  for (const auto& file : files) {
    auto found = services_in(file, self);
    if (!found)
      return found.failure();
    all.insert(all.end(), found->begin(), found->end());
  }
  return all;
}

struct registration {
  std::string name;
  std::string id;
  std::string kind;
  std::string address;
  std::int64_t port = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;
  std::map<std::string, std::string> tagged;

  void declare(flag_set& to) {
    to.text("name", name, "Name of the service.");
    to.text("id", id, "Id of the service; its name unless given.");
    to.text("kind", kind, "Kind of the service.");
    to.text("address", address, "Address of the service.");
    to.number("port", port, "Port of the service.");
    to.texts("tag", tags, "Tag of the service.");
    to.pairs("meta", meta, "Metadata of the service.");
    to.pairs("tagged-address", tagged, "Address under a name, host:port.");
  }
};

/// "host:port" in two; the host may be an IPv6 address in brackets.
result<json::value> tagged_address(const std::string& text) {
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  if (colon == std::string::npos ||
      (bracket != std::string::npos && colon < bracket))
    return fail(errc::bad_input,
                "address " + text + ": missing port in address");
  auto host = text.substr(0, colon);
  auto digits = text.substr(colon + 1);
  int port = 0;
  auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || end != digits.data() + digits.size())
    return fail(errc::bad_input,
                "strconv.Atoi: parsing \"" + digits + "\": invalid syntax");
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return json::value{{"Address", host}, {"Port", port}};
}

result<json::value> body_of(const registration& r) {
  json::object out;
  if (!r.kind.empty())
    out["Kind"] = r.kind;
  if (!r.id.empty())
    out["ID"] = r.id;
  out["Name"] = r.name;
  if (!r.tags.empty())
    out["Tags"] = json::array(r.tags.begin(), r.tags.end());
  if (r.port != 0)
    out["Port"] = r.port;
  if (!r.address.empty())
    out["Address"] = r.address;
  json::object tagged;
  for (const auto& [name, text] : r.tagged) {
    auto address = tagged_address(text);
    if (!address)
      return address.failure();
    tagged[name] = *address;
  }
  if (!tagged.empty())
    out["TaggedAddresses"] = tagged;
  json::object meta;
  for (const auto& [name, value] : r.meta)
    meta[name] = value;
  if (!meta.empty())
    out["Meta"] = meta;
  return json::value(out);
}

int register_all(call& c, const std::vector<json::value>& all) {
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  for (const auto& service : all) {
    auto ask = api->write("PUT", "/v1/agent/service/register");
    ask.body = compact(service) + "\n";
    auto done = api->call_ok(ask);
    if (!done)
      return c.refuse("Error registering service \"" +
                      text_of(service, "Name") + "\": " + done.failure().text);
    c.say("Registered service: " + text_of(service, "Name"));
  }
  return 0;
}

} // namespace

int services_register(call& c) {
  registration r;
  r.declare(c.flags);
  if (auto code = c.parse())
    return *code;
  bool by_files = !c.arguments().empty();
  if (!by_files && r.name.empty())
    return c.refuse(
        "Service registration requires at least one argument or flags.");
  if (by_files && !(r.name.empty() && r.id.empty()))
    return c.refuse(
        "Service registration requires arguments or -id, not both.");
  if (by_files) {
    auto all = services_of(c.arguments(), c.self);
    return all ? register_all(c, *all)
               : c.refuse("Error: " + all.failure().text);
  }
  auto body = body_of(r);
  if (!body)
    return c.refuse("Invalid Tagged Address: " + body.failure().text);
  return register_all(c, {*body});
}

int services_deregister(call& c) {
  std::string id;
  c.flags.text("id", id, "Id of the service.");
  if (auto code = c.parse())
    return *code;
  bool by_files = !c.arguments().empty();
  if (!by_files && id.empty())
    return c.refuse(
        "Service deregistration requires at least one argument or -id.");
  if (by_files && !id.empty())
    return c.refuse(
        "Service deregistration requires arguments or -id, not both.");
  std::vector<json::value> all{json::value{{"ID", id}}};
  if (by_files) {
    auto found = services_of(c.arguments(), c.self);
    if (!found)
      return c.refuse("Error: " + found.failure().text);
    all = *found;
  }
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  for (const auto& service : all) {
    auto which = text_of(service, "ID");
    if (which.empty())
      which = text_of(service, "Name");
    auto done = api->call_ok(
        api->write("PUT", "/v1/agent/service/deregister/" + which));
    if (!done)
      return c.refuse("Error registering service \"" +
                      text_of(service, "Name") + "\": " + done.failure().text);
    c.say("Deregistered service: " + which);
  }
  return 0;
}

} // namespace praetor::http::cli
