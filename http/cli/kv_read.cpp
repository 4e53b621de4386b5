// kv get and kv export.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

#include <ostream>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

/// Entries or keys below a path; none where the agent says 404.
result<json::value> fetch(client::client& api, const std::string& key,
                          const char* mode, const std::string* separator) {
  auto ask = api.read("/v1/kv/" + key);
  if (*mode != '\0')
    ask.query.emplace_back(mode, "");
  if (separator != nullptr && !separator->empty())
    ask.query.emplace_back("separator", *separator);
  auto got = api.call(ask);
  if (!got)
    return got.failure();
  if (got->status == 404)
    return json::value(json::array());
  if (got->status != 200)
    return fail(errc::conflict,
                "Unexpected response code: " + std::to_string(got->status));
  return parse_json(got->body);
}

struct entry {
  std::string key;
  std::string value; // decoded, unless base 64 was asked for
  row numbers;       // create index, flags, lock index, modify index
  std::string session;
};

entry entry_of(const json::value& v, bool base64) {
  entry out;
  out.key = text_of(v, "Key");
  out.session = text_of(v, "Session");
  for (auto name : {"CreateIndex", "Flags", "LockIndex", "ModifyIndex"})
    out.numbers.push_back(std::to_string(number_of(v, name)));
  auto encoded = text_of(v, "Value");
  auto bytes = decode_base64(encoded);
  out.value = base64 || !bytes ? encoded : *bytes;
  return out;
}

std::string detailed(const entry& e) {
  const auto& n = e.numbers;
  auto session = e.session.empty() ? "-" : e.session;
  auto text = tabbed({{"CreateIndex", n[0]},
                      {"Flags", n[1]},
                      {"Key", e.key},
                      {"LockIndex", n[2]},
                      {"ModifyIndex", n[3]},
                      {"Session", session}},
                     6);
  if (e.value.empty())
    return text + "Value";
  // The value is written as it is: it may hold lines and tabs of its own.
  return text + "Value            " + e.value;
}

int list_keys(call& c, client::client& api, const std::string& key,
              const std::string& separator) {
  auto keys = fetch(api, key, "keys", &separator);
  if (!keys)
    return c.refuse("Error querying Consul agent: " + keys.failure().text);
  for (const auto& k : items_of(*keys))
    if (k.is_string())
      c.say(std::string(k.get_string()));
  return 0;
}

int list_entries(call& c, client::client& api, const std::string& key,
                 bool in_detail, bool base64) {
  auto entries = fetch(api, key, "recurse", nullptr);
  if (!entries)
    return c.refuse("Error querying Consul agent: " + entries.failure().text);
  bool first = true;
  for (const auto& v : items_of(*entries)) {
    auto e = entry_of(v, base64);
    if (in_detail && !first)
      c.say("");
    first = false;
    c.say(in_detail ? detailed(e) : e.key + ":" + e.value);
  }
  return 0;
}

int one_entry(call& c, client::client& api, const std::string& key,
              bool in_detail, bool base64) {
  auto entries = fetch(api, key, "", nullptr);
  if (!entries)
    return c.refuse("Error querying Consul agent: " + entries.failure().text);
  auto found = items_of(*entries);
  if (found.empty())
    return c.refuse("Error! No key exists at: " + key);
  auto e = entry_of(found.front(), base64);
  return c.say(in_detail ? detailed(e) : e.value);
}

/// The key without the slash that people put before it.
std::string plain_key(const std::string& key) {
  return !key.empty() && key[0] == '/' ? key.substr(1) : key;
}

} // namespace

int kv_get(call& c) {
  bool base64 = false;
  bool in_detail = false;
  bool keys = false;
  bool recurse = false;
  std::string separator = "/";
  c.flags.boolean("base64", base64, "Print the value in base 64.");
  c.flags.boolean("detailed", in_detail,
                  "Print the indexes, flags and session as well.");
  c.flags.boolean("keys", keys, "List only the keys below the prefix.");
  c.flags.boolean("recurse", recurse, "List every key below the prefix.");
  c.flags.text("separator", separator,
               "Where -keys cuts a key off; \"/\" unless given.");
  if (auto code = c.parse())
    return *code;
  const auto& words = c.arguments();
  if (words.size() > 1)
    return c.too_many(1);
  auto key = plain_key(words.empty() ? "" : words[0]);
  if (key.empty() && !recurse && !keys)
    return c.refuse("Error! Missing KEY argument");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  if (keys)
    return list_keys(c, *api, key, separator);
  if (recurse)
    return list_entries(c, *api, key, in_detail, base64);
  return one_entry(c, *api, key, in_detail, base64);
}

int kv_export(call& c) {
  if (auto code = c.parse())
    return *code;
  const auto& words = c.arguments();
  if (words.size() > 1)
    return c.too_many(1);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto found =
      fetch(*api, plain_key(words.empty() ? "" : words[0]), "recurse", nullptr);
  if (!found)
    return c.refuse("Error querying Consul agent: " + found.failure().text);
  json::array out;
  for (const auto& v : items_of(*found))
    out.push_back({{"key", text_of(v, "Key")},
                   {"flags", number_of(v, "Flags")},
                   {"value", text_of(v, "Value")}});
  return c.say(indented(out, "\t"));
}

} // namespace praetor::http::cli
