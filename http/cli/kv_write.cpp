// kv put, kv delete and kv import.

#include "http/cli/commands.hpp"
#include "http/cli/text.hpp"

#include <ostream>

namespace praetor::http::cli {
namespace {

/// Whether the agent did it; it answers true or false.
result<bool> yes_or_no(client::client& api, const client::request& what) {
  auto got = api.call_ok(what);
  if (!got)
    return got.failure();
  return got->body.find("true") != std::string::npos;
}

result<bool> write_key(client::client& api, client::request what,
                       const std::string& key) {
  if (!key.empty() && key[0] == '/')
    return fail(errc::bad_input,
                "Invalid key. Key must not begin with a '/': " + key);
  return yes_or_no(api, what);
}

struct put_options {
  bool acquire = false;
  bool release = false;
  bool base64 = false;
  bool cas = false;
  std::uint64_t flags = 0;
  std::uint64_t modify_index = 0;
  std::string session;

  void declare(flag_set& to) {
    to.boolean("acquire", acquire, "Lock the key with the -session.");
    to.boolean("release", release, "Unlock the key of the -session.");
    to.boolean("base64", base64, "The value is given in base 64.");
    to.boolean("cas", cas,
               "Write only if the key's index is still -modify-index.");
    to.number("flags", flags, "A number of the user's to keep with the key.");
    to.number("modify-index", modify_index,
              "The index that -cas compares with.");
    to.text("session", session, "The session for -acquire and -release.");
  }

  client::request request(const client::client& api,
                          const std::string& key) const {
    auto out = api.write("PUT", "/v1/kv/" + key);
    if (flags != 0)
      out.query.emplace_back("flags", std::to_string(flags));
    if (cas)
      out.query.emplace_back("cas", std::to_string(modify_index));
    else if (acquire)
      out.query.emplace_back("acquire", session);
    else if (release)
      out.query.emplace_back("release", session);
    return out;
  }
};

int say_put(call& c, const put_options& options, const std::string& key,
            const result<bool>& done) {
  if (!done && options.cas)
    return c.refuse("Error! Did not write to " + key + ": " +
                    done.failure().text);
  if (!done)
    return c.refuse("Error! Failed writing data: " + done.failure().text);
  if (!*done && options.cas)
    return c.refuse("Error! Did not write to " + key + ": CAS failed");
  if (!*done && options.acquire)
    return c.refuse("Error! Did not acquire lock");
  if (!*done && options.release)
    return c.refuse("Error! Did not release lock");
  if (options.acquire && !options.cas)
    return c.say("Success! Lock acquired on: " + key);
  if (options.release && !options.cas)
    return c.say("Success! Lock released on: " + key);
  return c.say("Success! Data written to: " + key);
}

int check_delete(call& c, const std::string& key, bool cas, bool recurse,
                 std::uint64_t modify_index) {
  if (key.empty() && !recurse)
    return c.refuse("Error! Missing KEY argument");
  if (cas && recurse)
    return c.refuse("Cannot specify both -cas and -recurse!");
  if (cas && modify_index == 0)
    return c.refuse("Must specify -modify-index with -cas!");
  if (modify_index != 0 && !cas)
    return c.refuse("Cannot specify -modify-index without -cas!");
  return 0;
}

int import_entry(call& c, client::client& api,
                 const boost::json::value& entry) {
  auto key = text_of(entry, "key");
  auto value = decode_base64(text_of(entry, "value"));
  if (!value)
    return c.refuse("Error base 64 decoding value for key " + key + ": " +
                    value.failure().text);
  auto what = api.write("PUT", "/v1/kv/" + key);
  if (auto flags = number_of(entry, "flags"); flags != 0)
    what.query.emplace_back("flags", std::to_string(flags));
  what.body = *value;
  auto done = write_key(api, what, key);
  if (!done)
    return c.refuse("Error! Failed writing data for key " + key + ": " +
                    done.failure().text);
  return c.say("Imported: " + key);
}

} // namespace

int kv_put(call& c) {
  put_options options;
  options.declare(c.flags);
  if (auto code = c.parse())
    return *code;
  const auto& words = c.arguments();
  if (words.empty())
    return c.refuse("Error! Missing KEY argument");
  if (words.size() > 2)
    return c.refuse("Error! Too many arguments (expected 1 or 2, got " +
                    std::to_string(words.size()) + ")");
  std::string value;
  if (words.size() == 2) {
    auto data = argument_data(words[1], c.to.in);
    if (!data)
      return c.refuse("Error! " + data.failure().text);
    value = *data;
  }
  if (options.base64) {
    // What cannot be decoded is reported and written empty, as ever.
    auto bytes = decode_base64(value);
    if (!bytes)
      c.refuse("Error! Cannot base 64 decode data: " + bytes.failure().text);
    value = bytes ? *bytes : "";
  }
  if (options.cas && options.modify_index == 0)
    return c.refuse("Must specify -modify-index with -cas!");
  if ((options.acquire || options.release) && options.session.empty())
    return c.refuse(
        "Error! Missing -session (required with -acquire and -release)");
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto what = options.request(*api, words[0]);
  what.body = value;
  return say_put(c, options, words[0], write_key(*api, what, words[0]));
}

int kv_delete(call& c) {
  bool cas = false;
  bool recurse = false;
  std::uint64_t modify_index = 0;
  c.flags.boolean("cas", cas,
                  "Delete only if the key's index is still -modify-index.");
  c.flags.boolean("recurse", recurse, "Delete every key below the prefix.");
  c.flags.number("modify-index", modify_index,
                 "The index that -cas compares with.");
  if (auto code = c.parse())
    return *code;
  const auto& words = c.arguments();
  if (words.size() > 1)
    return c.too_many(1);
  std::string key = words.empty() ? "" : words[0];
  if (!key.empty() && key[0] == '/')
    key.erase(0, 1);
  if (auto code = check_delete(c, key, cas, recurse, modify_index); code != 0)
    return code;
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto what = api->write("DELETE", "/v1/kv/" + key);
  if (recurse)
    what.query.emplace_back("recurse", "");
  if (cas)
    what.query.emplace_back("cas", std::to_string(modify_index));
  auto done = yes_or_no(*api, what);
  if (!done && recurse)
    return c.refuse("Error! Did not delete prefix " + key + ": " +
                    done.failure().text);
  if (!done && cas)
    return c.refuse("Error! Did not delete key " + key + ": " +
                    done.failure().text);
  if (!done)
    return c.refuse("Error deleting key " + key + ": " + done.failure().text);
  if (!*done && cas)
    return c.refuse("Error! Did not delete key " + key + ": CAS failed");
  return c.say(recurse ? "Success! Deleted keys with prefix: " + key
                       : "Success! Deleted key: " + key);
}

int kv_import(call& c) {
  if (auto code = c.parse())
    return *code;
  const auto& words = c.arguments();
  if (words.empty())
    return c.refuse("Error! Missing DATA argument");
  if (words.size() > 1)
    return c.refuse("Error! Too many arguments (expected 1, got " +
                    std::to_string(words.size()) + ")");
  if (words[0].empty())
    return c.refuse("Error! Empty DATA argument");
  auto data = argument_data(words[0], c.to.in);
  if (!data)
    return c.refuse("Error! " + data.failure().text);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto entries = parse_json(*data);
  if (!entries)
    return c.refuse("Cannot unmarshal data: " + entries.failure().text);
  if (!entries->is_array())
    return c.refuse("Cannot unmarshal data: json: expected an array");
  for (const auto& entry : items_of(*entries))
    if (auto code = import_entry(c, *api, entry); code != 0)
      return code;
  return 0;
}

} // namespace praetor::http::cli
