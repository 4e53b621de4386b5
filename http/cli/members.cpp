// members: who is in the cluster, as the agent sees it.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

struct member {
  std::string name;
  std::string address;
  std::string status;
  std::map<std::string, std::string> tags;

  std::string tag(const std::string& key) const {
    auto found = tags.find(key);
    return found == tags.end() ? "" : found->second;
  }
};

std::string status_word(std::uint64_t status) {
  static const char* const words[] = {"none", "alive", "leaving", "left",
                                      "failed"};
  return status < std::size(words) ? words[status] : "unknown";
}

member member_from(const json::value& v) {
  member out;
  out.name = text_of(v, "Name");
  auto ip = text_of(v, "Addr");
  if (ip.find(':') != std::string::npos)
    ip = "[" + ip + "]";
  out.address = ip + ":" + std::to_string(number_of(v, "Port"));
  out.status = status_word(number_of(v, "Status"));
  const auto& tags = member_of(v, "Tags");
  if (tags.is_object())
    for (const auto& tag : tags.get_object())
      if (tag.value().is_string())
        out.tags.emplace(tag.key(), tag.value().get_string());
  // Servers belong to every segment, and a client to the unnamed one unless
  // it says so.
  if (out.tag("segment").empty())
    out.tags["segment"] = out.tag("role") == "consul" ? "<all>" : "<default>";
  return out;
}

row plain_row(const member& m) {
  auto role = m.tag("role");
  if (role != "node" && role != "consul")
    return {m.name, m.address, m.status, "unknown", "", "", "", ""};
  auto build = m.tag("build");
  build = build.empty() ? "< 0.3" : build.substr(0, build.find(':'));
  return {
      m.name, m.address,    m.status,    role == "node" ? "client" : "server",
      build,  m.tag("vsn"), m.tag("dc"), m.tag("segment")};
}

row detailed_row(const member& m) {
  std::string tags;
  for (const auto& [key, value] : m.tags)
    tags += (tags.empty() ? "" : ",") + key + "=" + value;
  return {m.name, m.address, m.status, tags};
}

result<std::vector<member>> fetch(client::client& api, bool wan,
                                  const std::string& segment) {
  client::request ask;
  ask.path = "/v1/agent/members";
  if (wan)
    ask.query.emplace_back("wan", "1");
  ask.query.emplace_back("segment", segment);
  auto got = api.call_ok(ask);
  if (!got)
    return got.failure();
  auto list = parse_json(got->body);
  if (!list)
    return list.failure();
  std::vector<member> out;
  for (const auto& v : items_of(*list))
    out.push_back(member_from(v));
  return out;
}

} // namespace

int members(call& c) {
  bool in_detail = false;
  bool wan = false;
  std::string segment = "_all";
  std::string status = ".*";
  c.flags.boolean("detailed", in_detail, "Print the tags of each member.");
  c.flags.boolean("wan", wan, "List the servers of all datacenters.");
  c.flags.text("segment", segment, "Only members of this segment.");
  c.flags.text("status", status,
               "Only members whose status matches this regular expression.");
  if (auto code = c.parse())
    return *code;
  auto pattern = parse_pattern(status);
  if (!pattern)
    return c.refuse("Failed to compile status regexp: " +
                    pattern.failure().text);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto found = fetch(*api, wan, segment);
  if (!found)
    return c.refuse("Error retrieving members: " + found.failure().text);
  std::erase_if(*found, [&](const member& m) {
    return !std::regex_search(m.status, *pattern);
  });
  if (found->empty())
    return 2; // nobody to show is no error, and yet not a success
  std::sort(found->begin(), found->end(), [](const member& a, const member& b) {
    return std::pair(a.tag("segment"), a.name) <
           std::pair(b.tag("segment"), b.name);
  });
  std::vector<row> rows;
  if (in_detail)
    rows.push_back({"Node", "Address", "Status", "Tags"});
  else
    rows.push_back({"Node", "Address", "Status", "Type", "Build", "Protocol",
                    "DC", "Segment"});
  for (const auto& m : *found)
    rows.push_back(in_detail ? detailed_row(m) : plain_row(m));
  return c.say(columns(rows));
}

} // namespace praetor::http::cli
