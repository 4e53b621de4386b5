#include "http/cli/holding.hpp"

#include "http/cli/call.hpp"
#include "http/cli/text.hpp"

#include <boost/json.hpp>

namespace praetor::http::cli {
namespace json = boost::json;
namespace {

// Marks of the keys, so that no other use of a key is mistaken for one.
constexpr std::uint64_t lock_flags = 0x2ddccbc058a50c18;
constexpr std::uint64_t semaphore_flags = 0xe0f69a2baa414de0;

std::string below_prefix(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "/" + name;
}

class key_holding : public holding {
public:
  key_holding(const client::client& api, const std::string& prefix,
              std::string session)
      : api_(api), key_(below_prefix(prefix, ".lock")),
        session_(std::move(session)) {}

  result<bool> attempt(std::chrono::nanoseconds wait) override {
    auto seen = look_at(api_, key_, false, index_, wait, &stop_requested());
    if (!seen)
      return seen.failure();
    index_.clear();
    if (!seen->keys.empty()) {
      const auto& now = seen->keys[0];
      if (now.flags != lock_flags)
        return fail(errc::conflict, "Existing key does not match lock use");
      if (!now.holder.empty() && now.holder != session_) {
        index_ = seen->index;
        return false;
      }
    }
    return try_write(api_, "PUT", key_, "acquire", session_, lock_flags);
  }

  result<bool> still_ours(const std::atomic<bool>& stop) override {
    auto seen = look_at(api_, key_, false, watched_, block_for, &stop);
    if (!seen)
      return seen.failure();
    watched_ = seen->index;
    return !seen->keys.empty() && seen->keys[0].holder == session_;
  }

  status release() override {
    auto done = try_write(api_, "PUT", key_, "release", session_, lock_flags);
    return done ? status() : status(done.failure());
  }

  result<bool> clean_up() override {
    auto seen = look_at(api_, key_, false, "", {}, nullptr);
    if (!seen)
      return seen.failure();
    if (seen->keys.empty())
      return true;
    if (!seen->keys[0].holder.empty())
      return false;
    return try_write(api_, "DELETE", key_, "cas",
                     std::to_string(seen->keys[0].modify_index), 0);
  }

private:
  client::client api_;
  std::string key_;
  std::string session_;
  std::string index_;   // attempts wait for a change after this
  std::string watched_; // as do looks at what is ours
};

/// The key of a semaphore: who holds a place, and how many places there are.
struct places {
  std::uint64_t limit = 0;
  std::map<std::string, bool> holders;
  std::uint64_t modify_index = 0; // 0: there is no such key yet

  std::string text() const {
    json::object names;
    for (const auto& [session, held] : holders)
      names[session] = held;
    return compact(json::value{{"Limit", limit}, {"Holders", names}});
  }
};

class place_holding : public holding {
public:
  place_holding(const client::client& api, const std::string& prefix,
                std::string session, std::uint64_t limit)
      : api_(api), prefix_(prefix), session_(std::move(session)),
        limit_(limit) {}

  result<bool> attempt(std::chrono::nanoseconds wait) override {
    // A contender is a key locked by the session: it goes when that does.
    if (!contending_) {
      auto made = try_write(api_, "PUT", contender(), "acquire", session_,
                            semaphore_flags);
      if (!made)
        return made;
      if (!*made)
        return fail(errc::conflict, "failed to make contender entry");
      contending_ = true;
    }
    auto seen = look_at(api_, below_prefix(prefix_, ""), true, index_, wait,
                        &stop_requested());
    if (!seen)
      return seen.failure();
    index_.clear();
    auto now = read(*seen);
    if (!now)
      return now.failure();
    if (now->modify_index != 0 && now->limit != limit_)
      return fail(errc::conflict, "semaphore limit conflict (lock: " +
                                      std::to_string(now->limit) + ", local: " +
                                      std::to_string(limit_) + ")");
    now->limit = limit_;
    if (now->holders.size() >= limit_ && now->holders.count(session_) == 0) {
      index_ = seen->index;
      return false;
    }
    now->holders[session_] = true;
    return write(*now);
  }

  result<bool> still_ours(const std::atomic<bool>& stop) override {
    auto seen = look_at(api_, below_prefix(prefix_, ""), true, watched_,
                        block_for, &stop);
    if (!seen)
      return seen.failure();
    watched_ = seen->index;
    auto now = read(*seen);
    if (!now)
      return now.failure();
    return now->holders.count(session_) != 0;
  }

  status release() override {
    // Others write the same key; each refusal means that one of them got on.
    constexpr int attempts_max = 100;
    for (int i = 0; i < attempts_max; ++i) {
      auto seen =
          look_at(api_, below_prefix(prefix_, ""), true, "", {}, nullptr);
      if (!seen)
        return seen.failure();
      auto now = read(*seen);
      if (!now)
        return now.failure();
      auto done =
          now->holders.erase(session_) == 0 ? result<bool>(true) : write(*now);
      if (!done)
        return done.failure();
      if (!*done)
        continue;
      auto gone = try_write(api_, "DELETE", contender(), "", "", 0);
      return gone ? status() : status(gone.failure());
    }
    return fail(errc::conflict, "the semaphore is too busy");
  }

  result<bool> clean_up() override {
    auto seen = look_at(api_, below_prefix(prefix_, ""), true, "", {}, nullptr);
    if (!seen)
      return seen.failure();
    auto now = read(*seen);
    if (!now)
      return now.failure();
    if (now->modify_index == 0)
      return true;
    if (!now->holders.empty())
      return false;
    return try_write(api_, "DELETE", lock_key(), "cas",
                     std::to_string(now->modify_index), 0);
  }

private:
  std::string lock_key() const { return below_prefix(prefix_, ".lock"); }
  std::string contender() const { return below_prefix(prefix_, session_); }

  /// The places as they are, without holders whose sessions are gone.
  result<places> read(const keys_seen& seen) const {
    places out;
    std::map<std::string, bool> alive;
    for (const auto& key : seen.keys)
      if (!key.holder.empty())
        alive[key.holder] = true;
    for (const auto& key : seen.keys) {
      if (key.key != lock_key())
        continue;
      if (key.flags != semaphore_flags)
        return fail(errc::conflict,
                    "Existing key does not match semaphore use");
      auto parsed = parse_json(key.value);
      if (!parsed)
        return parsed.failure();
      out.modify_index = key.modify_index;
      out.limit = number_of(*parsed, "Limit");
      const auto& holders = member_of(*parsed, "Holders");
      if (holders.is_object())
        for (const auto& holder : holders.get_object())
          if (alive.count(std::string(holder.key())) != 0)
            out.holders[std::string(holder.key())] = true;
    }
    return out;
  }

  result<bool> write(const places& now) {
    return try_write(api_, "PUT", lock_key(), "cas",
                     std::to_string(now.modify_index), semaphore_flags,
                     now.text());
  }

  client::client api_;
  std::string prefix_;
  std::string session_;
  std::uint64_t limit_;
  bool contending_ = false;
  std::string index_;
  std::string watched_;
};

} // namespace

std::unique_ptr<holding> hold_key(const client::client& api,
                                  const std::string& prefix,
                                  const std::string& session) {
  return std::make_unique<key_holding>(api, prefix, session);
}

std::unique_ptr<holding> hold_place(const client::client& api,
                                    const std::string& prefix,
                                    const std::string& session,
                                    std::uint64_t limit) {
  return std::make_unique<place_holding>(api, prefix, session, limit);
}

result<keys_seen> look_at(const client::client& api, const std::string& key,
                          bool below, const std::string& after,
                          std::chrono::nanoseconds wait,
                          const std::atomic<bool>* stop) {
  auto ask = api.read("/v1/kv/" + key);
  ask.stop = stop;
  if (below)
    ask.query.emplace_back("recurse", "");
  if (!after.empty()) {
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait);
    ask.query.emplace_back("index", after);
    ask.query.emplace_back("wait", std::to_string(ms.count()) + "ms");
  }
  auto got = api.call(ask);
  if (!got)
    return got.failure();
  keys_seen out;
  out.index = got->headers["x-consul-index"];
  if (got->status == 404)
    return out;
  if (got->status != 200)
    return client::unexpected(*got);
  auto parsed = parse_json(got->body);
  if (!parsed)
    return parsed.failure();
  for (const auto& v : items_of(*parsed)) {
    key_state now;
    now.key = text_of(v, "Key");
    auto bytes = decode_base64(text_of(v, "Value"));
    now.value = bytes ? *bytes : "";
    now.holder = text_of(v, "Session");
    now.flags = number_of(v, "Flags");
    now.modify_index = number_of(v, "ModifyIndex");
    out.keys.push_back(std::move(now));
  }
  return out;
}

result<bool> try_write(const client::client& api, const std::string& method,
                       const std::string& key, const std::string& condition,
                       const std::string& value, std::uint64_t flags,
                       const std::string& body) {
  auto ask = api.write(method, "/v1/kv/" + key);
  if (!condition.empty())
    ask.query.emplace_back(condition, value);
  if (flags != 0)
    ask.query.emplace_back("flags", std::to_string(flags));
  ask.body = body;
  auto got = api.call_ok(ask);
  if (!got)
    return got.failure();
  return got->body.find("true") != std::string::npos;
}

} // namespace praetor::http::cli
