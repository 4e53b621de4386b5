// snapshot save, restore and inspect.

#include "http/cli/commands.hpp"
#include "http/snapshot_archive.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace praetor::http::cli {

int snapshot_save(call& c) {
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.refuse("Missing FILE argument");
  if (c.arguments().size() > 1)
    return c.too_many(1);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto got = api->call_ok(api->read("/v1/snapshot"));
  if (!got)
    return c.refuse("Error saving snapshot: " + got.failure().text);
  // Written beside its place and moved there, so that a torn file never has
  // the name that was asked for.
  const auto& name = c.arguments()[0];
  auto unverified = name + ".unverified";
  std::ofstream file(unverified, std::ios::binary | std::ios::trunc);
  file.write(got->body.data(), static_cast<std::streamsize>(got->body.size()));
  file.close();
  auto give_up = [&](const std::string& why) {
    static_cast<void>(std::remove(unverified.c_str()));
    return c.refuse(why);
  };
  if (!file)
    return give_up("Error writing unverified snapshot file: cannot write " +
                   unverified);
  auto written = client::read_file(unverified);
  if (!written)
    return give_up("Error opening snapshot file for verify: " +
                   written.failure().text);
  if (auto archive = read_archive(*written); !archive)
    return give_up("Error verifying snapshot file: " + archive.failure().text);
  if (std::rename(unverified.c_str(), name.c_str()) != 0)
    return give_up("Error renaming \"" + unverified + "\" to \"" + name +
                   "\": " + std::strerror(errno));
  auto index = got->headers["x-consul-index"];
  return c.say("Saved and verified snapshot to index " +
               (index.empty() ? "0" : index));
}

int snapshot_restore(call& c) {
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.refuse("Missing FILE argument");
  if (c.arguments().size() > 1)
    return c.too_many(1);
  auto* api = c.connect();
  if (api == nullptr)
    return 1;
  auto bytes = client::read_file(c.arguments()[0]);
  if (!bytes)
    return c.refuse("Error opening snapshot file: " + bytes.failure().text);
  auto ask = api->write("PUT", "/v1/snapshot");
  ask.body = std::move(*bytes);
  auto done = api->call_ok(ask);
  if (!done)
    return c.refuse("Error restoring snapshot: " + done.failure().text);
  auto said = std::string("Restored snapshot");
  // From an archive of Consul's: what praetor keeps no records of.
  if (auto& missing = done->headers["x-praetor-left-out"]; !missing.empty())
    said += "\nLeft out: " + missing;
  return c.say(said);
}

int snapshot_inspect(call& c) {
  if (auto code = c.parse())
    return *code;
  if (c.arguments().empty())
    return c.refuse("Missing FILE argument");
  if (c.arguments().size() > 1)
    return c.too_many(1);
  auto bytes = client::read_file(c.arguments()[0]);
  if (!bytes)
    return c.refuse("Error opening snapshot file: " + bytes.failure().text);
  auto archive = read_archive(*bytes);
  if (!archive)
    return c.refuse("Error verifying snapshot: " + archive.failure().text);
  auto& facts = archive->facts;
  return c.say("ID           " + facts.id + "\nSize         " +
               std::to_string(facts.size) + "\nIndex        " +
               std::to_string(facts.index) + "\nTerm         " +
               std::to_string(facts.term) + "\nVersion      " +
               std::to_string(facts.version) + "\n");
}

} // namespace praetor::http::cli
